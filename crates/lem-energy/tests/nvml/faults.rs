//! Sensors that fail: what the result of a run says of its energy then.

use crate::fake_nvml::FakeNvml;
use crate::lab::{check_within, from_now, machine, measure, measure_all, readings, try_open};
use lem_domain::backend::Backend;
use lem_domain::derive::{EnergyReading, Summary, summarise};
use lem_domain::record::{DatasetFacts, EngineFacts, HostRecord, MemoryFacts, ModelFacts, ProcessRecord, RunRecord};
use lem_domain::sensor::{SensorRecord, SourceStatus};
use lem_domain::units::Joules;
use lem_domain::{Finding, FindingCode, Grade, Severity, TimeWindow};
use lem_energy::EnergyError;

/// The record of a run that did nothing but open a window on an accelerator.
fn run(meter: SensorRecord, window: TimeWindow, findings: Vec<Finding>) -> RunRecord {
    let unknown = || "none".to_owned();
    let process = ProcessRecord {
        index: 0,
        expected_processes: 1,
        engine: EngineFacts { backend: Backend::Candle, version: unknown(), device: "cuda:0".to_owned(), kernel: unknown(), threads: None },
        server: None,
        model: ModelFacts {
            reference: unknown(),
            name: None,
            architecture: unknown(),
            revision: None,
            weights_sha256: None,
            tokenizer_sha256: None,
            weight_types: unknown(),
            adapter: None,
            quantization: None,
            parameters: None,
            shape: None,
        },
        dataset: DatasetFacts { name: unknown(), sha256: unknown(), ..DatasetFacts::default() },
        load: window,
        warmup: None,
        offered: None,
        window: Some(window),
        requests: Vec::new(),
        events: Vec::new(),
        executed: None,
        traffic: None,
        speculation: None,
        memory: MemoryFacts::default(),
        findings,
    };
    RunRecord { processes: vec![process], host: HostRecord { meter, ..HostRecord::default() } }
}

/// What a run of 1.5 s says that begins 2 s after its boards did.
fn result(settings: &[(&str, &str)]) -> (Summary, TimeWindow) {
    let (fake, _) = from_now(&[settings, &[("THROTTLE", "0")]].concat());
    let findings = try_open(machine(&fake, None)).expect("opens").findings;
    let (record, window) = measure(&fake, 2_000, 1_500);
    (summarise(&[run(record, window, findings)]), window)
}

fn codes(summary: &Summary) -> Vec<(FindingCode, Severity)> {
    summary.findings.iter().map(|finding| (finding.code, finding.severity)).collect()
}

/// Within the run of [`result`], counted from the wave's origin.
const HALF_WAY: &str = "2700000000";

fn counters(summary: &Summary) -> Vec<&EnergyReading> {
    summary.energy.readings.iter().filter(|reading| reading.sensor == "total-energy").collect()
}

#[test]
fn a_board_that_fails_within_the_window_leaves_no_figure_and_the_finding_that_says_why() {
    for (fault, code) in [("lost", FindingCode::SensorLost), ("stuck", FindingCode::SensorStuck)] {
        let (summary, _) = result(&[("FAULTS", &format!("0:{fault}@{HALF_WAY}"))]);
        let total = &summary.energy.total;
        assert_eq!((total.value(), total.validity().as_str()), (None, "invalid"), "{fault}: {total:?}");
        assert!(summary.energy.tokens_per_joule.value().is_none() && summary.energy.mean_power.value().is_none(), "nothing derived");
        let [finding] = summary.findings.as_slice() else { panic!("{fault}: {:?}", summary.findings) };
        assert_eq!((finding.code, finding.severity), (code, Severity::Error), "{fault}");
        assert!(finding.hint.is_some(), "{fault}: what to try");
    }
}

