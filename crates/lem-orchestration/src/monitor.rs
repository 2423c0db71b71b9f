//! Live power: one figure per interval, and the energy since the beginning, for as long as someone looks.

use crate::error::ExperimentError;
use crate::preflight::require_grade;
use crate::sampling::{Sampling, dead_meter};
use crate::watch::Meter;
use lem_domain::derive::{Observation, Observer, observe, reach};
use lem_domain::sensor::{SamplerCost, SensorRecord, SensorSample, SourceVerdict};
use lem_domain::{TimeWindow, Timestamp};
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

/// Watches the sensors and nothing else.
#[derive(Clone, Copy)]
pub struct Monitor<'a> {
    /// What energy is read with.
    pub meter: Meter<'a>,
    /// Length of an interval; not zero.
    pub interval: Duration,
    /// For how long; `None` until interrupted.
    pub duration: Option<Duration>,
}

/// One interval that passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Number of the interval, from 1.
    pub number: u64,
    /// When it ended; a label.
    pub ended_at: SystemTime,
    /// What was seen of it.
    pub interval: Observation,
    /// What was seen from the beginning to its end.
    pub so_far: Observation,
}

/// What was seen from beginning to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitored {
    /// When it ended; a label.
    pub ended_at: SystemTime,
    /// Intervals that were shown.
    pub n_intervals: u64,
    /// The whole time, and the energy of that.
    pub total: Observation,
    /// What became of every source.
    pub sources: Vec<SourceVerdict>,
    /// Cost of sampling.
    pub cost: SamplerCost,
}

impl Monitor<'_> {
    /// Shows every interval as soon as its sensors' lag has passed, until the time is over, the interrupt is raised, or
    /// `show` wants no more. Without a sensor that is at once. Gives the whole; `None` when it was interrupted before it
    /// began.
    ///
    /// # Errors
    /// When the meter cannot start, or its sensors do not promise the required grade.
    pub fn run(&self, mut show: impl FnMut(&Glance) -> ControlFlow<()>) -> Result<Option<Monitored>, ExperimentError> {
        let meter = self.meter;
        require_grade(meter.backend, meter.required)?;
        let mut sampling = Sampling::start(meter.backend, meter.clock).map_err(ExperimentError::Meter)?;
        if sampling.lead_in_unless(meter.interrupt).is_none() {
            return Ok(None);
        }
        sampling.read_edge();
        let mut view = View::open(*self, &mut sampling);
        if !view.has_energy() {
            // Nothing would ever be shown.
            let start = view.start;
            return Ok(Some(view.close(start, sampling, show)));
        }
        let planned_end = self.duration.map(|duration| view.start.after(duration));
        let margin = sampling.margin();
        let ended_early = loop {
            let next_edge = view.boundary(view.n_edges + 1);
            let is_last = planned_end.filter(|end| *end <= next_edge);
            let edge = is_last.unwrap_or(next_edge);
            let due = view.boundary(view.n_shown + 1).after(margin);
            if meter.interrupt.wait_until(meter.clock, edge.min(due), || {}).is_none() {
                break true;
            }
            if meter.clock.now() >= edge {
                sampling.read_edge();
                view.n_edges += 1;
                if is_last.is_some() {
                    break false;
                }
            }
            if meter.clock.now() >= due {
                sampling.drain(&mut view.record);
                view.take();
                if view.show_next(&mut show).is_break() {
                    break true;
                }
            }
        };
        let end = planned_end.filter(|_| !ended_early).unwrap_or_else(|| meter.clock.now());
        if ended_early {
            sampling.read_edge();
        }
        sampling.run_out();
        Ok(Some(view.close(end, sampling, show)))
    }
}

/// What is kept while intervals pass.
struct View<'a> {
    monitor: Monitor<'a>,
    start: Timestamp,
    /// Edges of intervals at which the sensors were read.
    n_edges: u64,
    n_shown: u64,
    /// Whether whoever looks has had enough.
    unwatched: bool,
    /// What was drained last.
    record: SensorRecord,
    /// Samples that have a say in intervals to come.
    recent: Vec<SensorSample>,
    observer: Observer,
    /// How far back `recent` reaches from the next interval.
    reach: Duration,
}

impl<'a> View<'a> {
    /// The first interval begins now.
    fn open(monitor: Monitor<'a>, sampling: &mut Sampling<'_>) -> Self {
        let start = monitor.meter.clock.now();
        let mut record = SensorRecord::default();
        sampling.drain(&mut record);
        let mut view = Self {
            monitor,
            start,
            n_edges: 0,
            n_shown: 0,
            unwatched: false,
            recent: Vec::new(),
            observer: Observer::new(&record.sensors, start),
            reach: record.sensors.iter().map(reach).max().unwrap_or_default(),
            record,
        };
        view.take();
        view
    }

    /// Whether a sensor tells energy.
    fn has_energy(&self) -> bool {
        self.record.sensors.iter().any(|sensor| sensor.tells_energy())
    }

    /// The end of an interval; the start for number 0.
    fn boundary(&self, number: u64) -> Timestamp {
        let nanos = u64::try_from(self.monitor.interval.as_nanos()).unwrap_or(u64::MAX);
        self.start.after(Duration::from_nanos(nanos.saturating_mul(number)))
    }

    /// Takes in what was drained.
    fn take(&mut self) {
        let next = TimeWindow { start: self.boundary(self.n_shown), end: self.boundary(self.n_shown + 1) };
        let from = next.start.before(self.reach);
        self.recent.retain(|sample| sample.at >= from);
        self.recent.extend_from_slice(&self.record.samples);
        // An end that comes early lies after the last interval that was shown.
        self.observer.take(&self.record.samples, next.start);
        self.record.samples.clear();
    }

    fn show_next(&mut self, show: &mut impl FnMut(&Glance) -> ControlFlow<()>) -> ControlFlow<()> {
        let window = TimeWindow { start: self.boundary(self.n_shown), end: self.boundary(self.n_shown + 1) };
        self.n_shown += 1;
        let terms = self.monitor.meter.terms;
        std::mem::swap(&mut self.record.samples, &mut self.recent);
        let interval = observe(&self.record, window, terms);
        std::mem::swap(&mut self.record.samples, &mut self.recent);
        let so_far = self.observer.observe(window.end, &self.record, terms);
        let glance = Glance { number: self.n_shown, ended_at: self.wall_at(window.end), interval, so_far };
        let shown = show(&glance);
        self.unwatched = shown.is_break();
        shown
    }

    /// Shows the intervals that had passed and gives the whole.
    fn close(mut self, end: Timestamp, sampling: Sampling<'_>, mut show: impl FnMut(&Glance) -> ControlFlow<()>) -> Monitored {
        let rest = sampling.stop().unwrap_or_else(|error| dead_meter(&error));
        self.record.samples = rest.samples;
        (self.record.sources, self.record.cost) = (rest.sources, rest.cost);
        self.take();
        while !self.unwatched && self.boundary(self.n_shown + 1) <= end {
            if self.show_next(&mut show).is_break() {
                break;
            }
        }
        Monitored {
            ended_at: self.wall_at(end),
            n_intervals: self.n_shown,
            total: self.observer.observe(end, &self.record, self.monitor.meter.terms),
            sources: self.record.sources,
            cost: self.record.cost,
        }
    }

    /// Wall time of an instant of the recent past.
    fn wall_at(&self, at: Timestamp) -> SystemTime {
        let clock = self.monitor.meter.clock;
        let ago = Duration::from_nanos(clock.now().as_nanos().saturating_sub(at.as_nanos()));
        clock.wall().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}
