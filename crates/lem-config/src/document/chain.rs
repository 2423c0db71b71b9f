//! Files that build on others: `_extends` names the file below, relative to the one that names it.

use super::Document;
use crate::error::ConfigError;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The key that names the file below.
const EXTENDS: &str = "_extends";

/// A chain that is longer is a mistake that nobody would find.
const MOST_FILES: usize = 16;

/// Reads a file and those that it builds on, the lowest first.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<Document>, ConfigError> {
    let mut chain: Vec<Document> = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let names = || chain.iter().map(|document| document.path.clone()).chain([path.clone()]).collect::<Vec<_>>();
        if chain.iter().any(|document| is_same(&document.path, &path)) {
            return Err(ConfigError::ExtendsItself { chain: names() });
        }
        if chain.len() == MOST_FILES {
            return Err(ConfigError::ExtendsTooFar { chain: names(), most: MOST_FILES });
        }
        let mut document = Document::read(&path).map_err(|error| match chain.last() {
            Some(above) => ConfigError::Extends { file: above.path.clone(), below: path.clone(), source: Box::new(error) },
            None => error,
        })?;
        next = below(&mut document)?;
        chain.push(document);
    }
    chain.reverse();
    Ok(chain)
}

/// The file that a document names, which is taken out of its settings.
fn below(document: &mut Document) -> Result<Option<PathBuf>, ConfigError> {
    let file = || document.path.clone();
    match document.values.remove(EXTENDS) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if !name.is_empty() => {
            let folder = document.path.parent().unwrap_or_else(|| Path::new(""));
            Ok(Some(folder.join(name)))
        }
        Some(_) => Err(ConfigError::ExtendsNoFile { file: file(), position: document.position(EXTENDS) }),
    }
}

/// Whether two names lead to the same file; a file that is not there is the same as none.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
