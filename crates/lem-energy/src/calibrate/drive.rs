//! From a plan to a record: idle, dense reads, steps of the load.

use super::load::Load;
use super::plan::Plan;
use super::recorded::{LoadEdge, Recorded, StepRecord};
use lem_domain::protocol::{EnergyBackend, EnergySession, Interrupt, Progress, SeamError, Stage};
use lem_domain::{Clock, TimeWindow, Timestamp};
use std::time::Duration;

/// The same sensors at three rates.
pub struct Meters<'a> {
    /// As later runs will read them.
    pub usual: &'a dyn EnergyBackend,
    /// As fast as they go.
    pub dense: &'a dyn EnergyBackend,
    /// Fast enough for the edges of the load.
    pub steps: &'a dyn EnergyBackend,
}

/// What a calibration is driven with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// The one clock.
    pub clock: &'a dyn Clock,
    /// Who is told.
    pub progress: &'a dyn Progress,
    /// The wish to stop.
    pub interrupt: &'a Interrupt,
}

/// Carries out a plan; `None` once interrupted. The load is off when this returns; that nothing of it is left when it is
/// dropped is its own business.
///
/// # Errors
/// When sampling cannot start, or the load fails.
pub fn record(meters: &Meters<'_>, load: Option<&mut dyn Load>, plan: &Plan, tools: Tools<'_>) -> Result<Option<Recorded>, SeamError> {
    let drive = Drive { meters, plan, tools };
    let mut recorded = Recorded::default();
    let finished = drive.idle(&mut recorded)? && drive.read_and_step(load, &mut recorded)?;
    Ok(finished.then_some(recorded))
}

/// Each step gives whether it came to its end.
struct Drive<'a> {
    meters: &'a Meters<'a>,
    plan: &'a Plan,
    tools: Tools<'a>,
}

impl Drive<'_> {
    /// Watches the machine idle, with a margin on both sides as every window has.
    fn idle(&self, recorded: &mut Recorded) -> Result<bool, SeamError> {
        let mut session = self.meters.usual.start()?;
        let margin = session.margin();
        self.begin(Stage::Idle, self.plan.idle + 2 * margin);
        let window = self.watch(&mut *session, margin);
        self.tools.progress.end();
        recorded.idle = window;
        recorded.usual = session.stop()?;
        Ok(window.is_some())
    }

    fn watch(&self, session: &mut dyn EnergySession, margin: Duration) -> Option<TimeWindow> {
        let clock = self.tools.clock;
        self.pass(margin).then_some(())?;
        session.read_edge();
        let start = clock.now();
        self.pass(self.plan.idle).then_some(())?;
        let end = clock.now();
        session.read_edge();
        self.pass(margin).then_some(())?;
        TimeWindow::new(start, end)
    }

    fn read_and_step(&self, load: Option<&mut dyn Load>, recorded: &mut Recorded) -> Result<bool, SeamError> {
        let settling = load.as_ref().map_or(Duration::ZERO, |load| load.settling());
        self.begin(Stage::Calibrate, settling + self.plan.length().saturating_sub(self.plan.idle));
        let finished = match load {
            None => self.dense_without_load(recorded),
            Some(load) => {
                let stepped = self.dense_and_steps(load, recorded);
                // A failure of its own is told first; a load that has ended is off.
                let off = load.off();
                stepped.and_then(|finished| off.map(|()| finished))
            }
        };
        self.tools.progress.end();
        finished
    }

    fn dense_without_load(&self, recorded: &mut Recorded) -> Result<bool, SeamError> {
        let session = self.meters.dense.start()?;
        let finished = self.pass(self.plan.dense);
        recorded.dense = session.stop()?;
        Ok(finished)
    }

    fn dense_and_steps(&self, load: &mut dyn Load, recorded: &mut Recorded) -> Result<bool, SeamError> {
        load.on()?;
        if !self.pass(load.settling()) {
            return Ok(false);
        }
        let session = self.meters.dense.start()?;
        let mut finished = self.pass(self.plan.dense / 2);
        load.off()?;
        finished = finished && self.pass(self.plan.dense / 2);
        recorded.dense = session.stop()?;
        if !finished {
            return Ok(false);
        }
        let session = self.meters.steps.start()?;
        let mut edges = Vec::with_capacity(self.plan.steps.len());
        let finished = self.step(load, &mut edges)?;
        recorded.steps = Some(StepRecord { meter: session.stop()?, edges });
        Ok(finished)
    }

    fn step(&self, load: &mut dyn Load, edges: &mut Vec<LoadEdge>) -> Result<bool, SeamError> {
        if !self.pass(self.plan.lead) {
            return Ok(false);
        }
        let mut next = self.tools.clock.now();
        for (position, &length) in self.plan.steps.iter().enumerate() {
            let is_on = position % 2 == 0;
            let before = self.tools.clock.now();
            if is_on {
                load.on()?
            } else {
                load.off()?
            }
            let took = Duration::from_nanos(self.tools.clock.now().as_nanos() - before.as_nanos());
            edges.push(LoadEdge { at: before.after(took / 2), slack: took / 2, is_on });
            next = next.after(length);
            if !self.wait_until(next) {
                return Ok(false);
            }
        }
        // Whether it lived until the last step is asked once more: a load that has ended was none.
        load.off()?;
        Ok(self.pass(self.plan.lead))
    }

    fn begin(&self, stage: Stage, length: Duration) {
        self.tools.progress.begin(stage, u64::try_from(length.as_nanos().div_ceil(Interrupt::STEP.as_nanos())).ok());
    }

    fn pass(&self, length: Duration) -> bool {
        self.wait_until(self.tools.clock.now().after(length))
    }

    /// Waits in steps; `false` once interrupted.
    fn wait_until(&self, deadline: Timestamp) -> bool {
        self.tools.interrupt.wait_until(self.tools.clock, deadline, || self.tools.progress.advance(1)).is_some()
    }
}
