//! Fakes of everything that a measurement needs, on one virtual clock and with one journal.

mod engine;
mod meter;
mod spec;
mod storage;

pub(crate) use meter::FakeMeter;

use engine::FakeLoader;
use lem_domain::derive::Terms;
use lem_domain::idle::IdleLevel;
use lem_domain::protocol::{Interrupt, Progress, Prompt, RunPhase, RunSetup, Stage};
use lem_domain::record::{DatasetFacts, HostRecord, ProcessRecord};
use lem_domain::spec::ExperimentSpec;
use lem_domain::world::VirtualClock;
use lem_domain::{Clock, FindingCode, Timestamp};
use lem_orchestration::{Ending, Experiment, ExperimentError, Meter, Start, Tools};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

pub(crate) const MARGIN: Duration = Duration::from_millis(1_000);
pub(crate) const LOAD: Duration = Duration::from_millis(100);
pub(crate) const RUN: Duration = Duration::from_millis(3_000);

/// A machine on which runs follow each other.
pub(crate) struct Lab {
    pub(crate) spec: ExperimentSpec,
    /// Device that the engine says it runs on.
    pub(crate) device: &'static str,
    pub(crate) meter: FakeMeter,
    shared: Arc<Shared>,
}

/// What the fakes write to and read from.
#[derive(Default)]
pub(crate) struct Shared {
    clock: VirtualClock,
    journal: Mutex<Vec<(Timestamp, &'static str)>>,
    levels: Mutex<Vec<IdleLevel>>,
    /// Which calls of the profile store fail.
    broken: Mutex<Vec<&'static str>>,
    phases: Mutex<Vec<RunPhase>>,
    process: Mutex<Option<ProcessRecord>>,
    hosts: Mutex<Vec<HostRecord>>,
}

impl Shared {
    fn note(&self, what: &'static str) {
        self.journal.lock().unwrap().push((self.clock.now(), what));
    }

    fn pass(&self, span: Duration) {
        self.clock.sleep_until(self.clock.now().after(span));
    }
}

/// What one run left behind.
pub(crate) struct Left {
    pub(crate) ending: Result<Ending, ExperimentError>,
    /// What happened, with milliseconds since the run began.
    pub(crate) journal: Vec<(u64, &'static str)>,
    pub(crate) phases: Vec<RunPhase>,
    pub(crate) process: Option<ProcessRecord>,
    /// By cycle.
    pub(crate) hosts: Vec<HostRecord>,
    pub(crate) idle_stages: u32,
}

impl Left {
    pub(crate) fn host(&self) -> &HostRecord {
        &self.hosts[0]
    }

    pub(crate) fn times_of(&self, what: &str) -> Vec<u64> {
        self.journal.iter().filter(|(_, noted)| *noted == what).map(|(at, _)| *at).collect()
    }

    pub(crate) fn messages(&self, code: FindingCode) -> Vec<&str> {
        let findings = &self.process.as_ref().unwrap().findings;
        findings.iter().filter(|finding| finding.code == code).map(|finding| finding.message.as_str()).collect()
    }
}

impl Lab {
    /// An accelerator that draws 100 W when idle, watched for 2 s per state.
    pub(crate) fn new() -> Self {
        Self::with(FakeMeter::new())
    }

    /// The same with this meter.
    pub(crate) fn with(meter: FakeMeter) -> Self {
        Self { spec: spec::spec(), device: "gpu", meter, shared: Arc::default() }
    }

    pub(crate) fn run(&self) -> Left {
        self.run_stopped_at(u32::MAX, 0)
    }

