//! Runs: which tokens come out, when a request ends, what is recorded, and what is counted.

use super::tiny_model::{HEAD_DIM, HEADS, HIDDEN, KV_HEADS, LAYERS, TinyModel, VOCABULARY};
use super::{load, prompts, run, run_on, spec};
use crate::inference::candle::generation::PREFILL_CHUNK;
use crate::inference::candle::{CandleEngine, EngineError};
use crate::inference::numbers::wide;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lem_domain::Timestamp;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::flops::FlopsBreakdown;
use lem_domain::protocol::{InferenceEngine, Interrupt, RunControl, SeamError, Silent};
use lem_domain::spec::{SamplingSpec, TokenChoice};
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use lem_domain::traffic::PassTraffic;
use lem_domain::units::{Bytes, Flops};
use std::num::NonZeroU32;
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
    let random = TokenChoice::Random { temperature: 0.8, top_k: Some(40), top_p: 0.9, min_p: 0.01 };
    let penalised = SamplingSpec { repetition_penalty: 1.3, no_repeat_ngram: NonZeroU32::new(3), choice: random, ..SamplingSpec::GREEDY };
    for sampling in [SamplingSpec::GREEDY, SamplingSpec { choice: random, ..SamplingSpec::GREEDY }, penalised] {
        let alone = generate(&TEXTS, 1, sampling.clone());
        assert!(alone.iter().all(|tokens| tokens.len() == 12));
        assert_eq!(generate(&TEXTS, 2, sampling.clone()), alone);
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
    let tokens = generate(&["to be or not"], 1, SamplingSpec::GREEDY).remove(0);
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
fn an_end_token_that_is_ignored_ends_nothing() {
    let (mut engine, end, before) = ending();
    let mut spec = spec(64, 12, 1);
    spec.limits.min_output = before;
    spec.sampling.ignore_eos = true;
    let workload = engine.prepare(&prompts(&["to be or not"]), &spec).unwrap();
    let (output, _) = run(&mut engine, &workload, &spec);
    assert_eq!(output.tokens[0][usize::try_from(before).unwrap()], end);
    assert_eq!((output.tokens[0].len(), output.finish[0]), (12, Some(FinishReason::Length)));
}

/// A token of this model is a byte, so that every longer string spans tokens. The text is as long as another run makes it.
#[test]
fn a_stop_string_ends_a_request_with_the_token_that_completes_it() {
    let mut engine = tiny();
    let alone = generate(&["to be or not"], 1, SamplingSpec { ignore_eos: true, ..SamplingSpec::GREEDY }).remove(0);
    let bytes = engine.tokenizer().token_bytes().unwrap();
    let texts: Vec<&[u8]> = alone.iter().map(|&token| bytes.of(token)).collect();
    // Two neighbours that are text together, which is all that a stop string can be.
    let (place, stop) = (1..texts.len())
        .find_map(|place| Some((place, String::from_utf8(texts[place - 1..=place].concat()).ok()?)))
        .expect("this model writes some text");
    let first = texts.windows(2).position(|pair| pair.concat() == stop.as_bytes()).unwrap() + 2;

    let mut spec = spec(64, 12, 1);
    spec.limits.min_output = 0;
    spec.sampling = SamplingSpec { ignore_eos: true, stop: vec!["no such text".to_owned(), stop], ..SamplingSpec::GREEDY };
    let workload = engine.prepare(&prompts(&["to be or not"]), &spec).unwrap();
    let (output, events) = run(&mut engine, &workload, &spec);
    assert_eq!(output.tokens[0], alone[..first], "{place}");
    assert_eq!(output.finish[0], Some(FinishReason::StopString));
    assert_eq!(events.last().unwrap().kind, TokenEventKind::Finished(FinishReason::StopString));
}

#[test]
fn stop_strings_are_made_ready_before_a_run() {
    let mut engine = tiny();
    let mut spec = spec(64, 12, 1);
    let workload = engine.prepare(&prompts(&["to be or not"]), &spec).unwrap();
    spec.sampling.stop = vec!["x".to_owned()];
    let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
    let error = engine.run(&workload, &spec, &mut EventBuffer::for_plan(1, 12), control).unwrap_err();
    assert_eq!(error.what, SeamError::from(EngineError::NotPrepared).what);
}

#[test]
fn no_ngram_comes_twice_in_prompt_and_output() {
    let sampling = SamplingSpec { no_repeat_ngram: NonZeroU32::new(2), ..SamplingSpec::GREEDY };
    for (tokens, text) in generate(&TEXTS, 4, sampling).iter().zip(TEXTS) {
        let history = [tiny().tokenizer().encode(text).unwrap(), tokens.clone()].concat();
        let first_new = history.len() - tokens.len() - 1;
        for place in first_new..history.len() - 1 {
            assert!(!history[..=place].windows(2).any(|pair| pair == &history[place..place + 2]), "{history:?}");
        }
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
    let mut alone = generate(&[texts[1]], 1, SamplingSpec::GREEDY).remove(0);
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

/// What a pass of `tokens` tokens behind `start` others computes in attention: keys in tiles of 16 and values in whole
/// vectors of 16, for units of 12 queries, over all keys that the last query of a unit sees.
fn attention(start: u64, tokens: u64) -> u128 {
    const UNIT: u64 = 12;
    const KEYS: u64 = 64;
    const LANES: u64 = 16;
    let (group, head_dim) = (wide(HEADS / KV_HEADS), wide(HEAD_DIM));
    let rows = tokens * group;
    let units = (0..rows).step_by(12).flat_map(|first| {
        let count = UNIT.min(rows - first);
        let end = start + (first + count - 1) / group + 1;
        (0..end).step_by(64).map(move |block| {
            let keys = KEYS.min(end - block);
            count * (keys.next_multiple_of(LANES) * head_dim + keys * head_dim.next_multiple_of(LANES))
        })
    });
    u128::from(units.sum::<u64>() * 2 * wide(LAYERS * KV_HEADS))
}

/// Attention of a request: its prompt in chunks, then token by token. `room` is what the first chunk may take, the rest
/// of a pass that another prompt has begun.
fn request_attention(prompt: u64, output: u64, room: u64) -> u128 {
    let mut total = 0;
    let (mut start, mut chunk) = (0, room);
    while start < prompt {
        let tokens = chunk.min(prompt - start);
        total += attention(start, tokens);
        start += tokens;
        chunk = wide(PREFILL_CHUNK);
    }
    total + (prompt..prompt + output - 1).map(|position| attention(position, 1)).sum::<u128>()
}

fn check_executed(lengths: &[usize], output: u32, batch: u32) {
    let mut engine = tiny();
    let spec = spec(700, output, batch);
    let texts: Vec<_> = lengths.iter().map(|&length| "x".repeat(length)).collect();
    let workload = engine.prepare(&prompts(&texts.iter().map(String::as_str).collect::<Vec<_>>()), &spec).unwrap();
    let executed = run(&mut engine, &workload, &spec).0.executed.unwrap();

    let shape = engine.model().shape.unwrap();
    let prompts = || lengths.iter().map(|&length| wide(length));
    let model: FlopsBreakdown = prompts().map(|prompt| shape.request_flops(prompt, u64::from(output))).sum();
    // Prompts of a batch fill passes one after the other.
    let mut computed = 0;
    for batch in lengths.chunks(usize::try_from(batch).unwrap()) {
        let mut before = 0;
        for &length in batch {
            let room = PREFILL_CHUNK - before % PREFILL_CHUNK;
            computed += request_attention(wide(length), u64::from(output), wide(room));
            before += length;
        }
    }
    let tiles = u128::from(u64::from(shape.vocabulary).next_multiple_of(16));
    let lm_head = Flops::new(model.lm_head.get() / u128::from(shape.vocabulary) * tiles);
    assert_eq!(executed, FlopsBreakdown { linear: model.linear, attention: Flops::new(computed), lm_head }, "{lengths:?}, {output} out");
    assert!(computed >= model.attention.get(), "waste is never negative");
}

/// Beyond the model's own: keys and values of a tile outside the causal context, and the outputs that fill the last tile
/// of the head.
#[test]
fn executed_arithmetic_is_the_models_plus_the_stated_waste() {
    check_executed(&[1], 1, 1);
    check_executed(&[1], 40, 1);
    check_executed(&[5], 16, 1);
    check_executed(&[16], 2, 1);
    check_executed(&[17], 2, 1);
    check_executed(&[5, 9, 1], 4, 3);
    check_executed(&[5, 9, 1, 30], 4, 2);
    check_executed(&[PREFILL_CHUNK], 1, 1);
    check_executed(&[PREFILL_CHUNK + 100, 3], 2, 2);
    check_executed(&[300, 400, 20], 3, 3);
}

#[test]
fn every_pass_reads_the_matrices_once_and_what_its_tokens_attend_to() {
    let mut engine = tiny();
    let matrices = |engine: &CandleEngine| {
        // Two norms in each block, and the last one.
        engine.memory().model.unwrap().get() - wide(4 * HIDDEN * (2 * LAYERS + 1))
    };
    let spec = spec(8, 4, 2);
    let workload = engine.prepare(&prompts(&["xxxxx", "xxx"]), &spec).unwrap();
    let traffic = run(&mut engine, &workload, &spec).0.traffic.unwrap();
    let of_token = wide(4 * LAYERS * KV_HEADS * (HEAD_DIM + HEAD_DIM.next_multiple_of(16)));
    let pass = |passes, read: u64, written: u64| PassTraffic {
        passes,
        weights: Bytes::new(passes * matrices(&engine)),
        kv_read: Bytes::new(read * of_token),
        kv_written: Bytes::new(written * of_token),
    };
    assert_eq!(traffic.prefill, pass(1, 5 + 3, 5 + 3));
    // Of four output tokens the first comes with the prompt, and the last is not run.
    assert_eq!(traffic.decode, pass(3, (6 + 4) + (7 + 5) + (8 + 6), 2 * 3));
}

#[test]
fn memory_is_what_lies_there() {
    let mut engine = tiny();
    assert_eq!(engine.memory().kv_cache, None);
    let parameters = engine.model().parameters.unwrap();
    // The last tile of the embedding is filled up with zeros.
    let filled = parameters + wide((VOCABULARY.next_multiple_of(16) - VOCABULARY) * HIDDEN);
    assert_eq!(engine.memory().model.unwrap().get(), 4 * filled, "f32, the embedding shared with the head");

    engine.prepare(&prompts(&TEXTS), &spec(8, 5, 2)).unwrap();
    let tokens = 8usize + 5 - 1; // the last output token is never run
    let widths = HEAD_DIM + HEAD_DIM.next_multiple_of(16); // of a key, and of a value in whole vectors
    let expected = wide(4 * 2 * LAYERS * KV_HEADS * widths * tokens.next_multiple_of(16));
    assert_eq!(engine.memory().kv_cache.unwrap().get(), expected);
    engine.prepare(&prompts(&TEXTS), &spec(4, 2, 1)).unwrap();
    assert_eq!(engine.memory().kv_cache.unwrap().get(), expected, "memory that suffices is kept");
}
