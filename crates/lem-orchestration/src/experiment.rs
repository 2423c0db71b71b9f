//! One measurement from beginning to end (MEASUREMENT.md §7).

use crate::baseline::{BEFORE_LOAD, Baseline, Observed};
use crate::course::Course;
use crate::error::ExperimentError;
use crate::offered;
use crate::owner::{Liveness, liveness};
use crate::preflight::require_grade;
use crate::record::{self, Before};
use crate::sampling::{Sampling, dead_meter};
use crate::warmup::warm_up;
use crate::window::measure;
use lem_domain::idle::IdleState;
use lem_domain::protocol::{
    EnergyBackend, InferenceEngine, Interrupt, ModelLoader, PreparedWorkload, ProfileStore, Progress, Prompt, ResultsRepository,
    RunControl, RunPhase, RunSetup, Stage, StateStore,
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
    /// Whether it begins, or goes on.
    pub start: Start,
    /// The cycle before which this call stops: the spec's number of cycles, or fewer where it is let run cycle by cycle.
    pub until: u32,
    /// What is already known that a reader must know.
    pub findings: Vec<Finding>,
}

/// How an experiment is taken up.
#[derive(Clone, Debug)]
pub enum Start {
    /// It is new; these documents go into its bundle first.
    Fresh(RunSetup),
    /// Its bundle is there, and it goes on at its first cycle that is not whole.
    Resumed,
}

/// How a measurement that left records ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All requests of all cycles were run.
    Measured,
    /// So were those of the cycles that this call was asked for; more are to come.
    Paused,
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
    let id = &experiment.id;
    let (taken_up, _held) = match &experiment.start {
        Start::Fresh(setup) => {
            tools.results.create(id, setup).map_err(ExperimentError::Storage)?;
            (TakenUp { phase: RunPhase::Created, cycle: 0 }, tools.states.hold(id).map_err(ExperimentError::Storage)?)
        }
        Start::Resumed => {
            let held = tools.states.hold(id).map_err(ExperimentError::Storage)?;
            (take_up(id, tools)?, held)
        }
    };
    let course = Course::from(taken_up.phase, tools.states, tools.clock, id);
    let life = Life { experiment: &experiment, tools, course: &course };
    let outcome = life.live(taken_up.cycle);
    if let Err(error) = &outcome {
        course.fail(error);
    }
    outcome
}

/// Where a run was left.
struct TakenUp {
    phase: RunPhase,
    /// Its first cycle that is not whole.
    cycle: u32,
}

fn take_up(id: &ExperimentId, tools: Tools<'_>) -> Result<TakenUp, ExperimentError> {
    let state = tools.states.load_state(id).map_err(ExperimentError::Storage)?;
    // A run that was killed before its first state has done nothing yet.
    let phase = state.as_ref().map_or(RunPhase::Created, |state| state.phase);
    if phase.is_finished() {
        return Err(ExperimentError::Finished { id: id.clone() });
    }
    // Whoever runs on another host does not let go of it by ending there; a run that stopped by itself is nobody's.
    let owner = state.and_then(|state| state.owner).filter(|_| !matches!(phase, RunPhase::Interrupted | RunPhase::Failed));
    if let Some(owner) = owner.filter(|owner| liveness(owner) == Liveness::Elsewhere) {
        return Err(ExperimentError::RunsElsewhere { id: id.clone(), owner });
    }
    let recorded = tools.results.recorded_cycles(id).map_err(ExperimentError::Storage)?;
    let whole = (0..).zip(&recorded).take_while(|(index, cycle)| cycle.index == *index && cycle.is_whole).count();
    let cycle = u32::try_from(whole).unwrap_or(u32::MAX);
    tools.results.reopen(id, cycle).map_err(ExperimentError::Storage)?;
    Ok(TakenUp { phase, cycle })
}

/// The steps of a measurement whose bundle exists.
struct Life<'a> {
    experiment: &'a Experiment,
    tools: Tools<'a>,
    course: &'a Course<'a>,
}

