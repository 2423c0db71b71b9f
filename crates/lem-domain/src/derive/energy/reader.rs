//! One sensor's samples, ready to be asked for the energy of any window.

use super::aged::AgedCounter;
use super::averaged::AveragedPower;
use super::judge::{Judge, Read};
use super::sampled::SampledPower;
use super::scatter::Scatter;
use super::spread::{Estimate, Spread};
use super::standstill::standstill;
use super::stretch::Stretch;
use super::ticking::TickingCounter;
use crate::derive::series::{Series, SeriesFault};
use crate::finding::FindingCode;
use crate::quantity::{Boundary, Quantity, Validity};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind, ThreadPower};
use crate::time::{TimeWindow, Timestamp};
use crate::uncertainty::Uncertainty;
use crate::units::{Joules, Seconds};
use std::time::Duration;

/// See the module.
pub(super) struct SensorReader<'a> {
    descriptor: &'a SensorDescriptor,
    judge: Judge<'a>,
    series: Series,
    path: Path,
}

/// How a sensor's samples become an energy.
enum Path {
    /// A counter. Where its single updates are seen, it knows its edges far better than by their age.
    Counter(Option<TickingCounter>, AgedCounter),
    /// Power at instants, or as means with gaps between them that cover this share of the time.
    Sampled(f64, Scatter),
    /// Power as trailing means that overlap.
    Averaged(Duration),
    /// Busy time.
    Busy(ThreadPower),
    /// No energy.
    Gauge,
}

impl<'a> SensorReader<'a> {
    pub(super) fn new(descriptor: &'a SensorDescriptor, samples: &[(Timestamp, f64, u32)]) -> Self {
        let points: Vec<(Timestamp, f64)> = samples.iter().map(|&(at, value, _)| (at, value)).collect();
        let series = match descriptor.kind {
            SensorKind::EnergyCounter(range) => Series::unwrapped(points, range),
            // A trailing mean shows the power of half its window ago.
            SensorKind::Power(PowerMeaning::Averaged(over)) => {
                Series::new(points.into_iter().map(|(at, watts)| (at.before(over / 2), watts)).collect())
            }
            SensorKind::Power(PowerMeaning::Instant) | SensorKind::BusyTime(_) | SensorKind::Gauge(_) => Series::new(points),
        };
        let judge = Judge::of(descriptor);
        let path = match descriptor.kind {
            SensorKind::EnergyCounter(_) => Path::Counter(TickingCounter::of(descriptor, samples), AgedCounter::new(descriptor, samples)),
            SensorKind::Power(_) => match judge.overlapping_mean() {
                Some(over) => Path::Averaged(over),
                None => Path::Sampled(judge.duty(), Scatter::of(series.points())),
            },
            SensorKind::BusyTime(model) => Path::Busy(model),
            SensorKind::Gauge(_) => Path::Gauge,
        };
        Self { descriptor, judge, series, path }
    }

    /// The energy of the measured window.
    pub(super) fn whole(&self, window: TimeWindow) -> Read {
        self.judge.whole(window.span(), || self.stretch(window, window.start))
    }

