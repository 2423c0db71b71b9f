//! Energy over windows from recorded samples, with uncertainty (MEASUREMENT.md §4).

use super::series::{CounterFault, Series, SeriesFault};
use crate::identity::DeviceId;
use crate::quantity::{Boundary, Grade, Quantity, Uncertainty, Validity};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind, SensorRecord};
use crate::time::{TimeWindow, Timestamp};
use crate::units::Joules;
use std::collections::BTreeMap;
use std::time::Duration;

/// An interval must hold this many sensor periods for its edges not to dominate (MEASUREMENT.md §4).
const MIN_PERIODS: u32 = 4;

/// The processor estimate is refused below this length (MEASUREMENT.md §4): busy time comes in ticks of 10 ms.
const MIN_ESTIMATE_WINDOW: Duration = Duration::from_secs(1);

/// Power at an edge is the mean over this span before it, or over four updates of a slower counter.
const EDGE_POWER_SPAN: Duration = Duration::from_millis(200);

/// The energy one sensor saw.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergyReading {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What the reading covers.
    pub boundary: Boundary,
    /// Over the measured window.
    pub energy: Quantity<Joules>,
    /// Over the time in which only prefill ran.
    pub prefill: Quantity<Joules>,
    /// Over the time in which only decode ran.
    pub decode: Quantity<Joules>,
    /// Rank among sensors of one device: a counter before power before an estimate.
    rank: u8,
}

/// Reads every sensor of a record over the measured window and its phases.
#[must_use]
pub fn read_energy(record: &SensorRecord, window: TimeWindow, prefill: &[TimeWindow], decode: &[TimeWindow]) -> Vec<EnergyReading> {
    let mut samples: Vec<Vec<(Timestamp, f64)>> = vec![Vec::new(); record.sensors.len()];
    for sample in &record.samples {
        if let Some(points) = samples.get_mut(usize::from(sample.sensor.0)) {
            points.push((sample.at, sample.value));
        }
    }
    record
        .sensors
        .iter()
        .zip(samples)
        .map(|(descriptor, points)| {
            let reader = SensorReader::new(descriptor, points, record.interval);
            EnergyReading {
                sensor: descriptor.name.clone(),
                device: descriptor.device.clone(),
                device_name: descriptor.device_name.clone(),
                boundary: descriptor.boundary,
                energy: reader.whole(window),
                prefill: reader.phase("prefill", prefill),
                decode: reader.phase("decode", decode),
                rank: rank(&descriptor.kind),
            }
        })
        .collect()
}

/// The headline: the best reading of each device, added over the devices of the innermost boundary that has any.
///
/// Accelerators come before the processor; readings of other boundaries stay beside the headline and are not added.
#[must_use]
pub fn headline(readings: &[EnergyReading], pick: impl Fn(&EnergyReading) -> &Quantity<Joules>) -> Quantity<Joules> {
    for &boundary in Boundary::ALL {
        let mut best: BTreeMap<&DeviceId, &EnergyReading> = BTreeMap::new();
        for reading in readings.iter().filter(|reading| reading.boundary == boundary) {
            let order = |reading: &EnergyReading| (pick(reading).value().is_none(), pick(reading).grade(), reading.rank);
            best.entry(&reading.device)
                .and_modify(|kept| {
                    if order(reading) < order(kept) {
                        *kept = reading;
                    }
                })
                .or_insert(reading);
        }
        let parts: Vec<_> = best.values().map(|reading| pick(reading)).collect();
        if let Some(sum) = sum_devices(&parts, boundary) {
            return sum;
        }
    }
    Quantity::unavailable("no energy sensor was read")
}

/// Adds one quantity per device; a device without a value makes the sum unavailable, never smaller.
fn sum_devices(parts: &[&Quantity<Joules>], boundary: Boundary) -> Option<Quantity<Joules>> {
    match parts {
        [] => None,
        [only] => Some((*only).clone()),
        several => {
            if let Some(missing) = several.iter().find(|part| part.value().is_none()) {
                return Some((*missing).clone());
            }
            let energy: Joules = several.iter().filter_map(|part| part.value()).sum();
            let grade = several.iter().map(|part| part.grade()).fold(Grade::Derived, Grade::combine);
            let uncertainty = Uncertainty::sum_of_correlated(several.iter().filter_map(|part| part.uncertainty()));
            let validity = several.iter().fold(Validity::Ok, |worst, part| worst.combine(part.validity().clone()));
            let source = format!("sum over {} devices", several.len());
            Some(Quantity::present(energy, grade, source).with_uncertainty(uncertainty).within(boundary).judged(validity))
        }
    }
}

