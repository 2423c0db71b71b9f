//! Runs: which tokens come out, when a request ends, what is recorded, and what is counted.

use super::tiny_model::{HEAD_DIM, HEADS, KV_HEADS, LAYERS, TinyModel};
use super::{load, prompts, run, run_on, spec};
use crate::inference::candle::CandleEngine;
use crate::inference::candle::generation::PREFILL_CHUNK;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lem_domain::Timestamp;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::flops::FlopsBreakdown;
use lem_domain::protocol::{InferenceEngine, Interrupt};
use lem_domain::spec::SamplingSpec;
use lem_domain::token::{FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use lem_domain::units::Flops;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

const TEXTS: [&str; 4] = ["to be or not", "x", "a somewhat longer prompt than the others", "the end"];

fn tiny() -> CandleEngine {
    load(&TinyModel::new(GgmlDType::F32)).unwrap()
}

fn generate(texts: &[&str], batch: u32, sampling: SamplingSpec) -> Vec<Vec<u32>> {
    let mut engine = tiny();
    let spec = lem_domain::spec::ExperimentSpec { sampling, ..spec(64, 12, batch) };
    let workload = engine.prepare(&prompts(texts), &spec).unwrap();
    run(&mut engine, &workload, &spec).0.tokens
}

#[test]
fn tokens_of_a_request_do_not_depend_on_its_batch() {
    for sampling in [SamplingSpec::Greedy, SamplingSpec::Random { temperature: 0.8, top_k: Some(40), top_p: 0.9 }] {
        let alone = generate(&TEXTS, 1, sampling);
        assert!(alone.iter().all(|tokens| tokens.len() == 12));
        assert_eq!(generate(&TEXTS, 2, sampling), alone);
        assert_eq!(generate(&TEXTS, 4, sampling), alone);
    }
}

#[test]
fn a_second_run_finds_nothing_of_the_first() {
    let mut engine = tiny();
    let spec = spec(64, 6, 2);
    let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
    let (first, _) = run(&mut engine, &workload, &spec);
    let (second, _) = run(&mut engine, &workload, &spec);
    assert_eq!(first, second);
}

/// A model that ends this text after some tokens, by calling one of them its end; gives that token and how many come
/// before it.
fn ending() -> (CandleEngine, u32, u32) {
    let tokens = generate(&["to be or not"], 1, SamplingSpec::Greedy).remove(0);
    let end = tokens[3];
    let before = tokens.iter().position(|&token| token == end).unwrap();
    let model = TinyModel::new(GgmlDType::F32).with("tokenizer.ggml.eos_token_id", Value::U32(end));
    (load(&model).unwrap(), end, u32::try_from(before).unwrap())
}

#[test]
fn the_end_token_ends_a_request_and_counts() {
    let (mut engine, end, before) = ending();
    let mut spec = spec(64, 12, 2);
    spec.limits.min_output = before;
    let workload = engine.prepare(&prompts(&["to be or not", "to be or not"]), &spec).unwrap();
    let (output, events) = run(&mut engine, &workload, &spec);
    for (tokens, finish) in output.tokens.iter().zip(&output.finish) {
        assert_eq!(tokens.last(), Some(&end));
        assert_eq!(tokens.iter().filter(|&&token| token == end).count(), 1);
        assert_eq!(tokens.len(), usize::try_from(before + 1).unwrap());
        assert_eq!(*finish, Some(FinishReason::EndOfSequence));
    }
    let counted = events.iter().filter(|event| matches!(event.kind, TokenEventKind::Tokens { count: 1 })).count();
    assert_eq!(counted, output.tokens.concat().len());
}

#[test]
fn the_end_token_is_not_chosen_before_the_least_output() {
    let (mut engine, end, _) = ending();
    for least in [1, 4, 5, 9, 12] {
        let mut spec = spec(64, 12, 1);
        spec.limits.min_output = least;
        let workload = engine.prepare(&prompts(&["to be or not"]), &spec).unwrap();
        let (output, _) = run(&mut engine, &workload, &spec);
        let before = output.tokens[0].iter().take(usize::try_from(least).unwrap());
        assert!(before.clone().all(|&token| token != end), "at least {least}: {:?}", output.tokens[0]);
        assert_eq!(before.count(), usize::try_from(least).unwrap());
    }
}

#[test]
fn a_request_that_ends_leaves_the_others_running() {
    let (mut engine, end, _) = ending();
    let mut spec = spec(64, 12, 2);
    spec.limits.min_output = 0;
    let texts = ["to be or not", "a somewhat longer prompt"];
    let workload = engine.prepare(&prompts(&texts), &spec).unwrap();
    let (output, _) = run(&mut engine, &workload, &spec);
    let mut alone = generate(&[texts[1]], 1, SamplingSpec::Greedy).remove(0);
    if let Some(first) = alone.iter().position(|&token| token == end) {
        alone.truncate(first + 1);
    }
    assert!(alone.len() > output.tokens[0].len(), "this prompt must outlast the other: {alone:?}");
    assert_eq!(output.tokens[1], alone);
}

#[test]
fn events_tell_the_life_of_each_request_in_order() {
    let mut engine = tiny();
    let spec = spec(64, 3, 2);
    let workload = engine.prepare(&prompts(&TEXTS[..3]), &spec).unwrap();
    let (_, events) = run(&mut engine, &workload, &spec);
    assert!(events.is_sorted_by_key(|event| event.at));
    for request in 0..3 {
        let own: Vec<&TokenEvent> = events.iter().filter(|event| event.request == RequestIndex(request)).collect();
        let kinds: Vec<_> = own.iter().map(|event| event.kind).collect();
        let token = TokenEventKind::Tokens { count: 1 };
        let finished = TokenEventKind::Finished(FinishReason::Length);
        assert_eq!(kinds, [TokenEventKind::Arrived, TokenEventKind::Scheduled, token, token, token, finished]);
        assert_eq!(own[0].at, own[1].at);
    }
    let released = |request| events.iter().find(|event| event.request == RequestIndex(request)).unwrap().at;
    assert_eq!(released(0), released(1), "a batch is released as one");
    assert!(released(2) > released(0));
}

/// Raises the interrupt when it is read for the n-th time.
struct InterruptingClock {
    left: AtomicU32,
    interrupt: Interrupt,
}

impl Clock for InterruptingClock {
    fn now(&self) -> Timestamp {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.interrupt.raise();
        }
        HostClock.now()
    }

    fn sleep_until(&self, deadline: Timestamp) {
        HostClock.sleep_until(deadline);
    }

    fn wall(&self) -> SystemTime {
        HostClock.wall()
    }
}

