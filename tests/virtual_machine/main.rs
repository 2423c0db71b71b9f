//! Whole runs on the simulated machine: from a configuration to figures read back from disk, against known physics.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use lem_config::{Override, Request};
use lem_core::dataset;
use lem_core::inference::simulated::VirtualLoader;
use lem_domain::idle::IdleState;
use lem_domain::protocol::{Interrupt, Progress, Prompt, PromptContent, RunPhase, RunSetup, Silent, Stage, StateStore};
use lem_domain::world::{VirtualClock, World};
use lem_domain::{Clock, ExperimentId, Grade};
use lem_energy::{Machine, SamplerKind, Surroundings};
use lem_orchestration::{Ending, Experiment, Start, Tools};
use lem_results::record::document::SummaryRecord;
use lem_results::{ProfileFolder, ResultsFolder};
use serde_json::{Value, json};
use std::sync::Arc;

/// Agreement that is asked of every figure: 0.1 %.
const TOLERANCE: f64 = 1e-3;

/// A finished run with what its truth is computed from.
struct Finished {
    /// `None` when there were no raw records to derive it from.
    summary: Option<SummaryRecord>,
    prompt_tokens: Vec<u64>,
    ending: Ending,
    phase: RunPhase,
}

impl Finished {
    fn summary(&self) -> &SummaryRecord {
        self.summary.as_ref().unwrap()
    }
}

/// Raises the interrupt when a stage begins.
struct StopAt(Stage, Interrupt);

impl Progress for StopAt {
    fn begin(&self, stage: Stage, _steps: Option<u64>) {
        if stage == self.0 {
            self.1.raise();
        }
    }

    fn advance(&self, _steps: u64) {}

    fn end(&self) {}
}

fn run(settings: &[(&str, Value)]) -> Finished {
    run_with(settings, &Interrupt::new(), &Silent)
}

fn run_stopped_at(stage: Stage, settings: &[(&str, Value)]) -> Finished {
    let interrupt = Interrupt::new();
    run_with(settings, &interrupt, &StopAt(stage, interrupt.clone()))
}

fn run_with(settings: &[(&str, Value)], interrupt: &Interrupt, progress: &dyn Progress) -> Finished {
    let overrides = [("model_name", json!("virtual")), ("backend", json!("virtual")), ("warmup.requests", json!(1))];
    let overrides = overrides.iter().chain(settings).map(|(path, value)| Override {
        path: (*path).to_owned(),
        value: value.clone(),
        flag: "test".to_owned(),
    });
    let request = Request { overrides: overrides.collect(), ..Request::default() };
    let resolved = lem_config::resolve(&request).unwrap();
    let spec = resolved.spec.clone();

    let selection = dataset::load(&spec.prompts, spec.seed).unwrap();
    let limit = u64::from(spec.limits.max_input);
    let words = |prompt: &Prompt| match &prompt.content {
        PromptContent::Text(text) => text.split_whitespace().count() as u64,
        PromptContent::Synthetic { tokens, .. } => u64::from(tokens.get()),
    };
    let prompt_tokens = selection.prompts.iter().map(|prompt| words(prompt).min(limit)).collect();

    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new());
    let world = Arc::new(World::new(spec.virtual_machine.law));
    let surroundings = Surroundings {
        backend: spec.backend,
        clock: Arc::clone(&clock),
        sampler: SamplerKind::Stepped,
        world: Some(Arc::clone(&world)),
        machine: Machine::this(),
        profiles: Vec::new(),
        engine_threads: None,
    };
    let meter = lem_energy::open(&spec.energy, surroundings).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = ResultsFolder::new(place.path().join("results"));
    let profiles = ProfileFolder::new(place.path().join("data"));
    let id: ExperimentId = "run".parse().unwrap();
    let setup = RunSetup {
        config_yaml: resolved.to_yaml().unwrap(),
        provenance_json: resolved.provenance_json().to_string(),
        environment_json: "{}".to_owned(),
        spec_digest: "0".repeat(64),
        tool_version: "test".to_owned(),
        created_at: clock.wall(),
    };
    let until = spec.repetition.cycles;
    let start = Start::Fresh(setup);
    let experiment =
        Experiment { id: id.clone(), spec, prompts: selection.prompts, dataset: selection.facts, start, until, findings: Vec::new() };
    let tools = Tools {
        clock: &*clock,
        loader: &VirtualLoader::new(world),
        meter: &*meter.backend,
        results: &folder,
        states: &folder,
        profiles: &profiles,
        progress,
        interrupt,
    };
    let ending = lem_orchestration::run(experiment, tools).unwrap();
    if ending != Ending::Cancelled {
        lem_orchestration::aggregate(&folder, &folder, &*clock, &id).unwrap();
    }
    assert!(!profiles.root().exists(), "nothing of a virtual machine holds for the next run");
    let phase = folder.load_state(&id).unwrap().unwrap().phase;
    Finished { summary: folder.summary(&id).unwrap(), prompt_tokens, ending, phase }
}

