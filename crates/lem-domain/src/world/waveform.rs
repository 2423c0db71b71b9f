//! Power as a known function of time, with its exact integral.

use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, Seconds, Watts};
use std::time::Duration;

/// Shapes of power over time whose energy is known exactly, from the clock's origin on.
#[derive(Clone, Debug, PartialEq)]
pub enum Waveform {
    /// The same power at all times.
    Flat(Watts),
    /// A straight line from one power at the clock's origin.
    Ramp {
        /// Power at the origin.
        start: Watts,
        /// Change per second, in watts.
        watts_per_second: f64,
    },
    /// An exponential approach from one power to another, such as a board that cools.
    Falling {
        /// Power at the origin.
        from: Watts,
        /// Power in the end.
        to: Watts,
        /// Time after which 1/e of the difference is left.
        time_constant: Duration,
    },
    /// `high` for a share of every period, `low` for the rest: a square wave, or bursts.
    Pulses {
        /// Power in the first part of a period.
        high: Watts,
        /// Power in the rest.
        low: Watts,
        /// Length of a period.
        period: Duration,
        /// Share of the period that is high, from 0 to 1.
        duty: f64,
        /// How long after the origin the first period begins; before it, the wave has run already.
        delay: Duration,
    },
    /// Requests one after another: prefill at one power, decode at another, a pause at a third.
    PrefillDecode {
        /// Power of prefill.
        prefill: Watts,
        /// Power of decode.
        decode: Watts,
        /// Power between requests.
        pause: Watts,
        /// Lengths of the three, in that order.
        lengths: [Duration; 3],
        /// How long after the origin the first request begins; before it, others have run already.
        delay: Duration,
    },
    /// One level after another, each from its instant on.
    Levels {
        /// Power before the first of them.
        before: Watts,
        /// When a level begins and what it is, in the order of time.
        then: Vec<(Timestamp, Watts)>,
    },
    /// Noise around zero that is the same in every replay.
    Noise(Noise),
    /// Several at once.
    Sum(Vec<Waveform>),
}

/// Power that takes a new random level in every cell of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    cell: Duration,
    /// Energy from the origin to the end of every cell, in joules; the power is zero after the last.
    cumulative: Vec<f64>,
}

impl Noise {
    /// Levels drawn by `draw`, each from its cell's number, over a time from the origin.
    #[must_use]
    pub fn over(length: Duration, cell: Duration, draw: impl Fn(u64) -> Watts) -> Self {
        let cells = u64::try_from(length.as_nanos() / cell.as_nanos().max(1)).unwrap_or(u64::MAX) + 1;
        let mut total = 0.0;
        let cumulative = (0..cells)
            .map(|index| {
                total += draw(index).get() * cell.as_secs_f64();
                total
            })
            .collect();
        Self { cell, cumulative }
    }

    /// Energy from the origin to `t` seconds after it.
    fn energy_to(&self, t: f64) -> f64 {
        let (index, share) = self.place(t);
        let (before, after) = self.around(index);
        before + share * (after - before)
    }

    fn power_at(&self, t: f64) -> f64 {
        let (before, after) = self.around(self.place(t).0);
        (after - before) / self.cell.as_secs_f64()
    }

    /// The cell of an instant, and how much of it has passed.
    fn place(&self, t: f64) -> (usize, f64) {
        let cells = (t / self.cell.as_secs_f64()).max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and a float beyond usize saturates")]
        let index = cells.floor() as usize;
        (index, cells.fract())
    }

    /// Energy to the start and to the end of a cell.
    fn around(&self, index: usize) -> (f64, f64) {
        let last = self.cumulative.last().copied().unwrap_or(0.0);
        let to_end = |index: usize| self.cumulative.get(index).copied().unwrap_or(last);
        (index.checked_sub(1).map_or(0.0, to_end), to_end(index))
    }
}

impl Waveform {
    /// A wave that is high in the first half of every period.
    #[must_use]
    pub fn square(high: Watts, low: Watts, period: Duration) -> Self {
        Self::Pulses { high, low, period, duty: 0.5, delay: Duration::ZERO }
    }

    /// Power at an instant.
    #[must_use]
    pub fn power_at(&self, at: Timestamp) -> Watts {
        let t = seconds(at);
        match self {
            Self::Flat(power) => *power,
            Self::Ramp { start, watts_per_second } => *start + Watts::new(watts_per_second * t),
            Self::Falling { from, to, time_constant } => *to + Watts::new((*from - *to).get() * (-t / time_constant.as_secs_f64()).exp()),
            Self::Pulses { high, low, period, duty, delay } => {
                let phase = (t - delay.as_secs_f64()).rem_euclid(period.as_secs_f64());
                if phase < duty * period.as_secs_f64() { *high } else { *low }
            }
            Self::PrefillDecode { prefill, decode, pause, lengths, delay } => {
                let [first, second, third] = lengths.map(|length| length.as_secs_f64());
                let phase = (t - delay.as_secs_f64()).rem_euclid(first + second + third);
                if phase < first {
                    *prefill
                } else if phase < first + second {
                    *decode
                } else {
                    *pause
                }
            }
            Self::Levels { before, then } => {
                let begun = then.partition_point(|&(from, _)| from <= at);
                begun.checked_sub(1).map_or(*before, |last| then[last].1)
            }
            Self::Noise(noise) => Watts::new(noise.power_at(t)),
            Self::Sum(parts) => parts.iter().map(|part| part.power_at(at)).fold(Watts::new(0.0), |sum, part| sum + part),
        }
    }

