//! Rounds of reads into a buffer: the only code that runs inside the measured window.

use super::latency::LatencyHistogram;
use super::schedule::Schedule;
use super::timetable::timetable;
use crate::source::{Reader, Reading};
use lem_domain::sensor::{SamplerCost, SensorDescriptor, SensorIndex, SensorSample};
use lem_domain::{Clock, Timestamp};
use std::time::Duration;

/// The buffer is made for a session of this length; a longer one makes it grow, by doubling.
const PLANNED_SESSION: Duration = Duration::from_secs(3 * 3_600);

/// Bounds of the buffer, in reads of one reader: a short interval shall not reserve memory without measure.
const MIN_READS: usize = 1 << 10;
const MAX_READS: usize = 1 << 18;

/// Readers and what they said.
pub(crate) struct Recorder {
    rounds: Vec<Round>,
    samples: Vec<SensorSample>,
    reads: LatencyHistogram,
    ticks: u64,
    missed_ticks: u64,
}

/// Readers that are due together. A wake-up looks at few deadlines then, and finds them in few lines of the cache.
struct Round {
    schedule: Schedule,
    members: Vec<Member>,
}

/// One reader.
struct Member {
    reader: Box<dyn Reader>,
    /// Index of its first sensor in the record.
    first: usize,
    slots: Vec<Option<Reading>>,
}

/// Everything a recorder holds at the end.
pub(crate) struct Recorded {
    pub(crate) sensors: Vec<SensorDescriptor>,
    pub(crate) samples: Vec<SensorSample>,
    pub(crate) cost: SamplerCost,
}

impl Recorder {
    /// Every reader is due at `start`.
    pub(crate) fn new(readers: Vec<Box<dyn Reader>>, start: Timestamp) -> Self {
        let readers: Vec<_> = readers.into_iter().filter(|reader| !reader.descriptors().is_empty()).collect();
        let schedules = timetable(&readers, start);
        let (mut rounds, mut first, mut planned): (Vec<Round>, _, _) = (Vec::new(), 0, 0);
        for (reader, schedule) in readers.into_iter().zip(schedules) {
            let n_sensors = reader.descriptors().len();
            let member = Member { reader, first, slots: vec![None; n_sensors] };
            match rounds.iter_mut().find(|round| round.schedule == schedule) {
                Some(round) => round.members.push(member),
                None => rounds.push(Round { schedule, members: vec![member] }),
            }
            first += n_sensors;
            planned += n_sensors * planned_reads(schedule.interval());
        }
        let samples = Vec::with_capacity(planned);
        Self { rounds, samples, reads: LatencyHistogram::new(), ticks: 0, missed_ticks: 0 }
    }

