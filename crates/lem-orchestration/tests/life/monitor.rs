//! Live power, interval by interval.

use crate::lab::{FakeMeter, Lab};
use lem_domain::FindingCode;
use lem_domain::derive::Observation;
use lem_domain::protocol::Interrupt;
use lem_domain::sensor::{Gauge, SensorKind};
use lem_domain::units::Unit;
use lem_orchestration::{Glance, Monitor, Monitored};
use std::ops::ControlFlow;
use std::time::Duration;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn joules(observation: &Observation) -> f64 {
    observation.totals[0].energy.value().unwrap().value()
}

/// Every interval that was shown, and the whole. `look` sees each interval and may raise the interrupt.
fn monitor(
    lab: &Lab,
    interval: Duration,
    duration: Option<Duration>,
    mut look: impl FnMut(&Glance, &Interrupt) -> ControlFlow<()>,
) -> (Vec<Glance>, Option<Monitored>, Vec<(u64, &'static str)>) {
    let interrupt = Interrupt::new();
    let mut glances = Vec::new();
    let (monitored, journal) = lab.with_meter(&interrupt, |meter| {
        Monitor { meter, interval, duration }.run(|glance| {
            glances.push(glance.clone());
            look(glance, &interrupt)
        })
    });
    (glances, monitored.unwrap(), journal)
}

fn go_on(_: &Glance, _: &Interrupt) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_planned_time_gives_every_interval_and_the_whole() {
    let (glances, monitored, journal) = monitor(&Lab::new(), millis(500), Some(millis(1_700)), go_on);
    let monitored = monitored.unwrap();
    let seen: Vec<(u64, f64, f64)> = glances.iter().map(|one| (one.number, joules(&one.interval), joules(&one.so_far))).collect();
    assert_eq!(seen.len(), 3);
    for (number, interval_j, so_far_j) in seen {
        #[expect(clippy::cast_precision_loss, reason = "three")]
        let expected = 50.0 * number as f64;
        assert!((interval_j - 50.0).abs() < 1e-9 && (so_far_j - expected).abs() < 1e-9, "{number}: {interval_j} J, {so_far_j} J");
    }
    assert_eq!(monitored.n_intervals, 3);
    assert!((monitored.total.window.span().get() - 1.7).abs() < 1e-9 && (joules(&monitored.total) - 170.0).abs() < 1e-9);
    let edges: Vec<u64> = journal.iter().filter(|(_, what)| *what == "edge").map(|(at, _)| *at).collect();
    assert_eq!(edges, [1_000, 1_500, 2_000, 2_500, 2_700], "after the margin, at every interval, at the end");
    // An interval is shown once the sensors' lag of a second has passed.
    assert_eq!(journal.iter().filter(|(_, what)| *what == "drain").map(|(at, _)| *at).collect::<Vec<_>>(), [1_000, 2_500]);
}

#[test]
fn an_interrupt_ends_it_with_the_totals() {
    let (glances, monitored, _) = monitor(&Lab::new(), millis(500), None, |glance, interrupt| {
        if glance.number == 4 {
            interrupt.raise();
        }
        ControlFlow::Continue(())
    });
    let monitored = monitored.unwrap();
    // The fourth was shown a second after it ended, when two more had passed; they are shown at the end.
    assert_eq!((glances.len(), monitored.n_intervals), (6, 6));
    assert!((joules(&monitored.total) - 100.0 * monitored.total.window.span().get()).abs() < 1e-9);
    assert!(monitored.total.window.end >= glances[5].interval.window.end);
}

#[test]
fn whoever_looks_away_gets_nothing_more() {
    let (glances, monitored, _) = monitor(&Lab::new(), millis(500), None, |_, _| ControlFlow::Break(()));
    assert_eq!((glances.len(), monitored.unwrap().n_intervals), (1, 1));
}

#[test]
fn intervals_add_up_over_an_hour() {
    let lab = Lab::with(FakeMeter { watts: 40.0, ..FakeMeter::new() });
    let (glances, monitored, _) = monitor(&lab, millis(10_000), Some(Duration::from_secs(3_600)), go_on);
    let sum: f64 = glances.iter().map(|glance| joules(&glance.interval)).sum();
    let whole = joules(&monitored.unwrap().total);
    assert!((sum - whole).abs() < 1e-6 * whole && (whole - 144_000.0).abs() < 1e-3, "{sum} J in intervals, {whole} J as a whole");
}

#[test]
fn an_interrupt_before_it_begins_shows_nothing() {
    let interrupt = Interrupt::new();
    interrupt.raise();
    let (monitored, _) = Lab::new()
        .with_meter(&interrupt, |meter| Monitor { meter, interval: millis(500), duration: None }.run(|_| panic!("nothing to show")));
    assert_eq!(monitored.unwrap(), None);
}

#[test]
fn without_a_sensor_it_is_over_at_once() {
    let lab = Lab::with(FakeMeter { sensors: vec![("temperature", SensorKind::Gauge(Gauge::Temperature))], ..FakeMeter::new() });
    let (glances, monitored, _) = monitor(&lab, millis(500), None, go_on);
    let monitored = monitored.unwrap();
    assert_eq!((glances.len(), monitored.n_intervals, monitored.total.totals.len()), (0, 0, 0));
    assert_eq!(monitored.total.findings[0].code, FindingCode::EnergyUnavailable);
}