/// Finish reasons and tokens of four requests in batches of two, interrupted at the n-th reading of the clock.
fn interrupted_at(reading: u32) -> (Vec<Option<FinishReason>>, Vec<usize>) {
    let mut engine = tiny();
    let spec = spec(64, 5, 2);
    let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
    let interrupt = Interrupt::new();
    let clock = InterruptingClock { left: AtomicU32::new(reading), interrupt: interrupt.clone() };
    let (output, _) = run_on(&mut engine, &workload, &spec, &clock, &interrupt);
    (output.finish, output.tokens.iter().map(Vec::len).collect())
}

#[test]
fn an_interrupt_keeps_what_was_generated_and_starts_nothing_new() {
    let (stopped, never) = (Some(FinishReason::Interrupted), None);
    // The clock is read once at the release of a batch and once per token.
    assert_eq!(interrupted_at(1), (vec![stopped, stopped, never, never], vec![0, 0, 0, 0]));
    assert_eq!(interrupted_at(4), (vec![stopped, stopped, never, never], vec![2, 2, 0, 0]));
    let done = Some(FinishReason::Length);
    assert_eq!(interrupted_at(11), (vec![done, done, never, never], vec![5, 5, 0, 0]));
}

#[test]
fn an_interrupt_before_the_run_starts_nothing() {
    let mut engine = tiny();
    let spec = spec(64, 5, 2);
    let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
    let interrupt = Interrupt::new();
    interrupt.raise();
    let (output, events) = run_on(&mut engine, &workload, &spec, &HostClock, &interrupt);
    assert_eq!(output.finish, [None; 4]);
    assert!(events.is_empty());
}

/// Scores and values outside the causal context that a prompt of this length computes: each chunk takes the rectangle
/// of its tokens and all tokens so far.
fn attention_waste(prompt: u64) -> u128 {
    let chunk = u64::try_from(PREFILL_CHUNK).unwrap();
    let rectangles: u64 = (0..prompt).step_by(PREFILL_CHUNK).map(|start| (prompt - start).min(chunk) * (start + chunk).min(prompt)).sum();
    let causal = prompt * (prompt + 1) / 2;
    u128::from(rectangles - causal) * u128::try_from(4 * LAYERS * HEADS * HEAD_DIM).unwrap()
}

fn check_executed(lengths: &[usize], output: u32, batch: u32) {
    let mut engine = tiny();
    let spec = spec(700, output, batch);
    let texts: Vec<_> = lengths.iter().map(|&length| "x".repeat(length)).collect();
    let workload = engine.prepare(&prompts(&texts.iter().map(String::as_str).collect::<Vec<_>>()), &spec).unwrap();
    let executed = run(&mut engine, &workload, &spec).0.executed.unwrap();

    let shape = engine.model().shape.unwrap();
    let prompts = || lengths.iter().map(|&length| u64::try_from(length).unwrap());
    let model: FlopsBreakdown = prompts().map(|prompt| shape.request_flops(prompt, u64::from(output))).sum();
    let waste = Flops::new(prompts().map(attention_waste).sum());
    assert_eq!(executed, FlopsBreakdown { attention: model.attention + waste, ..model });
}

#[test]
fn executed_arithmetic_is_the_models_plus_the_stated_waste() {
    check_executed(&[1], 1, 1);
    check_executed(&[5], 16, 1);
    check_executed(&[5, 9, 1], 4, 3);
    check_executed(&[PREFILL_CHUNK + 100, 3], 2, 2);
}

#[test]
fn memory_is_what_lies_there() {
    let mut engine = tiny();
    assert_eq!(engine.memory().kv_cache, None);
    let parameters = engine.model().parameters.unwrap();
    assert_eq!(engine.memory().model.unwrap().get(), 4 * parameters, "f32, the embedding shared with the head");

    engine.prepare(&prompts(&TEXTS), &spec(8, 5, 2)).unwrap();
    let tokens = 8 + 5 - 1; // the last output token is never run
    let expected = u64::try_from(4 * 2 * 2 * LAYERS * KV_HEADS * HEAD_DIM * tokens).unwrap();
    assert_eq!(engine.memory().kv_cache.unwrap().get(), expected);
    engine.prepare(&prompts(&TEXTS), &spec(4, 2, 1)).unwrap();
    assert_eq!(engine.memory().kv_cache.unwrap().get(), expected, "memory that suffices is kept");
}
