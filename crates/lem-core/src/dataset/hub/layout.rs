//! Which files of a repository hold a split of a subset.
//!
//! Names of files and folders say it, by the hub's rules:
//! <https://huggingface.co/docs/hub/datasets-file-names-and-splits>. The converted branch has
//! `subset/split/0000.parquet`, with `partial-` before the split where only its beginning was converted:
//! <https://huggingface.co/docs/dataset-viewer/parquet>.

use crate::dataset::file::Format;
use crate::hub::is_plain_path;
use std::collections::BTreeSet;
use std::path::Path;

/// Folder of data files that is no part of a subset's name.
const DATA_FOLDER: &str = "data";

/// Name of the subset of a set without parts, in the converted branch.
pub(super) const DEFAULT_SUBSET: &str = "default";

/// Split of a file whose name says none.
pub(super) const DEFAULT_SPLIT: &str = "train";

/// Before the split of a folder that holds only its beginning.
const PARTIAL: &str = "partial-";

/// Words in names of files and folders that say a split.
const SPLIT_WORDS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "val", "dev"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// A file that holds records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DataFile {
    pub(super) path: String,
    pub(super) format: Format,
    /// Part of the set; `None` where its place says none.
    pub(super) subset: Option<String>,
    pub(super) split: String,
    /// Whether it holds only the beginning of its split.
    pub(super) is_partial: bool,
    /// How many files hold the split together, where its name says so.
    n_together: Option<usize>,
}

/// Files that are read together, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) files: Vec<DataFile>,
    pub(super) subset: Option<String>,
    pub(super) split: String,
}

impl Selected {
    /// Whether the names of the files say that none is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.n_together == Some(self.files.len()))
    }
}

/// Why no files are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotSelected {
    /// There is none of the format.
    NoFiles,
    /// There are several subsets, and none was asked for; or the one that was is not there.
    Subset { present: Vec<String> },
    /// The split is not there.
    Split { present: Vec<String> },
}

/// The files of a format that hold a split of a subset.
pub(super) fn select(names: &[String], formats: &[Format], subset: Option<&str>, split: Option<&str>) -> Result<Selected, NotSelected> {
    let mut files: Vec<_> = names.iter().filter_map(|name| DataFile::of(name)).filter(|file| formats.contains(&file.format)).collect();
    files.sort();
    if files.is_empty() {
        return Err(NotSelected::NoFiles);
    }
    let subset = choose_subset(&files, subset)?;
    files.retain(|file| file.subset == subset);
    let split = split.unwrap_or(DEFAULT_SPLIT);
    let present: BTreeSet<_> = files.iter().map(|file| file.split.clone()).collect();
    files.retain(|file| file.split == split);
    // Of a split that is there in several formats, one is read.
    let format = files.first().map(|file| file.format);
    files.retain(|file| Some(file.format) == format);
    if files.is_empty() {
        Err(NotSelected::Split { present: present.into_iter().collect() })
    } else {
        Ok(Selected { files, subset, split: split.to_owned() })
    }
}

/// The subset that was asked for, else the only one, else the one that is called the default.
fn choose_subset(files: &[DataFile], asked: Option<&str>) -> Result<Option<String>, NotSelected> {
    let present: BTreeSet<_> = files.iter().map(|file| file.subset.clone()).collect();
    let shown = || present.iter().map(|subset| subset.clone().unwrap_or_else(|| DEFAULT_SUBSET.to_owned())).collect();
    let is_default = |subset: &&Option<String>| subset.as_deref().is_none_or(|subset| subset == DEFAULT_SUBSET);
    let chosen = match asked {
        Some(DEFAULT_SUBSET) => present.iter().find(is_default),
        Some(asked) => present.iter().find(|subset| subset.as_deref() == Some(asked)),
        None if present.len() == 1 => present.first(),
        None => present.iter().find(is_default),
    };
    chosen.cloned().ok_or_else(|| NotSelected::Subset { present: shown() })
}

impl DataFile {
    /// What a path says; `None` when it is no file of records, or leads out of its repository.
    pub(super) fn of(path: &str) -> Option<Self> {
        let format = Format::of(Path::new(path));
        if format == Format::Lines || !is_plain_path(path) {
            return None;
        }
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folders: Vec<_> = folders.split('/').filter(|folder| !folder.is_empty()).collect();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let shard = Shard::of(stem);
        let file = |folders: &[&str], split: &str, is_partial| Self {
            path: path.to_owned(),
            format,
            subset: subset_of(folders),
            split: split.to_owned(),
            is_partial,
            n_together: shard.as_ref().map(|shard| shard.n_together),
        };
        if let Some(shard) = &shard {
            return Some(file(&folders, shard.split, false));
        }
        if let Some((&folder, above)) = folders.split_last()
            && stem.len() == 4
            && stem.bytes().all(|byte| byte.is_ascii_digit())
        {
            let (split, is_partial) = folder.strip_prefix(PARTIAL).map_or((folder, false), |split| (split, true));
            return Some(file(above, split, is_partial));
        }
        if let Some(split) = split_word(stem) {
            return Some(file(&folders, split, false));
        }
        if let Some((&folder, above)) = folders.split_last()
            && let Some(split) = split_word(folder)
        {
            return Some(file(above, split, false));
        }
        Some(file(&folders, DEFAULT_SPLIT, false))
    }
}

