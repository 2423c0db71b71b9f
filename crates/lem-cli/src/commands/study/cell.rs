//! One cell of a study as an experiment of this program.

use crate::commands::Voice;
use crate::commands::record::{self, Course, Recorded};
use crate::commands::session::Session;
use crate::commands::unfinished;
use crate::render;
use lem_config::{Override, Request, Resolved};
use lem_domain::study::{CellState, StudyCell};
use lem_domain::{ExperimentId, HostClock};
use lem_orchestration::study::{CellRunner, Turn, TurnEnd};
use lem_results::{ResultsFolder, StudyFolder};
use serde_json::json;

/// Runs cells in this process, one after the other.
pub(super) struct Runner<'a> {
    folder: &'a StudyFolder,
    results: ResultsFolder,
    cycles: u32,
    session: &'a Session,
    no_lock: bool,
    voice: Voice,
}

impl<'a> Runner<'a> {
    pub(super) fn new(folder: &'a StudyFolder, cycles: u32, session: &'a Session, no_lock: bool, voice: Voice) -> Self {
        Self { folder, results: folder.results(), cycles, session, no_lock, voice }
    }

    fn turn(&self, cell: &StudyCell, experiment: Option<&ExperimentId>, until: u32) -> anyhow::Result<(TurnEnd, ExperimentId)> {
        let resolved = self.resolved(cell)?;
        let prompts = record::prompts(&resolved)?;
        // A bundle that was being made when the program was killed holds nothing to go on with.
        let taken_up = experiment.cloned().filter(|id| self.results.manifest(id).is_ok());
        if let Some(id) = &taken_up {
            unfinished::same_prompts(&self.results, id, &prompts)?;
        }
        let course = Course { taken_up, until: Some(until), no_lock: self.no_lock };
        let Recorded { id, interrupted, .. } = record::record(&resolved, prompts, course, self.session, Voice { quiet: true })?;
        if interrupted.is_some() {
            return Ok((TurnEnd::Interrupted, id));
        }
        if until < self.cycles {
            return Ok((TurnEnd::Recorded, id));
        }
        lem_orchestration::aggregate(&self.results, &self.results, &HostClock, &id)?;
        let summary = crate::commands::aggregate::stored(&self.results, &id)?;
        let missing = summary.requests.failed + summary.requests.interrupted;
        let end = if missing > 0 { TurnEnd::Failed(format!("{missing} requests gave no result")) } else { TurnEnd::Completed };
        Ok((end, id))
    }

    fn resolved(&self, cell: &StudyCell) -> anyhow::Result<Resolved> {
        let results_dir = Override {
            path: "io.results_dir".to_owned(),
            value: json!(self.results.root().to_string_lossy()),
            flag: "the study's folder".to_owned(),
        };
        let request = Request { file: Some(self.folder.config(&cell.name)), overrides: vec![results_dir], ..Request::default() };
        Ok(lem_config::resolve(&request)?)
    }

    /// The experiment that a turn left behind which ended in an error: the newest unfinished one of this configuration.
    fn left_behind(&self, cell: &StudyCell) -> Option<ExperimentId> {
        let digest = record::digest(&self.resolved(cell).ok()?);
        self.results.unfinished(&digest).ok()?.into_iter().next()
    }
}

impl CellRunner for Runner<'_> {
    fn run(&mut self, cell: &StudyCell, experiment: Option<&ExperimentId>, until: u32) -> Turn {
        // A turn that was killed had no time to say which experiment it had begun.
        let begun = experiment.cloned().or_else(|| self.left_behind(cell));
        match self.turn(cell, begun.as_ref(), until) {
            Ok((end, id)) => Turn { end, experiment: Some(id) },
            Err(error) => {
                Turn { end: TurnEnd::Failed(render::error::in_one_line(&*error)), experiment: begun.or_else(|| self.left_behind(cell)) }
            }
        }
    }

    fn turned(&mut self, cell: &StudyCell, state: &CellState, left: usize) {
        if !self.voice.quiet {
            let reason = state.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            anstream::eprintln!("{} {}, {} of {} cycles{reason} ({left} turns left)", cell.name, state.status, state.cycles, self.cycles);
        }
    }
}
