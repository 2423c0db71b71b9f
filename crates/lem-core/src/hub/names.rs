//! Names that come from the hub or lead there. They become parts of paths, so none may lead out of the cache.

/// Whether text is a full commit hash (SHA-1).
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether text can be the name of an organisation, of a repository or of a revision: the characters that the hub allows.
pub(crate) fn is_segment(text: &str) -> bool {
    is_plain(text) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Whether a path inside a repository stays in it, on every system. Names of data files may hold more than
/// [`is_segment`] allows, such as `lang=en` or a space.
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(is_plain)
}

/// A hidden name is as good as not there: nothing that is read begins with a dot, and `..` does.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_elsewhere_is_not_plain() {
        for path in ["data/train-00000-of-00001.parquet", "lang=en/a b.csv", "train.csv", "été/x.jsonl"] {
            assert!(is_plain_path(path), "{path}");
        }
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "C:/x", "a\\..\\x", ".git/config", "a/.x", "a\0b", "a\nb", "./a"]
        {
            assert!(!is_plain_path(path), "{path:?}");
        }
    }
}
