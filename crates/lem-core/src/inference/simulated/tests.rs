//! The simulated engine against its law, computed a second time in closed form.

use super::*;
use lem_domain::backend::Backend;
use lem_domain::clock::Clock;
use lem_domain::protocol::{Fault, Interrupt, Prompt, RunControl, RunOutput, Silent};
use lem_domain::spec::{BatchingStrategy, EnergyLaw, TokenLimits, VirtualClockChoice, VirtualSpec};
use lem_domain::token::{EventBuffer, FinishReason, TokenEvent, TokenEventKind};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::VirtualClock;
use lem_domain::{TimeWindow, Timestamp};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

const LAW: EnergyLaw = EnergyLaw {
    static_power: Watts::new(50.0),
    prefill_token: Joules::new(0.25),
    output_token: Joules::new(2.0),
    context_token: Joules::new(0.125),
};

fn spec(batch_size: u32, max_input: u32, max_output: u32) -> ExperimentSpec {
    let machine =
        VirtualSpec { clock: VirtualClockChoice::Virtual, ttft: Duration::from_millis(200), itl: Duration::from_millis(10), law: LAW };
    let limits = TokenLimits { max_input, max_output, min_output: 0 };
    ExperimentSpec { virtual_machine: machine, ..ExperimentSpec::plain(Backend::Virtual, "virtual", limits, batch_size) }
}

fn prompts(lengths: &[usize]) -> Vec<Prompt> {
    lengths.iter().enumerate().map(|(idx, &words)| Prompt::text(format!("p{idx}"), "word ".repeat(words))).collect()
}

struct Played {
    events: Vec<TokenEvent>,
    output: RunOutput,
    world: Arc<World>,
    window: TimeWindow,
    has_grown: bool,
}

/// Runs prompts of these lengths on a clock that has already moved.
fn play(lengths: &[usize], spec: &ExperimentSpec, clock: &dyn Clock, interrupt: &Interrupt) -> Played {
    let world = Arc::new(World::new(LAW));
    let mut engine = VirtualLoader::new(Arc::clone(&world)).load(spec).unwrap();
    let workload = engine.prepare(&prompts(lengths), spec).unwrap();
    let mut events = EventBuffer::for_plan(workload.requests.len(), usize::try_from(spec.limits.max_output).unwrap());
    clock.sleep_until(Timestamp::from_nanos(1_000_000_000));
    let start = clock.now();
    let output = engine.run(&workload, spec, &mut events, RunControl { clock, interrupt, progress: &Silent }).unwrap();
    let window = TimeWindow { start, end: clock.now() };
    Played { has_grown: events.has_grown(), events: events.into_events(), output, world, window }
}

fn tokens_at_millis(events: &[TokenEvent], request: u32) -> Vec<u64> {
    let tokens = events.iter().filter(|event| event.request.0 == request && event.kind == TokenEventKind::Tokens { count: 1 });
    tokens.map(|event| event.at.as_nanos() / 1_000_000).collect()
}

#[test]
fn events_lie_at_the_exact_instants_of_the_law() {
    let played = play(&[3, 5, 4], &spec(2, 100, 3), &VirtualClock::new(), &Interrupt::new());
    assert_eq!(tokens_at_millis(&played.events, 0), [1_200, 1_210, 1_220]);
    assert_eq!(tokens_at_millis(&played.events, 1), [1_200, 1_210, 1_220]);
    assert_eq!(tokens_at_millis(&played.events, 2), [1_420, 1_430, 1_440]);
    for (kind, millis) in [(TokenEventKind::Arrived, 1_220), (TokenEventKind::Scheduled, 1_220)] {
        let event = played.events.iter().find(|event| event.request.0 == 2 && event.kind == kind).unwrap();
        assert_eq!(event.at.as_nanos(), millis * 1_000_000);
    }
    assert_eq!(played.output.finish, [Some(FinishReason::Length); 3]);
    assert!(played.output.tokens.iter().all(|tokens| tokens.len() == 3));
    assert!(!played.has_grown, "the plan of the buffer must hold every event");
}

/// Two rows of 3 and 5 prompt tokens: 0.25·8 prefill, 2·2·3 output, 0.125·(8 + 10 + 12) context, 50 W over 220 ms.
#[test]
fn the_energy_of_one_batch_by_hand() {
    let played = play(&[3, 5], &spec(2, 100, 3), &VirtualClock::new(), &Interrupt::new());
    let dynamic = 2.0 + 12.0 + 3.75;
    assert!((played.world.energy_over(played.window).get() - (dynamic + 11.0)).abs() < 1e-9);
    // The prefill step alone: 2 + 4 + 1 joules over 200 ms, on top of the static power.
    let power = played.world.power_at(Timestamp::from_nanos(1_100_000_000));
    assert!((power.get() - (50.0 + 7.0 / 0.2)).abs() < 1e-9);
}

#[test]
fn prompts_are_counted_in_words_and_cut() {
    let spec = spec(1, 3, 1);
    let mut engine = VirtualLoader::new(Arc::new(World::new(LAW))).load(&spec).unwrap();
    let prompt = |id: &str, text: &str| Prompt::text(id, text);
    let texts = [prompt("a", " one  two\nthree\tfour "), prompt("b", "one two three"), prompt("c", "日本語の文章")];
    let workload = engine.prepare(&texts, &spec).unwrap();
    let seen: Vec<_> = workload.requests.iter().map(|r| (r.prompt_id.as_str(), r.tokens.len(), r.truncated_from)).collect();
    assert_eq!(seen, [("a", 3, Some(4)), ("b", 3, None), ("c", 1, None)]);
}