    /// Energy over a window.
    #[must_use]
    pub fn energy_over(&self, window: TimeWindow) -> Joules {
        self.energy_to(window.end) - self.energy_to(window.start)
    }

    /// Energy from the clock's origin to an instant.
    #[must_use]
    pub fn energy_to(&self, at: Timestamp) -> Joules {
        let t = seconds(at);
        let elapsed = Seconds::new(t);
        match self {
            Self::Flat(power) => *power * elapsed,
            Self::Ramp { start, watts_per_second } => *start * elapsed + Joules::new(0.5 * watts_per_second * t * t),
            Self::Falling { from, to, time_constant } => {
                let constant = time_constant.as_secs_f64();
                *to * elapsed + Joules::new((*from - *to).get() * constant * (1.0 - (-t / constant).exp()))
            }
            Self::Pulses { high, low, period, duty, delay } => {
                let (period, delay) = (period.as_secs_f64(), delay.as_secs_f64());
                let high_s = |t: f64| (t / period).floor() * duty * period + t.rem_euclid(period).min(duty * period);
                let high_s = high_s(t - delay) - high_s(-delay);
                Joules::new(high.get() * high_s + low.get() * (t - high_s))
            }
            Self::PrefillDecode { prefill, decode, pause, lengths, delay } => {
                let [first, second, third] = lengths.map(|length| length.as_secs_f64());
                let (cycle, delay) = (first + second + third, delay.as_secs_f64());
                let of_cycle = |phase: f64| {
                    prefill.get() * phase.min(first)
                        + decode.get() * (phase - first).clamp(0.0, second)
                        + pause.get() * (phase - first - second).max(0.0)
                };
                let from_delay = |t: f64| (t / cycle).floor() * of_cycle(cycle) + of_cycle(t.rem_euclid(cycle));
                Joules::new(from_delay(t - delay) - from_delay(-delay))
            }
            Self::Levels { before, then } => {
                let (mut energy, mut power, mut since) = (Joules::new(0.0), *before, Timestamp::default());
                for &(from, level) in then.iter().take_while(|&&(from, _)| from < at) {
                    energy = energy + power * from.since(since);
                    (power, since) = (level, from);
                }
                energy + power * at.since(since)
            }
            Self::Noise(noise) => Joules::new(noise.energy_to(t)),
            Self::Sum(parts) => parts.iter().map(|part| part.energy_to(at)).sum(),
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp::default()).get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::Series;
    use proptest::prelude::*;

    fn watts() -> impl Strategy<Value = Watts> {
        (0.0..800.0f64).prop_map(Watts::new)
    }

    fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
        range.prop_map(Duration::from_millis)
    }

    fn any_shape() -> impl Strategy<Value = Waveform> {
        prop_oneof![
            watts().prop_map(Waveform::Flat),
            (watts(), 0.0..40.0f64).prop_map(|(start, watts_per_second)| Waveform::Ramp { start, watts_per_second }),
            (watts(), watts(), millis(100..9_000)).prop_map(|(from, to, time_constant)| Waveform::Falling { from, to, time_constant }),
            (watts(), watts(), millis(20..2_000), 0.05..0.95f64, millis(0..3_000))
                .prop_map(|(high, low, period, duty, delay)| Waveform::Pulses { high, low, period, duty, delay }),
            ([watts(), watts(), watts()], [millis(20..500), millis(20..900), millis(20..300)], millis(0..3_000))
                .prop_map(|([prefill, decode, pause], lengths, delay)| Waveform::PrefillDecode { prefill, decode, pause, lengths, delay }),
            (watts(), prop::collection::vec((20u64..900, watts()), 0..40)).prop_map(|(before, steps)| {
                let mut at = 0;
                let mut begin = |(gap, level)| {
                    at += gap * 1_000_000;
                    (Timestamp::from_nanos(at), level)
                };
                Waveform::Levels { before, then: steps.into_iter().map(&mut begin).collect() }
            }),
            (prop::collection::vec(-50.0..50.0f64, 1..40), millis(20..300)).prop_map(|(levels, cell)| {
                let n = levels.len() as u64;
                #[expect(clippy::cast_possible_truncation, reason = "fewer than forty")]
                let level = move |index: u64| Watts::new(levels[(index % n) as usize]);
                Waveform::Noise(Noise::over(Duration::from_secs(20), cell, level))
            }),
        ]
    }

    proptest! {
        #[test]
        fn sampled_power_integrates_to_the_known_energy(
            parts in prop::collection::vec(any_shape(), 1..3),
            start in 0u64..5_000,
            length in 100u64..3_000,
        ) {
            let waveform = Waveform::Sum(parts);
            let at = |tenths: u64| Timestamp::from_nanos(tenths * 100_000);
            let window = TimeWindow { start: at(start * 10), end: at((start + length) * 10) };
            let series = Series::new((start * 10..=(start + length) * 10).map(|tenths| (at(tenths), waveform.power_at(at(tenths)).get())).collect());
            let integral = series.integral(window).expect("covered");
            let truth = waveform.energy_over(window).get();
            // A trapezoid of 0.1 ms misplaces each step by at most half a sample; the shortest cycle of 60 ms has three steps.
            let steps = 4.0 + 3.0 * 2.0 * window.span().get() / 0.02;
            prop_assert!((integral - truth).abs() <= 0.05e-3 * 800.0 * steps + 1e-3, "{integral} against {truth}");
        }
    }
}