fn rank(kind: &SensorKind) -> u8 {
    match kind {
        SensorKind::EnergyCounter(_) => 0,
        SensorKind::Power(_) => 1,
        SensorKind::BusyTime(_) => 2,
    }
}

/// One sensor's samples, ready to be asked for the energy of any window.
struct SensorReader<'a> {
    descriptor: &'a SensorDescriptor,
    series: Result<Series, CounterFault>,
    /// Time between two values that can differ: the slower of the sensor and the sampler.
    period: Duration,
}

/// Energy of one window with its uncertainty.
struct WindowEnergy {
    energy: Joules,
    uncertainty: Uncertainty,
}

impl<'a> SensorReader<'a> {
    fn new(descriptor: &'a SensorDescriptor, points: Vec<(Timestamp, f64)>, interval: Duration) -> Self {
        let series = match descriptor.kind {
            SensorKind::EnergyCounter(range) => Series::unwrapped(points, range),
            // A trailing mean shows the power of half its window ago.
            SensorKind::Power(PowerMeaning::Averaged(over)) => {
                Ok(Series::new(points.into_iter().map(|(at, watts)| (at.before(over / 2), watts)).collect()))
            }
            SensorKind::Power(PowerMeaning::Instant) => Ok(Series::new(points)),
            SensorKind::BusyTime(_) => Ok(Series::new(points)),
        };
        Self { descriptor, series, period: descriptor.update_period.max(interval) }
    }

