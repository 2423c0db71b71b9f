//! `lem results list` and `lem results show`.

use super::Voice;
use crate::args::ResultsCommand;
use crate::exit::Exit;
use crate::render;
use lem_domain::protocol::{Fault, SeamError};
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
    }
}

fn list(folder: &Path, json: bool) -> anyhow::Result<Exit> {
    let entries = ResultsFolder::new(folder.to_owned()).list()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&entries)?);
    } else if entries.is_empty() {
        anstream::eprintln!("no experiments in `{}`", folder.display());
    } else {
        render::list::show(&entries);
    }
    Ok(Exit::Ok)
}

fn show(folder: &ResultsFolder, id: &str, json: bool, voice: Voice) -> anyhow::Result<Exit> {
    let id = folder.resolve(id)?;
    if !folder.is_aggregated(&id) {
        return Err(SeamError::new(Fault::Usage, format!("the figures of `{id}` have not been derived"))
            .with_hint(format!("`lem aggregate {id}` derives them; `--raw` shows the raw records"))
            .into());
    }
    if json {
        print!("{}", folder.summary_json(&id)?);
        return Ok(Exit::Ok);
    }
    let summary = folder.summary(&id)?;
    render::summary::show(&summary);
    if !voice.quiet {
        render::findings::show(summary.findings.iter().map(render::findings::of_record));
    }
    Ok(Exit::Ok)
}

fn show_raw(folder: &ResultsFolder, id: &str, json: bool) -> anyhow::Result<Exit> {
    let id = folder.resolve(id)?;
    let raw = folder.raw(&id)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&raw)?);
    } else {
        render::list::raw(&raw);
    }
    Ok(Exit::Ok)
}
