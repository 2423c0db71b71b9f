//! The reference, and checks that the documents name only what exists.

mod markdown;
mod references;

pub(crate) use references::check as check_references;

use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;

/// A tracked file above this size belongs somewhere else: every clone pays for it for ever.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// Paths that begin like this exist on one machine only.
const MACHINE_PATHS: [&str; 4] = ["/work/", "/root/", "/home/", "/tmp/"];

/// Options of `docs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check links, paths and file sizes, and that the references are what the program says, instead of writing them
    #[arg(long)]
    check: bool,
}

/// Writes the references and builds that of all crates, or checks the documents.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.check {
        check()?;
        check_references()
    } else {
        references::write()?;
        build_reference()
    }
}

/// Builds the reference of all crates; a warning is an error.
pub(crate) fn build_reference() -> Result<()> {
    process::run(process::cargo(["doc", "--no-deps", "--workspace", "--release"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Checks every document of the working tree.
pub(crate) fn check() -> Result<()> {
    let root = process::workspace_root();
    let files = files_of_the_project(root)?;
    let problems = problems(root, &files)?;
    if !problems.is_empty() {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        bail!("the documents are wrong in {} places:\n{}", lines.len(), lines.join("\n"));
    }
    eprintln!("docs: {} files, no broken link or path", files.len());
    Ok(())
}

/// Something wrong in a file.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    file: PathBuf,
    /// Line from 1; `None` for the file as a whole.
    line: Option<usize>,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.what)
    }
}

/// Tracked files and those that git would add, relative to the root.
fn files_of_the_project(root: &Path) -> Result<Vec<PathBuf>> {
    let listing = process::read(process::command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))
        .context("the checks need git and a checkout of the repository")?;
    let paths = listing.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
    // A file that was deleted but is still tracked is no file of the project any more.
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

fn problems(root: &Path, files: &[PathBuf]) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in files {
        let unreadable = || format!("cannot read `{}`", file.display());
        let bytes = fs::metadata(root.join(file)).with_context(unreadable)?.len();
        if bytes > LARGEST_FILE_BYTES {
            let what = format!("{bytes} bytes is more than the {LARGEST_FILE_BYTES} that a tracked file may have");
            problems.push(Problem { file: file.clone(), line: None, what });
            continue;
        }
        let is_markdown = file.extension().is_some_and(|extension| extension == "md");
        if is_markdown || file.starts_with("docs") || file.starts_with("configs") {
            let text = fs::read_to_string(root.join(file)).with_context(unreadable)?;
            problems.extend(machine_paths(file, &text));
            if is_markdown {
                problems.extend(broken_links(root, file, &text));
                problems.extend(missing_paths(root, file, &text));
            }
        }
    }
    Ok(problems)
}

fn broken_links(root: &Path, file: &Path, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for link in markdown::relative_links(text) {
        let what = match resolve(file, link.target) {
            None => format!("link `{}` leads out of the repository", link.target),
            Some(target) if !root.join(&target).exists() => format!("link `{}` leads to nothing", link.target),
            Some(_) => continue,
        };
        problems.push(Problem { file: file.to_owned(), line: Some(link.line), what });
    }
    problems
}

/// The path from the root that a link in `file` leads to; `None` when it leaves the root.
fn resolve(file: &Path, target: &str) -> Option<PathBuf> {
    let mut resolved = file.parent()?.to_path_buf();
    for component in Path::new(target).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => resolved.push(name),
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

fn missing_paths(root: &Path, file: &Path, text: &str) -> Vec<Problem> {
    let missing = markdown::paths_of_the_repository(text).into_iter().filter(|path| !root.join(path.target).exists());
    missing
        .map(|path| Problem { file: file.to_owned(), line: Some(path.line), what: format!("`{}` does not exist", path.target) })
        .collect()
}

fn machine_paths(file: &Path, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (line_idx, line) in text.lines().enumerate() {
        for prefix in MACHINE_PATHS {
            if line.match_indices(prefix).any(|(at, _)| begins_a_path(&line[..at])) {
                let what = format!("a path below `{prefix}` exists on one machine only");
                problems.push(Problem { file: file.to_owned(), line: Some(line_idx + 1), what });
            }
        }
    }
    problems
}

/// Whether a `/` after `before` is the root folder, not the middle of a longer path or address.
fn begins_a_path(before: &str) -> bool {
    before.chars().next_back().is_none_or(|last| !(last.is_alphanumeric() || "._-~/}*>".contains(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_resolve(file: &str, target: &str, expected: Option<&str>) {
        assert_eq!(resolve(Path::new(file), target), expected.map(PathBuf::from), "{file}: {target}");
    }

    #[test]
    fn a_link_starts_from_the_folder_of_its_page() {
        check_resolve("README.md", "docs/methodology.md", Some("docs/methodology.md"));
        check_resolve("docs/guide.md", "methodology.md", Some("docs/methodology.md"));
        check_resolve("docs/guide.md", "../crates/lem-core", Some("crates/lem-core"));
        check_resolve("docs/guide.md", "./a/../b.md", Some("docs/b.md"));
    }

    #[test]
    fn a_link_out_of_the_repository_has_no_place() {
        check_resolve("docs/guide.md", "../../elsewhere.md", None);
        check_resolve("README.md", "/etc/passwd", None);
    }

    fn check_machine_paths(text: &str, n_expected: usize) {
        assert_eq!(machine_paths(Path::new("docs/page.md"), text).len(), n_expected, "{text}");
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        check_machine_paths("see /root/.cache", 1);
        check_machine_paths("model: \"/home/me/model.gguf\"", 1);
        check_machine_paths("/tmp/x and /work/y", 2);
    }

    #[test]
    fn the_middle_of_a_longer_path_is_not_the_root_folder() {
        check_machine_paths("https://example.org/home/page", 0);
        check_machine_paths("target/tmp/x", 0);
        check_machine_paths("<results>/tmp/x", 0);
        check_machine_paths("the root folder /rooted", 0);
    }

    #[test]
    fn each_problem_names_its_file_and_line() {
        let root = std::env::temp_dir().join(format!("xtask-docs-{}", std::process::id()));
        fs::create_dir_all(root.join("docs")).unwrap();
        fs::write(root.join("docs/page.md"), "# Page\n[there](page.md) [gone](gone.md)\n`crates/none/src`\n/tmp/x\n").unwrap();
        fs::write(root.join("big.bin"), vec![0; 1 + usize::try_from(LARGEST_FILE_BYTES).unwrap()]).unwrap();
        let found = problems(&root, &[PathBuf::from("docs/page.md"), PathBuf::from("big.bin")]).unwrap();
        let found: Vec<String> = found.iter().map(Problem::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/page.md:4: a path below `/tmp/` exists on one machine only",
                "docs/page.md:2: link `gone.md` leads to nothing",
                "docs/page.md:3: `crates/none/src` does not exist",
                "big.bin: 1048577 bytes is more than the 1048576 that a tracked file may have",
            ]
        );
        fs::remove_dir_all(&root).unwrap();
    }
}
