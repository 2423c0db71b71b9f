//! One sensor's samples, ready to be asked for the energy of any window.

use crate::derive::series::{Series, SeriesFault};
use crate::finding::FindingCode;
use crate::quantity::{Quantity, Uncertainty, Validity};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind, ThreadPower};
use crate::time::{TimeWindow, Timestamp};
use crate::units::Joules;
use std::time::Duration;

/// An interval must hold this many sensor periods for its edges not to dominate (MEASUREMENT.md §4), and no hole in the
/// samples may be longer.
const MIN_PERIODS: u32 = 4;

/// The processor estimate is refused below this length (MEASUREMENT.md §4): busy time comes in ticks of 10 ms.
const MIN_ESTIMATE_WINDOW: Duration = Duration::from_secs(1);

/// The power that a counter shows at an edge is the mean over this span before it, or over four updates of a slower
/// counter.
const EDGE_POWER_SPAN: Duration = Duration::from_millis(200);

/// What a sensor says of a window.
pub(super) struct Read {
    pub(super) energy: Quantity<Joules>,
    /// Why it is missing or limited.
    pub(super) problem: Option<FindingCode>,
}

/// See the module.
pub(super) struct SensorReader<'a> {
    descriptor: &'a SensorDescriptor,
    series: Series,
    /// Time between two values that can differ: the slower of the sensor and the sampler.
    period: Duration,
}

/// Energy of one window with its uncertainty.
struct WindowEnergy {
    energy: Joules,
    uncertainty: Uncertainty,
}

/// What the two edges of a window do to an energy.
struct Edges {
    /// Mean error, in joules.
    bias: f64,
    /// Variance around that mean, in joules squared.
    variance: f64,
}

impl<'a> SensorReader<'a> {
    pub(super) fn new(descriptor: &'a SensorDescriptor, points: Vec<(Timestamp, f64)>, interval: Duration) -> Self {
        let series = match descriptor.kind {
            SensorKind::EnergyCounter(range) => Series::unwrapped(points, range),
            // A trailing mean shows the power of half its window ago.
            SensorKind::Power(PowerMeaning::Averaged(over)) => {
                Series::new(points.into_iter().map(|(at, watts)| (at.before(over / 2), watts)).collect())
            }
            SensorKind::Power(PowerMeaning::Instant) | SensorKind::BusyTime(_) => Series::new(points),
        };
        Self { descriptor, series, period: descriptor.update_period.max(interval) }
    }

