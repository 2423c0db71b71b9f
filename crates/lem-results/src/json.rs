//! JSON documents: written in one way, read with their version checked first and the damaged field named.

use crate::atomic;
use crate::error::ResultsError;
use crate::record::SchemaVersion;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// A document as bytes: indented, one newline at the end, and the same for the same content.
pub(crate) fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("records have text as keys and fit in memory");
    bytes.push(b'\n');
    bytes
}

/// Replaces the document at `path`.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn save(path: &Path, document: &impl Serialize) -> Result<(), ResultsError> {
    atomic::write(path, &to_bytes(document))
}

/// Reads the document at `path`; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, is damaged, or has a version that this program does not know.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ResultsError> {
    read(path)?.map(|bytes| parse(path, &bytes)).transpose()
}

/// Reads the bytes at `path`; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, ResultsError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ResultsError::reading(path, error)),
    }
}

/// Parses the content of the document at `path`.
///
/// # Errors
/// When it is damaged or has a version that this program does not know.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ResultsError> {
    /// The one field that all versions share.
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: SchemaVersion,
    }

    // The version comes first: the fields of another major version may look damaged without being so. Where there is no
    // version to be read, the whole parse below says what is wrong, and with a finer place.
    if let Ok(Versioned { schema_version: found }) = serde_json::from_slice(bytes)
        && !found.is_readable()
    {
        return Err(ResultsError::UnknownVersion { path: path.to_owned(), found });
    }
    parse_as(path, bytes)
}

/// Parses JSON without looking for a version, for documents whose content this crate does not define.
///
/// # Errors
/// When it is no JSON or does not fit the type.
pub(crate) fn parse_as<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, ResultsError> {
    let malformed = |field: String, source| ResultsError::Malformed { path: path.to_owned(), field, source };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let document =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| malformed(error.path().to_string(), error.into_inner()))?;
    deserializer.end().map_err(|error| malformed(".".to_owned(), error))?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::document::FlopsRecord;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Document {
        schema_version: SchemaVersion,
        parts: Vec<FlopsRecord>,
    }

    #[test]
    fn the_damaged_field_is_named() {
        let check = |text: &str, expected: &str| match parse::<Document>(Path::new("a.json"), text.as_bytes()) {
            Err(ResultsError::Malformed { field, .. }) => assert_eq!(field, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        check(r#"{"schema_version": "1.0", "parts": [{"linear": 1, "attention": -2, "lm_head": 3}]}"#, "parts[0].attention");
        check(r#"{"schema_version": "1.0", "parts": [{"linear": NaN, "attention": 2, "lm_head": 3}]}"#, "parts[0].linear");
        check(r#"{"schema_version": "1.0", "parts": 7}"#, "parts");
        check(r#"{"schema_version": 1.0, "parts": []}"#, "schema_version");
        check(r#"{"schema_version": "1.0"}"#, ".");
        check(r#"{"parts": []}"#, ".");
        check(r#"{"schema_version": "1.0", "parts": []} and more"#, ".");
    }

    #[test]
    fn another_major_version_is_not_called_damaged() {
        let newer = parse::<Document>(Path::new("a.json"), br#"{"schema_version": "4.0", "parts": "elsewhere"}"#);
        assert!(matches!(newer, Err(ResultsError::UnknownVersion { found: SchemaVersion { major: 4, minor: 0 }, .. })), "{newer:?}");
    }

    #[test]
    fn fields_of_a_later_minor_version_are_passed_over() {
        let later = br#"{"schema_version": "2.9", "parts": [], "added": true}"#;
        assert_eq!(parse::<Document>(Path::new("a.json"), later).unwrap().parts, []);
    }

    #[test]
    fn counts_beyond_64_bits_read_back() {
        let parts = vec![FlopsRecord { linear: u128::MAX, attention: 0, lm_head: u128::from(u64::MAX) + 1 }];
        let document = Document { schema_version: SchemaVersion::CURRENT, parts };
        assert_eq!(parse::<Document>(Path::new("a.json"), &to_bytes(&document)).unwrap(), document);
    }
}