    fn whole(&self, window: TimeWindow) -> Quantity<Joules> {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) && window.span().get() < MIN_ESTIMATE_WINDOW.as_secs_f64() {
            return self.unavailable(format!(
                "the window of {:.3} s is shorter than the 1 s that the processor estimate needs",
                window.span().get()
            ));
        }
        let (series, found) = match self.read(window) {
            Ok(read) => read,
            Err(quantity) => return quantity,
        };
        let shortest = self.period.as_secs_f64() * f64::from(MIN_PERIODS);
        let validity =
            if window.span().get() < shortest && series.distance_to_sample(window.end).is_some_and(|distance| distance.get() > 0.0) {
                Validity::Limited(format!("the window is shorter than {MIN_PERIODS} sensor periods ({shortest:.3} s)"))
            } else {
                Validity::Ok
            };
        self.quantity(found).judged(validity)
    }

    fn phase(&self, phase: &str, windows: &[TimeWindow]) -> Quantity<Joules> {
        if matches!(self.descriptor.kind, SensorKind::BusyTime(_)) {
            return self.unavailable("the processor estimate is too coarse to be split by phase".to_owned());
        }
        if windows.is_empty() {
            return self.unavailable(format!("no time in which only {phase} ran"));
        }
        let shortest = self.period.as_secs_f64() * f64::from(MIN_PERIODS);
        if let Some(short) = windows.iter().find(|window| window.span().get() < shortest) {
            return self.unavailable(format!(
                "a {phase} interval of {:.3} s is shorter than {MIN_PERIODS} sensor periods ({shortest:.3} s)",
                short.span().get()
            ));
        }
        let mut energy = Joules::new(0.0);
        let mut uncertainties = Vec::with_capacity(windows.len());
        for &window in windows {
            match self.read(window) {
                Ok((_, found)) => {
                    energy = energy + found.energy;
                    uncertainties.push(found.uncertainty);
                }
                Err(quantity) => return quantity,
            }
        }
        self.quantity(WindowEnergy { energy, uncertainty: Uncertainty::sum_of_correlated(uncertainties) })
    }

    fn read(&self, window: TimeWindow) -> Result<(&Series, WindowEnergy), Quantity<Joules>> {
        let series = self.series.as_ref().map_err(|&CounterFault::Reset(at)| {
            let reason = format!("the counter was reset {:.3} s into the window", at.since(window.start).get());
            Quantity::present(Joules::new(0.0), self.descriptor.grade(), self.descriptor.source.clone())
                .within(self.descriptor.boundary)
                .judged(Validity::Invalid(reason))
        })?;
        series.covers(window).map_err(|fault| {
            self.unavailable(match fault {
                SeriesFault::Empty => "the sensor gave no sample".to_owned(),
                SeriesFault::StartsLate => "the sensor's first sample came after the window opened".to_owned(),
                SeriesFault::EndsEarly => "the sensor's last sample came before the window closed".to_owned(),
            })
        })?;
        let found = match self.descriptor.kind {
            SensorKind::EnergyCounter(_) => self.counter(series, window),
            SensorKind::Power(_) => self.power(series, window),
            SensorKind::BusyTime(model) => self.busy(series, window, model),
        };
        found.map(|found| (series, found)).ok_or_else(|| self.unavailable("the samples do not reach across the window".to_owned()))
    }

    /// Counter difference. The counter shows the energy of its last update, so each edge is stale by u ~ U(0, τ′):
    /// the mean of that bias is corrected and its spread is the random part.
    fn counter(&self, series: &Series, window: TimeWindow) -> Option<WindowEnergy> {
        let update = self.descriptor.update_period;
        let span = EDGE_POWER_SPAN.max(update * MIN_PERIODS);
        let power = |at| series.rate_before(at, span).unwrap_or(0.0);
        let (start_w, end_w) = (power(window.start), power(window.end));
        let staleness = |at| Some(update.as_secs_f64() + series.distance_to_sample(at)?.get());
        let (start_s, end_s) = (staleness(window.start)?, staleness(window.end)?);
        let bias = 0.5 * update.as_secs_f64() * (start_w - end_w);
        let energy = series.difference(window)? - bias;
        // Variance of U(0, τ′) is τ′²/12.
        let edges = ((start_s * start_w).powi(2) + (end_s * end_w).powi(2)) / 12.0;
        Some(self.window_energy(energy, edges + self.quantisation(1.0)))
    }

    /// Trapezoid over power. A shift of the trace by the unknown staleness changes only what differs between edges.
    fn power(&self, series: &Series, window: TimeWindow) -> Option<WindowEnergy> {
        let energy = series.integral(window)?;
        let staleness = self.period.as_secs_f64();
        let step = series.at(window.start)? - series.at(window.end)?;
        Some(self.window_energy(energy, (staleness * step).powi(2) / 12.0 + self.quantisation(window.span().get())))
    }

    /// Σ over threads of idle + (max − idle) × busy share, which over a window is a difference of busy time.
    fn busy(&self, series: &Series, window: TimeWindow, model: crate::sensor::ThreadPower) -> Option<WindowEnergy> {
        let busy_s = series.difference(window)?;
        let idle_w = model.idle.get() * f64::from(model.threads);
        let swing_w = model.max.get() - model.idle.get();
        Some(self.window_energy(idle_w * window.span().get() + swing_w * busy_s, self.quantisation(swing_w)))
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::CounterRange;
    use crate::sensor::{Gain, SensorIndex, SensorSample, ThreadPower};
    use crate::units::Watts;

    const NEVER_WRAPS: CounterRange = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: at(start), end: at(end) }
    }

    fn sensor(name: &str, device: &str, kind: SensorKind, boundary: Boundary) -> SensorDescriptor {
        SensorDescriptor {
            name: name.into(),
            device: DeviceId::new(device),
            device_name: device.into(),
            kind,
            boundary,
            update_period: Duration::ZERO,
            resolution: 0.0,
            gain: Gain { half_width: 0.1, source: "test".into() },
            source: format!("{name} of {device}"),
        }
    }

    fn record(sensors: Vec<(SensorDescriptor, Vec<(u64, f64)>)>) -> SensorRecord {
        let mut record = SensorRecord { interval: Duration::from_millis(50), ..SensorRecord::default() };
        for (position, (descriptor, points)) in sensors.into_iter().enumerate() {
            record.sensors.push(descriptor);
            record.samples.extend(points.into_iter().map(|(millis, value)| SensorSample {
                sensor: SensorIndex::of(position),
                at: at(millis),
                value,
                read_nanos: 0,
            }));
        }
        record
    }

    fn energy(record: &SensorRecord, window: TimeWindow) -> Quantity<Joules> {
        headline(&read_energy(record, window, &[], &[]), |reading| &reading.energy)
    }

    #[test]
    fn a_counter_gives_its_difference_and_its_gain_as_systematic() {
        let counter = sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let record = record(vec![(counter, vec![(0, 100.0), (2_000, 600.0)])]);
        let energy = energy(&record, window(0, 2_000));
        assert_eq!(
            (energy.value(), energy.grade(), energy.boundary()),
            (Some(Joules::new(500.0)), Grade::Measured, Some(Boundary::GpuBoard))
        );
        let uncertainty = energy.uncertainty().expect("stated");
        assert!((uncertainty.systematic - 50.0 / 3.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn stale_edges_of_constant_power_give_tau_over_root_six() {
        let slow = SensorDescriptor {
            update_period: Duration::from_millis(100),
            ..sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard)
        };
        let points = (0u32..=100).map(|tick| (u64::from(tick) * 100, f64::from(tick) * 30.0)).collect();
        let energy = energy(&record(vec![(slow, points)]), window(1_000, 9_000));
        let uncertainty = energy.uncertainty().expect("stated");
        assert!((uncertainty.random - 0.1 * 300.0 / 6.0_f64.sqrt()).abs() < 1e-9, "{uncertainty:?}");
        assert!((energy.value().expect("value").get() - 2_400.0).abs() < 1e-9);
    }

    #[test]
    fn two_sensors_of_one_device_are_not_added_and_two_devices_are() {
        let counter = |device| sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let power = sensor("power", "gpu-0", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let package = sensor("package", "cpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::CpuPackage);
        let record = record(vec![
            (power, vec![(0, 260.0), (1_000, 260.0)]),
            (counter("gpu-0"), vec![(0, 0.0), (1_000, 250.0)]),
            (counter("gpu-1"), vec![(0, 0.0), (1_000, 100.0)]),
            (package, vec![(0, 0.0), (1_000, 80.0)]),
        ]);
        let energy = energy(&record, window(0, 1_000));
        assert_eq!((energy.value(), energy.grade()), (Some(Joules::new(350.0)), Grade::Derived));
    }

    #[test]
    fn a_reset_counter_is_invalid_and_a_lost_one_unavailable() {
        let counter = || sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let reset = energy(&record(vec![(counter(), vec![(0, 100.0), (500, 20.0), (1_000, 50.0)])]), window(0, 1_000));
        assert_eq!((reset.value(), reset.validity().as_str()), (None, "invalid"));
        let lost = energy(&record(vec![(counter(), vec![(0, 100.0), (500, 200.0)])]), window(0, 1_000));
        assert_eq!((lost.value(), lost.grade()), (None, Grade::Unavailable));
        assert_eq!(energy(&record(vec![]), window(0, 1_000)).value(), None);
    }

    #[test]
    fn one_missing_board_makes_the_sum_missing_not_smaller() {
        let counter = |device| sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let record = record(vec![(counter("gpu-0"), vec![(0, 0.0), (1_000, 250.0)]), (counter("gpu-1"), vec![])]);
        assert_eq!(energy(&record, window(0, 1_000)).value(), None);
    }

    fn estimate() -> SensorDescriptor {
        let model = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
        SensorDescriptor {
            gain: Gain { half_width: 0.5, source: "table".into() },
            ..sensor("busy-time", "cpu", SensorKind::BusyTime(model), Boundary::CpuPackage)
        }
    }

    #[test]
    fn the_processor_estimate_is_idle_plus_busy_share() {
        // Two of four threads busy for 2 s: 4 × 1 W × 2 s + 2 W × 4 thread-seconds = 16 J.
        let record = record(vec![(estimate(), vec![(0, 10.0), (2_000, 14.0)])]);
        let energy = energy(&record, window(0, 2_000));
        assert_eq!((energy.value(), energy.grade()), (Some(Joules::new(16.0)), Grade::Estimated));
        assert!((energy.uncertainty().expect("stated").systematic - 8.0 / 3.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn the_processor_estimate_refuses_short_windows_and_phases() {
        let record = record(vec![(estimate(), vec![(0, 10.0), (2_000, 14.0)])]);
        let readings = read_energy(&record, window(0, 900), &[window(0, 2_000)], &[]);
        assert_eq!((readings[0].energy.value(), readings[0].prefill.value()), (None, None));
        assert_eq!(readings[0].energy.grade(), Grade::Unavailable);
    }

    #[test]
    fn phases_need_four_sensor_periods() {
        let power = sensor("power", "gpu", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let record = record(vec![(power, (0..=40).map(|tick| (tick * 50, 200.0)).collect())]);
        let readings = read_energy(&record, window(0, 2_000), &[window(0, 150)], &[window(200, 1_000), window(1_100, 2_000)]);
        assert_eq!(readings[0].prefill.value(), None);
        assert!((readings[0].decode.value().expect("long enough").get() - 340.0).abs() < 1e-9);
    }

    #[test]
    fn an_averaged_sensor_is_shifted_by_half_its_window() {
        // Power steps from 0 to 100 W at 1 s; a 1 s trailing mean ramps from 1 s to 2 s.
        let averaged = sensor("average", "gpu", SensorKind::Power(PowerMeaning::Averaged(Duration::from_secs(1))), Boundary::GpuBoard);
        let points = (0..=60u64)
            .map(|tick| {
                let millis = tick * 100;
                #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
                let mean = ((millis as f64 - 1_000.0) / 1_000.0).clamp(0.0, 1.0) * 100.0;
                (millis, mean)
            })
            .collect();
        let energy = energy(&record(vec![(averaged, points)]), window(0, 5_000));
        assert!((energy.value().expect("covered").get() - 400.0).abs() < 1.0, "{energy:?}");
    }
}
