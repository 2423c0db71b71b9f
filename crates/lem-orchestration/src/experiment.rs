//! One measurement from beginning to end (MEASUREMENT.md §7).

use crate::baseline::{BEFORE_LOAD, Baseline, Observed};
use crate::error::{ExperimentError, with_causes};
use crate::offered;
use crate::preflight::require_grade;
use crate::record::{self, Before};
use crate::sampling::{Sampling, dead_meter};
use crate::warmup::warm_up;
use crate::window::measure;
use lem_domain::idle::IdleState;
use lem_domain::protocol::{
    EnergyBackend, InferenceEngine, Interrupt, ModelLoader, PreparedWorkload, ProfileStore, Progress, Prompt, ResultsRepository,
    RunControl, RunPhase, RunSetup, RunState, SeamError, Stage, StateStore,
};
use lem_domain::record::{DatasetFacts, HostRecord, ProcessRecord, WarmupFacts};
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
    /// Keeps what is known of this machine's sensors.
    pub profiles: &'a dyn ProfileStore,
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
    /// A signal stopped it before the model was loaded, so there was nothing to save.
    Cancelled,
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
        let _ = enter(tools, &id, RunPhase::Failed, Some(with_causes(error)));
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
        let (tools, spec) = (self.tools, &self.experiment.spec);
        self.enter(RunPhase::Created)?;
        let mut baseline = Baseline::new(&spec.energy, tools);
        let mut sampling = self.idle_before_load(&mut baseline)?;
        if tools.interrupt.is_raised() {
            self.enter(RunPhase::Interrupted)?;
            return Ok(Ending::Cancelled);
        }

        self.enter(RunPhase::Loading)?;
        let (mut engine, load) = self.load()?;
        let workload = engine.prepare(&self.experiment.prompts, spec).map_err(ExperimentError::Prepare)?;
        baseline.engine_runs_on(engine.engine());
        baseline.observe(IdleState::ModelLoaded, &mut sampling);

        let warmup = if tools.interrupt.is_raised() { None } else { self.warm_up(&mut *engine)? };
        let before = Before {
            dataset: self.experiment.dataset.clone(),
            load,
            warmup,
            offered: Some(offered::offered(spec)),
            findings: self.experiment.findings.clone(),
        };
        if tools.interrupt.is_raised() {
            let record = record::unmeasured(&*engine, before, &workload);
            self.save(0, sampling, &mut baseline, record)?;
            return self.end(RunPhase::Interrupted, Ending::Interrupted);
        }
        // The first cycle has the session in which the idle states were watched; every other one has its own.
        let mut first = Some(sampling);
        for cycle in 0..spec.repetition.cycles {
            if cycle > 0 && tools.interrupt.is_raised() {
                return self.end(RunPhase::Interrupted, Ending::Interrupted);
            }
            let sampling = match first.take() {
                Some(sampling) => sampling,
                None => Sampling::start(tools.meter, tools.clock).map_err(ExperimentError::Meter)?,
            };
            if self.measure(cycle, &mut *engine, sampling, &mut baseline, before.clone(), &workload)? == Ending::Interrupted {
                return self.end(RunPhase::Interrupted, Ending::Interrupted);
            }
        }
        self.end(RunPhase::Recorded, Ending::Measured)
    }

    /// Closes the bundle and says how it ended.
    fn end(&self, phase: RunPhase, ending: Ending) -> Result<Ending, ExperimentError> {
        self.tools.results.seal(&self.experiment.id).map_err(ExperimentError::Storage)?;
        self.enter(phase)?;
        Ok(ending)
    }

    /// The states that only exist before a model is loaded. Sampling starts here and goes on to the end.
    fn idle_before_load(&self, baseline: &mut Baseline<'_>) -> Result<Sampling<'_>, ExperimentError> {
        let tools = self.tools;
        // The first check comes before sampling starts, so that the two sessions need not share the sensors.
        let is_kept = baseline.is_kept(BEFORE_LOAD);
        let mut sampling = Sampling::start(tools.meter, tools.clock).map_err(ExperimentError::Meter)?;
        if !is_kept {
            baseline.watch(BEFORE_LOAD, &mut sampling);
        }
        let is_asked = baseline.is_asked() && !tools.interrupt.is_raised();
        if is_asked && tools.loader.hold_context(&self.experiment.spec).map_err(ExperimentError::Load)? {
            baseline.observe(IdleState::ContextHeld, &mut sampling);
        }
        Ok(sampling)
    }

    fn load(&self) -> Result<(Box<dyn InferenceEngine>, TimeWindow), ExperimentError> {
        self.tools.progress.begin(Stage::Load, None);
        let start = self.tools.clock.now();
        let engine = self.tools.loader.load(&self.experiment.spec);
        let end = self.tools.clock.now();
        self.tools.progress.end();
        Ok((engine.map_err(ExperimentError::Load)?, TimeWindow { start, end }))
    }

    fn warm_up(&self, engine: &mut dyn InferenceEngine) -> Result<Option<WarmupFacts>, ExperimentError> {
        self.enter(RunPhase::Warming)?;
        let Experiment { prompts, spec, .. } = &self.experiment;
        self.tools.progress.begin(Stage::Warmup, Some(u64::from(spec.warmup.requests)));
        let warmup = warm_up(engine, prompts, spec, self.control());
        self.tools.progress.end();
        warmup.map_err(ExperimentError::Engine)
    }

    fn measure(
        &self,
        cycle: u32,
        engine: &mut dyn InferenceEngine,
        mut sampling: Sampling<'_>,
        baseline: &mut Baseline<'_>,
        before: Before,
        workload: &PreparedWorkload,
    ) -> Result<Ending, ExperimentError> {
        self.enter(RunPhase::Measuring)?;
        self.tools.progress.begin(Stage::Measure, Some(workload.requests.len() as u64));
        let measured = measure(engine, &mut sampling, workload, &self.experiment.spec, self.control());
        self.tools.progress.end();
        let measured = measured.map_err(ExperimentError::Engine)?;

        let record = record::measured(engine, before, workload, &measured);
        self.save(cycle, sampling, baseline, record)?;
        let output = match measured.output {
            Ok(output) => output,
            Err(error) => {
                self.tools.results.seal(&self.experiment.id).map_err(ExperimentError::Storage)?;
                return Err(ExperimentError::Engine(error));
            }
        };
        // A signal that came after the last request finished has cut nothing short.
        let is_cut = output.finish.iter().any(|finish| matches!(finish, None | Some(FinishReason::Interrupted)));
        Ok(if is_cut { Ending::Interrupted } else { Ending::Measured })
    }

    fn save(
        &self,
        cycle: u32,
        sampling: Sampling<'_>,
        baseline: &mut Baseline<'_>,
        mut record: ProcessRecord,
    ) -> Result<(), ExperimentError> {
        let (results, id) = (self.tools.results, &self.experiment.id);
        self.tools.progress.begin(Stage::Save, None);
        // A meter that died takes the energy with it, and nothing else: tokens and latencies are still worth keeping.
        let meter = sampling.stop().unwrap_or_else(|error| dead_meter(&error));
        let Observed { idle, kept: kept_idle, findings } = baseline.of_cycle(&meter);
        record.findings.extend(findings);
        let spec = &self.experiment.spec;
        let asked_precision = Some(spec.energy.precision);
        let host = HostRecord { meter, idle, kept_idle, asked_precision, multipliers: spec.multipliers.clone() };
        let saved = results.save_process(id, cycle, &record).and_then(|()| results.save_host(id, cycle, &host));
        self.tools.progress.end();
        saved.map_err(ExperimentError::Storage)
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
