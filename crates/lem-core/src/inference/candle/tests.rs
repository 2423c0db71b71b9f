//! The engine on tiny random llamas that the tests write themselves.

mod accuracy;
mod damage;
mod generation;
mod reference;
mod requests;
mod tiny_model;

use super::{CandleEngine, EngineError};
use lem_domain::backend::Backend;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::protocol::{InferenceEngine, Interrupt, PreparedWorkload, Prompt, RunControl, RunOutput, Silent};
use lem_domain::spec::{
    BatchingSpec, BatchingStrategy, CandleSpec, EnergyChoice, EnergyLaw, EnergySpec, ExperimentSpec, PromptSource, PromptSpec,
    RequiredGrade, SamplingSpec, TokenLimits, VirtualClockChoice, VirtualSpec, WarmupSpec,
};
use lem_domain::token::{EventBuffer, TokenEvent};
use lem_domain::units::{Joules, Watts};
use std::time::Duration;
use tiny_model::TinyModel;

fn load(model: &TinyModel) -> Result<CandleEngine, EngineError> {
    load_bytes(&model.to_bytes())
}

fn load_bytes(bytes: &[u8]) -> Result<CandleEngine, EngineError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, bytes).unwrap();
    CandleEngine::load(path.to_str().unwrap(), Some(1))
}

/// Greedy, in batches of `batch`; `max_output` tokens whatever the model wants.
fn spec(max_input: u32, max_output: u32, batch: u32) -> ExperimentSpec {
    ExperimentSpec {
        name: "tiny".to_owned(),
        model: "tiny.gguf".to_owned(),
        backend: Backend::Candle,
        limits: TokenLimits { max_input, max_output, min_output: max_output },
        prompts: PromptSpec { source: PromptSource::Embedded, count: None, shuffle: false },
        batching: BatchingSpec { size: batch, strategy: BatchingStrategy::Static, max_tokens: None },
        sampling: SamplingSpec::Greedy,
        seed: 7,
        warmup: WarmupSpec { requests: 0 },
        energy: EnergySpec {
            source: EnergyChoice::None,
            interval: Duration::from_millis(100),
            cpu_power: None,
            required: RequiredGrade::Any,
        },
        candle: CandleSpec { threads: Some(1) },
        virtual_machine: VirtualSpec {
            clock: VirtualClockChoice::Virtual,
            ttft: Duration::ZERO,
            itl: Duration::ZERO,
            law: EnergyLaw {
                static_power: Watts::new(0.0),
                prefill_token: Joules::new(0.0),
                output_token: Joules::new(0.0),
                context_token: Joules::new(0.0),
            },
        },
    }
}

/// Prompts `p0`, `p1`, … of these texts; a letter is a token.
fn prompts(texts: &[&str]) -> Vec<Prompt> {
    texts.iter().enumerate().map(|(index, text)| Prompt { id: format!("p{index}"), text: (*text).to_owned() }).collect()
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
