//! What a sensor makes of the true energy: what it shows, when it updates, how it rounds, how it fails.

use lem_domain::Timestamp;
use lem_domain::units::{Joules, Watts};
use lem_domain::world::Waveform;
use std::time::Duration;

/// A sensor of known properties.
#[derive(Clone, Debug, PartialEq)]
pub struct SensorModel {
    /// What its numbers are.
    pub shows: Shows,
    /// When its value changes; `None` when it is continuous.
    pub updates: Option<Updates>,
    /// Smallest step of the value, in joules or watts; 0 when it is exact.
    pub resolution: f64,
    /// What the truth is multiplied by: 1 for a perfect sensor.
    pub gain: f64,
    /// How it fails.
    pub fault: Option<Fault>,
}

/// What a sensor's numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shows {
    /// A growing counter.
    Energy {
        /// What it showed at the clock's origin.
        start: Joules,
        /// Where it starts over from zero.
        wraps_at: Option<Joules>,
    },
    /// Power, as a trailing mean; a mean over no time is power at the instant.
    Power {
        /// Length of the mean.
        mean_over: Duration,
    },
}

/// When a value changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Updates {
    /// Time between two updates.
    pub period: Duration,
    /// When the first one comes.
    pub phase: Duration,
    /// Each update comes up to this much earlier or later than its place on the lattice.
    pub jitter: Duration,
    /// Which jitter.
    pub seed: u64,
}

/// How a sensor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never gives a value, as an unsupported field.
    Missing,
    /// From this instant on the value stays what it was.
    StuckFrom(Timestamp),
    /// At this instant the counter starts over from zero.
    ResetAt(Timestamp),
    /// From this instant on it does not answer.
    LostFrom(Timestamp),
}

impl SensorModel {
    /// A perfect counter.
    #[must_use]
    pub fn counter(start: Joules) -> Self {
        Self { shows: Shows::Energy { start, wraps_at: None }, updates: None, resolution: 0.0, gain: 1.0, fault: None }
    }

    /// A perfect power sensor that shows a trailing mean.
    #[must_use]
    pub fn power(mean_over: Duration) -> Self {
        Self { shows: Shows::Power { mean_over }, updates: None, resolution: 0.0, gain: 1.0, fault: None }
    }

    /// The same sensor, updating.
    #[must_use]
    pub fn updating(self, updates: Updates) -> Self {
        Self { updates: Some(updates), ..self }
    }

    /// The same sensor with a resolution in its unit.
    #[must_use]
    pub fn rounding(self, resolution: f64) -> Self {
        Self { resolution, ..self }
    }

    /// The same sensor, failing.
    #[must_use]
    pub fn failing(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// What it shows at an instant, in joules or watts; `None` when it does not answer.
    #[must_use]
    pub fn read(&self, truth: &Waveform, now: Timestamp) -> Option<f64> {
        let mut seen = now;
        match self.fault {
            Some(Fault::Missing) => return None,
            Some(Fault::LostFrom(from)) if now >= from => return None,
            Some(Fault::StuckFrom(from)) => seen = seen.min(from),
            Some(Fault::LostFrom(_) | Fault::ResetAt(_)) | None => {}
        }
        let updated = self.updates.map_or(seen, |updates| updates.last_before(seen));
        let value = match self.shows {
            Shows::Energy { start, wraps_at } => {
                let since = match self.fault {
                    Some(Fault::ResetAt(at)) if updated >= at => truth.energy_to(updated) - truth.energy_to(at),
                    _ => start + truth.energy_to(updated),
                };
                let shown = self.in_steps(since.get() * self.gain, f64::floor);
                wraps_at.map_or(shown, |range| shown % range.get())
            }
            Shows::Power { mean_over } => {
                let power = if mean_over.is_zero() {
                    truth.power_at(updated)
                } else {
                    let from = updated.before(mean_over);
                    Watts::new((truth.energy_to(updated) - truth.energy_to(from)).get() / mean_over.as_secs_f64())
                };
                self.in_steps(power.get() * self.gain, f64::round)
            }
        };
        Some(value)
    }

    /// When the value that it shows at an instant came to be.
    #[must_use]
    pub fn updated_at(&self, now: Timestamp) -> Timestamp {
        self.updates.map_or(now, |updates| updates.last_before(now))
    }

    /// A counter shows the steps that are full; a power is rounded.
    fn in_steps(&self, value: f64, whole: fn(f64) -> f64) -> f64 {
        if self.resolution > 0.0 { whole(value / self.resolution) * self.resolution } else { value }
    }
}

impl Updates {
    /// The last update at or before an instant; the origin before the first.
    pub(crate) fn last_before(&self, now: Timestamp) -> Timestamp {
        let period = self.period.as_nanos().max(1);
        let since = u128::from(now.as_nanos()).saturating_sub(self.phase.as_nanos());
        let guess = u64::try_from(since / period).unwrap_or(u64::MAX);
        // Jitter may push an update past its neighbour's place, never past its neighbour.
        let candidates = [guess + 1, guess, guess.saturating_sub(1)];
        candidates.into_iter().map(|index| self.time(index)).find(|&time| time <= now).unwrap_or_default()
    }

    /// When an update comes.
    fn time(&self, index: u64) -> Timestamp {
        let regular = self.phase.as_nanos() + u128::from(index) * self.period.as_nanos();
        let regular = Timestamp::from_nanos(u64::try_from(regular).unwrap_or(u64::MAX));
        let shift = self.jitter.mul_f64(2.0 * unit(self.seed, index));
        regular.after(shift).before(self.jitter)
    }
}

/// A number in [0, 1) that depends on a seed and an index alone: SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable
/// pseudorandom number generators").
pub fn unit(seed: u64, index: u64) -> f64 {
    let mut bits = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = (bits >> 11) as f64 / (1u64 << 53) as f64;
    unit
}