fn near(name: &str, value: Option<f64>, truth: f64) {
    let value = value.unwrap_or_else(|| panic!("{name} is missing"));
    assert!((value / truth - 1.0).abs() < TOLERANCE, "{name}: {value} is not {truth}");
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a few thousand tokens")]
fn one_at_a_time_every_figure_is_the_known_truth() {
    let (output, ttft_s, itl_s) = (16_u64, 0.1, 0.005);
    let settings = [
        ("max_output_tokens", json!(output)),
        ("prompts.sample_size", json!(20)),
        ("virtual.ttft", json!("100ms")),
        ("virtual.itl", json!("5ms")),
        ("energy.interval", json!("5ms")),
    ];
    let finished = run(&settings);
    let (summary, prompt_tokens) = (finished.summary(), &finished.prompt_tokens);
    assert_eq!((finished.ending, finished.phase), (Ending::Measured, RunPhase::Completed));

    let n = prompt_tokens.len() as f64;
    let prompts: f64 = prompt_tokens.iter().map(|&tokens| tokens as f64).sum();
    let outputs = n * output as f64;
    // Row contexts while output token k is made: prompt + k − 1.
    let context = output as f64 * prompts + n * (output * (output - 1) / 2) as f64;
    let window_s = n * (ttft_s + (output - 1) as f64 * itl_s);
    let energy_j = 50.0 * window_s + 0.02 * prompts + 0.2 * outputs + 0.0001 * context;
    let dynamic_j = energy_j - 50.0 * window_s;
    let prefill_j = 50.0 * n * ttft_s + 0.02 * prompts + 0.2 * n + 0.0001 * prompts;

    near("window", summary.window_s, window_s);
    near("TTFT", summary.latency.ttft_s.map(|ttft| ttft.mean), ttft_s);
    near("ITL", summary.latency.itl_s.map(|itl| itl.p99), itl_s);
    near("TPOT", summary.latency.tpot_s.map(|tpot| tpot.p50), itl_s);
    near("energy", summary.energy.total.value, energy_j);
    near("J/token", summary.energy.per_output_token.value, energy_j / outputs);
    near("prefill energy", summary.energy.prefill.value, prefill_j);
    near("decode energy", summary.energy.decode.value, energy_j - prefill_j);
    near("throughput", summary.throughput.output.value, outputs / window_s);
    let watched: Vec<_> = summary.idle.iter().map(|idle| (idle.state, idle.sensor.as_str())).collect();
    let states = [IdleState::DriverOnly, IdleState::ContextHeld, IdleState::ModelLoaded];
    assert_eq!(watched, states.map(|state| [(state, "total-energy"), (state, "power")]).concat());
    for idle in &summary.idle {
        near("idle power", idle.power.value, 50.0);
    }
    assert_eq!(summary.energy.marginal.len(), states.len());
    for marginal in &summary.energy.marginal {
        near("marginal energy", marginal.energy.value, dynamic_j);
        near("marginal energy per token", marginal.per_output_token.value, dynamic_j / outputs);
    }
    assert_eq!(summary.tokens.output, 20 * output);
    assert_eq!(summary.energy.total.grade, Grade::Measured);
}

#[test]
fn a_batch_shares_its_time() {
    let settings = [("max_output_tokens", json!(8)), ("prompts.sample_size", json!(8)), ("batching.batch_size", json!(4))];
    let finished = run(&settings);
    let summary = finished.summary();
    near("window", summary.window_s, 2.0 * (0.020 + 7.0 * 0.005));
    near("TTFT", summary.latency.ttft_s.map(|ttft| ttft.max), 0.020);
    assert_eq!((summary.requests.completed, summary.tokens.output), (8, 64));
}

#[test]
fn cycles_of_one_loaded_model_add_up_and_agree() {
    let settings = |cycles: u32| [("prompts.sample_size", json!(4)), ("max_output_tokens", json!(8)), ("num_cycles", json!(cycles))];
    let (one, three) = (run(&settings(1)), run(&settings(3)));
    let (one, three) = (one.summary(), three.summary());
    assert_eq!((one.cycles.len(), three.cycles.len()), (1, 3));
    assert_eq!(three.tokens.output, 3 * one.tokens.output);
    near("window", three.window_s, 3.0 * one.window_s.unwrap());
    near("energy", three.energy.total.value, 3.0 * one.energy.total.value.unwrap());
    near("J/token", three.energy.per_output_token.value, one.energy.per_output_token.value.unwrap());
    near("marginal energy", three.energy.marginal[0].energy.value, 3.0 * one.energy.marginal[0].energy.value.unwrap());
    for cycle in &three.cycles {
        assert!(cycle.is_whole);
        near("energy of a cycle", cycle.energy.value, one.energy.total.value.unwrap());
    }
    assert_eq!(three.idle.len(), one.idle.len(), "every cycle refers to the states that the first one found");
    assert_eq!(three.latency.ttft_s.map(|ttft| ttft.count), Some(12));
}

#[test]
fn an_interrupt_before_the_window_leaves_a_record_that_says_so() {
    let finished = run_stopped_at(Stage::Warmup, &[("prompts.sample_size", json!(3))]);
    assert_eq!((finished.ending, finished.phase), (Ending::Interrupted, RunPhase::Interrupted));
    let summary = finished.summary();
    assert_eq!((summary.idle.len(), summary.energy.marginal.len()), (6, 3), "what was watched before is kept");
    assert_eq!((summary.window_s, summary.requests.interrupted, summary.energy.total.value), (None, 3, None));
}

#[test]
fn an_interrupt_before_the_model_is_loaded_leaves_no_record() {
    let finished = run_stopped_at(Stage::Idle, &[("prompts.sample_size", json!(3))]);
    assert_eq!((finished.ending, finished.phase), (Ending::Cancelled, RunPhase::Interrupted));
    assert_eq!(finished.summary, None);
}

#[test]
fn without_an_idle_baseline_there_is_no_marginal_energy() {
    let finished = run(&[("prompts.sample_size", json!(2)), ("energy.baseline.duration", json!("0s"))]);
    let summary = finished.summary();
    assert!(summary.idle.is_empty() && summary.energy.marginal.is_empty() && summary.energy.total.value.is_some());
}

#[test]
fn without_sensors_energy_is_missing_with_a_reason_and_not_zero() {
    let settings = [("prompts.sample_size", json!(2)), ("energy.backend", json!("none"))];
    let finished = run(&settings);
    let summary = finished.summary();
    assert_eq!((summary.energy.total.value, summary.energy.total.grade), (None, Grade::Unavailable));
    assert_eq!(summary.energy.per_output_token.value, None);
    assert!(summary.energy.total.absence.is_some());
}
