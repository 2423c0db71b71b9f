//! Text files with one prompt per line.

use super::{Dataset, DatasetError};
use lem_domain::protocol::Prompt;
use std::path::Path;

/// Some editors begin a UTF-8 file with it; it is no part of the first prompt.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads one prompt per non-empty line. The id of a prompt is its line in the file, counted from 1: `line-7`.
///
/// Lines end with `\n` or `\r\n`; a line of white space alone is empty; a prompt keeps its own leading and trailing
/// white space, since a tokenizer sees it.
pub(super) fn read(path: &Path) -> Result<Dataset, DatasetError> {
    let bytes = std::fs::read(path).map_err(|source| DatasetError::Unreadable { path: path.to_owned(), source })?;
    let text = std::str::from_utf8(&bytes).map_err(|source| DatasetError::NotUtf8 {
        path: path.to_owned(),
        line: 1 + bytes[..source.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count(),
        source,
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let prompts: Vec<_> = lines.map(|(line_idx, line)| Prompt { id: format!("line-{}", line_idx + 1), text: line.to_owned() }).collect();
    if prompts.is_empty() {
        return Err(DatasetError::NoPrompt { path: path.to_owned() });
    }
    Ok(Dataset::new(path.display().to_string(), &bytes, prompts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::protocol::{Fault, SeamError};

    fn read_bytes(bytes: &[u8]) -> Result<Dataset, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.txt");
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let dataset = read_bytes(text.as_bytes()).unwrap();
        let found: Vec<_> = dataset.prompts.iter().map(|prompt| (prompt.id.as_str(), prompt.text.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(dataset.facts.available, u64::try_from(expected.len()).unwrap());
    }

    #[test]
    fn each_non_empty_line_is_a_prompt_named_by_its_place_in_the_file() {
        check("one\ntwo\n", &[("line-1", "one"), ("line-2", "two")]);
        check("one", &[("line-1", "one")]);
        check("\n\none\n  \t\ntwo\n\n", &[("line-3", "one"), ("line-5", "two")]);
        check("one\r\n\r\ntwo\r\n", &[("line-1", "one"), ("line-3", "two")]);
        check("\u{feff}one\n", &[("line-1", "one")]);
        check("  def f():\n", &[("line-1", "  def f():")]);
        check("où ?\n日本語\n", &[("line-1", "où ?"), ("line-2", "日本語")]);
    }

    #[test]
    fn the_set_is_named_by_its_path_and_the_digest_of_its_bytes() {
        let facts = read_bytes(b"abc").unwrap().facts;
        // FIPS 180-4, example of one block.
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(facts.name.ends_with("prompts.txt"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_line() {
        let error = read_bytes(b"one\ntwo\nth\xffree\n").unwrap_err();
        assert!(matches!(error, DatasetError::NotUtf8 { line: 3, .. }), "{error:?}");
    }

    #[test]
    fn a_file_without_a_prompt_is_refused() {
        for empty in ["", "\n", " \n\t\r\n", "\u{feff}"] {
            let error = read_bytes(empty.as_bytes()).unwrap_err();
            assert!(matches!(error, DatasetError::NoPrompt { .. }), "{empty:?} gave {error:?}");
        }
    }

    #[test]
    fn a_wrong_path_is_the_callers_mistake_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("missing.txt"), folder.path().to_owned()] {
            let error = SeamError::from(read(&path).unwrap_err());
            assert_eq!(error.fault, Fault::Usage, "{error:?}");
            assert!(error.what.contains(&path.display().to_string()) && error.hint.is_some() && error.source.is_some());
        }
    }
}
