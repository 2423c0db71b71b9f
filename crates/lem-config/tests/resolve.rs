//! What requests resolve to: presets, backends, findings, and what is recorded about it.

use lem_config::{ConfigError, Origin, Override, Request, Resolved, RuleCode, Variable, presets, resolve, schema};
use lem_domain::backend::{Backend, FIELDS, field};
use lem_domain::spec::{BatchingStrategy, EnergyChoice, EnergySource, ExperimentSpec, PromptSource, SamplingSpec, TokenChoice};
use lem_domain::{FindingCode, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn set(path: &str, value: Value) -> Override {
    Override { path: path.to_owned(), value, flag: format!("--set {path}") }
}

fn request(settings: &[(&str, Value)]) -> Request {
    let mut overrides = vec![set("model_name", json!("org/tiny"))];
    overrides.extend(settings.iter().map(|(path, value)| set(path, value.clone())));
    Request { overrides, ..Request::default() }
}

fn preset(name: &str, settings: &[(&str, Value)]) -> Request {
    Request { preset: Some(name.to_owned()), ..request(settings) }
}

fn resolved(request: &Request) -> Resolved {
    resolve(request).unwrap_or_else(|error| panic!("{error}"))
}

fn spec(request: &Request) -> ExperimentSpec {
    resolved(request).spec
}

fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) if field(path).is_none() => {
            for (name, inner) in entries {
                leaves(inner, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn schema_leaves(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            assert_eq!(schema["additionalProperties"], false, "{path} must refuse unknown keys");
            for (name, inner) in properties.iter().filter(|(name, _)| *name != "_extends") {
                schema_leaves(inner, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        None => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn documents_schema_and_provenance_hold_exactly_the_fields_of_the_table() {
    let table: BTreeSet<String> = FIELDS.iter().map(|field| field.path.to_owned()).collect();
    let mut described = BTreeSet::new();
    schema_leaves(&schema(), "", &mut described);
    assert_eq!(described, table);
    let mut shown = BTreeSet::new();
    for backend in Backend::ALL {
        let resolved = resolved(&on(*backend, &[]));
        let mut document = Vec::new();
        leaves(&resolved.document(), "", &mut document);
        document.sort_unstable();
        let mut provenance: Vec<_> = resolved.provenance().iter().map(|one| one.path.to_owned()).collect();
        provenance.sort_unstable();
        assert_eq!(provenance, document, "{backend}");
        shown.extend(document);
    }
    assert_eq!(shown, table);
}

/// The table is in the order in which settings are shown, since documents are printed in the one and references in the other.
#[test]
fn the_table_is_in_the_order_of_the_settings() {
    let everything: Vec<_> = Backend::ALL.iter().map(|backend| format!("{backend}.")).collect();
    for backend in Backend::ALL {
        let yaml = resolved(&on(*backend, &[])).to_yaml().expect("plain values");
        let mut sections: Vec<String> = Vec::new();
        let mut shown = Vec::new();
        for line in yaml.lines().filter(|line| !line.trim_start().starts_with('-')) {
            let depth = (line.len() - line.trim_start().len()) / 2;
            let name = line.trim().split(':').next().expect("a name");
            sections.truncate(depth);
            let path = sections.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
            if field(&path).is_some() { shown.push(path) } else { sections.push(name.to_owned()) }
        }
        let others = |path: &str| everything.iter().any(|section| path.starts_with(section.as_str()) && *section != format!("{backend}."));
        let expected: Vec<_> = FIELDS.iter().map(|field| field.path).filter(|path| !others(path)).collect();
        assert_eq!(shown, expected, "{backend}");
    }
}

/// A request that the backend can resolve.
fn on(backend: Backend, settings: &[(&str, Value)]) -> Request {
    let mut all = vec![("backend", json!(backend.as_str()))];
    if backend == Backend::Openai {
        all.push(("openai.base_url", json!("http://127.0.0.1:8000/v1")));
    }
    all.extend(settings.iter().cloned());
    request(&all)
}

#[test]
fn built_in_values_are_the_documented_ones() {
    insta::assert_snapshot!(resolved(&request(&[])).to_yaml().expect("plain values"), @"
    config_name: tiny
    model_name: org/tiny
    adapter: null
    backend: candle
    fp_precision: auto
    max_input_tokens: 512
    max_output_tokens: 128
    min_output_tokens: 0
    random_seed: 42
    streaming: false
    save_outputs: false
    gpus: null
    num_cycles: 1
    extra_metadata: {}
    prompts:
      source: embedded
      path: null
      dataset: null
      subset: null
      split: null
      data_file: null
      column: []
      sample_size: 10
      shuffle: false
      chat_template: none
      system: null
      synthetic:
        lengths: fixed
        tokens: 256
        deviation: 64.0
        min_tokens: 1
        max_tokens: null
        path: null
        column: null
    batching:
      batch_size: 1
      strategy: static
      max_tokens_per_batch: null
    decoder:
      preset: null
      do_sample: true
      temperature: 1.0
      top_k: 50
      top_p: 1.0
      min_p: 0.0
      repetition_penalty: 1.0
      no_repeat_ngram_size: 0
      ignore_eos: false
      stop: []
      logprobs: false
      beam_search:
        num_beams: 1
        length_penalty: 1.0
        early_stopping: heuristic
    parallelism:
      strategy: none
      degree: 1
    traffic:
      arrival: none
      rate: null
      burstiness: null
      seed: null
      trace: null
      ramp: null
      retries: 0
      concurrency: null
    warmup:
      requests: 1
      until_stable: false
      max_requests: 50
      window: 5
      cv_threshold: 0.05
      min_duration: 0s
    energy:
      backend: auto
      interval: null
      require: any
      precision: 0.05
      cpu:
        idle_power_per_thread: null
        max_power_per_thread: null
      baseline:
        duration: 2s
        keep: true
    impact:
      pue: null
      region: null
      grid_intensity: null
      price_per_kwh: null
      currency: null
    slo:
      ttft: null
      tpot: null
      end_to_end: null
      percentile: 0.99
    statistics:
      confidence: 0.95
      target_half_width: null
    schedule:
      enabled: false
      interval: null
      at: null
      days: null
      total_duration: 1d
    io:
      results_dir: results
    quantization:
      load_in_8bit: false
      load_in_4bit: false
    candle:
      device: auto
      threads: null
      pin_threads: false
      waiting: spin
      speculative:
        method: none
        model: null
        num_tokens: 5
        prompt_lookup_max: 3
    ");
}

#[test]
fn a_bare_model_takes_its_name_and_no_other_layer() {
    let resolved = resolved(&request(&[]));
    assert_eq!((resolved.spec.name.as_str(), resolved.spec.model.as_str()), ("tiny", "org/tiny"));
    assert_eq!(resolved.origin("config_name"), Origin::Default);
    assert_eq!(resolved.origin("model_name"), Origin::CommandLine("--set model_name".into()));
    assert_eq!(resolved.results_dir, PathBuf::from("results"));
    assert!(resolved.findings.is_empty());
}

#[test]
fn presets_are_those_of_the_original_tool() {
    let quick = spec(&preset("quick-test", &[]));
    assert_eq!((quick.limits.max_input, quick.limits.max_output, quick.batching.size), (64, 32, 1));
    let benchmark = spec(&preset("benchmark", &[]));
    assert_eq!((benchmark.limits.max_input, benchmark.limits.max_output, benchmark.prompts.count), (2048, 512, None));
    let throughput = spec(&preset("throughput", &[]));
    assert_eq!((throughput.limits.max_input, throughput.limits.max_output), (512, 256));
    let batching = throughput.batching;
    assert_eq!((batching.size, batching.strategy, batching.max_tokens), (8, BatchingStrategy::Dynamic, Some(4096)));
    assert_eq!((quick.energy.baseline.duration, benchmark.energy.baseline.duration), (Duration::from_secs(1), Duration::from_secs(10)));
    let names: Vec<_> = presets().iter().map(|one| one.name).collect();
    let expected = [
        "quick-test",
        "benchmark",
        "throughput",
        "vllm-throughput",
        "vllm-speculative",
        "vllm-memory-efficient",
        "vllm-low-latency",
        "pytorch-optimized",
        "pytorch-speculative",
        "pytorch-compatible",
    ];
    assert_eq!(names, expected);
    for one in presets() {
        let spec = spec(&preset(one.name, &[]));
        assert_eq!(spec.sampling, SamplingSpec::GREEDY, "{}", one.name);
        assert_eq!(one.name.split_once('-').and_then(|(engine, _)| Backend::named(engine)).unwrap_or(Backend::Candle), spec.backend);
    }
}

#[test]
fn every_preset_runs_on_every_backend_without_attention() {
    for one in presets() {
        for backend in Backend::ALL {
            let mut settings = vec![("backend", json!(backend.as_str()))];
            settings.extend((*backend == Backend::Openai).then(|| ("openai.base_url", json!("http://127.0.0.1:8000/v1"))));
            let resolved = resolved(&preset(one.name, &settings));
            assert!(resolved.findings.iter().all(|finding| finding.severity == Severity::Info), "{} on {backend}", one.name);
        }
    }
}

#[test]
fn what_a_preset_says_about_text_is_left_out_on_the_virtual_engine() {
    let resolved = resolved(&preset("quick-test", &[("backend", json!("virtual"))]));
    assert_eq!(resolved.document()["decoder"]["preset"], Value::Null);
    assert_eq!(resolved.origin("decoder.preset"), Origin::Default);
    let [finding] = resolved.findings.as_slice() else { panic!("one finding: {:?}", resolved.findings) };
    assert_eq!((finding.code, finding.severity), (FindingCode::SettingWithoutEffect, Severity::Info));
}

#[test]
fn force_lets_a_setting_through_and_says_so() {
    let mut request = request(&[("candle.threads", json!(2)), ("backend", json!("virtual"))]);
    let Err(ConfigError::Invalid { violations }) = resolve(&request) else { panic!("a setting without effect was accepted") };
    assert_eq!((violations[0].code, violations[0].path.as_str()), (RuleCode::Unsupported, "candle.threads"));
    request.force = true;
    let resolved = resolved(&request);
    assert_eq!(resolved.document()["candle"]["threads"], 2);
    assert_eq!(resolved.findings.len(), 1);
    assert_eq!((resolved.findings[0].code, resolved.findings[0].severity), (FindingCode::SettingWithoutEffect, Severity::Warning));
}

#[test]
fn an_unsupported_setting_at_its_built_in_value_is_no_mistake() {
    let written = [("virtual.ttft", json!("0.02s")), ("decoder.temperature", json!(1)), ("candle.threads", Value::Null)];
    assert_eq!(spec(&request(&written)), spec(&request(&[])));
}

#[test]
fn written_decoder_values_win_over_the_decoder_preset() {
    let standard = [("decoder.preset", json!("standard"))];
    let random = |temperature, top_k, top_p| SamplingSpec {
        choice: TokenChoice::Random { temperature, top_k: Some(top_k), top_p, min_p: 0.0 },
        ..SamplingSpec::GREEDY
    };
    assert_eq!(spec(&request(&standard)).sampling, random(1.0, 50, 0.95));
    let creative = [("decoder.preset", json!("creative"))];
    assert_eq!(spec(&request(&creative)).sampling, SamplingSpec { repetition_penalty: 1.1, ..random(0.8, 50, 0.9) });
    let factual = [("decoder.preset", json!("factual")), ("decoder.temperature", json!(0.5))];
    let resolved = resolved(&request(&factual));
    assert_eq!(resolved.spec.sampling, random(0.5, 10, 1.0));
    assert_eq!(resolved.origin("decoder.top_k"), Origin::Preset("factual".into()));
    assert_eq!(resolved.origin("decoder.top_p"), Origin::Default);
    assert!(resolved.findings.is_empty());
    let cold = [("decoder.preset", json!("standard")), ("decoder.temperature", json!(0))];
    assert_eq!(spec(&request(&cold)).sampling, SamplingSpec::GREEDY);
}

#[test]
fn a_setting_that_another_one_makes_idle_is_a_finding() {
    let idle = |settings: &[(&str, Value)]| -> Vec<Severity> {
        resolved(&request(settings)).findings.iter().map(|finding| finding.severity).collect()
    };
    assert_eq!(idle(&[("decoder.do_sample", json!(false)), ("decoder.temperature", json!(0.7))]), [Severity::Warning]);
    assert_eq!(idle(&[("decoder.temperature", json!(0)), ("decoder.top_k", json!(5)), ("decoder.top_p", json!(0.5))]).len(), 2);
    assert_eq!(idle(&[("decoder.do_sample", json!(false)), ("decoder.min_p", json!(0.1))]), [Severity::Warning]);
    let greedy_too = [("decoder.repetition_penalty", json!(1.2)), ("decoder.no_repeat_ngram_size", json!(3)), ("decoder.stop", json!("."))];
    assert_eq!(idle(&[&[("decoder.do_sample", json!(false)), ("decoder.ignore_eos", json!(true))], greedy_too.as_slice()].concat()), []);
    assert_eq!(idle(&[("batching.max_tokens_per_batch", json!(100))]), [Severity::Warning]);
    let continuous = [("batching.strategy", json!("continuous")), ("batching.max_tokens_per_batch", json!(100))];
    assert_eq!(idle(&continuous), []);
    assert_eq!(idle(&[("streaming", json!(true)), ("batching.batch_size", json!(8))]), [Severity::Warning]);
    assert_eq!(idle(&[("traffic.seed", json!(7))]), [Severity::Warning]);
    let attached = [
        ("backend", json!("vllm")),
        ("vllm.server.launcher", json!("attach")),
        ("vllm.server.url", json!("http://127.0.0.1:8000")),
        ("vllm.max_num_seqs", json!(64)),
    ];
    assert_eq!(idle(&attached), [Severity::Warning]);
    assert_eq!(idle(&[&continuous[..], &[("backend", json!("virtual"))]].concat()), [Severity::Warning]);
    assert_eq!(idle(&[("decoder.do_sample", json!(false)), ("decoder.temperature", json!(0))]), []);
    assert_eq!(idle(&[("energy.baseline.duration", json!("0s")), ("energy.baseline.keep", json!(false))]), [Severity::Warning]);
    assert_eq!(idle(&[("energy.baseline.duration", json!("0s"))]), []);
    let none = ("energy.backend", json!("none"));
    assert_eq!(idle(&[none.clone(), ("energy.interval", json!("5ms")), ("impact.region", json!("world"))]).len(), 2);
    assert_eq!(idle(&[none]), []);
    assert_eq!(idle(&[("decoder.preset", json!("standard")), ("decoder.temperature", json!(0))]), []);
    let static_throughput = resolved(&preset("throughput", &[("batching.strategy", json!("static"))]));
    assert_eq!(static_throughput.findings[0].severity, Severity::Info);
}

/// The code of each piece of advice stands at the end of its message.
#[test]
fn what_may_not_be_meant_is_told() {
    let told = |settings: &[(&str, Value)]| -> Vec<(String, Severity)> {
        let findings = resolved(&request(settings)).findings.into_iter();
        let advice = findings.filter(|finding| finding.code == FindingCode::QuestionableSetting);
        advice.map(|one| (one.message[one.message.len() - 5..one.message.len() - 1].to_owned(), one.severity)).collect()
    };
    let check = |settings: &[(&str, Value)], code: &str, severity: Severity| {
        assert_eq!(told(settings), [(code.to_owned(), severity)], "{settings:?}");
    };
    use Severity::{Info, Warning};
    assert_eq!(told(&[]), []);
    check(&[("max_output_tokens", json!(4096))], "C101", Warning);
    check(&[("quantization.load_in_8bit", json!(true)), ("fp_precision", json!("float32"))], "C102", Warning);
    check(&[("batching.strategy", json!("dynamic")), ("batching.batch_size", json!(8))], "C103", Info);
    check(&[("batching.strategy", json!("sorted_static"))], "C104", Info);
    let vllm = [("backend", json!("vllm")), ("model_name", json!("org/strange")), ("parallelism.strategy", json!("tensor_parallel"))];
    assert_eq!(told(&vllm).iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["C105", "C107"]);
    check(
        &[
            &vllm[..1],
            &[("model_name", json!("org/Qwen3-4B"))],
            &vllm[2..],
            &[("parallelism.degree", json!(2)), ("vllm.quantization_method", json!("awq"))],
        ]
        .concat(),
        "C106",
        Warning,
    );
    check(&[("decoder.temperature", json!(0.7)), ("decoder.top_p", json!(0.9))], "C108", Warning);
    assert_eq!(told(&[("decoder.preset", json!("creative"))]), []);
    let open = [("batching.strategy", json!("continuous")), ("traffic.arrival", json!("poisson")), ("traffic.rate", json!(500.0))];
    check(&open, "C109", Info);
}

#[test]
fn null_takes_back_what_a_lower_layer_set() {
    let request = preset("throughput", &[("batching.max_tokens_per_batch", Value::Null), ("decoder.preset", Value::Null)]);
    let resolved = resolved(&request);
    assert_eq!(resolved.spec.batching.max_tokens, None);
    let built_in = TokenChoice::Random { temperature: 1.0, top_k: Some(50), top_p: 1.0, min_p: 0.0 };
    assert_eq!(resolved.spec.sampling, SamplingSpec { choice: built_in, ..SamplingSpec::GREEDY });
    assert_eq!(resolved.origin("decoder.preset"), Origin::CommandLine("--set decoder.preset".into()));
}

#[test]
fn values_reach_the_experiment() {
    let settings = [
        ("prompts.source", json!("file")),
        ("prompts.path", json!("p.txt")),
        ("prompts.sample_size", json!("all")),
        ("energy.backend", json!("estimate")),
        ("energy.interval", json!("0.2s")),
        ("energy.cpu", json!({ "idle_power_per_thread": "500mW", "max_power_per_thread": "5W" })),
        ("random_seed", json!(u64::MAX)),
    ];
    let spec = spec(&request(&settings));
    assert_eq!(spec.prompts.source, PromptSource::File { path: "p.txt".into(), columns: Vec::new() });
    assert_eq!((spec.prompts.count, spec.seed), (None, u64::MAX));
    assert_eq!(spec.energy.sources, EnergyChoice::Only(vec![EnergySource::Estimate]));
    assert_eq!(spec.energy.interval, Some(Duration::from_millis(200)));
    let power = spec.energy.cpu_power.expect("both were given");
    assert!((power.idle.get() - 0.5).abs() < 1e-12 && (power.max.get() - 5.0).abs() < 1e-12);
}

#[test]
fn the_environment_names_the_results_folder_and_nothing_else() {
    let variable = |name: &str, value: &str| Variable { name: name.to_owned(), value: value.to_owned(), file: None };
    let environment = |value: &str| vec![variable("LEM_RESULTS_DIR", value), variable("LEM_MODEL_NAME", "x")];
    let given = resolved(&Request { environment: environment("/data/runs"), ..request(&[]) });
    assert_eq!(given.results_dir, PathBuf::from("/data/runs"));
    assert_eq!(given.origin("io.results_dir"), Origin::Environment("LEM_RESULTS_DIR".into()));
    assert_eq!(given.spec.model, "org/tiny");
    let empty = resolved(&Request { environment: environment(""), ..request(&[]) });
    assert_eq!(empty.origin("io.results_dir"), Origin::Default);
}

#[test]
fn the_canonical_form_tells_experiments_apart_and_names_not() {
    let base = resolved(&request(&[])).canonical_json();
    assert!(base.starts_with(r#"{"adapter":null,"backend":"candle","batching":{"batch_size":1,"#), "{base}");
    let renamed = [("config_name", json!("other")), ("io.results_dir", json!("elsewhere"))];
    assert_eq!(resolved(&request(&renamed)).canonical_json(), base);
    assert_eq!(resolved(&request(&[("energy.baseline.duration", json!("2000ms"))])).canonical_json(), base);
    assert_ne!(resolved(&request(&[("random_seed", json!(43))])).canonical_json(), base);
}

#[test]
fn provenance_names_value_origin_and_detail() {
    let provenance = resolved(&preset("quick-test", &[])).provenance_json();
    assert_eq!(provenance["max_output_tokens"], json!({ "value": 32, "origin": "preset", "detail": "quick-test", "line": null }));
    assert_eq!(provenance["energy.interval"], json!({ "value": null, "origin": "default", "detail": null, "line": null }));
    assert_eq!(provenance["energy.baseline.duration"], json!({ "value": "1s", "origin": "preset", "detail": "quick-test", "line": null }));
    assert_eq!(provenance["decoder.temperature"], json!({ "value": 0.0, "origin": "preset", "detail": "deterministic", "line": null }));
}

#[test]
fn every_example_resolves_without_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder is part of the repository") {
        let file = entry.expect("readable").path();
        let resolved = resolved(&Request { file: Some(file.clone()), ..Request::default() });
        assert!(resolved.findings.is_empty(), "{}: {:?}", file.display(), resolved.findings);
        seen += 1;
    }
    assert!(seen >= 5, "{seen} examples");
}