    /// The next instant at which a reader must be read; `None` without readers.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.rounds.iter().map(|round| round.schedule.latest()).min()
    }

    /// Reads every reader that is due, once. Deadlines that passed meanwhile are skipped and counted. Gives the instant of
    /// its end.
    pub(crate) fn tick(&mut self, clock: &dyn Clock) -> Timestamp {
        let due_by = clock.now();
        let mut now = due_by;
        for round in self.rounds.iter_mut().filter(|round| round.schedule.next() <= due_by) {
            now = round.read(now, clock, &mut self.samples, &mut self.reads);
            let missed = round.schedule.kept(now);
            self.ticks += (1 + missed) * round.n_members();
            self.missed_ticks += missed * round.n_members();
        }
        now
    }

    /// Reads whatever is due at `deadline` as if it were that instant: for simulated time.
    pub(crate) fn tick_at(&mut self, deadline: Timestamp) {
        for round in self.rounds.iter_mut().filter(|round| round.schedule.next() <= deadline) {
            round.read_at(deadline, &mut self.samples);
            self.ticks += (1 + round.schedule.kept(deadline)) * round.n_members();
        }
    }

    /// Reads every reader once, due or not.
    pub(crate) fn read_all(&mut self, clock: &dyn Clock) {
        let mut now = clock.now();
        for round in &mut self.rounds {
            now = round.read(now, clock, &mut self.samples, &mut self.reads);
        }
    }

    /// [`Recorder::read_all`] as if it were that instant: for simulated time.
    pub(crate) fn read_all_at(&mut self, now: Timestamp) {
        for round in &mut self.rounds {
            round.read_at(now, &mut self.samples);
        }
    }

    /// How long sampling must go on around a window for its edges to be known.
    pub(crate) fn margin(&self) -> Duration {
        let members = self.rounds.iter().flat_map(|round| &round.members);
        let descriptors = members.flat_map(|member| member.reader.descriptors());
        descriptors.map(SensorDescriptor::margin).max().unwrap_or_default()
    }

    /// The sensors, in the order that samples refer to, with the intervals that they are really read at.
    pub(crate) fn sensors(&self) -> Vec<SensorDescriptor> {
        let mut sensors: Vec<_> = self.rounds.iter().flat_map(Round::descriptors).collect();
        sensors.sort_by_key(|(first, _)| *first);
        sensors.into_iter().flat_map(|(_, descriptors)| descriptors).collect()
    }

    /// What sampling has cost so far, but for the processor time, which only its thread knows.
    pub(crate) fn cost(&self) -> SamplerCost {
        SamplerCost {
            ticks: self.ticks,
            missed_ticks: self.missed_ticks,
            cpu_time: None,
            read_p50: self.reads.quantile(0.50),
            read_p99: self.reads.quantile(0.99),
        }
    }

    /// How many samples fit before the buffer must grow.
    pub(crate) fn capacity(&self) -> usize {
        self.samples.capacity()
    }

    /// Gives the samples away for an empty buffer to go on with.
    pub(crate) fn exchange(&mut self, samples: &mut Vec<SensorSample>) {
        std::mem::swap(&mut self.samples, samples);
    }

    /// Gives everything away and leaves the recorder empty.
    pub(crate) fn take(&mut self) -> Recorded {
        let (sensors, cost) = (self.sensors(), self.cost());
        self.rounds.clear();
        Recorded { sensors, samples: std::mem::take(&mut self.samples), cost }
    }
}

impl Round {
    /// Reads each member into `samples`. `now` is now; gives the instant after the last read. The clock is looked at once
    /// for each: the instant after a read is that before the next.
    fn read(&mut self, now: Timestamp, clock: &dyn Clock, samples: &mut Vec<SensorSample>, reads: &mut LatencyHistogram) -> Timestamp {
        let mut before = now;
        for member in &mut self.members {
            member.slots.fill(None);
            member.reader.read(before, &mut member.slots);
            let after = clock.now();
            let nanos = after.as_nanos().saturating_sub(before.as_nanos());
            reads.record(nanos);
            member.keep(before.after(Duration::from_nanos(nanos / 2)), nanos, samples);
            before = after;
        }
        before
    }

    fn read_at(&mut self, now: Timestamp, samples: &mut Vec<SensorSample>) {
        for member in &mut self.members {
            member.slots.fill(None);
            member.reader.read(now, &mut member.slots);
            member.keep(now, 0, samples);
        }
    }

    fn n_members(&self) -> u64 {
        self.members.len() as u64
    }

    /// What each member's readings are, after the index of the first of them.
    fn descriptors(&self) -> impl Iterator<Item = (usize, Vec<SensorDescriptor>)> {
        let interval = self.schedule.interval();
        self.members.iter().map(move |member| {
            let descriptors = member.reader.descriptors().iter();
            (member.first, descriptors.map(|descriptor| SensorDescriptor { interval, ..descriptor.clone() }).collect())
        })
    }
}

impl Member {
    fn keep(&self, at: Timestamp, nanos: u64, samples: &mut Vec<SensorSample>) {
        let read_nanos = u32::try_from(nanos).unwrap_or(u32::MAX);
        samples.extend(self.slots.iter().enumerate().filter_map(|(position, reading)| {
            let reading = (*reading)?;
            Some(SensorSample {
                sensor: SensorIndex::of(self.first + position),
                at: reading.at.unwrap_or(at),
                value: reading.value,
                read_nanos,
            })
        }));
    }
}

fn planned_reads(interval: Duration) -> usize {
    let planned = PLANNED_SESSION.as_nanos() / interval.as_nanos().max(1);
    usize::try_from(planned).unwrap_or(MAX_READS).clamp(MIN_READS, MAX_READS)
}
