//! What a Markdown page points at: links, and paths of the repository that it names.

/// Folders whose files pages name from the root of the repository.
const NAMED_FOLDERS: [&str; 9] = ["crates/", "xtask/", "configs/", "datasets/", "tests/", "docs/", "docker/", ".ci/", ".config/"];

/// A target and the line that names it, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference<'text> {
    /// As written, without the heading that follows `#`.
    pub(crate) target: &'text str,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// Links to other files: `[text](target)` and `[label]: target`, outside code.
///
/// Leaves out addresses with a scheme, headings of the same page, and paths of Rust items, which rustdoc resolves.
pub(crate) fn relative_links(text: &str) -> Vec<Reference<'_>> {
    let mut references = Vec::new();
    for (line, content) in prose_lines(text) {
        let inline = content.match_indices("](").filter(|(at, _)| !in_code(&content[..*at]));
        let mut targets: Vec<&str> = inline.filter_map(|(at, opening)| content[at + opening.len()..].split(')').next()).collect();
        if content.starts_with('[')
            && let Some((_, target)) = content.split_once("]: ")
        {
            targets.push(target);
        }
        references.extend(targets.into_iter().filter_map(file_of).map(|target| Reference { target, line }));
    }
    references
}

/// Paths such as `crates/lem-core/src/lib.rs`, anywhere on the page, code included; the targets of links left out.
///
/// Leaves out patterns and placeholders such as `crates/*` or `docs/<page>.md`.
pub(crate) fn paths_of_the_repository(text: &str) -> Vec<Reference<'_>> {
    let mut references = Vec::new();
    for (line_idx, content) in text.lines().enumerate() {
        let words = content.split(|character: char| character.is_whitespace() || "`\"'()[],;|".contains(character));
        for word in words {
            let target = word.trim_end_matches(['.', ':', '!', '?']);
            let is_path = NAMED_FOLDERS.iter().any(|folder| target.starts_with(folder));
            if is_path && !target.contains(['*', '<', '>', '{', '}', '$', '…']) && !is_link_target(content, word) {
                references.push(Reference { target, line: line_idx + 1 });
            }
        }
    }
    references
}

/// Lines outside fenced code, with their number from 1.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_fence = false;
    text.lines().enumerate().filter_map(move |(line_idx, content)| {
        let is_fence = content.trim_start().starts_with("```");
        in_fence ^= is_fence;
        (!is_fence && !in_fence).then_some((line_idx + 1, content))
    })
}

/// Whether a code span is open at the end of `before`.
fn in_code(before: &str) -> bool {
    before.matches('`').count() % 2 == 1
}

/// The file that a link's target names, if it names one.
fn file_of(target: &str) -> Option<&str> {
    // A title may follow: `(page.md "Title")`.
    let address = target.split_whitespace().next()?;
    let file = address.split('#').next()?;
    let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:") || file.contains("::");
    (!elsewhere).then_some(file)
}

/// Whether `word`, a part of `content`, directly follows the opening of a link's target.
fn is_link_target(content: &str, word: &str) -> bool {
    let at = word.as_ptr().addr() - content.as_ptr().addr();
    content[..at].ends_with("](") || content[..at].ends_with("]: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_links(text: &str, expected: &[(&str, usize)]) {
        let found: Vec<_> = relative_links(text).into_iter().map(|link| (link.target, link.line)).collect();
        assert_eq!(found, expected, "{text}");
    }

    fn check_paths(text: &str, expected: &[(&str, usize)]) {
        let found: Vec<_> = paths_of_the_repository(text).into_iter().map(|path| (path.target, path.line)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn links_are_found_with_their_line() {
        check_links("# Title\n[a](a.md), [b](../b/c.md#part)", &[("a.md", 2), ("../b/c.md", 2)]);
        check_links("![picture](plots/power.svg \"Power\")", &[("plots/power.svg", 1)]);
        check_links("[guide]: docs/guide.md", &[("docs/guide.md", 1)]);
    }

    #[test]
    fn what_another_tool_resolves_is_left_out() {
        check_links("[site](https://example.org/a.md) [mail](mailto:a@example.org) [here](#heading)", &[]);
        check_links("[item](lem_domain::World) [item](crate::process::run)", &[]);
        check_links("[site]: https://example.org", &[]);
    }

    #[test]
    fn code_holds_no_links() {
        check_links("`array[0](x)` and [real](real.md)", &[("real.md", 1)]);
        check_links("```rust\nlet y = f[0](x);\n```\n[real](real.md)", &[("real.md", 4)]);
    }

    #[test]
    fn paths_are_found_in_prose_and_in_code() {
        check_paths("See `crates/lem-core/src/lib.rs`, or tests/.", &[("crates/lem-core/src/lib.rs", 1), ("tests/", 1)]);
        check_paths("```console\nlem experiment configs/quick-test.yaml -n 20\n```", &[("configs/quick-test.yaml", 2)]);
    }

    #[test]
    fn patterns_placeholders_and_other_folders_are_no_paths() {
        check_paths("`crates/*` `docs/<page>.md` `configs/{a,b}.yaml` results/x models/y.gguf my-crates/z", &[]);
    }

    #[test]
    fn the_target_of_a_link_is_judged_as_a_link_only() {
        check_paths("[page](docs/page.md)", &[]);
        check_paths("[page]: docs/page.md", &[]);
    }
}
