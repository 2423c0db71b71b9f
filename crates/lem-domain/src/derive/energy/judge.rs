//! From what a sensor saw to what is said of it: value, uncertainty, grade, and how far to trust it.

use super::stretch::Stretch;
use crate::finding::FindingCode;
use crate::quantity::{Quantity, Validity};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind};
use crate::uncertainty::Uncertainty;
use crate::units::{Joules, Seconds};
use std::time::Duration;

/// An interval must hold this many sensor periods for its edges not to dominate (MEASUREMENT.md §4), and no hole in the
/// samples may be longer.
const MIN_PERIODS: u32 = 4;

/// Of a trailing mean a window must hold as many: what is carried across one edge then does not reach the other.
const MIN_MEANS: f64 = 2.0;

/// The processor estimate is refused below this length (MEASUREMENT.md §4): busy time comes in ticks of 10 ms.
const MIN_ESTIMATE_WINDOW: Duration = Duration::from_secs(1);

/// What a sensor says of a window.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) energy: Quantity<Joules>,
    /// Why it is missing or limited.
    pub(super) problem: Option<FindingCode>,
}

/// Judges what one sensor saw.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    descriptor: &'a SensorDescriptor,
}

impl<'a> Judge<'a> {
    pub(super) fn of(descriptor: &'a SensorDescriptor) -> Self {
        Self { descriptor }
    }

    /// What is said of a window of this length, all of which `look` gives. It is called when the window is long enough for
    /// the sensor to be asked at all.
    pub(super) fn whole(&self, span: Seconds, look: impl FnOnce() -> Result<Stretch, Read>) -> Read {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) && span.get() < MIN_ESTIMATE_WINDOW.as_secs_f64() {
            let reason = format!("the window of {:.3} s is shorter than the 1 s that the processor estimate needs", span.get());
            return Read { energy: self.unavailable(reason), problem: Some(FindingCode::WindowTooShort) };
        }
        match look() {
            Err(missing) => missing,
            Ok(stretch) => {
                let energy = self.quantity(&stretch);
                match self.limit(span, &stretch) {
                    None => Read { energy, problem: None },
                    Some((code, reason)) => Read { energy: energy.judged(Validity::Limited(reason)), problem: Some(code) },
                }
            }
        }
    }

    /// What keeps the asked precision from being claimed.
    pub(super) fn limit(&self, span: Seconds, stretch: &Stretch) -> Option<(FindingCode, String)> {
        let shortest_s = self.shortest_s();
        if span.get() < shortest_s && !stretch.ends_on_sample {
            let reason = format!("the window is shorter than the {shortest_s:.3} s that the sensor needs");
            return Some((FindingCode::WindowTooShort, reason));
        }
        // A counter counts on while nobody reads it; power in a hole is not known.
        let gap_s = stretch.longest_gap?;
        let is_power = matches!(self.descriptor.kind, SensorKind::Power(_));
        if is_power && gap_s > self.periods_s() {
            return Some((FindingCode::SensorLost, format!("for {gap_s:.3} s the sensor gave no sample")));
        }
        stretch.aliased.then(|| {
            let reason = format!("power changed faster than a sensor shows that sees {:.0} % of the time", 100.0 * self.duty());
            (FindingCode::SensorAliased, reason)
        })
    }

    /// Time between two values that can differ: the slower of the sensor and the sampler.
    pub(super) fn period(&self) -> Duration {
        self.descriptor.update_period.max(self.descriptor.interval)
    }

    /// Several of its periods, in seconds: what is longer than that between two samples is a hole.
    pub(super) fn periods_s(&self) -> f64 {
        self.period().as_secs_f64() * f64::from(MIN_PERIODS)
    }

    /// The shortest window whose edges do not dominate: several periods of the sensor, or two of the means that it shows.
    pub(super) fn shortest_s(&self) -> f64 {
        self.overlapping_mean().map_or(self.periods_s(), |over| self.periods_s().max(MIN_MEANS * over.as_secs_f64()))
    }

    /// Length of the trailing means that the sensor shows, where one reaches into the next.
    pub(super) fn overlapping_mean(&self) -> Option<Duration> {
        match self.descriptor.kind {
            SensorKind::Power(PowerMeaning::Averaged(over)) => Some(over).filter(|over| *over > self.descriptor.update_period),
            SensorKind::Power(PowerMeaning::Instant) | SensorKind::EnergyCounter(_) | SensorKind::BusyTime(_) | SensorKind::Gauge(_) => {
                None
            }
        }
    }

    /// Share of the time that the values of a power sensor are means over; 0 for values at an instant.
    pub(super) fn duty(&self) -> f64 {
        match self.descriptor.kind {
            SensorKind::Power(PowerMeaning::Averaged(over)) => over.as_secs_f64() / self.descriptor.update_period.as_secs_f64(),
            SensorKind::Power(PowerMeaning::Instant) | SensorKind::EnergyCounter(_) | SensorKind::BusyTime(_) | SensorKind::Gauge(_) => 0.0,
        }
    }

    /// The energy with its uncertainty: the gain is systematic, everything else random.
    pub(super) fn quantity(&self, stretch: &Stretch) -> Quantity<Joules> {
        let (joules, spread) = (stretch.estimate.joules, stretch.estimate.spread());
        let systematic = Uncertainty::rectangular(self.descriptor.gain.half_width * joules);
        self.value(Joules::new(joules), Uncertainty { systematic, random: spread.standard(), excess: spread.excess() })
    }

    /// An energy of this sensor.
    pub(super) fn value(&self, energy: Joules, uncertainty: Uncertainty) -> Quantity<Joules> {
        Quantity::present(energy, self.descriptor.grade(), self.descriptor.source.clone())
            .with_uncertainty(uncertainty)
            .within(self.descriptor.boundary)
    }

    /// No energy of this sensor, and why.
    pub(super) fn unavailable(&self, reason: String) -> Quantity<Joules> {
        Quantity::unavailable(reason).within(self.descriptor.boundary)
    }

    /// The samples do not tell.
    pub(super) fn missing(&self, reason: &str) -> Read {
        Read { energy: self.unavailable(reason.to_owned()), problem: Some(FindingCode::SensorLost) }
    }

    /// The samples must not be used.
    pub(super) fn invalid(&self, reason: String, code: FindingCode) -> Read {
        let nothing = self.value(Joules::new(0.0), Uncertainty::default());
        Read { energy: nothing.judged(Validity::Invalid(reason)), problem: Some(code) }
    }
}
