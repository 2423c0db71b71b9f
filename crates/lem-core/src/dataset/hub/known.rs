//! Sets on the hub that have a short name here.

use lem_domain::spec::HubSource;

/// A set on the hub, and which part of it holds the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSet {
    /// Its short name.
    pub name: &'static str,
    /// Other spellings of it.
    pub aliases: &'static [&'static str],
    /// `org/name` on the hub.
    pub repository: &'static str,
    /// Part of the set; `None` where it has no parts.
    pub subset: Option<&'static str>,
    /// Split.
    pub split: &'static str,
    /// The one file to read; `None` where the names of files say what they hold.
    pub file: Option<&'static str>,
    /// Columns that hold the prompt.
    pub columns: &'static [&'static str],
    /// Licence as its authors state it; `None` where they state none.
    pub licence: Option<&'static str>,
    /// What it holds.
    pub about: &'static str,
}

/// Every set with a short name.
///
/// Repositories, splits, columns and licences are those of the data sets' cards and file lists on the hub:
/// <https://huggingface.co/datasets/AIEnergyScore/text_generation>, <https://huggingface.co/datasets/tatsu-lab/alpaca>,
/// <https://huggingface.co/datasets/anon8231489123/ShareGPT_Vicuna_unfiltered>,
/// <https://huggingface.co/datasets/openai/gsm8k> and <https://huggingface.co/datasets/cais/mmlu>. MMLU has no split
/// `train`. The file of ShareGPT is the one that serving benchmarks are run with
/// (<https://docs.vllm.ai/en/latest/contributing/benchmarks.html>); its repository has neither Parquet nor a converted
/// branch.
pub const KNOWN_SETS: &[KnownSet] = &[
    KnownSet {
        name: "ai-energy-score",
        aliases: &["ai_energy_score"],
        repository: "AIEnergyScore/text_generation",
        subset: None,
        split: "train",
        file: None,
        columns: &["text"],
        licence: None,
        about: "1,000 texts from WikiText, OSCAR and UltraChat, as AI Energy Score runs them",
    },
    KnownSet {
        name: "alpaca",
        aliases: &[],
        repository: "tatsu-lab/alpaca",
        subset: None,
        split: "train",
        file: None,
        columns: &["instruction", "input"],
        licence: Some("CC-BY-NC-4.0"),
        about: "52,002 instructions, four in ten with an input",
    },
    KnownSet {
        name: "sharegpt",
        aliases: &[],
        repository: "anon8231489123/ShareGPT_Vicuna_unfiltered",
        subset: None,
        split: "train",
        file: Some("ShareGPT_V3_unfiltered_cleaned_split.json"),
        columns: &["conversations"],
        licence: Some("Apache-2.0"),
        about: "first questions of conversations that people shared; one file of more than 600 MB",
    },
    KnownSet {
        name: "gsm8k",
        aliases: &[],
        repository: "openai/gsm8k",
        subset: Some("main"),
        split: "train",
        file: None,
        columns: &["question"],
        licence: Some("MIT"),
        about: "7,473 word problems of school mathematics",
    },
    KnownSet {
        name: "mmlu",
        aliases: &[],
        repository: "cais/mmlu",
        subset: Some("all"),
        split: "test",
        file: None,
        columns: &["question"],
        licence: Some("MIT"),
        about: "14,042 questions from 57 subjects, without their choices",
    },
];

impl KnownSet {
    /// The set that has this short name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KNOWN_SETS.iter().find(|set| set.name == name || set.aliases.contains(&name))
    }

    /// A source with everything that it leaves open filled in as this set is used. Another file, subset or split is
    /// taken instead of the set's own.
    pub(super) fn complete(&self, source: &HubSource) -> HubSource {
        let owned = |text: &str| text.to_owned();
        let names_part = source.subset.is_some() || source.split.is_some();
        HubSource {
            dataset: owned(self.repository),
            subset: source.subset.clone().or_else(|| self.subset.map(owned)),
            split: source.split.clone().or_else(|| Some(owned(self.split))),
            columns: if source.columns.is_empty() {
                self.columns.iter().map(|&name| owned(name)).collect()
            } else {
                source.columns.clone()
            },
            file: source.file.clone().or_else(|| self.file.filter(|_| !names_part).map(owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_found_in_every_spelling_and_mean_one_set() {
        assert_eq!(KnownSet::find("ai_energy_score"), KnownSet::find("ai-energy-score"));
        assert_eq!(KnownSet::find("squad"), None);
        let mut names: Vec<_> = KNOWN_SETS.iter().flat_map(|set| set.aliases.iter().chain([&set.name])).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn what_a_source_says_itself_counts() {
        let mmlu = KnownSet::find("mmlu").unwrap();
        let plain = mmlu.complete(&HubSource { dataset: "mmlu".to_owned(), ..HubSource::default() });
        assert_eq!((plain.dataset.as_str(), plain.subset.as_deref(), plain.split.as_deref()), ("cais/mmlu", Some("all"), Some("test")));
        let own = HubSource { split: Some("dev".to_owned()), columns: vec!["choices".to_owned()], ..HubSource::default() };
        let own = mmlu.complete(&own);
        assert_eq!((own.split.as_deref(), own.columns), (Some("dev"), vec!["choices".to_owned()]));
    }
}
