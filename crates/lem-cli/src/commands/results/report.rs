//! `lem results report`.

use super::browser;
use super::which::{Written, chosen, with_figures};
use crate::args::ReportArgs;
use crate::commands::Voice;
use crate::exit::Exit;
use lem_domain::protocol::{Fault, SeamError};
use lem_results::ResultsFolder;
use lem_results::report::{Report, ReportError};

/// Name and version, as pages say who made them.
pub(super) const TOOL: &str = concat!("lem ", env!("CARGO_PKG_VERSION"));

/// Writes a report.
pub(crate) fn run(args: &ReportArgs, voice: Voice) -> anyhow::Result<Exit> {
    let file = Written::prepare(&args.output)?;
    let folder = ResultsFolder::new(args.which.results_dir.clone());
    let ids = with_figures(&folder, chosen(&folder, &args.which)?, &args.which, voice)?;
    let report = Report::of(&folder, &ids, TOOL).map_err(refused)?;
    file.write(report.html().as_bytes(), voice)?;
    if args.open {
        browser::open(args.output.as_os_str());
    }
    Ok(Exit::Ok)
}

/// The failure as the command line tells it.
fn refused(error: ReportError) -> SeamError {
    match error {
        ReportError::Results(error) => error.into(),
        ReportError::NoFigures { ref id } => {
            let hint = format!("`lem aggregate {id}` derives them");
            SeamError::new(Fault::Usage, error.to_string()).with_hint(hint)
        }
        _ => SeamError::new(Fault::Run, error.to_string()),
    }
}
