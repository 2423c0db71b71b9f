//! An energy session with the margins that its sensors need around every window.

use lem_domain::protocol::{EnergyBackend, EnergySession, Interrupt, SeamError};
use lem_domain::sensor::{SensorRecord, SourceStatus, SourceVerdict};
use lem_domain::{Clock, Timestamp};
use std::time::Duration;

/// Sampling in progress, and since when.
pub(crate) struct Sampling<'a> {
    session: Box<dyn EnergySession>,
    clock: &'a dyn Clock,
    since: Timestamp,
}

impl<'a> Sampling<'a> {
    /// Starts it.
    pub(crate) fn start(meter: &dyn EnergyBackend, clock: &'a dyn Clock) -> Result<Self, SeamError> {
        let session = meter.start()?;
        Ok(Self { session, clock, since: clock.now() })
    }

    /// How long it must go on around a window.
    pub(crate) fn margin(&self) -> Duration {
        self.session.margin()
    }

    /// Waits until a window may open: sampling has gone on for the margin.
    pub(crate) fn lead_in(&self) {
        self.clock.sleep_until(self.since.after(self.margin()));
    }

    /// Reads every sensor once, now.
    pub(crate) fn read_edge(&mut self) {
        self.session.read_edge();
    }

    /// [`Sampling::lead_in`] that an interrupt ends; `None` then.
    pub(crate) fn lead_in_unless(&self, interrupt: &Interrupt) -> Option<()> {
        interrupt.wait_until(self.clock, self.since.after(self.margin()), || {})
    }

    /// Takes out what was recorded since the last time.
    pub(crate) fn drain(&mut self, record: &mut SensorRecord) {
        self.session.drain(record);
    }

    /// Waits for the updates that bracket an edge which lies just behind.
    pub(crate) fn run_out(&self) {
        self.clock.sleep_until(self.clock.now().after(self.margin()));
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Result<SensorRecord, SeamError> {
        self.session.stop()
    }
}

/// What is recorded of a meter that could not be stopped: no samples, and why.
pub(crate) fn dead_meter(error: &SeamError) -> SensorRecord {
    let status = SourceStatus::Broken(error.to_string());
    SensorRecord { sources: vec![SourceVerdict { source: "meter".to_owned(), status }], ..SensorRecord::default() }
}
