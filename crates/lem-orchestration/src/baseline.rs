//! Idle power by state: watched, or kept from an earlier run while a short check finds it unchanged.

mod levels;

use crate::error::with_causes;
use crate::experiment::Tools;
use crate::sampling::Sampling;
use lem_domain::idle::{IdleLevel, IdleState, IdleWindow};
use lem_domain::protocol::{Interrupt, SeamError, Stage};
use lem_domain::record::EngineFacts;
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{EnergyChoice, EnergySpec};
use lem_domain::{Finding, FindingCode, Severity, TimeWindow, Timestamp};
use levels::{Comparison, compare, replace, seen, young};
use std::time::{Duration, SystemTime};

/// A check of a kept level takes this long, or half of what watching would take.
const CHECK: Duration = Duration::from_secs(1);

/// Before a model is loaded nobody knows what the engine will run on, and the state has two names. This one is its name
/// until [`Baseline::engine_runs_on`] is told.
pub(crate) const BEFORE_LOAD: IdleState = IdleState::DriverOnly;

/// The idle states of one run.
pub(crate) struct Baseline<'a> {
    tools: Tools<'a>,
    duration: Duration,
    /// Whether levels are kept between runs.
    keep: bool,
    /// Levels of earlier runs.
    earlier: Vec<IdleLevel>,
    watched: Vec<Watched>,
    kept: Vec<IdleLevel>,
    findings: Vec<Finding>,
}

/// A state that was watched in full.
struct Watched {
    idle: IdleWindow,
    at: SystemTime,
}

/// What a cycle knows of idle states.
pub(crate) struct Observed {
    pub(crate) idle: Vec<IdleWindow>,
    pub(crate) kept: Vec<IdleLevel>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Baseline<'a> {
    /// Nothing is watched when the duration is zero, or when energy is left out by choice.
    pub(crate) fn new(spec: &EnergySpec, tools: Tools<'a>) -> Self {
        let duration = if spec.sources == EnergyChoice::None { Duration::ZERO } else { spec.baseline.duration };
        let keep = spec.baseline.keep && !duration.is_zero();
        let mut baseline = Self { tools, duration, keep, earlier: Vec::new(), watched: Vec::new(), kept: Vec::new(), findings: Vec::new() };
        if keep {
            match tools.profiles.load_idle() {
                Ok(earlier) => baseline.earlier = earlier,
                Err(error) => baseline.give_up_keeping("of earlier runs could not be read, so every state was watched in full", &error),
            }
        }
        baseline
    }

    /// Whether there is anything to do.
    pub(crate) fn is_asked(&self) -> bool {
        !self.duration.is_zero()
    }

    /// Whether levels of an earlier run stand for this state, by a short session of its own.
    ///
    /// What keeps the check from being made keeps no run from going on: the state is then watched.
    pub(crate) fn is_kept(&mut self, state: IdleState) -> bool {
        let kept = young(&self.earlier, |level| same_state(level, state), self.tools.clock.wall());
        if kept.is_empty() {
            return false;
        }
        let Ok(mut sampling) = Sampling::start(self.tools.meter, self.tools.clock) else { return false };
        let Some(window) = self.leave_idle(&mut sampling, CHECK.min(self.duration / 2)) else { return false };
        let Ok(record) = sampling.stop() else { return false };
        match compare(&kept, &record, window) {
            Comparison::Unchanged(levels) => {
                self.kept.extend(levels);
                true
            }
            Comparison::Drifted(finding) => {
                self.findings.push(finding);
                false
            }
            Comparison::Impossible => false,
        }
    }

    /// Watches a state in full. An interrupt ends it at once, and a state that was not watched to the end is not noted.
    pub(crate) fn watch(&mut self, state: IdleState, sampling: &mut Sampling<'_>) {
        if self.is_asked()
            && let Some(window) = self.leave_idle(sampling, self.duration)
        {
            self.watched.push(Watched { idle: IdleWindow { state, window }, at: self.tools.clock.wall() });
        }
    }

