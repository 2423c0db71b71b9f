//! The waveforms, drawn anew for every run.

use lem_domain::units::Watts;
use lem_domain::world::{Noise, Waveform};
use lem_energy::virtual_hardware::unit;
use std::time::Duration;

/// A kind of waveform, and how one of its kind is drawn.
pub(crate) struct Wave {
    pub(crate) name: &'static str,
    /// From a source of draws and the length of the session in seconds.
    pub(crate) draw: fn(&mut Draws, f64) -> Waveform,
}

/// A stream of numbers that depends on its seed alone.
pub(crate) struct Draws {
    seed: u64,
    n: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, n: 0 }
    }

    /// The next number of a range.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        self.n += 1;
        low + (high - low) * unit(self.seed, self.n)
    }

    pub(crate) fn seconds(&mut self, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(self.between(low, high))
    }

    pub(crate) fn seed(&mut self) -> u64 {
        self.n += 1;
        // 53 bits are seed enough.
        unit(self.seed, self.n).to_bits()
    }

    fn high(&mut self) -> Watts {
        Watts::new(self.between(300.0, 650.0))
    }

    fn low(&mut self) -> Watts {
        Watts::new(self.between(60.0, 150.0))
    }
}

pub(crate) const WAVES: [Wave; 7] = [
    Wave { name: "flat", draw: |draws, _| Waveform::Flat(draws.high()) },
    Wave {
        name: "falling",
        draw: |draws, session| {
            let course = Waveform::Falling { from: draws.high(), to: draws.low(), time_constant: draws.seconds(3.0, 30.0) };
            on_a_board(draws, session, course)
        },
    },
    Wave {
        name: "ramp",
        draw: |draws, session| {
            let (start, end) = (draws.low(), draws.high());
            let course = Waveform::Ramp { start, watts_per_second: (end - start).get() / session };
            on_a_board(draws, session, course)
        },
    },
    Wave {
        name: "square",
        draw: |draws, session| {
            let (high, low, period) = (draws.high(), draws.low(), draws.seconds(0.7, 3.0));
            let course = Waveform::Pulses { high, low, period, duty: 0.5, delay: draws.seconds(0.0, 3.0) };
            on_a_board(draws, session, course)
        },
    },
    Wave {
        name: "bursts",
        draw: |draws, session| {
            let (high, low, period) = (draws.high(), draws.low(), draws.seconds(2.0, 6.0));
            let duty = draws.between(0.1, 0.3);
            let course = Waveform::Pulses { high, low, period, duty, delay: draws.seconds(0.0, 6.0) };
            on_a_board(draws, session, course)
        },
    },
    Wave {
        name: "noise",
        draw: |draws, session| {
            let mean = draws.high();
            let deviation = mean.get() * draws.between(0.02, 0.08);
            Waveform::Sum(vec![Waveform::Flat(mean), noise(draws.seed(), deviation, Duration::from_millis(10), session)])
        },
    },
    Wave {
        name: "prefill/decode",
        draw: |draws, session| {
            let prefill = draws.high();
            let decode = Watts::new(prefill.get() * draws.between(0.5, 0.8));
            let lengths = [draws.seconds(0.1, 0.5), draws.seconds(0.8, 4.0), draws.seconds(0.1, 0.5)];
            let course = Waveform::PrefillDecode { prefill, decode, pause: draws.low(), lengths, delay: draws.seconds(0.0, 5.0) };
            let deviation = decode.get() * draws.between(0.01, 0.03);
            Waveform::Sum(vec![course, noise(draws.seed(), deviation, Duration::from_millis(20), session)])
        },
    },
];

/// The faint noise of any real board on top of a course: 0.5 to 2 W, faster than every sensor shows.
fn on_a_board(draws: &mut Draws, session: f64, course: Waveform) -> Waveform {
    let deviation = draws.between(0.5, 2.0);
    Waveform::Sum(vec![course, noise(draws.seed(), deviation, Duration::from_millis(10), session)])
}

/// Normal noise: a new level in every cell of time.
fn noise(seed: u64, deviation: f64, cell: Duration, session: f64) -> Waveform {
    // The sum of twelve uniform numbers less six is normal enough, with a variance of one.
    let normal = move |index: u64| (0..12).map(|part| unit(seed, 12 * index + part)).sum::<f64>() - 6.0;
    Waveform::Noise(Noise::over(Duration::from_secs_f64(session), cell, move |index| Watts::new(deviation * normal(index))))
}

/// The shortest time between two steps of a waveform; `None` for one without steps.
pub(crate) fn shortest_structure(wave: &Waveform) -> Option<Duration> {
    match wave {
        Waveform::Pulses { period, duty, .. } => Some(period.mul_f64(duty.min(1.0 - duty))),
        Waveform::PrefillDecode { lengths, .. } => lengths.iter().min().copied(),
        Waveform::Levels { then, .. } => {
            then.windows(2).map(|pair| Duration::from_nanos(pair[1].0.as_nanos() - pair[0].0.as_nanos())).min()
        }
        Waveform::Sum(parts) => parts.iter().filter_map(shortest_structure).min(),
        Waveform::Flat(_) | Waveform::Ramp { .. } | Waveform::Falling { .. } | Waveform::Noise(_) => None,
    }
}
