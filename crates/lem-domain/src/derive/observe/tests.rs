//! Windows of programs and seconds: what covers what, what is added, and what is said when something is missing.

use super::*;
use crate::derive::fixture::{NEVER_WRAPS, record, sensor, window};
use crate::derive::{headline, read_energy};
use crate::impact::Multiplier;
use crate::quantity::Grade;
use crate::sensor::{Gauge, PowerMeaning, SourceStatus, SourceVerdict, ThreadPower};

fn counter(device: &str, boundary: Boundary) -> SensorDescriptor {
    sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), boundary)
}

fn seen(record: &SensorRecord, start_ms: u64, end_ms: u64) -> Observation {
    let terms = Terms { multipliers: &Multipliers::default(), precision: None };
    observe(record, window(start_ms, end_ms), terms)
}

fn joules(observation: &Observation) -> Vec<(Boundary, Option<f64>)> {
    observation.totals.iter().map(|total| (total.boundary, total.energy.value().map(Joules::get))).collect()
}

#[test]
fn each_boundary_has_its_own_total_and_each_device_its_best_reading() {
    let power = sensor("power", "gpu-0", SensorKind::Power(PowerMeaning::Averaged(Duration::from_millis(1))), Boundary::GpuBoard);
    let record = record(vec![
        (power, vec![(0, 260.0), (1_000, 260.0), (2_000, 260.0)]),
        (counter("gpu-0", Boundary::GpuBoard), vec![(0, 0.0), (1_000, 250.0)]),
        (counter("gpu-1", Boundary::GpuBoard), vec![(0, 0.0), (1_000, 100.0)]),
        (counter("package-0", Boundary::CpuPackage), vec![(0, 0.0), (1_000, 80.0)]),
        (counter("package-0-cores", Boundary::CpuCores), vec![(0, 0.0), (1_000, 60.0)]),
    ]);
    let observation = seen(&record, 0, 1_000);
    let expected = [(Boundary::GpuBoard, Some(350.0)), (Boundary::CpuPackage, Some(80.0)), (Boundary::CpuCores, Some(60.0))];
    assert_eq!(joules(&observation), expected);
    let devices: Vec<_> = observation.devices.iter().map(|one| (one.device.as_str(), one.sensor.as_str(), one.averaged_over)).collect();
    assert_eq!(
        devices,
        [("gpu-0", "energy", None), ("gpu-1", "energy", None), ("package-0", "energy", None), ("package-0-cores", "energy", None)]
    );
    assert_eq!(observation.totals[0].mean_power.value(), Some(Watts::new(350.0)));
    assert_eq!((observation.totals[0].energy.grade(), observation.totals[1].energy.grade()), (Grade::Derived, Grade::Measured));
    assert_eq!(observation.paths.len(), 1);
    assert_eq!(observation.findings, []);
}

#[test]
fn a_mean_says_over_what_it_is_one() {
    let over = Duration::from_secs(1);
    let power = sensor("power", "gpu", SensorKind::Power(PowerMeaning::Averaged(over)), Boundary::GpuBoard);
    let record = record(vec![(power, (0..=60).map(|tick| (tick * 100, 200.0)).collect())]);
    assert_eq!(seen(&record, 1_000, 2_000).devices[0].averaged_over, Some(over));
}

#[test]
fn the_total_is_that_of_a_run_over_the_same_window() {
    let points = |scale: f64| (0..=100u32).map(|tick| (u64::from(tick) * 50, f64::from(tick) * scale)).collect::<Vec<_>>();
    let record = record(vec![(counter("a", Boundary::GpuBoard), points(10.0)), (counter("b", Boundary::GpuBoard), points(3.0))]);
    let of_run = headline(&read_energy(&record, window(510, 4_010), &[], &[]), |reading| &reading.energy);
    assert_eq!(seen(&record, 510, 4_010).totals[0].energy, of_run);
}

