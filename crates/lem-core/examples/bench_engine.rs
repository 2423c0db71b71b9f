//! The in-process engine as a contestant of `cargo xtask bench engine`: the protocol is that of
//! `xtask/src/bench/engine/driver.rs`.
//!
//! Arguments: model, file of token ids, threads.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the protocol runs over standard output, and errors go to a log")]

use lem_core::inference::candle::CandleEngine;
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, Interrupt, PreparedWorkload, Prompt, RunControl, Silent};
use lem_domain::spec::{ExperimentSpec, TokenLimits};
use lem_domain::token::{EventBuffer, TokenEvent, TokenEventKind};
use lem_domain::{HostClock, Timestamp};
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = std::iter::successors(Some(&*error), |&error| error.source());
            eprintln!("{}", causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, ids, threads] = arguments.as_slice() else { return Err("arguments: MODEL IDS THREADS".into()) };
    let ids: Vec<u32> = std::fs::read_to_string(ids)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let mut engine = CandleEngine::load(model, Some(threads.parse()?))?;
    println!("{}", facts(&engine));
    for line in std::io::stdin().lines() {
        let numbers: Vec<u32> = line?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [batch, prompt, steps] = numbers[..] else { return Err("a measurement is BATCH PROMPT STEPS".into()) };
        println!("{}", measure(&mut engine, &ids, Shape { batch, prompt, steps })?);
    }
    Ok(())
}

fn facts(engine: &CandleEngine) -> Value {
    json!({
        "version": format!("lem {}, {}", env!("CARGO_PKG_VERSION"), engine.engine().version),
        "kernel": engine.engine().kernel,
        "weights": engine.model().weight_types,
        "weight_bytes": engine.memory().model.map(lem_domain::units::Bytes::get),
    })
}

/// What one measurement runs: `batch` prompts of `prompt` tokens, then `steps` passes of one token of each.
#[derive(Clone, Copy)]
struct Shape {
    batch: u32,
    prompt: u32,
    steps: u32,
}

fn measure(engine: &mut CandleEngine, ids: &[u32], shape: Shape) -> Result<Value, Box<dyn Error>> {
    let spec = spec(shape);
    let workload = prepare(engine, ids, shape, &spec)?;
    let mut events = EventBuffer::for_plan(workload.requests.len(), usize::try_from(spec.limits.max_output)?);
    let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
    engine.run(&workload, &spec, &mut events, control)?;
    let Phases { start, prefilled, end } = phases(&events.into_events(), workload.requests.len())?;
    Ok(json!({ "prefill_s": prefilled.since(start).get(), "decode_s": end.since(prefilled).get() }))
}

/// The given ids as prompts. The engine's own way there leads through text, which no sequence of random ids has, so it
/// makes room for prompts of this length and gets these in their place.
fn prepare(engine: &mut CandleEngine, ids: &[u32], shape: Shape, spec: &ExperimentSpec) -> Result<PreparedWorkload, Box<dyn Error>> {
    let prompt = usize::try_from(shape.prompt)?;
    let text = " a".repeat(prompt);
    let prompts: Vec<_> = (0..shape.batch).map(|row| Prompt::text(row.to_string(), text.clone())).collect();
    let mut workload = engine.prepare(&prompts, spec)?;
    let mut rows = ids.chunks_exact(prompt);
    for request in &mut workload.requests {
        let row = rows.next().ok_or("too few token ids for this measurement")?;
        if request.tokens.len() != prompt {
            return Err("the engine cut a prompt short".into());
        }
        request.tokens.copy_from_slice(row);
    }
    Ok(workload)
}

/// When the run began, when the last prompt had its first output token, and when the last token was there.
struct Phases {
    start: Timestamp,
    prefilled: Timestamp,
    end: Timestamp,
}

fn phases(events: &[TokenEvent], requests: usize) -> Result<Phases, Box<dyn Error>> {
    let start = events.iter().find(|event| event.kind == TokenEventKind::Scheduled).ok_or("nothing ran")?.at;
    let tokens: Vec<_> = events.iter().filter(|event| matches!(event.kind, TokenEventKind::Tokens { .. })).collect();
    // One batch: every request gives a token at each pass.
    let prefilled = tokens.get(requests - 1).ok_or("too few tokens")?.at;
    let end = tokens.last().ok_or("no tokens")?.at;
    Ok(Phases { start, prefilled, end })
}

/// Greedy, in one batch, to the last token. The first output token belongs to the prefill.
fn spec(shape: Shape) -> ExperimentSpec {
    let output = shape.steps + 1;
    let limits = TokenLimits { max_input: shape.prompt, max_output: output, min_output: output };
    ExperimentSpec::plain(Backend::Candle, "", limits, shape.batch)
}
