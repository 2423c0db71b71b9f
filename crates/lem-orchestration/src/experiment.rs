//! One measurement from beginning to end (MEASUREMENT.md §7).

use crate::error::ExperimentError;
use crate::preflight::require_grade;
use crate::record::{self, Before};
use crate::warmup::warm_up;
use crate::window::measure;
use lem_domain::protocol::{
    EnergyBackend, EnergySession, InferenceEngine, Interrupt, ModelLoader, PreparedWorkload, Progress, Prompt, ResultsRepository,
    RunControl, RunPhase, RunSetup, RunState, SeamError, Stage, StateStore,
};
use lem_domain::record::{DatasetFacts, ProcessRecord};
use lem_domain::sensor::{SensorRecord, SourceStatus, SourceVerdict};
use lem_domain::spec::ExperimentSpec;
use lem_domain::token::FinishReason;
use lem_domain::{Clock, ExperimentId, Finding, TimeWindow};

/// Everything a measurement needs from outside.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// The one clock.
    pub clock: &'a dyn Clock,
    /// Loads the model.
    pub loader: &'a dyn ModelLoader,
    /// Records energy.
    pub meter: &'a dyn EnergyBackend,
    /// Keeps the records.
    pub results: &'a dyn ResultsRepository,
    /// Keeps the state.
    pub states: &'a dyn StateStore,
    /// Tells the user.
    pub progress: &'a dyn Progress,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Name of its bundle.
    pub id: ExperimentId,
    /// What runs.
    pub spec: ExperimentSpec,
    /// The prompts, already chosen.
    pub prompts: Vec<Prompt>,
    /// Where they came from.
    pub dataset: DatasetFacts,
    /// The documents that go into the bundle first.
    pub setup: RunSetup,
    /// What is already known that a reader must know.
    pub findings: Vec<Finding>,
}

/// How a measurement that left records ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All requests were run.
    Measured,
    /// A signal stopped it; what had finished is saved.
    Interrupted,
}

/// Runs one measurement and saves its raw records. Figures come afterwards, from those records: [`crate::aggregate`].
///
/// # Errors
/// When it ended without a result. The bundle, once created, says so in its state, and keeps what was recorded.
pub fn run(experiment: Experiment, tools: Tools<'_>) -> Result<Ending, ExperimentError> {
    if experiment.prompts.is_empty() {
        return Err(ExperimentError::NoPrompts);
    }
    require_grade(tools.meter, experiment.spec.energy.required)?;
    tools.results.create(&experiment.id, &experiment.setup).map_err(ExperimentError::Storage)?;
    let id = experiment.id.clone();
    let outcome = Life { experiment, tools }.live();
    if let Err(error) = &outcome {
        // The error itself is the news; a state that cannot be written would only hide it.
        let _ = enter(tools, &id, RunPhase::Failed, Some(reason_of(error)));
    }
    outcome
}

/// The steps of a measurement whose bundle exists.
struct Life<'a> {
    experiment: Experiment,
    tools: Tools<'a>,
}

impl Life<'_> {
    fn live(self) -> Result<Ending, ExperimentError> {
        let tools = self.tools;
        self.enter(RunPhase::Created)?;
        let session = tools.meter.start().map_err(ExperimentError::Meter)?;

        self.enter(RunPhase::Loading)?;
        let (mut engine, load) = self.load()?;
        let workload = engine.prepare(&self.experiment.prompts, &self.experiment.spec).map_err(ExperimentError::Prepare)?;

        self.enter(RunPhase::Warming)?;
        tools.progress.begin(Stage::Warmup, Some(u64::from(self.experiment.spec.warmup.requests)));
        let warmup = warm_up(&mut *engine, &self.experiment.prompts, &self.experiment.spec, self.control());
        tools.progress.end();
        let before = Before {
            dataset: self.experiment.dataset.clone(),
            load,
            warmup: warmup.map_err(ExperimentError::Engine)?,
            findings: self.experiment.findings.clone(),
        };
        if tools.interrupt.is_raised() {
            let record = record::unmeasured(&*engine, before, &workload);
            return self.save(session, &record).and_then(|()| self.interrupted());
        }
        self.measure(&mut *engine, session, before, &workload)
    }

    fn load(&self) -> Result<(Box<dyn InferenceEngine>, TimeWindow), ExperimentError> {
        self.tools.progress.begin(Stage::Load, None);
        let start = self.tools.clock.now();
        let engine = self.tools.loader.load(&self.experiment.spec);
        let end = self.tools.clock.now();
        self.tools.progress.end();
        Ok((engine.map_err(ExperimentError::Load)?, TimeWindow { start, end }))
    }

    fn measure(
        &self,
        engine: &mut dyn InferenceEngine,
        mut session: Box<dyn EnergySession>,
        before: Before,
        workload: &PreparedWorkload,
    ) -> Result<Ending, ExperimentError> {
        self.enter(RunPhase::Measuring)?;
        self.tools.progress.begin(Stage::Measure, Some(workload.requests.len() as u64));
        let measured = measure(engine, &mut *session, workload, &self.experiment.spec, self.control());
        self.tools.progress.end();
        let measured = measured.map_err(ExperimentError::Engine)?;

        let record = record::measured(engine, before, workload, &measured);
        self.save(session, &record)?;
        let output = measured.output.map_err(ExperimentError::Engine)?;
        // A signal that came after the last request finished has cut nothing short.
        if output.finish.iter().any(|finish| matches!(finish, None | Some(FinishReason::Interrupted))) {
            return self.interrupted();
        }
        self.enter(RunPhase::Recorded)?;
        Ok(Ending::Measured)
    }

    fn save(&self, session: Box<dyn EnergySession>, record: &ProcessRecord) -> Result<(), ExperimentError> {
        let tools = self.tools;
        tools.progress.begin(Stage::Save, None);
        // A meter that died takes the energy with it, and nothing else: tokens and latencies are still worth keeping.
        let host = session.stop().unwrap_or_else(|error| dead_meter(&error));
        let id = &self.experiment.id;
        let saved =
            tools.results.save_process(id, record).and_then(|()| tools.results.save_host(id, &host)).and_then(|()| tools.results.seal(id));
        tools.progress.end();
        saved.map_err(ExperimentError::Storage)
    }

    fn interrupted(&self) -> Result<Ending, ExperimentError> {
        self.enter(RunPhase::Interrupted)?;
        Ok(Ending::Interrupted)
    }

    fn control(&self) -> RunControl<'_> {
        RunControl { clock: self.tools.clock, interrupt: self.tools.interrupt, progress: self.tools.progress }
    }

    fn enter(&self, phase: RunPhase) -> Result<(), ExperimentError> {
        enter(self.tools, &self.experiment.id, phase, None).map_err(ExperimentError::Storage)
    }
}

fn enter(tools: Tools<'_>, id: &ExperimentId, phase: RunPhase, reason: Option<String>) -> Result<(), SeamError> {
    tools.states.save_state(id, &RunState { phase, since: tools.clock.wall(), reason })
}

/// What is recorded of a meter that could not be stopped: no samples, and why.
fn dead_meter(error: &SeamError) -> SensorRecord {
    let status = SourceStatus::Broken(error.to_string());
    SensorRecord { sources: vec![SourceVerdict { source: "meter".to_owned(), status }], ..SensorRecord::default() }
}

/// The error and its causes in one line, for the state file.
fn reason_of(error: &ExperimentError) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        reason = format!("{reason}: {source}");
        cause = source.source();
    }
    reason
}
