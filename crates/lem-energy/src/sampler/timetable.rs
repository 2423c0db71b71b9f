//! Which readers share their wake-ups: waking a processor costs more than a read, so what can be read together is.

use super::schedule::{Schedule, longest_step};
use crate::source::Reader;
use lem_domain::Timestamp;
use lem_domain::sensor::SensorDescriptor;
use std::time::Duration;

/// A reader that walks takes others along whose interval is within this share of its own.
const NEAR: f64 = 0.25;

/// A gauge waits up to this part of its interval for a wake-up that comes anyway.
const GAUGE_SLACK: u32 = 8;

/// The schedule of each reader, in their order. Every reader is due at `start`, and readers of equal schedules always are
/// together.
///
/// No reader is read more seldom than it bears: see [`Reader::longest_gap`].
pub(super) fn timetable(readers: &[Box<dyn Reader>], start: Timestamp) -> Vec<Schedule> {
    let wishes: Vec<Wish> = readers.iter().map(|reader| Wish::of(&**reader)).collect();
    let walkers: Vec<&Wish> = wishes.iter().filter(|wish| wish.walks).collect();
    let something_wakes = wishes.iter().any(|wish| !wish.is_gauge);
    let schedule = |wish: &Wish| {
        if wish.is_gauge && something_wakes {
            return Schedule::new(start, wish.interval, false).with_slack(wish.interval / GAUGE_SLACK);
        }
        // Of several the fastest, so that walkers of about one interval agree on it too.
        let taken_along = walkers.iter().filter(|walker| wish.bears(walker)).map(|walker| walker.interval).min();
        taken_along.map_or_else(|| Schedule::new(start, wish.interval, false), |interval| Schedule::new(start, interval, true))
    };
    wishes.iter().map(schedule).collect()
}

/// What a reader asks for.
struct Wish {
    interval: Duration,
    walks: bool,
    longest_gap: Duration,
    is_gauge: bool,
}

impl Wish {
    fn of(reader: &dyn Reader) -> Self {
        let descriptors = reader.descriptors();
        let (interval, longest_gap) = (reader.interval(), reader.longest_gap());
        Self {
            interval,
            walks: descriptors.iter().any(SensorDescriptor::walks) && longest_step(interval) <= longest_gap,
            longest_gap,
            is_gauge: !descriptors.iter().any(SensorDescriptor::tells_energy),
        }
    }

    /// Whether it can be read whenever a walking reader is, itself included.
    fn bears(&self, walker: &Self) -> bool {
        let is_near = walker.interval.abs_diff(self.interval) <= self.interval.mul_f64(NEAR);
        // One that walks for its own sake sees its updates at its own rate or a faster one.
        let is_fast_enough = !self.walks || walker.interval <= self.interval;
        is_near && is_fast_enough && longest_step(walker.interval) <= self.longest_gap
    }
}
