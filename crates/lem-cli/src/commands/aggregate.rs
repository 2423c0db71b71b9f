//! `lem aggregate`: late aggregation by hand.

use super::Voice;
use crate::args::AggregateArgs;
use crate::exit::Exit;
use crate::render;
use lem_domain::{ExperimentId, HostClock};
use lem_results::ResultsFolder;

/// Derives the figures of a stored experiment.
pub(crate) fn aggregate(args: &AggregateArgs, voice: Voice) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::new(args.folder.results_dir.clone());
    let id = folder.resolve(&args.id)?;
    derive_and_show(&folder, &id, args.json, voice)
}

/// Derives the figures from the raw records, stores them, and shows what was stored.
pub(crate) fn derive_and_show(folder: &ResultsFolder, id: &ExperimentId, json: bool, voice: Voice) -> anyhow::Result<Exit> {
    lem_orchestration::aggregate(folder, folder, &HostClock, id)?;
    let summary = folder.summary(id)?;
    if json {
        print!("{}", folder.summary_json(id)?);
    } else {
        render::summary::show(&summary);
        if !voice.quiet {
            render::findings::show(summary.findings.iter().map(render::findings::of_record));
            anstream::eprintln!("stored in {}", folder.path(id).display());
        }
    }
    Ok(if summary.requests.failed > 0 { Exit::Incomplete } else { Exit::Ok })
}
