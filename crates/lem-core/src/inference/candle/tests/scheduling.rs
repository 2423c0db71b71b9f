//! Continuous batching: which requests run when, and that it changes no token.

use super::tiny_model::TinyModel;
use super::{load, on_processor, prompts, run, run_on, spec};
use crate::inference::arrivals;
use crate::inference::candle::CandleEngine;
use candle_core::quantized::GgmlDType;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::protocol::{InferenceEngine, Interrupt};
use lem_domain::spec::{
    ArrivalShape, ArrivalSpec, BatchingSpec, BatchingStrategy, CandleSpec, ExperimentSpec, SamplingSpec, SpeculationMethod,
    SpeculationSpec, TokenChoice, TrafficSpec,
};
use lem_domain::token::{FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use lem_domain::world::VirtualClock;
use std::time::Duration;

const TEXTS: [&str; 6] = ["to be or not", "x", "a somewhat longer prompt than the others", "the end", "once", "upon a time"];

fn continuous(size: u32, max_tokens: Option<u32>, max_output: u32) -> ExperimentSpec {
    let batching = BatchingSpec { size, strategy: BatchingStrategy::Continuous, max_tokens };
    ExperimentSpec { batching, ..spec(64, max_output, size) }
}

fn tiny() -> CandleEngine {
    load(&TinyModel::new(GgmlDType::F32)).unwrap()
}

#[test]
fn tokens_are_those_of_a_request_alone() {
    let random = TokenChoice::Random { temperature: 0.8, top_k: Some(40), top_p: 0.9, min_p: 0.01 };
    for choice in [TokenChoice::Greedy, random] {
        let sampling = SamplingSpec { choice, ..SamplingSpec::GREEDY };
        let mut engine = tiny();
        let mut tokens = |spec: ExperimentSpec| {
            let spec = ExperimentSpec { sampling: sampling.clone(), ..spec };
            let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
            run(&mut engine, &workload, &spec).0.tokens
        };
        let alone = tokens(spec(64, 9, 1));
        for (size, budget) in [(1, None), (2, None), (3, Some(4)), (6, Some(1)), (9, Some(7))] {
            assert_eq!(tokens(continuous(size, budget, 9)), alone, "{size} at once, {budget:?} tokens a pass");
        }
    }
}

/// When each request was scheduled and ended, in the order of requests.
fn lives(events: &[TokenEvent], requests: u32) -> Vec<(usize, usize)> {
    let place = |request, kind: fn(TokenEventKind) -> bool| {
        events.iter().position(|event| event.request == RequestIndex(request) && kind(event.kind)).unwrap()
    };
    (0..requests)
        .map(|request| {
            (place(request, |kind| kind == TokenEventKind::Scheduled), place(request, |kind| matches!(kind, TokenEventKind::Finished(_))))
        })
        .collect()
}

#[test]
fn the_next_request_starts_as_soon_as_one_ends_and_never_more_run_than_there_are_places() {
    let mut engine = tiny();
    let spec = continuous(2, None, 5);
    let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
    let (output, events) = run(&mut engine, &workload, &spec);
    assert_eq!(output.finish, [Some(FinishReason::Length); 6]);
    let lives = lives(&events, 6);
    for (request, &(scheduled, _)) in lives.iter().enumerate() {
        let running = lives.iter().filter(|(start, end)| *start < scheduled && *end > scheduled).count();
        assert!(running < 2, "request {request} found {running} others");
        if request >= 2 {
            // Between the end of the request whose place it takes and its own start lies no token of anybody.
            let freed = lives.iter().map(|&(_, end)| end).filter(|&end| end < scheduled).max().unwrap();
            let between = &events[freed..scheduled];
            assert!(!between.iter().any(|event| matches!(event.kind, TokenEventKind::Tokens { .. })), "{between:?}");
        }
    }
}

#[test]
fn prompts_run_in_pieces_beside_output_tokens() {
    let mut engine = tiny();
    let spec = continuous(2, Some(6), 30);
    let long = "x".repeat(40);
    let workload = engine.prepare(&prompts(&["ab", &long]), &spec).unwrap();
    let (_, events) = run(&mut engine, &workload, &spec);
    let first = |request| {
        let is_token = |event: &&TokenEvent| event.request == RequestIndex(request) && matches!(event.kind, TokenEventKind::Tokens { .. });
        events.iter().filter(is_token).map(|event| event.at).collect::<Vec<_>>()
    };
    let before = first(0).iter().filter(|&&at| at < first(1)[0]).count();
    // 4 of its tokens run beside the short prompt, which gives a token, then 5 beside each further one: 1 + 36 ÷ 5, rounded up.
    assert_eq!(before, 9);
}

#[test]
fn a_prompt_does_not_wait_until_others_end() {
    let mut engine = tiny();
    let guesses = SpeculationSpec { method: SpeculationMethod::PromptLookup { ngram: 2 }, tokens: 6 };
    for speculation in [None, Some(guesses)] {
        // Three requests that decode fill a pass of three tokens.
        let spec = ExperimentSpec { candle: CandleSpec { speculation, ..on_processor() }, ..continuous(4, Some(3), 30) };
        let workload = engine.prepare(&prompts(&["aa", "bb", "cc", "a longer prompt"]), &spec).unwrap();
        let (output, events) = run(&mut engine, &workload, &spec);
        assert_eq!(output.finish, [Some(FinishReason::Length); 4]);
        let first_token =
            events.iter().position(|event| event.request == RequestIndex(3) && matches!(event.kind, TokenEventKind::Tokens { .. }));
        let first_end = events.iter().position(|event| matches!(event.kind, TokenEventKind::Finished(_)));
        assert!(first_token < first_end, "{first_token:?}, {first_end:?}");
    }
}

#[test]
fn requests_do_not_start_before_they_arrive_and_waiting_costs_no_turn() {
    let mut engine = tiny();
    let spec = continuous(4, None, 3);
    let mut workload = engine.prepare(&prompts(&TEXTS[..3]), &spec).unwrap();
    let offsets = [0, 10, 3_000].map(Duration::from_millis);
    for (request, offset) in workload.requests.iter_mut().zip(offsets) {
        request.arrival = Some(offset);
    }
    // No time passes on this clock but by waiting.
    let clock = VirtualClock::new();
    let opened = clock.now();
    let (output, events) = run_on(&mut engine, &workload, &spec, &clock, &Interrupt::new());
    assert_eq!(output.finish, [Some(FinishReason::Length); 3]);
    for (request, offset) in (0u32..).zip(offsets) {
        let at = |kind| events.iter().find(|event| event.request == RequestIndex(request) && event.kind == kind).unwrap().at;
        assert_eq!(at(TokenEventKind::Arrived), opened.after(offset));
        assert_eq!(at(TokenEventKind::Scheduled), opened.after(offset));
    }
}

#[test]
fn requests_arrive_at_the_instants_that_their_seed_draws() {
    let mut engine = tiny();
    let arrival = ArrivalSpec { shape: ArrivalShape::Poisson, rate: 2.0, seed: 5 };
    let spec = ExperimentSpec { traffic: TrafficSpec { arrival: Some(arrival), ..TrafficSpec::default() }, ..continuous(4, None, 3) };
    let workload = engine.prepare(&prompts(&TEXTS[..3]), &spec).unwrap();
    let drawn: Vec<_> = arrivals::instants(&arrival, 3).into_iter().map(Some).collect();
    assert_eq!(workload.requests.iter().map(|request| request.arrival).collect::<Vec<_>>(), drawn);
    assert!(drawn[1] > drawn[0] && drawn[2] > drawn[1]);
}

#[test]
fn an_interrupt_while_nothing_has_arrived_ends_the_run() {
    let mut engine = tiny();
    let spec = continuous(1, None, 3);
    let mut workload = engine.prepare(&prompts(&TEXTS[..2]), &spec).unwrap();
    workload.requests[1].arrival = Some(Duration::from_secs(3600));
    let interrupt = Interrupt::new();
    let raised = interrupt.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        raised.raise();
    });
    let (output, _) = run_on(&mut engine, &workload, &spec, &HostClock, &interrupt);
    thread.join().unwrap();
    assert_eq!(output.finish[1], None, "it never started");
}
