//! Prompts in a file of this machine.

use super::file::{self, Format, Wanted};
use super::prompts::{Prompts, USUAL_COLUMNS};
use super::{DatasetError, Draw};
use lem_domain::finding::Finding;
use lem_domain::record::DatasetFacts;
use std::path::Path;

/// Reads a file, and says what was read.
///
/// The name of a prompt is its place in the file, counted from 1: `line-7` in text and JSON Lines, `row-7` elsewhere.
pub(super) fn read(path: &Path, columns: &[String], draw: &mut Draw) -> Result<(DatasetFacts, Vec<Finding>), DatasetError> {
    let wanted = Wanted { asked: columns, usual: USUAL_COLUMNS };
    let mut prompts = Prompts::new(draw);
    let read = file::read(path, Format::of(path), &wanted, &mut prompts.of_file(path))?;
    let name = path.display().to_string();
    let (offered, findings) = prompts.finish(&name)?;
    let available = read.is_whole.then_some(offered);
    Ok((DatasetFacts { name, sha256: read.sha256, available, columns: read.columns, ..DatasetFacts::default() }, findings))
}

#[cfg(test)]
mod tests;
