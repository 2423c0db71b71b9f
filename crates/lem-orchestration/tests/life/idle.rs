//! Idle states and margins around every window.

use crate::lab::{Lab, MARGIN};
use lem_domain::idle::IdleState;
use lem_domain::protocol::RunPhase;
use lem_domain::spec::EnergyChoice;
use lem_orchestration::Ending;
use std::time::Duration;

/// The states that were watched, with the begin and end of each in milliseconds.
fn watched(lab: &Lab) -> Vec<(IdleState, u64, u64)> {
    let left = lab.run();
    assert_eq!(left.ending.unwrap(), Ending::Measured);
    let millis = |nanos: u64| nanos / 1_000_000;
    let idle = &left.hosts[0].idle;
    idle.iter().map(|idle| (idle.state, millis(idle.window.start.as_nanos()), millis(idle.window.end.as_nanos()))).collect()
}

#[test]
fn every_phase_comes_in_the_order_of_the_protocol_with_its_margins() {
    let mut lab = Lab::new();
    lab.spec.energy.baseline.keep = false;
    let left = lab.run();
    assert_eq!(left.ending.as_ref().unwrap(), &Ending::Measured);
    let expected = [
        (0, "start"),
        // Driver alone: a margin, two seconds, a margin.
        (1_000, "edge"),
        (3_000, "edge"),
        (4_000, "hold"),
        (5_000, "edge"),
        (7_000, "edge"),
        (8_000, "load"),
        // Loading takes 100 ms.
        (9_100, "edge"),
        (11_100, "edge"),
        // Warm-up of 3 s.
        (12_100, "run"),
        // The measured window, and its margin.
        (15_100, "edge"),
        (15_100, "run"),
        (18_100, "edge"),
        (19_100, "stop"),
    ];
    assert_eq!(left.journal, expected);
    assert_eq!(left.phases, [RunPhase::Preflight, RunPhase::Loading, RunPhase::Warming, RunPhase::Measuring, RunPhase::Recorded]);
    let states: Vec<_> = left.host().idle.iter().map(|idle| (idle.state, idle.window.span().get())).collect();
    assert_eq!(states, [(IdleState::DriverOnly, 2.0), (IdleState::ContextHeld, 2.0), (IdleState::ModelLoaded, 2.0)]);
    assert_eq!(left.host().multipliers, lab.spec.multipliers);
    assert_eq!(left.idle_stages, 3);
}

#[test]
fn an_engine_on_the_processor_holds_no_context_and_idles_as_a_host() {
    let mut lab = Lab::new();
    lab.device = "cpu";
    assert_eq!(watched(&lab), [(IdleState::HostIdle, 1_000, 3_000), (IdleState::ModelLoaded, 5_100, 7_100)]);
}

#[test]
fn nothing_is_watched_for_no_time_or_without_sensors_by_choice() {
    let mut without = Lab::new();
    without.spec.energy.baseline.duration = Duration::ZERO;
    let mut blind = Lab::new();
    blind.spec.energy.sources = EnergyChoice::None;
    for lab in [without, blind] {
        let left = lab.run();
        assert_eq!((left.idle_stages, left.host().idle.len(), left.host().kept_idle.len()), (0, 0, 0));
        let calls: Vec<_> = left.journal.iter().map(|(_, what)| *what).collect();
        assert_eq!(calls, ["start", "load", "run", "edge", "run", "edge", "stop"], "the store of levels is left alone too");
    }
}

#[test]
fn the_window_waits_for_the_margin_when_nothing_before_it_took_that_long() {
    let mut lab = Lab::new();
    lab.spec.energy.baseline.duration = Duration::ZERO;
    lab.spec.warmup.requests = 0;
    let left = lab.run();
    let margin = u64::try_from(MARGIN.as_millis()).unwrap();
    assert_eq!(left.times_of("edge"), [margin, margin + 3_000]);
    assert_eq!(left.times_of("stop"), [2 * margin + 3_000]);
}

#[test]
fn an_interrupt_while_idle_ends_it_at_once_and_before_the_load_there_is_nothing_to_save() {
    let lab = Lab::new();
    // In the first state, and in the second one with its context held.
    for (stage, at_load) in [(1, 0), (2, 1)] {
        let left = lab.run_stopped_at(stage, 3);
        assert_eq!(left.ending.as_ref().unwrap(), &Ending::Cancelled);
        assert_eq!(left.phases, [RunPhase::Preflight, RunPhase::Interrupted]);
        assert!(left.process.is_none() && left.hosts.is_empty() && left.times_of("load").is_empty());
        assert_eq!(left.times_of("hold").len(), at_load);
    }
}

#[test]
fn an_interrupt_while_the_loaded_model_idles_saves_the_states_before_it() {
    let mut lab = Lab::new();
    lab.spec.energy.baseline.keep = false;
    // In the lead-in, inside the window, and in the margin behind it.
    for step in [3, 15, 35] {
        let left = lab.run_stopped_at(3, step);
        assert_eq!(left.ending.as_ref().unwrap(), &Ending::Interrupted);
        let states: Vec<_> = left.host().idle.iter().map(|idle| idle.state).collect();
        assert_eq!(states, [IdleState::DriverOnly, IdleState::ContextHeld]);
        assert_eq!(left.process.as_ref().unwrap().window, None);
        assert_eq!((left.times_of("run").len(), left.phases.last()), (0, Some(&RunPhase::Interrupted)), "no warm-up either");
        // Loaded at 8.1 s, stopped within a step.
        assert_eq!(left.times_of("stop"), [8_100 + step * 100]);
    }
}
