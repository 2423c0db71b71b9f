//! The energy of something that runs by itself, however long it takes.

use crate::error::ExperimentError;
use crate::preflight::require_grade;
use crate::sampling::{Sampling, dead_meter};
use lem_domain::derive::{Observation, Observer, Terms};
use lem_domain::protocol::{EnergyBackend, Interrupt};
use lem_domain::sensor::{SamplerCost, SensorRecord, SourceVerdict};
use lem_domain::spec::RequiredGrade;
use lem_domain::{Clock, TimeWindow, Timestamp};
use std::time::{Duration, SystemTime};

/// How often samples are taken out of the meter while something runs.
const DRAIN: Duration = Duration::from_secs(10);

/// What energy is read with, and what of it is accepted.
#[derive(Clone, Copy)]
pub struct Meter<'a> {
    /// The one clock.
    pub clock: &'a dyn Clock,
    /// Records energy.
    pub backend: &'a dyn EnergyBackend,
    /// Worst grade that the energy may promise to have.
    pub required: RequiredGrade,
    /// What is asked of the energy.
    pub terms: Terms<'a>,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
}

/// Something that runs by itself once it was begun.
pub trait Work {
    /// How it ended.
    type Outcome;

    /// Waits for the end, until `deadline` at most; `None` while it goes on.
    fn wait_until(&mut self, deadline: Timestamp) -> Option<Self::Outcome>;
}

/// What came of watching something.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch<O, E> {
    /// It ran, and this was seen.
    Watched(Box<Watched<O>>),
    /// It could not be begun.
    NotBegun(E),
    /// An interrupt came before it was begun.
    Cancelled,
}

/// What was seen of something that ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched<O> {
    /// How it ended.
    pub outcome: O,
    /// When it began; a label.
    pub began_at: SystemTime,
    /// Its window, and the energy of that.
    pub observation: Observation,
    /// What became of every source.
    pub sources: Vec<SourceVerdict>,
    /// Cost of sampling.
    pub cost: SamplerCost,
}

impl Meter<'_> {
    /// Watches something from just before it begins to just after it ended. Sensors are read just outside both edges, and
    /// sampling goes on long enough on both sides for what they show late.
    ///
    /// An interrupt ends the wait before it begins and nothing afterwards: to stop what runs is up to whoever began it.
    ///
    /// # Errors
    /// When the meter cannot start, or its sensors do not promise the required grade; then nothing was begun.
    pub fn watch<W: Work, E>(&self, begin: impl FnOnce() -> Result<W, E>) -> Result<Watch<W::Outcome, E>, ExperimentError> {
        require_grade(self.backend, self.required)?;
        let mut sampling = Sampling::start(self.backend, self.clock).map_err(ExperimentError::Meter)?;
        if sampling.lead_in_unless(self.interrupt).is_none() {
            return Ok(Watch::Cancelled);
        }
        sampling.read_edge();
        let (began_at, start) = (self.clock.wall(), self.clock.now());
        let mut work = match begin() {
            Ok(work) => work,
            Err(error) => return Ok(Watch::NotBegun(error)),
        };
        let mut record = SensorRecord::default();
        let mut observer: Option<Observer> = None;
        let outcome = loop {
            let now = self.clock.now();
            if let Some(outcome) = work.wait_until(now.after(DRAIN)) {
                break outcome;
            }
            sampling.drain(&mut record);
            observer.get_or_insert_with(|| Observer::new(&record.sensors, start)).take(&record.samples, now);
        };
        let end = self.clock.now();
        sampling.read_edge();
        sampling.run_out();
        let rest = sampling.stop().unwrap_or_else(|error| dead_meter(&error));
        // A meter that died has taken its sensors with it; those that were seen before still are.
        let sensors = if rest.sensors.is_empty() { std::mem::take(&mut record.sensors) } else { rest.sensors };
        let last = SensorRecord { sensors, ..rest };
        let mut observer = observer.unwrap_or_else(|| Observer::new(&last.sensors, start));
        observer.take(&last.samples, end);
        let window = TimeWindow { start, end };
        let observation = observer.observe(window.end, &last, self.terms);
        Ok(Watch::Watched(Box::new(Watched { outcome, began_at, observation, sources: last.sources, cost: last.cost })))
    }
}
