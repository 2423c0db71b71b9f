//! References that the program writes about itself.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::process;

/// A document, by its path from the root of the repository.
#[derive(Deserialize)]
struct Reference {
    path: PathBuf,
    text: String,
}

/// Writes all of them.
pub(super) fn write() -> Result<()> {
    for Reference { path, text } in references()? {
        let place = process::workspace_root().join(&path);
        let folder = place.parent().context("a document lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        fs::write(&place, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        eprintln!("docs: {}", path.display());
    }
    Ok(())
}

/// Refuses one that is not what the program would write.
pub(crate) fn check() -> Result<()> {
    let is_stale = |reference: &Reference| {
        let written = fs::read_to_string(process::workspace_root().join(&reference.path));
        written.map_or(true, |written| written != reference.text)
    };
    let stale: Vec<_> = references()?.into_iter().filter(is_stale).map(|reference| reference.path.display().to_string()).collect();
    if !stale.is_empty() {
        bail!("{} no longer says what the program does; write it with `cargo xtask docs`", stale.join(", "));
    }
    Ok(())
}

fn references() -> Result<Vec<Reference>> {
    process::run(&mut process::cargo(["build", "--workspace", "--release", "--example", "references"]))?;
    let mut program = process::command(process::target_folder().join("release/examples/references"));
    let references: Vec<Reference> = serde_json::from_str(&process::read(&mut program)?).context("the references are not JSON")?;
    ensure!(!references.is_empty(), "the program knows of no reference");
    Ok(references)
}