    /// Raises the interrupt at a step of the nth idle stage, both counted from 1.
    pub(crate) fn run_stopped_at(&self, idle_stage: u32, step: u64) -> Left {
        let shared = &self.shared;
        let start = shared.clock.now();
        shared.journal.lock().unwrap().clear();
        shared.phases.lock().unwrap().clear();
        let interrupt = Interrupt::new();
        let progress = FakeProgress { idle_stage, step, interrupt: interrupt.clone(), seen: Mutex::default() };
        let tools = Tools {
            clock: &shared.clock,
            loader: &FakeLoader { device: self.device, shared: Arc::clone(shared) },
            meter: &self.meter.in_place(Arc::clone(shared)),
            results: &**shared,
            states: &**shared,
            profiles: &**shared,
            progress: &progress,
            interrupt: &interrupt,
        };
        let ending = lem_orchestration::run(self.experiment(), tools);
        let journal =
            shared.journal.lock().unwrap().iter().map(|(at, what)| ((at.as_nanos() - start.as_nanos()) / 1_000_000, *what)).collect();
        Left {
            ending,
            journal,
            phases: shared.phases.lock().unwrap().clone(),
            process: shared.process.lock().unwrap().take(),
            hosts: std::mem::take(&mut shared.hosts.lock().unwrap()),
            idle_stages: progress.seen.lock().unwrap().idle_stages,
        }
    }

    /// Gives the meter to someone who needs no model, and what happened meanwhile.
    pub(crate) fn with_meter<T>(&self, interrupt: &Interrupt, act: impl FnOnce(Meter<'_>) -> T) -> (T, Vec<(u64, &'static str)>) {
        let start = self.shared.clock.now();
        self.shared.journal.lock().unwrap().clear();
        let backend = self.meter.in_place(Arc::clone(&self.shared));
        let terms = Terms { multipliers: &self.spec.multipliers, precision: Some(self.spec.energy.precision) };
        let acted = act(Meter { clock: &self.shared.clock, backend: &backend, required: self.spec.energy.required, terms, interrupt });
        let journal = self.shared.journal.lock().unwrap();
        (acted, journal.iter().map(|(at, what)| ((at.as_nanos() - start.as_nanos()) / 1_000_000, *what)).collect())
    }

    fn experiment(&self) -> Experiment {
        Experiment {
            id: "run".parse().unwrap(),
            spec: self.spec.clone(),
            prompts: vec![Prompt::text("p0", "a b c")],
            dataset: DatasetFacts { name: "test".into(), available: Some(1), ..DatasetFacts::default() },
            start: Start::Fresh(RunSetup {
                config_yaml: String::new(),
                provenance_json: String::new(),
                environment_json: String::new(),
                spec_digest: String::new(),
                tool_version: String::new(),
                created_at: SystemTime::UNIX_EPOCH,
            }),
            until: self.spec.repetition.cycles,
            findings: Vec::new(),
        }
    }

    /// Lets time pass between two runs.
    pub(crate) fn pass(&self, span: Duration) {
        self.shared.pass(span);
    }

    /// The levels that are kept now.
    pub(crate) fn levels(&self) -> Vec<IdleLevel> {
        self.shared.levels.lock().unwrap().clone()
    }

    /// Makes a call of the profile store fail from now on.
    pub(crate) fn break_store(&self, call: &'static str) {
        self.shared.broken.lock().unwrap().push(call);
    }
}

struct FakeProgress {
    idle_stage: u32,
    step: u64,
    interrupt: Interrupt,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    stage: Option<Stage>,
    idle_stages: u32,
    /// Steps of the current stage: done and promised.
    steps: u64,
    promised: Option<u64>,
}

impl Progress for FakeProgress {
    fn begin(&self, stage: Stage, steps: Option<u64>) {
        let mut seen = self.seen.lock().unwrap();
        assert_eq!(seen.stage, None, "a stage begins inside another");
        let idle_stages = seen.idle_stages + u32::from(stage == Stage::Idle);
        *seen = Seen { stage: Some(stage), idle_stages, steps: 0, promised: steps };
    }

    fn advance(&self, steps: u64) {
        let mut seen = self.seen.lock().unwrap();
        seen.steps += steps;
        if seen.stage == Some(Stage::Idle) {
            assert!(Some(seen.steps) <= seen.promised, "{} steps of {:?}", seen.steps, seen.promised);
            if (seen.idle_stages, seen.steps) == (self.idle_stage, self.step) {
                self.interrupt.raise();
            }
        }
    }

    fn end(&self) {
        self.seen.lock().unwrap().stage = None;
    }
}