#[test]
fn a_counter_that_starts_over_is_invalid_and_the_power_that_stands_in_is_named() {
    let (summary, window) = result(&[("FAULTS", &format!("0:reset@{HALF_WAY}"))]);
    let [counter] = counters(&summary)[..] else { panic!("{:?}", summary.energy.readings) };
    assert_eq!((counter.energy.value(), counter.energy.validity().as_str()), (None, "invalid"));
    assert_eq!(counter.problem, Some(FindingCode::CounterReset));
    check_within(&summary.energy.total, Joules::new(250.0 * window.span().get()), 0.01, "power");
    assert_eq!(summary.energy.total.grade(), Grade::Measured);
    let [finding] = summary.findings.as_slice() else { panic!("{:?}", summary.findings) };
    assert_eq!((finding.code, finding.severity), (FindingCode::CounterReset, Severity::Warning));
    assert!(finding.message.contains("`power-") && finding.message.contains("`total-energy`"), "{finding:?}");
}

#[test]
fn one_board_that_fails_makes_the_sum_missing_and_takes_no_other_with_it() {
    for fault in ["lost", "stuck"] {
        let (summary, window) = result(&[("GPUS", "4"), ("FAULTS", &format!("2:{fault}@{HALF_WAY}"))]);
        assert_eq!(summary.energy.total.value(), None, "{fault}: not the sum of three");
        let counters = counters(&summary);
        assert_eq!(counters.len(), 4, "{fault}");
        for (position, share) in [(0, 1.0), (1, 1.1), (3, 1.3)] {
            let expected = Joules::new(250.0 * share * window.span().get());
            check_within(&counters[position].energy, expected, 0.01, "a board that stayed");
        }
        assert_eq!(counters[2].energy.value(), None, "{fault}");
    }
}

#[test]
fn without_a_counter_power_is_measured_and_nothing_is_missing() {
    let (summary, window) = result(&[("GPUS", "2"), ("FAULTS", "0:no-counter")]);
    let grades: Vec<_> = summary.energy.readings.iter().map(|reading| reading.energy.grade()).collect();
    assert!(grades.iter().all(|grade| *grade == Grade::Measured), "{grades:?}");
    // Arithmetic over two boards: derived, and still no estimate.
    assert_eq!(summary.energy.total.grade(), Grade::Derived);
    check_within(&summary.energy.total, Joules::new(250.0 * 2.1 * window.span().get()), 0.01, "one counter and one power");
    assert_eq!(codes(&summary), [], "{:?}", summary.findings);
}

#[test]
fn a_board_that_may_not_be_read_is_told_of_in_the_result() {
    let (summary, window) = result(&[("GPUS", "2"), ("FAULTS", "1:no-permission")]);
    check_within(&summary.energy.total, Joules::new(250.0 * window.span().get()), 0.01, "the board that may");
    let [finding] = summary.findings.as_slice() else { panic!("{:?}", summary.findings) };
    assert_eq!((finding.code, finding.severity), (FindingCode::DeviceUnreadable, Severity::Warning));
    assert!(finding.hint.as_deref().is_some_and(|hint| hint.contains("/dev/nvidia")), "{finding:?}");
}

#[test]
fn no_permission_at_all_is_no_figure_and_the_exact_remedy() {
    let fake = FakeNvml::with(&[("GPUS", "2"), ("FAULTS", "0:no-permission,1:no-permission")]);
    let Err(EnergyError::NotUsable { status, .. }) = try_open(machine(&fake, None)) else { panic!("nothing may be read") };
    assert!(matches!(&status, SourceStatus::NotPermitted { fix, .. } if fix.contains("/dev/nvidia")), "{status:?}");
    // Where it was not named, the run goes on without it.
    let (record, window) = measure_all(&fake);
    assert!(record.sensors.is_empty() && readings(&record, window).is_empty());
    let summary = summarise(&[run(record, window, Vec::new())]);
    assert_eq!((summary.energy.total.value(), summary.energy.total.grade()), (None, Grade::Unavailable));
    let reason = summary.energy.total.absence().expect("says why");
    assert!(reason.contains("nvml") && reason.contains("/dev/nvidia"), "{reason}");
    assert!(codes(&summary).contains(&(FindingCode::EnergyUnavailable, Severity::Error)), "{:?}", summary.findings);
}
