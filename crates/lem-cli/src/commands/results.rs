//! `lem results`: list, show, check and compare here, the rest below.

mod browser;
mod export;
mod report;
mod serve;
mod which;

use super::Voice;
use super::aggregate::stored;
use super::compare::settings;
use crate::args::{JudgingArgs, ResultsCommand, WhichArgs};
use crate::exit::Exit;
use crate::render::{self, out};
use lem_domain::protocol::SeamError;
use lem_results::{ResultsFolder, comparison};
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
        ResultsCommand::Report(args) => report::run(args, voice),
        ResultsCommand::Serve(args) => serve::run(args, voice),
        ResultsCommand::Compare { which, judging, json } => side_by_side(which, *judging, *json, voice),
        ResultsCommand::Verify { id, folder, json } => verify(&ResultsFolder::new(folder.results_dir.clone()), id, *json),
        ResultsCommand::Rebuild { id, folder } => rebuild(&ResultsFolder::new(folder.results_dir.clone()), id, voice),
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
    render::plots::show(folder, &id)?;
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

fn side_by_side(which: &WhichArgs, judging: JudgingArgs, json: bool, voice: Voice) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::new(which.results_dir.clone());
    let ids = which::chosen(&folder, which)?;
    let results = which::loaded(&folder, ids, which, voice)?;
    let summaries: Vec<_> = results.into_iter().map(|result| result.summary).collect();
    let found = comparison::side_by_side(&summaries, settings(judging));
    if json {
        out::json(&found)?
    } else {
        render::comparison::side_by_side(&found)?
    }
    Ok(Exit::Ok)
}

fn verify(folder: &ResultsFolder, id: &str, json: bool) -> anyhow::Result<Exit> {
    let id = folder.resolve(id).map_err(SeamError::from)?;
    let found = folder.verify(&id).map_err(SeamError::from)?;
    if json {
        out::json(&found)?
    } else {
        render::comparison::verification(&found)?
    }
    Ok(if found.is_sound { Exit::Ok } else { Exit::RunFailed })
}

fn rebuild(folder: &ResultsFolder, id: &str, voice: Voice) -> anyhow::Result<Exit> {
    let id = folder.resolve(id).map_err(SeamError::from)?;
    folder.aggregate(&id).map_err(SeamError::from)?;
    if !voice.quiet {
        anstream::eprintln!("derived anew in {}", folder.path(&id).display());
    }
    Ok(Exit::Ok)
}