/// The folders that name a subset.
fn subset_of(folders: &[&str]) -> Option<String> {
    let named = folders.strip_prefix(&[DATA_FOLDER]).unwrap_or(folders);
    (!named.is_empty()).then(|| named.join("/"))
}

/// What `train-00000-of-00001` says, behind which there may be a digest.
struct Shard<'a> {
    split: &'a str,
    n_together: usize,
}

impl<'a> Shard<'a> {
    fn of(stem: &'a str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|_| text.len() == 5 && !text.starts_with('+'));
        let (before, after) = stem.split_once("-of-")?;
        let (split, position) = before.rsplit_once('-')?;
        let _: usize = number(position)?;
        let n_together = number(after.split('-').next()?)?;
        (!split.is_empty()).then_some(Self { split, n_together })
    }
}

/// The split that a word in a name says, between anything that is no letter.
fn split_word(name: &str) -> Option<&'static str> {
    let words = name.split(|c: char| !c.is_alphabetic());
    let mut splits = words.filter_map(|word| {
        let word = word.to_ascii_lowercase();
        SPLIT_WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(split, _)| *split)
    });
    splits.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, subset: Option<&str>, split: &str, is_partial: bool) {
        let file = DataFile::of(path).unwrap_or_else(|| panic!("{path} holds records"));
        assert_eq!((file.subset.as_deref(), file.split.as_str(), file.is_partial), (subset, split, is_partial), "{path}");
    }

    #[test]
    fn names_say_subset_and_split() {
        check("data/train-00000-of-00001-a09b74b3ef9c3b56.parquet", None, "train", false);
        check("main/test-00000-of-00001.parquet", Some("main"), "test", false);
        check("all/auxiliary_train-00000-of-00001.parquet", Some("all"), "auxiliary_train", false);
        check("data/en/dev-00003-of-00010.parquet", Some("en"), "dev", false);
        check("default/train/0000.parquet", Some("default"), "train", false);
        check("sample/partial-train/0012.parquet", Some("sample"), "train", true);
        check("train.csv", None, "train", false);
        check("my_valid-1.jsonl", None, "validation", false);
        check("data/test/part.json", None, "test", false);
        check("fr/eval/1.tsv", Some("fr"), "test", false);
        check("latest.jsonl", None, "train", false);
        check("prompts.jsonl", None, "train", false);
    }

    #[test]
    fn what_holds_no_records_or_leads_elsewhere_is_not_there() {
        for path in ["README.md", ".gitattributes", "../train.csv", "/train.csv", "data/../../train.csv", "a\\..\\train.csv", "image.png"] {
            assert_eq!(DataFile::of(path), None, "{path}");
        }
    }

    fn selected(names: &[&str], subset: Option<&str>, split: Option<&str>) -> Result<Vec<String>, NotSelected> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let selected = select(&names, &[Format::Parquet], subset, split)?;
        Ok(selected.files.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn the_shards_of_a_split_come_in_their_order() {
        let names =
            ["data/train-00001-of-00002.parquet", "README.md", "data/train-00000-of-00002.parquet", "data/test-00000-of-00001.parquet"];
        assert_eq!(selected(&names, None, None).unwrap(), ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]);
        assert_eq!(selected(&names, Some("default"), Some("test")).unwrap(), ["data/test-00000-of-00001.parquet"]);
        let present = vec!["test".to_owned(), "train".to_owned()];
        assert_eq!(selected(&names, None, Some("dev")), Err(NotSelected::Split { present }));
        assert_eq!(selected(&["train.csv"], None, None), Err(NotSelected::NoFiles));
    }

    #[test]
    fn a_missing_shard_shows_in_the_names_of_the_others() {
        let whole = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            select(&names, &[Format::Parquet], None, None).unwrap().is_whole()
        };
        assert!(whole(&["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]));
        assert!(!whole(&["train-00000-of-00002.parquet"]));
        assert!(!whole(&["default/train/0000.parquet"]));
    }

    #[test]
    fn several_subsets_need_a_choice() {
        let names = ["main/train-00000-of-00001.parquet", "socratic/train-00000-of-00001.parquet"];
        let present = vec!["main".to_owned(), "socratic".to_owned()];
        assert_eq!(selected(&names, None, None), Err(NotSelected::Subset { present: present.clone() }));
        assert_eq!(selected(&names, Some("other"), None), Err(NotSelected::Subset { present }));
        assert_eq!(selected(&names, Some("main"), None).unwrap(), names[..1]);
        let with_default = ["default/train/0000.parquet", "fr/train/0000.parquet"];
        assert_eq!(selected(&with_default, None, None).unwrap(), with_default[..1]);
    }
}