#[test]
fn sorted_requests_keep_their_prompt_ids() {
    let mut spec = spec(2, 100, 1);
    spec.batching.strategy = BatchingStrategy::SortedStatic;
    let mut engine = VirtualLoader::new(Arc::new(World::new(LAW))).load(&spec).unwrap();
    let workload = engine.prepare(&prompts(&[9, 1, 5]), &spec).unwrap();
    let seen: Vec<_> = workload.requests.iter().map(|request| (request.prompt_id.as_str(), request.tokens.len())).collect();
    assert_eq!(seen, [("p1", 1), ("p2", 5), ("p0", 9)]);
    assert_eq!(workload.batches, [0..2, 2..3]);
}

/// Raises an interrupt when a virtual clock reaches an instant.
struct InterruptingClock {
    clock: VirtualClock,
    at: Timestamp,
    interrupt: Interrupt,
}

impl Clock for InterruptingClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, deadline: Timestamp) {
        self.clock.sleep_until(deadline);
        if deadline >= self.at {
            self.interrupt.raise();
        }
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }
}

fn interrupted_at(millis: u64) -> Played {
    let interrupt = Interrupt::new();
    let clock =
        InterruptingClock { clock: VirtualClock::new(), at: Timestamp::from_nanos(millis * 1_000_000), interrupt: interrupt.clone() };
    play(&[3, 5, 4], &spec(2, 100, 3), &clock, &interrupt)
}

#[test]
fn an_interrupt_ends_running_rows_after_their_step_and_starts_no_other_batch() {
    let played = interrupted_at(1_205);
    assert_eq!(played.output.finish, [Some(FinishReason::Interrupted), Some(FinishReason::Interrupted), None]);
    assert_eq!(tokens_at_millis(&played.events, 0), [1_200, 1_210]);
    assert!(played.events.iter().all(|event| event.request.0 != 2));
    let last = played.events.last().unwrap();
    assert_eq!((last.kind, last.at.as_nanos()), (TokenEventKind::Finished(FinishReason::Interrupted), 1_210_000_000));
    assert_eq!(played.world.power_at(played.window.end), LAW.static_power);
}

#[test]
fn an_interrupt_during_the_last_step_leaves_the_batch_whole() {
    let played = interrupted_at(1_220);
    assert_eq!(played.output.finish, [Some(FinishReason::Length), Some(FinishReason::Length), None]);
}

#[test]
fn an_interrupt_before_the_run_starts_nothing() {
    let interrupt = Interrupt::new();
    interrupt.raise();
    let played = play(&[3, 5], &spec(2, 100, 3), &VirtualClock::new(), &interrupt);
    assert_eq!(played.events, []);
    assert_eq!(played.output.finish, [None, None]);
}

#[test]
fn a_second_run_goes_on_where_the_first_one_ended() {
    let spec = spec(1, 100, 2);
    let (world, clock) = (Arc::new(World::new(LAW)), VirtualClock::new());
    let mut engine = VirtualLoader::new(world).load(&spec).unwrap();
    let workload = engine.prepare(&prompts(&[3]), &spec).unwrap();
    let control = RunControl { clock: &clock, interrupt: &Interrupt::new(), progress: &Silent };
    for _ in 0..2 {
        engine.run(&workload, &spec, &mut EventBuffer::for_plan(1, 2), control).unwrap();
    }
    assert_eq!(clock.now(), Timestamp::from_nanos(420_000_000));
}

#[test]
fn a_step_without_duration_is_refused() {
    for field in ["ttft", "itl"] {
        let mut spec = spec(1, 100, 2);
        let machine = &mut spec.virtual_machine;
        *(if field == "ttft" { &mut machine.ttft } else { &mut machine.itl }) = Duration::ZERO;
        let error = VirtualLoader::new(Arc::new(World::new(LAW))).load(&spec).err().unwrap();
        assert!(error.fault == Fault::Usage && error.what.contains(field), "{error:?}");
    }
}

proptest! {
    /// Closed form: every request of p prompt and n output tokens spends a·p + b·n + c·(p·n + n·(n − 1)/2).
    #[test]
    fn energy_and_time_of_a_run_equal_the_law(lengths in prop::collection::vec(1usize..40, 1..12), size in 1u32..5, n in 1u32..20) {
        let played = play(&lengths, &spec(size, 30, n), &VirtualClock::new(), &Interrupt::new());
        let batches = f64::from(u32::try_from(lengths.len().div_ceil(usize::try_from(size).unwrap())).unwrap());
        let seconds = batches * (0.2 + 0.01 * f64::from(n - 1));
        prop_assert!((played.window.span().get() - seconds).abs() < 1e-9);
        let n = f64::from(n);
        let dynamic: f64 = lengths.iter().map(|&words| {
            let p = f64::from(u32::try_from(words.min(30)).unwrap());
            0.25 * p + 2.0 * n + 0.125 * (p * n + n * (n - 1.0) / 2.0)
        }).sum();
        let energy = played.world.energy_over(played.window).get();
        let truth = dynamic + 50.0 * seconds;
        prop_assert!((energy - truth).abs() < 1e-9 * truth.max(1.0), "{} against {}", energy, truth);
    }
}
