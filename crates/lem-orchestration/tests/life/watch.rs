//! Watching something that runs by itself.

use crate::lab::{FakeMeter, Lab, MARGIN};
use lem_domain::protocol::Interrupt;
use lem_domain::sensor::{Gauge, SensorKind, SourceStatus};
use lem_domain::spec::RequiredGrade;
use lem_domain::units::Unit;
use lem_domain::{Clock, Grade, Timestamp};
use lem_orchestration::{ExperimentError, Meter, Watch, Watched, Work};
use std::time::Duration;

/// Something that ends at an instant.
struct Sleep<'a> {
    clock: &'a dyn Clock,
    end: Timestamp,
}

impl<'a> Sleep<'a> {
    fn begin(meter: Meter<'a>, length: Duration) -> Self {
        Self { clock: meter.clock, end: meter.clock.now().after(length) }
    }
}

impl Work for Sleep<'_> {
    type Outcome = &'static str;

    fn wait_until(&mut self, deadline: Timestamp) -> Option<Self::Outcome> {
        self.clock.sleep_until(deadline.min(self.end));
        (self.end <= deadline).then_some("slept")
    }
}

fn watch(lab: &Lab, length: Duration) -> (Watched<&'static str>, Vec<(u64, &'static str)>) {
    let (watched, journal) = lab.with_meter(&Interrupt::new(), |meter| meter.watch(|| Ok::<_, ()>(Sleep::begin(meter, length))));
    match watched.unwrap() {
        Watch::Watched(watched) => (*watched, journal),
        other => panic!("{other:?}"),
    }
}

fn joules(watched: &Watched<&str>) -> Option<f64> {
    watched.observation.totals[0].energy.value().map(Unit::value)
}

#[test]
fn the_window_is_that_of_the_work_and_the_margins_lie_outside() {
    let (watched, journal) = watch(&Lab::new(), Duration::from_secs(3));
    assert_eq!((watched.outcome, watched.observation.window.span().get()), ("slept", 3.0));
    assert!(joules(&watched).is_some_and(|joules| (joules - 300.0).abs() < 1e-9));
    assert_eq!(journal, [(0, "start"), (1_000, "edge"), (4_000, "edge"), (5_000, "stop")]);
}

#[test]
fn an_hour_is_drained_as_it_passes_and_adds_up() {
    let lab = Lab::with(FakeMeter { watts: 250.0, ..FakeMeter::new() });
    let length = Duration::from_secs(3_600);
    let (watched, journal) = watch(&lab, length);
    let truth = 250.0 * length.as_secs_f64();
    assert!(joules(&watched).is_some_and(|joules| (joules - truth).abs() < 1e-6 * truth), "{:?}", watched.observation.totals);
    let drains = journal.iter().filter(|(_, what)| *what == "drain").count();
    assert!((300..=400).contains(&drains), "{drains} in an hour");
}

#[test]
fn the_required_grade_is_asked_before_anything_begins() {
    let mut lab = Lab::new();
    lab.spec.energy.required = RequiredGrade::Measured;
    lab.meter.sensors = vec![("temperature", SensorKind::Gauge(Gauge::Temperature))];
    let (refused, _) = lab.with_meter(&Interrupt::new(), |meter| meter.watch(|| -> Result<Sleep<'_>, ()> { panic!("it must not begin") }));
    assert!(matches!(refused, Err(ExperimentError::GradeNotMet { available: Grade::Unavailable, .. })));
}

#[test]
fn what_cannot_begin_is_handed_back() {
    let (watched, journal) = Lab::new().with_meter(&Interrupt::new(), |meter| meter.watch(|| Err::<Sleep<'_>, _>("no such program")));
    assert!(matches!(watched, Ok(Watch::NotBegun("no such program"))));
    assert_eq!(journal.last(), Some(&(1_000, "edge")));
}

#[test]
fn an_interrupt_before_it_begins_cancels_it_and_one_afterwards_does_not() {
    let interrupt = Interrupt::new();
    let lab = Lab::new();
    let raised = interrupt.clone();
    let (watched, _) = lab.with_meter(&interrupt, |meter| {
        meter.watch(|| {
            raised.raise();
            Ok::<_, ()>(Sleep::begin(meter, Duration::from_secs(2)))
        })
    });
    assert!(matches!(watched, Ok(Watch::Watched(watched)) if watched.outcome == "slept"));
    let (cancelled, journal) = lab.with_meter(&interrupt, |meter| meter.watch(|| Ok::<_, ()>(Sleep::begin(meter, Duration::from_secs(2)))));
    assert!(matches!(cancelled, Ok(Watch::Cancelled)));
    assert_eq!(journal, [(0, "start")], "margin of {MARGIN:?}");
}

#[test]
fn a_meter_that_dies_takes_the_energy_and_not_the_outcome() {
    let lab = Lab::with(FakeMeter { dies: true, ..FakeMeter::new() });
    let (watched, _) = watch(&lab, Duration::from_secs(25));
    assert_eq!((watched.outcome, joules(&watched)), ("slept", None));
    assert_eq!(watched.observation.totals[0].energy.validity().as_str(), "invalid");
    assert!(watched.sources.iter().any(|verdict| verdict.status == SourceStatus::Broken("the meter died".to_owned())));
}
