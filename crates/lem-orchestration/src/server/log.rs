//! What a server wrote.

use std::fs;
use std::io;
use std::path::Path;

/// The last lines that say something, in one text; empty where there is no log.
pub(super) fn last_lines(path: &Path, count: usize) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Takes texts out of a log, where they are in it.
pub(super) fn hide(path: &Path, hidden: &[String]) -> io::Result<()> {
    if hidden.is_empty() {
        return Ok(());
    }
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let clean = without(&text, hidden);
    if clean == text { Ok(()) } else { fs::write(path, clean) }
}

/// A text without some others.
pub(super) fn without(text: &str, hidden: &[String]) -> String {
    hidden.iter().filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_out_and_nothing_else() {
        let keys = ["hf_abcdef".to_owned(), String::new()];
        assert_eq!(without("token hf_abcdef, twice: hf_abcdefhf_abcdef", &keys), "token …, twice: ……");
        assert_eq!(without("nothing", &keys), "nothing");
    }

    #[test]
    fn a_log_that_is_not_there_says_nothing() {
        let path = Path::new("/no/such/folder/server.log");
        assert_eq!(last_lines(path, 5), "");
        assert!(hide(path, &["key".to_owned()]).is_ok());
    }
}