impl Life<'_> {
    fn live(self, first_cycle: u32) -> Result<Ending, ExperimentError> {
        let (tools, spec) = (self.tools, &self.experiment.spec);
        self.course.enter(RunPhase::Preflight)?;
        if first_cycle >= self.experiment.until {
            return self.close();
        }
        let mut baseline = Baseline::new(&spec.energy, tools);
        let mut sampling = self.idle_before_load(&mut baseline)?;
        if tools.interrupt.is_raised() {
            self.course.interrupt(None)?;
            return Ok(if first_cycle > 0 { Ending::Interrupted } else { Ending::Cancelled });
        }

        self.course.enter(RunPhase::Loading)?;
        let (mut engine, load) = self.load()?;
        let workload = engine.prepare(&self.experiment.prompts, spec).map_err(ExperimentError::Prepare)?;
        baseline.engine_runs_on(engine.engine());
        self.observe(IdleState::ModelLoaded, &mut baseline, &mut sampling)?;

        let warmup = if tools.interrupt.is_raised() { None } else { self.warm_up(&mut *engine)? };
        let before = Before {
            dataset: self.experiment.dataset.clone(),
            load,
            warmup,
            offered: Some(offered::offered(spec)),
            findings: self.experiment.findings.clone(),
        };
        if tools.interrupt.is_raised() {
            // Cycles that are there say more than one that did not begin.
            if first_cycle == 0 {
                let record = record::unmeasured(&*engine, before, &workload);
                self.save(first_cycle, sampling, &mut baseline, record)?;
            }
            return self.stop();
        }
        // The first cycle has the session in which the idle states were watched; every other one has its own.
        let mut first = Some(sampling);
        for cycle in first_cycle..self.experiment.until {
            if cycle > first_cycle && tools.interrupt.is_raised() {
                return self.stop();
            }
            let sampling = match first.take() {
                Some(sampling) => sampling,
                None => Sampling::start(tools.meter, tools.clock).map_err(ExperimentError::Meter)?,
            };
            if self.measure(cycle, &mut *engine, sampling, &mut baseline, before.clone(), &workload)? == Ending::Interrupted {
                return self.stop();
            }
        }
        self.close()
    }

    /// Ends a run that has the cycles it was asked for.
    fn close(&self) -> Result<Ending, ExperimentError> {
        self.seal()?;
        if self.experiment.until < self.experiment.spec.repetition.cycles {
            let reason = format!("{} of {} cycles are recorded", self.experiment.until, self.experiment.spec.repetition.cycles);
            self.course.interrupt(Some(reason))?;
            return Ok(Ending::Paused);
        }
        self.course.enter(RunPhase::Recorded)?;
        Ok(Ending::Measured)
    }

    /// Ends a run that was told to stop.
    fn stop(&self) -> Result<Ending, ExperimentError> {
        self.seal()?;
        self.course.interrupt(None)?;
        Ok(Ending::Interrupted)
    }

    fn seal(&self) -> Result<(), ExperimentError> {
        self.tools.results.seal(&self.experiment.id).map_err(ExperimentError::Storage)
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
        if baseline.is_asked() && !tools.interrupt.is_raised() {
            self.course.knows_idle(BEFORE_LOAD)?;
            if tools.loader.hold_context(&self.experiment.spec).map_err(ExperimentError::Load)? {
                self.observe(IdleState::ContextHeld, baseline, &mut sampling)?;
            }
        }
        Ok(sampling)
    }

    fn observe(&self, state: IdleState, baseline: &mut Baseline<'_>, sampling: &mut Sampling<'_>) -> Result<(), ExperimentError> {
        baseline.observe(state, sampling);
        if baseline.is_asked() && !self.tools.interrupt.is_raised() { self.course.knows_idle(state) } else { Ok(()) }
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
        self.course.enter(RunPhase::Warming)?;
        let Experiment { prompts, spec, .. } = self.experiment;
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
        self.course.enter_cycle(cycle)?;
        self.tools.progress.begin(Stage::Measure, Some(workload.requests.len() as u64));
        let measured = measure(engine, &mut sampling, workload, &self.experiment.spec, self.control());
        self.tools.progress.end();
        let measured = measured.map_err(ExperimentError::Engine)?;

        let record = record::measured(engine, before, workload, &measured);
        self.save(cycle, sampling, baseline, record)?;
        let output = match measured.output {
            Ok(output) => output,
            Err(error) => {
                self.seal()?;
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
}