    /// The energy of the measured window.
    pub(super) fn whole(&self, window: TimeWindow) -> Read {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) && window.span().get() < MIN_ESTIMATE_WINDOW.as_secs_f64() {
            let reason = format!("the window of {:.3} s is shorter than the 1 s that the processor estimate needs", window.span().get());
            return Read { energy: self.unavailable(reason), problem: Some(FindingCode::WindowTooShort) };
        }
        match self.read(window) {
            Err(missing) => missing,
            Ok(found) => {
                let energy = self.quantity(found);
                match self.limit(window) {
                    None => Read { energy, problem: None },
                    Some((code, reason)) => Read { energy: energy.judged(Validity::Limited(reason)), problem: Some(code) },
                }
            }
        }
    }

    /// The energy of the intervals of one phase.
    pub(super) fn phase(&self, phase: &str, windows: &[TimeWindow]) -> Quantity<Joules> {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) {
            return self.unavailable("the processor estimate is too coarse to be split by phase".to_owned());
        }
        if windows.is_empty() {
            return self.unavailable(format!("no time in which only {phase} ran"));
        }
        let shortest_s = self.shortest_s();
        if let Some(short) = windows.iter().find(|window| window.span().get() < shortest_s) {
            return self.unavailable(format!(
                "a {phase} interval of {:.3} s is shorter than {MIN_PERIODS} sensor periods ({shortest_s:.3} s)",
                short.span().get()
            ));
        }
        let found: Result<Vec<WindowEnergy>, Read> = windows.iter().map(|&window| self.read(window)).collect();
        match found {
            Err(missing) => missing.energy,
            Ok(parts) => {
                let energy = parts.iter().map(|part| part.energy).sum();
                let uncertainty = Uncertainty::sum_of_correlated(parts.iter().map(|part| part.uncertainty));
                self.quantity(WindowEnergy { energy, uncertainty })
            }
        }
    }

    /// What keeps the asked precision from being claimed.
    fn limit(&self, window: TimeWindow) -> Option<(FindingCode, String)> {
        let shortest_s = self.shortest_s();
        let at_an_edge = self.series.distance_to_sample(window.end).is_some_and(|distance| distance.get() == 0.0);
        if window.span().get() < shortest_s && !at_an_edge {
            let reason = format!("the window is shorter than {MIN_PERIODS} sensor periods ({shortest_s:.3} s)");
            return Some((FindingCode::WindowTooShort, reason));
        }
        // A counter counts on while nobody reads it; power in a hole is not known.
        let gap_s = self.series.longest_gap(window)?.get();
        let is_power = matches!(self.descriptor.kind, SensorKind::Power(_));
        (is_power && gap_s > shortest_s).then(|| (FindingCode::SensorLost, format!("for {gap_s:.3} s the sensor gave no sample")))
    }

    fn shortest_s(&self) -> f64 {
        self.period.as_secs_f64() * f64::from(MIN_PERIODS)
    }

    fn read(&self, window: TimeWindow) -> Result<WindowEnergy, Read> {
        if let Some(at) = self.series.reset_within(window) {
            let reason = format!("the counter was reset {:.3} s into the window", at.since(window.start).get());
            return Err(self.invalid(reason, FindingCode::CounterReset));
        }
        self.series.covers(window).map_err(|fault| match fault {
            SeriesFault::Empty => self.missing("the sensor gave no sample"),
            SeriesFault::StartsLate => self.missing("the sensor's first sample came after the window opened"),
            SeriesFault::EndsEarly => {
                self.invalid("the sensor was lost: its last sample came before the window closed".to_owned(), FindingCode::SensorLost)
            }
        })?;
        let found = match self.descriptor.kind {
            SensorKind::EnergyCounter(_) => self.counter(window),
            SensorKind::Power(_) => self.power(window),
            SensorKind::BusyTime(model) => self.busy(window, model),
        };
        found.ok_or_else(|| self.missing("the samples do not reach across the window"))
    }

    /// Counter difference, less the mean error of its edges.
    fn counter(&self, window: TimeWindow) -> Option<WindowEnergy> {
        let difference = self.series.difference(window)?;
        let span = EDGE_POWER_SPAN.max(self.descriptor.update_period * MIN_PERIODS);
        // Before the first samples nothing is known of the power; the window's own mean is the nearest there is.
        let mean_w = difference / window.span().get().max(f64::MIN_POSITIVE);
        let power = |at| self.series.rate_before(at, span).unwrap_or(mean_w);
        let edges = self.edges(window, power(window.start), power(window.end))?;
        Some(self.window_energy(difference - edges.bias, edges.variance + self.quantisation(1.0)))
    }

    /// Trapezoid over power, less the mean error of its edges: the trace lags as a counter does.
    fn power(&self, window: TimeWindow) -> Option<WindowEnergy> {
        let edges = self.edges(window, self.series.at(window.start)?, self.series.at(window.end)?)?;
        // Rounding may lean the same way in every sample.
        let rounding = (self.descriptor.resolution * window.span().get()).powi(2) / 12.0;
        Some(self.window_energy(self.series.integral(window)? - edges.bias, edges.variance + rounding))
    }

    /// Σ over threads of idle + (max − idle) × busy share, which over a window is a difference of busy time.
    fn busy(&self, window: TimeWindow, model: ThreadPower) -> Option<WindowEnergy> {
        let busy_s = self.series.difference(window)?;
        let idle_w = model.idle.get() * f64::from(model.threads);
        let swing_w = model.max.get() - model.idle.get();
        Some(self.window_energy(idle_w * window.span().get() + swing_w * busy_s, self.quantisation(swing_w)))
    }

    /// A value is stale at an edge by u ~ U(0, τ′), τ′ = update period + distance to the nearest read: that biases the
    /// energy by τ′/2 · P at the start and by −τ′/2 · P at the end, with variance τ′²/12 · P² each (MEASUREMENT.md §4).
    fn edges(&self, window: TimeWindow, start_w: f64, end_w: f64) -> Option<Edges> {
        let update_s = self.descriptor.update_period.as_secs_f64();
        let start_j = (update_s + self.series.distance_to_sample(window.start)?.get()) * start_w;
        let end_j = (update_s + self.series.distance_to_sample(window.end)?.get()) * end_w;
        Some(Edges { bias: 0.5 * (start_j - end_j), variance: (start_j.powi(2) + end_j.powi(2)) / 12.0 })
    }

    /// Variance of the two edge readings' rounding, where one step of the sensor is worth `weight` joules per unit.
    fn quantisation(&self, weight: f64) -> f64 {
        2.0 * (self.descriptor.resolution * weight).powi(2) / 12.0
    }

    fn window_energy(&self, energy: f64, random_variance: f64) -> WindowEnergy {
        let systematic = Uncertainty::rectangular(self.descriptor.gain.half_width * energy);
        WindowEnergy { energy: Joules::new(energy), uncertainty: Uncertainty { systematic, random: random_variance.sqrt() } }
    }

    fn quantity(&self, found: WindowEnergy) -> Quantity<Joules> {
        Quantity::present(found.energy, self.descriptor.grade(), self.descriptor.source.clone())
            .with_uncertainty(found.uncertainty)
            .within(self.descriptor.boundary)
    }

    fn unavailable(&self, reason: String) -> Quantity<Joules> {
        Quantity::unavailable(reason).within(self.descriptor.boundary)
    }

    fn missing(&self, reason: &str) -> Read {
        Read { energy: self.unavailable(reason.to_owned()), problem: Some(FindingCode::SensorLost) }
    }

    fn invalid(&self, reason: String, code: FindingCode) -> Read {
        let nothing = WindowEnergy { energy: Joules::new(0.0), uncertainty: Uncertainty::default() };
        Read { energy: self.quantity(nothing).judged(Validity::Invalid(reason)), problem: Some(code) }
    }
}
