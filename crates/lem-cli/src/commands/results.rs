//! `lem results`: list, show and export here and below.

mod export;
mod which;

use super::Voice;
use super::aggregate::stored;
use crate::args::ResultsCommand;
use crate::exit::Exit;
use crate::render::{self, out};
use lem_domain::protocol::SeamError;
use lem_results::ResultsFolder;
use std::path::Path;

/// Looks at stored results.
pub(crate) fn results(command: &ResultsCommand, voice: Voice) -> anyhow::Result<Exit> {
    match command {
        ResultsCommand::List { folder, json } => list(&folder.results_dir, *json),
        ResultsCommand::Show { id, folder, raw, json } => {
            let folder = ResultsFolder::new(folder.results_dir.clone());
            if *raw { show_raw(&folder, id, *json) } else { show(&folder, id, *json, voice) }
        }
        ResultsCommand::Export(args) => export::run(args, voice),
    }
}

fn list(folder: &Path, json: bool) -> anyhow::Result<Exit> {
    let entries = ResultsFolder::new(folder.to_owned()).list().map_err(SeamError::from)?;
    if json {
        out::json(&entries)?;
    } else if entries.is_empty() {
        anstream::eprintln!("no experiments in `{}`", folder.display());
    } else {
        render::list::show(&entries)?;
    }
    Ok(Exit::Ok)
}

fn show(folder: &ResultsFolder, id: &str, json: bool, voice: Voice) -> anyhow::Result<Exit> {
    let id = folder.resolve(id).map_err(SeamError::from)?;
    let summary = stored(folder, &id)?;
    if json {
        out::json(&summary)?;
        return Ok(Exit::Ok);
    }
    render::summary::show(&summary)?;
    if !voice.quiet {
        render::findings::show_stored(&summary.findings);
    }
    Ok(Exit::Ok)
}

fn show_raw(folder: &ResultsFolder, id: &str, json: bool) -> anyhow::Result<Exit> {
    let id = folder.resolve(id).map_err(SeamError::from)?;
    let raw = folder.raw(&id).map_err(SeamError::from)?;
    if json {
        out::json(&raw)?;
    } else {
        render::list::raw(&raw)?;
    }
    Ok(Exit::Ok)
}