#[test]
fn an_estimate_says_so_and_a_short_window_gives_none() {
    let model = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
    let busy = sensor("busy-time", "cpu", SensorKind::BusyTime(model), Boundary::Host);
    let record = record(vec![(busy, vec![(0, 10.0), (2_000, 14.0)])]);
    let whole = seen(&record, 0, 2_000);
    assert_eq!((whole.totals[0].energy.value(), whole.totals[0].energy.grade()), (Some(Joules::new(16.0)), Grade::Estimated));
    assert_eq!(whole.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [FindingCode::EnergyEstimated]);
    let short = seen(&record, 0, 500);
    assert_eq!((short.totals[0].energy.value(), short.totals[0].mean_power.value()), (None, None));
    assert_eq!((short.findings[0].code, short.findings[0].severity), (FindingCode::WindowTooShort, Severity::Error));
}

#[test]
fn without_a_sensor_every_source_says_why() {
    let status = SourceStatus::Absent("there is no NVIDIA driver".into());
    let record = SensorRecord { sources: vec![SourceVerdict { source: "nvml".into(), status }], ..SensorRecord::default() };
    let observation = seen(&record, 0, 1_000);
    assert_eq!((observation.totals.len(), observation.devices.len()), (0, 0));
    assert_eq!(observation.findings[0].code, FindingCode::EnergyUnavailable);
    assert!(observation.findings[0].message.contains("nvml: there is no NVIDIA driver"), "{:?}", observation.findings[0]);
}

#[test]
fn gauges_and_throttling_count_in_pieces_what_they_count_as_a_whole() {
    let gauge = |gauge: Gauge| sensor(gauge.as_str(), "gpu", SensorKind::Gauge(gauge), Boundary::GpuBoard);
    let ticks = || 0..=40u64;
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let record = record(vec![
        (gauge(Gauge::Temperature), ticks().map(|tick| (tick * 500, 30.0 + tick as f64)).collect()),
        (gauge(Gauge::ThrottleReasons), ticks().map(|tick| (tick * 500, if tick % 4 == 0 { 4.0 } else { 1.0 })).collect()),
    ]);
    let whole = seen(&record, 2_000, 15_000);
    let mut observer = Observer::new(&record.sensors, window(2_000, 0).start);
    let mut samples = record.samples.clone();
    samples.sort_by_key(|sample| sample.at);
    for piece in samples.chunks(7) {
        let horizon = window(2_000, 15_000).end.min(piece[0].at);
        observer.take(piece, horizon);
    }
    let pieces = observer.observe(window(0, 15_000).end, &record, Terms { multipliers: &Multipliers::default(), precision: None });
    assert_eq!((&pieces.gauges, &pieces.throttles), (&whole.gauges, &whole.throttles));
    let temperature = &whole.gauges[0];
    assert_eq!((temperature.min, temperature.max, temperature.n_samples), (34.0, 60.0, 27));
    assert_eq!((whole.throttles[0].reasons.clone(), whole.throttles[0].n_samples), (vec![("sw_power_cap".to_owned(), 7)], 27));
    assert!(whole.findings.iter().any(|finding| finding.code == FindingCode::Throttled));
}

#[test]
fn multipliers_stand_beside_each_total() {
    let record = record(vec![(counter("gpu", Boundary::GpuBoard), vec![(0, 0.0), (1_000, 3.6e6)])]);
    let grid = Some(Multiplier { value: 400.0, source: "a grid".into() });
    let multipliers = Multipliers { grid, ..Multipliers::default() };
    let observation = observe(&record, window(0, 1_000), Terms { multipliers: &multipliers, precision: None });
    assert_eq!(observation.totals[0].impact.carbon.value().map(crate::units::GramsCo2e::get), Some(400.0));
}

#[test]
fn a_total_less_precise_than_asked_for_is_limited_and_says_so() {
    let slow = SensorDescriptor { update_period: Duration::from_millis(100), ..counter("gpu", Boundary::GpuBoard) };
    let points = (0u32..=100).map(|tick| (u64::from(tick) * 100, f64::from(tick) * 30.0)).collect();
    let record = record(vec![(slow, points)]);
    let total = |precision| {
        let terms = Terms { multipliers: &Multipliers::default(), precision: Some(precision) };
        observe(&record, window(1_000, 9_000), terms).totals.remove(0).energy
    };
    assert_eq!(total(0.05).validity().as_str(), "ok");
    assert!(total(0.001).validity().reason().is_some_and(|reason| reason.contains("more than the ±0.10 % asked for")));
}
