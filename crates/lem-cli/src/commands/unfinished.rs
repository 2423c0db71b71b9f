//! Experiments that ended before they had all of their cycles.

use super::Voice;
use super::record;
use crate::args::RunArgs;
use lem_config::{Override, Request, Resolved};
use lem_core::dataset::Selection;
use lem_domain::ExperimentId;
use lem_domain::protocol::{Fault, ResultsRepository, SeamError};
use lem_results::ResultsFolder;
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The results folder of a command that names no configuration.
pub(crate) fn results_folder(args: &RunArgs) -> ResultsFolder {
    let named = args.config.results_dir.clone().or_else(|| std::env::var_os("LEM_RESULTS_DIR").map(PathBuf::from));
    ResultsFolder::new(named.unwrap_or_else(|| PathBuf::from("results")))
}

/// What an experiment of a folder runs: its stored configuration, which must still mean the same.
pub(crate) fn resolved(folder: &ResultsFolder, id: &ExperimentId, force: bool) -> anyhow::Result<Resolved> {
    let manifest = folder.manifest(id).map_err(SeamError::from)?;
    let results_dir =
        Override { path: "io.results_dir".to_owned(), value: json!(folder.root().to_string_lossy()), flag: "--results-dir".to_owned() };
    let request = Request { file: Some(folder.path(id).join("config.yaml")), overrides: vec![results_dir], force, ..Request::default() };
    let resolved = lem_config::resolve(&request)?;
    if record::digest(&resolved) != manifest.spec_digest {
        let what = format!("the configuration of `{id}` no longer means what it meant when it was begun");
        let hint = format!("it was begun with lem {}; go on with that version, or begin anew", manifest.tool_version);
        return Err(SeamError::new(Fault::Usage, what).with_hint(hint).into());
    }
    Ok(resolved)
}

/// Refuses to go on with other prompts than those of the cycles that are there.
pub(crate) fn same_prompts(folder: &ResultsFolder, id: &ExperimentId, selection: &Selection) -> Result<(), SeamError> {
    let Some(recorded) = folder.dataset(id)? else { return Ok(()) };
    if recorded.sha256 == selection.facts.sha256 && recorded.used_sha256 == selection.facts.used_sha256 {
        return Ok(());
    }
    Err(SeamError::new(Fault::Usage, format!("`{}` holds other prompts than when `{id}` was begun", recorded.name))
        .with_hint("bring them back, or begin anew"))
}

/// A run of the same experiment that has cycles and did not finish, where the user wants to go on with it. Without a
/// terminal nobody can be asked: it is named, and the run begins anew.
pub(crate) fn offered(folder: &ResultsFolder, resolved: &Resolved, voice: Voice) -> Option<ExperimentId> {
    // A folder that cannot be looked through offers nothing; what is wrong with it is told when the run needs it.
    for id in folder.unfinished(&record::digest(resolved)).unwrap_or_default() {
        let whole = folder.recorded_cycles(&id).unwrap_or_default().iter().filter(|cycle| cycle.is_whole).count();
        if whole == 0 {
            continue;
        }
        let cycles = resolved.spec.repetition.cycles;
        if !voice.quiet {
            anstream::eprintln!("`{id}` is an unfinished run of this experiment, with {whole} of {cycles} cycles");
        }
        return if std::io::stdin().is_terminal() {
            asks_for_it().then_some(id)
        } else {
            if !voice.quiet {
                anstream::eprintln!("this one begins anew; `{}` goes on with the other", command(folder.root(), &id));
            }
            None
        };
    }
    None
}

/// What continues an experiment.
pub(crate) fn command(root: &Path, id: &ExperimentId) -> String {
    let place = if root == Path::new("results") { String::new() } else { format!(" -o {}", root.display()) };
    format!("lem experiment --resume {id}{place}")
}

fn asks_for_it() -> bool {
    anstream::eprint!("go on with it? [Y/n] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "" | "y" | "Y" | "yes")
}
