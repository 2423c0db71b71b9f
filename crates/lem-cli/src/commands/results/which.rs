//! Which experiments a command is about, and the file that something is written to.

use crate::args::WhichArgs;
use crate::commands::Voice;
use anyhow::Context;
use lem_domain::ExperimentId;
use lem_domain::protocol::{Fault, SeamError};
use lem_results::{OutputFile, ResultsFolder, StoredResult};
use std::path::{Path, PathBuf};

/// The experiments that were asked for, in the order in which they were named.
pub(super) fn chosen(folder: &ResultsFolder, which: &WhichArgs) -> anyhow::Result<Vec<ExperimentId>> {
    if which.all {
        return Ok(folder.ids().map_err(SeamError::from)?);
    }
    let mut ids = Vec::with_capacity(which.ids.len());
    for text in &which.ids {
        let id = folder.resolve(text).map_err(SeamError::from)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Their results.
pub(super) fn loaded(folder: &ResultsFolder, ids: Vec<ExperimentId>, which: &WhichArgs, voice: Voice) -> anyhow::Result<Vec<StoredResult>> {
    let results = with_results(folder, ids, which, voice)?;
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// Those of them that have figures.
pub(super) fn with_figures(
    folder: &ResultsFolder,
    ids: Vec<ExperimentId>,
    which: &WhichArgs,
    voice: Voice,
) -> anyhow::Result<Vec<ExperimentId>> {
    let results = with_results(folder, ids, which, voice)?;
    Ok(results.into_iter().map(|(id, _)| id).collect())
}

/// One that was named must have figures; of all, those without are passed over and said to be.
fn with_results(
    folder: &ResultsFolder,
    ids: Vec<ExperimentId>,
    which: &WhichArgs,
    voice: Voice,
) -> anyhow::Result<Vec<(ExperimentId, StoredResult)>> {
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        match folder.stored(&id) {
            Ok(Some(result)) => results.push((id, result)),
            Ok(None) if which.all => passed_over(&id, "its figures have not been derived", voice),
            Err(error) if which.all => passed_over(&id, &error.to_string(), voice),
            Ok(None) => {
                return Err(SeamError::new(Fault::Usage, format!("the figures of `{id}` have not been derived"))
                    .with_hint(format!("`lem aggregate {id}` derives them"))
                    .into());
            }
            Err(error) => return Err(SeamError::from(error).into()),
        }
    }
    if results.is_empty() {
        return Err(SeamError::new(Fault::Usage, format!("no experiment in `{}` has figures", folder.root().display()))
            .with_hint("choose another folder with `--results-dir`")
            .into());
    }
    Ok(results)
}

fn passed_over(id: &ExperimentId, why: &str, voice: Voice) {
    if !voice.quiet {
        anstream::eprintln!("left out {id}: {why}");
    }
}

/// A file that was named for what a command writes; that it can be written is known before the work begins.
pub(super) struct Written {
    path: PathBuf,
    file: OutputFile,
}

impl Written {
    pub(super) fn prepare(path: &Path) -> Result<Self, SeamError> {
        let refused = |error| SeamError::new(Fault::Usage, format!("cannot write `{}`", path.display())).because(error);
        Ok(Self { path: path.to_owned(), file: OutputFile::prepare(path).map_err(refused)? })
    }

    pub(super) fn write(self, bytes: &[u8], voice: Voice) -> anyhow::Result<()> {
        self.file.write(bytes).with_context(|| format!("cannot write `{}`", self.path.display()))?;
        if !voice.quiet {
            anstream::eprintln!("written to {}", self.path.display());
        }
        Ok(())
    }
}
