//! `lem aggregate`: late aggregation by hand.

use super::Voice;
use crate::args::AggregateArgs;
use crate::exit::Exit;
use crate::render::{self, out};
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::{ExperimentId, HostClock};
use lem_results::ResultsFolder;
use lem_results::record::document::SummaryRecord;

/// Derives the figures of a stored experiment.
pub(crate) fn aggregate(args: &AggregateArgs, voice: Voice) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::new(args.folder.results_dir.clone());
    let id = folder.resolve(&args.id).map_err(SeamError::from)?;
    derive_and_show(&folder, &id, args.json, voice).map(|(_, exit)| exit)
}

/// Derives the figures from the raw records, stores them, and shows what was stored.
pub(crate) fn derive_and_show(
    folder: &ResultsFolder,
    id: &ExperimentId,
    json: bool,
    voice: Voice,
) -> anyhow::Result<(SummaryRecord, Exit)> {
    lem_orchestration::aggregate(folder, folder, &HostClock, id)?;
    let summary = stored(folder, id)?;
    if json {
        out::json(&summary)?;
    } else {
        render::summary::show(&summary)?;
        if !voice.quiet {
            render::findings::show_stored(&summary.findings);
            anstream::eprintln!("stored in {}", folder.path(id).display());
        }
    }
    let missing = summary.requests.failed + summary.requests.interrupted;
    let exit = if missing > 0 { Exit::Incomplete } else { Exit::Ok };
    Ok((summary, exit))
}

/// The figures of an experiment as they are stored.
pub(crate) fn stored(folder: &ResultsFolder, id: &ExperimentId) -> Result<SummaryRecord, SeamError> {
    folder.summary(id)?.ok_or_else(|| {
        SeamError::new(Fault::Usage, format!("the figures of `{id}` have not been derived"))
            .with_hint(format!("`lem aggregate {id}` derives them; `--raw` shows the raw records"))
    })
}
