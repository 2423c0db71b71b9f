//! Simulated time: exact deadlines, and derived energy against the truth.

use super::*;
use crate::simulated::VirtualBoard;
use crate::source::{Preferences, Source as _};
use lem_domain::derive::{headline, read_energy};
use lem_domain::sensor::SensorIndex;
use lem_domain::spec::EnergyLaw;
use lem_domain::units::{Joules, Watts};
use lem_domain::world::{VirtualClock, World};
use lem_domain::{TimeWindow, Timestamp};
use proptest::prelude::*;

fn world(static_w: f64) -> Arc<World> {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(static_w), prefill_token: nothing, output_token: nothing, context_token: nothing };
    Arc::new(World::new(law))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn start(world: &Arc<World>, clock: &Arc<VirtualClock>, interval: Duration) -> Box<SteppedSession> {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    let board = VirtualBoard::new(Arc::clone(world), &Preferences { interval: Some(interval), ..Preferences::default() });
    Box::new(SteppedSession::start(board.readers().expect("always there"), Vec::new(), clock))
}

#[test]
fn every_deadline_that_passed_is_sampled_and_both_edges_are() {
    let (world, clock) = (world(100.0), Arc::new(VirtualClock::new()));
    clock.sleep_until(Timestamp::from_nanos(7_000_000));
    let mut session = start(&world, &clock, millis(100));
    clock.sleep_until(clock.now().after(millis(250)));
    session.read_edge();
    clock.sleep_until(clock.now().after(millis(60)));
    let record = session.stop().expect("nothing can die");

    let of_energy = || record.samples.iter().filter(|sample| sample.sensor == SensorIndex(0));
    let at_ms: Vec<u64> = of_energy().map(|sample| sample.at.as_nanos() / 1_000_000).collect();
    assert_eq!(at_ms, [7, 107, 207, 257, 307, 317]);
    assert_eq!((record.cost.ticks, record.cost.missed_ticks, record.cost.cpu_time), (4, 0, None));
    for sample in of_energy() {
        assert!((sample.value - world.energy_to(sample.at).get()).abs() <= 0.5e-3 + 1e-9);
    }
}

#[test]
fn what_is_drained_is_gone_and_the_rest_follows() {
    let (world, clock) = (world(100.0), Arc::new(VirtualClock::new()));
    let mut session = start(&world, &clock, millis(100));
    let mut record = SensorRecord::default();
    let at_ms = |record: &SensorRecord| -> Vec<u64> {
        let of_energy = record.samples.iter().filter(|sample| sample.sensor == SensorIndex(0));
        of_energy.map(|sample| sample.at.as_nanos() / 1_000_000).collect()
    };
    clock.sleep_until(Timestamp::from_nanos(250_000_000));
    session.drain(&mut record);
    assert_eq!((at_ms(&record), record.sensors.len(), record.cost.ticks), (vec![0, 100, 200], 2, 3));
    clock.sleep_until(Timestamp::from_nanos(310_000_000));
    session.drain(&mut record);
    assert_eq!((at_ms(&record), record.sensors.len()), (vec![300], 2));
    assert_eq!(at_ms(&session.stop().expect("nothing can die")), [310]);
}

#[test]
fn power_wants_a_few_reads_around_a_window() {
    let margin = |interval| start(&world(100.0), &Arc::new(VirtualClock::new()), interval).margin();
    assert_eq!((margin(millis(20)), margin(millis(10_000))), (millis(120), millis(600)), "six reads, or what is bearable");
}

proptest! {
    #[test]
    fn energy_of_any_window_read_at_its_edges_is_the_truth_within_the_resolution(
        static_w in 0.0..400.0f64,
        interval_ms in 1u64..300,
        before_ms in 0u64..2_000,
        activities in prop::collection::vec((0u64..300_000_000, 1_000_000u64..500_000_000, 0.0..200.0f64), 1..20),
    ) {
        let (world, clock) = (world(static_w), Arc::new(VirtualClock::new()));
        let mut session = start(&world, &clock, millis(interval_ms));
        clock.sleep_until(clock.now().after(millis(before_ms)));
        session.read_edge();
        let start = clock.now();
        for (gap, length, joules) in activities {
            clock.sleep_until(clock.now().after(Duration::from_nanos(gap)));
            let work = TimeWindow { start: clock.now(), end: clock.now().after(Duration::from_nanos(length)) };
            world.spend(work, Joules::new(joules));
            clock.sleep_until(work.end);
        }
        session.read_edge();
        let window = TimeWindow { start, end: clock.now() };
        let record = session.stop().expect("nothing can die");

        let readings = read_energy(&record, window, &[], &[]);
        let energy = headline(&readings, |reading| &reading.energy);
        let (truth, resolution) = (world.energy_over(window).get(), record.sensors[0].resolution);
        let derived = energy.value().expect("read at both edges").get();
        // Two edges, each rounded by at most half a step.
        prop_assert!((derived - truth).abs() <= resolution + 1e-9 * truth, "{derived} J against {truth} J");
    }
}
