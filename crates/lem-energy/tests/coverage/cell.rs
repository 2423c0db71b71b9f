//! One cell of the tables: many seeded runs of one waveform seen by one sensor over windows of one length.

use crate::sensors::Sensor;
use crate::waves::{Draws, Wave, shortest_structure};
use lem_domain::derive::read_energy;
use lem_domain::{FindingCode, TimeWindow, Timestamp, Validity};
use lem_energy::virtual_hardware::{Scheduling, record};
use std::time::Duration;

/// Half-width of the rectangular bound on the gain that a profile states where no board class is known.
const STATED_GAIN: f64 = 0.1;

/// Structure faster than this many updates may be `limited` for a sensor that sees only a part of the time.
const RESOLVED_UPDATES: u32 = 4;

/// What a sensor's gain is in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gain {
    /// One, and stated as exact.
    Exact,
    /// Drawn anew from the stated bound.
    AsStated,
    /// Beyond the stated bound, by up to twice as much.
    Beyond,
}

/// What a run said of its window, relative to the true energy.
pub(crate) struct Run {
    /// Energy less the truth; `None` when no energy was given.
    pub(crate) error: Option<f64>,
    /// Half-width of the 95 % interval of the random part.
    pub(crate) random: f64,
    /// Half-width of the full interval, k = 2.
    pub(crate) full: f64,
    pub(crate) problem: Option<FindingCode>,
    /// Marked as limited where the sensor is no better.
    pub(crate) excused: bool,
}

/// The window opens after three to four seconds of the waveform, and the session has the sensor's margin on both sides.
pub(crate) fn run(wave: &Wave, sensor: &Sensor, length: f64, seed: u64, gain: Gain) -> Run {
    let mut draws = Draws::new(seed.wrapping_mul(0x1234_5677).wrapping_add(length.to_bits()));
    let start = draws.between(3.0, 4.0);
    let window = TimeWindow { start: at(start), end: at(start + length) };
    let mut drawn = sensor.draw(&mut draws, window);
    let margin = drawn.descriptor.margin();
    let session = TimeWindow { start: window.start.before(margin + draws.seconds(0.0, 0.2)), end: window.end.after(margin) };
    let truth = (wave.draw)(&mut draws, start + length + 4.0);
    let scheduling = Scheduling { seed: draws.seed(), ..sensor.scheduling };
    (drawn.descriptor.gain.half_width, drawn.model.gain) = match gain {
        Gain::Exact => (0.0, 1.0),
        Gain::AsStated => (STATED_GAIN, 1.0 + STATED_GAIN * draws.between(-1.0, 1.0)),
        Gain::Beyond => (STATED_GAIN, 1.0 + STATED_GAIN * draws.between(1.0, 2.0)),
    };
    let fast = shortest_structure(&truth).is_some_and(|structure| structure < drawn.descriptor.update_period * RESOLVED_UPDATES);
    let minimum = (sensor.minimum)(&drawn.descriptor);
    let record = record(&truth, &[drawn], scheduling, session, window);
    let reading = &read_energy(&record, window, &[], &[])[0];
    let true_j = truth.energy_over(window).get();
    let uncertainty = reading.energy.uncertainty().unwrap_or_default();
    let limited = matches!(reading.energy.validity(), Validity::Limited(_));
    Run {
        error: reading.energy.value().map(|energy| (energy.get() - true_j) / true_j),
        random: uncertainty.random_half_width_95() / true_j,
        full: uncertainty.expanded() / true_j,
        problem: reading.problem,
        excused: match reading.problem {
            Some(FindingCode::WindowTooShort) => limited && length < minimum.as_secs_f64(),
            Some(FindingCode::SensorAliased) => limited && sensor.sees_a_part && fast,
            _ => false,
        },
    }
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::default().after(Duration::from_secs_f64(seconds))
}

/// Many runs, summed up.
pub(crate) struct Cell {
    /// Share of the runs whose interval holds the truth, of those that are not excused; `None` when all are.
    pub(crate) coverage: Option<f64>,
    /// Median half-width of the interval, relative to the truth.
    pub(crate) half_width: f64,
    /// The half-width that would have held 95 % of these errors: what one who knows the sensor would need.
    pub(crate) needed: f64,
    /// Share of the runs that were marked as limited where that is allowed.
    pub(crate) excused: f64,
}

impl Cell {
    /// From runs, by their random interval when the gain is exact and by the full one when it is not.
    pub(crate) fn of(runs: &[Run], gain: Gain) -> Self {
        let half_width = |run: &Run| if gain == Gain::Exact { run.random } else { run.full };
        let counted: Vec<&Run> = runs.iter().filter(|run| !run.excused).collect();
        let holds = |run: &Run| run.problem.is_none() && run.error.is_some_and(|error| error.abs() <= half_width(run) + ROUNDING);
        let covered = counted.iter().filter(|run| holds(run)).count();
        let shown: Vec<&Run> = if counted.is_empty() { runs.iter().collect() } else { counted.clone() };
        Self {
            coverage: (!counted.is_empty()).then(|| share(covered, counted.len())),
            half_width: quantile(shown.iter().map(|run| half_width(run)), 0.5),
            needed: quantile(shown.iter().filter_map(|run| run.error).map(f64::abs), 0.95),
            excused: share(runs.len() - counted.len(), runs.len()),
        }
    }
}

/// Of numbers of some hundred joules in double precision.
const ROUNDING: f64 = 1e-12;

fn share(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).expect("few")) / f64::from(u32::try_from(whole).expect("few"))
}

fn quantile(values: impl Iterator<Item = f64>, at: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among few")]
    let place = (values.len() as f64 * at) as usize;
    values.get(place).or(values.last()).copied().unwrap_or(f64::NAN)
}
