//! The engine on tiny random llamas that the tests write themselves.

mod accuracy;
mod adapters;
mod beams;
mod damage;
mod damaged_checkpoints;
mod families;
mod generation;
mod prompts;
mod quantised;
mod reference;
mod requests;
mod scheduling;
mod speculation;
mod tensors;
mod tiny_model;

use super::{CandleEngine, EngineError};
use lem_domain::backend::Backend;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::protocol::{InferenceEngine, Interrupt, PreparedWorkload, Prompt, RunControl, RunOutput, Silent};
use lem_domain::spec::{CandleSpec, DeviceChoice, ExperimentSpec, TokenLimits, WeightsSpec};
use lem_domain::token::{EventBuffer, TokenEvent};
use tiny_model::TinyModel;

fn load(model: &TinyModel) -> Result<CandleEngine, EngineError> {
    load_bytes(&model.to_bytes())
}

fn load_bytes(bytes: &[u8]) -> Result<CandleEngine, EngineError> {
    load_changed(bytes, &WeightsSpec::default())
}

fn load_changed(bytes: &[u8], weights: &WeightsSpec) -> Result<CandleEngine, EngineError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, bytes).unwrap();
    CandleEngine::load_as(path.to_str().unwrap(), weights, &on_processor())
}

/// One thread of the processor.
fn on_processor() -> CandleSpec {
    CandleSpec { device: DeviceChoice::Cpu, threads: Some(1), ..CandleSpec::default() }
}

/// Greedy, in batches of `batch`; `max_output` tokens whatever the model wants.
fn spec(max_input: u32, max_output: u32, batch: u32) -> ExperimentSpec {
    let limits = TokenLimits { max_input, max_output, min_output: max_output };
    ExperimentSpec { seed: 7, candle: on_processor(), ..ExperimentSpec::plain(Backend::Candle, "tiny.gguf", limits, batch) }
}

/// Prompts `p0`, `p1`, … of these texts; a letter is a token.
fn prompts(texts: &[&str]) -> Vec<Prompt> {
    texts.iter().enumerate().map(|(index, text)| Prompt::text(format!("p{index}"), *text)).collect()
}

fn run(engine: &mut CandleEngine, workload: &PreparedWorkload, spec: &ExperimentSpec) -> (RunOutput, Vec<TokenEvent>) {
    run_on(engine, workload, spec, &HostClock, &Interrupt::new())
}

fn run_on(
    engine: &mut CandleEngine,
    workload: &PreparedWorkload,
    spec: &ExperimentSpec,
    clock: &dyn Clock,
    interrupt: &Interrupt,
) -> (RunOutput, Vec<TokenEvent>) {
    let mut events = EventBuffer::for_plan(workload.requests.len(), usize::try_from(spec.limits.max_output).unwrap());
    let output = engine.run(workload, spec, &mut events, RunControl { clock, interrupt, progress: &Silent }).unwrap();
    assert!(!events.has_grown(), "a plan holds every event of its run");
    (output, events.into_events())
}