    /// The energy of the intervals of one phase.
    pub(super) fn phase(&self, phase: &str, windows: &[TimeWindow]) -> Quantity<Joules> {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) {
            return self.judge.unavailable("the processor estimate is too coarse to be split by phase".to_owned());
        }
        if windows.is_empty() {
            return self.judge.unavailable(format!("no time in which only {phase} ran"));
        }
        let shortest_s = self.judge.shortest_s();
        if let Some(short) = windows.iter().find(|window| window.span().get() < shortest_s) {
            return self.judge.unavailable(format!(
                "a {phase} interval of {:.3} s is shorter than the {shortest_s:.3} s that the sensor needs",
                short.span().get()
            ));
        }
        let found: Result<Vec<Stretch>, Read> = windows.iter().map(|&window| self.stretch(window, window.start)).collect();
        match found {
            Err(missing) => missing.energy,
            Ok(parts) => {
                let limits = windows.iter().zip(&parts).filter_map(|(window, part)| self.judge.limit(window.span(), part));
                let validity = limits.fold(Validity::Ok, |worst, (_, reason)| worst.combine(Validity::Limited(reason)));
                let parts: Vec<Quantity<Joules>> = parts.iter().map(|part| self.judge.quantity(part)).collect();
                let energy = parts.iter().filter_map(Quantity::value).sum();
                let uncertainty = Uncertainty::sum_of_correlated(parts.iter().filter_map(Quantity::uncertainty));
                self.judge.value(energy, uncertainty).judged(validity)
            }
        }
    }

    /// What the sensor saw of a stretch of a window that opened at an instant at or before the stretch's start.
    pub(super) fn stretch(&self, window: TimeWindow, opened: Timestamp) -> Result<Stretch, Read> {
        // The update after the window closes is needed for its edge; a reset before that takes it away.
        let until_known = TimeWindow { end: window.end.after(self.descriptor.update_period), ..window };
        if let Some(at) = self.series.reset_within(until_known) {
            let reason = format!("the counter was reset {:.3} s after the window opened", at.since(opened).get());
            return Err(self.judge.invalid(reason, FindingCode::CounterReset));
        }
        self.series.covers(window).map_err(|fault| match fault {
            SeriesFault::Empty => self.judge.missing("the sensor gave no sample"),
            SeriesFault::StartsLate => self.judge.missing("the sensor's first sample came after the window opened"),
            SeriesFault::EndsEarly => {
                let reason = "the sensor was lost: its last sample came before the window closed".to_owned();
                self.judge.invalid(reason, FindingCode::SensorLost)
            }
        })?;
        if let Some(rest) = self.standstill(window) {
            let reason = format!("the counter stood still for {:.3} s, which no powered device does", rest.get());
            return Err(self.judge.invalid(reason, FindingCode::SensorStuck));
        }
        let estimate = self.estimate(window).ok_or_else(|| self.judge.missing("the samples do not reach across the window"))?;
        Ok(Stretch {
            estimate,
            longest_gap: self.series.longest_gap(window).map(Seconds::get),
            ends_on_sample: self.series.distance_to_sample(window.end).is_some_and(|distance| distance.get() == 0.0),
            aliased: self.is_aliased(window),
        })
    }

    fn estimate(&self, window: TimeWindow) -> Option<Estimate> {
        match &self.path {
            Path::Counter(ticking, aged) => ticking.as_ref().and_then(|counter| counter.energy(window)).or_else(|| aged.energy(window)),
            Path::Sampled(duty, scatter) => self.sampled(*duty, scatter).energy(window),
            Path::Averaged(over) => AveragedPower::new(&self.series, *over, self.descriptor.resolution).energy(window),
            Path::Busy(model) => self.busy(window, *model),
            Path::Gauge => None,
        }
    }

    /// Whether power changed faster than a sensor shows that sees a part of the time.
    fn is_aliased(&self, window: TimeWindow) -> bool {
        let Path::Sampled(duty, scatter) = &self.path else { return false };
        let sees_a_part = *duty > 0.0 && *duty < 1.0;
        sees_a_part && self.sampled(*duty, scatter).unresolved(window)
    }

    fn sampled<'b>(&'b self, duty: f64, scatter: &'b Scatter) -> SampledPower<'b> {
        SampledPower { series: &self.series, scatter, duty, resolution: self.descriptor.resolution, hole_s: self.judge.periods_s() }
    }

    /// How long a counter that should never rest did, if that touches the window. A counter without an update period is
    /// exact, and an integrated graphics unit is switched off at times.
    fn standstill(&self, window: TimeWindow) -> Option<Seconds> {
        let counts = matches!(self.descriptor.kind, SensorKind::EnergyCounter(_)) && !self.descriptor.update_period.is_zero();
        (counts && self.descriptor.boundary != Boundary::CpuUncore)
            .then(|| standstill(self.series.points(), self.descriptor.update_period, window))
            .flatten()
    }

    /// Σ over threads of idle + (max − idle) × busy share, which over a window is a difference of busy time.
    fn busy(&self, window: TimeWindow, model: ThreadPower) -> Option<Estimate> {
        let busy_s = self.series.difference(window)?;
        let idle_w = model.idle.get() * f64::from(model.threads);
        let swing_w = model.max.get() - model.idle.get();
        let step = Spread::rectangular(self.descriptor.resolution * swing_w);
        Some(Estimate::between_edges(idle_w * window.span().get() + swing_w * busy_s, [step; 2]))
    }
}