    /// Takes kept levels or watches in full, while sampling goes on.
    pub(crate) fn observe(&mut self, state: IdleState, sampling: &mut Sampling<'_>) {
        if !self.is_kept(state) {
            self.watch(state, sampling);
        }
    }

    /// Names the state before the load after the device that the engine turned out to run on.
    pub(crate) fn engine_runs_on(&mut self, engine: &EngineFacts) {
        let name = if engine.ran_on_processor() { IdleState::HostIdle } else { IdleState::DriverOnly };
        let states = self.watched.iter_mut().map(|watched| &mut watched.idle.state);
        let states = states.chain(self.kept.iter_mut().map(|level| &mut level.state));
        states.filter(|state| is_before_load(**state)).for_each(|state| *state = name);
    }

    /// What a cycle may refer to: what was watched in its own session, given in `meter`, and what is known from before. What
    /// was found is kept for later cycles and runs.
    pub(crate) fn of_cycle(&mut self, meter: &SensorRecord) -> Observed {
        let watched = std::mem::take(&mut self.watched);
        let found: Vec<IdleLevel> = watched.iter().flat_map(|watched| seen(meter, watched.idle, watched.at)).collect();
        let of_cycle = Observed {
            idle: watched.iter().map(|watched| watched.idle).collect(),
            kept: self.kept.clone(),
            findings: std::mem::take(&mut self.findings),
        };
        let fresh: Vec<IdleLevel> = found.iter().filter(|level| !level.device.is_virtual()).cloned().collect();
        self.kept.extend(found);
        self.keep_for_later_runs(fresh);
        Observed { findings: [of_cycle.findings, std::mem::take(&mut self.findings)].concat(), ..of_cycle }
    }

    fn keep_for_later_runs(&mut self, fresh: Vec<IdleLevel>) {
        if self.keep && !fresh.is_empty() {
            // Read anew: another run may have added to them meanwhile.
            let profiles = self.tools.profiles;
            if let Err(error) = profiles.load_idle().and_then(|levels| profiles.save_idle(&replace(levels, fresh))) {
                self.give_up_keeping("of this run could not be kept for later ones", &error);
            }
        }
    }

    /// Lets the machine idle with a margin on both sides: neither what ran before nor what comes after may reach into
    /// the window by a sensor's lag. `None` when it was interrupted.
    fn leave_idle(&self, sampling: &mut Sampling<'_>, duration: Duration) -> Option<TimeWindow> {
        let whole = duration + 2 * sampling.margin();
        self.tools.progress.begin(Stage::Idle, u64::try_from(whole.as_nanos().div_ceil(Interrupt::STEP.as_nanos())).ok());
        let window = self.pass(sampling, duration);
        self.tools.progress.end();
        window
    }

    fn pass(&self, sampling: &mut Sampling<'_>, duration: Duration) -> Option<TimeWindow> {
        let clock = self.tools.clock;
        self.wait_until(clock.now().after(sampling.margin()))?;
        sampling.read_edge();
        let start = clock.now();
        self.wait_until(start.after(duration))?;
        let end = clock.now();
        sampling.read_edge();
        self.wait_until(end.after(sampling.margin()))?;
        TimeWindow::new(start, end)
    }

    /// Waits in steps of progress; `None` once interrupted.
    fn wait_until(&self, deadline: Timestamp) -> Option<()> {
        self.tools.interrupt.wait_until(self.tools.clock, deadline, || self.tools.progress.advance(1))
    }

    fn give_up_keeping(&mut self, what: &str, error: &SeamError) {
        self.keep = false;
        let message = format!("idle levels {what}: {}", with_causes(error));
        let finding = Finding::new(FindingCode::ProfileStoreFailed, Severity::Warning, message);
        self.findings.push(error.hint.iter().cloned().fold(finding, Finding::with_hint));
    }
}

fn same_state(level: &IdleLevel, state: IdleState) -> bool {
    level.state == state || (is_before_load(level.state) && is_before_load(state))
}

fn is_before_load(state: IdleState) -> bool {
    match state {
        IdleState::HostIdle | IdleState::DriverOnly => true,
        IdleState::ContextHeld | IdleState::ModelLoaded => false,
    }
}
