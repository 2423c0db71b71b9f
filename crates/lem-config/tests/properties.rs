//! Laws that hold for any layers: the topmost wins, what is shown reads back, unknown names are refused.

use lem_config::{ConfigError, Origin, Override, Request, Resolved, RuleCode, resolve};
use lem_domain::backend::FIELDS;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

fn set(path: &str, value: Value) -> Override {
    Override { path: path.to_owned(), value, flag: "--set".to_owned() }
}

fn insert(values: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((section, rest)) => {
            let inner = values.entry(section).or_insert_with(|| json!({}));
            insert(inner.as_object_mut().expect("sections and settings have different names"), rest, value);
        }
        None => drop(values.insert(path.to_owned(), value)),
    }
}

fn written(folder: &Path, settings: &[(String, Value)]) -> PathBuf {
    let mut values = Map::new();
    for (path, value) in settings {
        insert(&mut values, path, value.clone());
    }
    let file = folder.join("config.json");
    std::fs::write(&file, Value::Object(values).to_string()).expect("writable");
    file
}

fn reload(shown: &Resolved, force: bool) -> Resolved {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, shown.to_yaml().expect("plain values")).expect("writable");
    resolve(&Request { file: Some(file), force, ..Request::default() }).unwrap_or_else(|error| panic!("{error}"))
}

/// Any value of a setting that is valid by itself.
fn value_of(path: &'static str) -> BoxedStrategy<Value> {
    let words = |words: &'static [&'static str]| prop::sample::select(words).prop_map(Value::from).boxed();
    let numbers = |min: u32, max: u32| (min..=max).prop_map(Value::from).boxed();
    let quantity =
        |unit: &'static str| (0u32..10_000).prop_map(move |number| json!(format!("{}{unit}", f64::from(number) / 100.0))).boxed();
    match path {
        "config_name" | "model_name" | "adapter" | "io.results_dir" => {
            "[a-zA-Z0-9 :#'\"{}\\[\\]~&*!%@.,-]{1,20}".prop_map(Value::from).boxed()
        }
        "backend" => words(&["candle", "virtual"]),
        "max_input_tokens" | "max_output_tokens" => numbers(1, 1_000_000),
        "min_output_tokens" => numbers(0, 1),
        "random_seed" => any::<u64>().prop_map(Value::from).boxed(),
        "prompts.sample_size" => prop_oneof![Just(json!("all")), (1u64..1_000_000).prop_map(Value::from)].boxed(),
        "prompts.shuffle"
        | "decoder.logprobs"
        | "candle.pin_threads"
        | "decoder.do_sample"
        | "decoder.ignore_eos"
        | "quantization.load_in_8bit" => any::<bool>().prop_map(Value::from).boxed(),
        "batching.batch_size" | "candle.threads" => numbers(1, 1024),
        "candle.device" => words(&["auto", "cpu", "cuda:0", "cuda:3"]),
        "batching.strategy" => words(&["static", "dynamic", "sorted_static", "sorted_dynamic", "continuous"]),
        "batching.max_tokens_per_batch" => numbers(1, 1_000_000_000),
        "decoder.preset" => words(&["deterministic", "standard", "creative", "factual"]),
        "decoder.temperature" => (0.0..=2.0f64).prop_map(Value::from).boxed(),
        "decoder.top_k" | "decoder.no_repeat_ngram_size" => numbers(0, 1_000_000),
        "decoder.min_p" => (0.0..=1.0f64).prop_map(Value::from).boxed(),
        "decoder.repetition_penalty" => (0.1..=10.0f64).prop_map(Value::from).boxed(),
        "decoder.stop" => prop::collection::vec("[a-zA-Z0-9 :#'.,-]{1,10}", 0..4).prop_map(Value::from).boxed(),
        "decoder.beam_search.length_penalty" => (-10.0..=10.0f64).prop_map(Value::from).boxed(),
        "decoder.beam_search.early_stopping" => words(&["at_width", "heuristic", "never"]),
        "candle.waiting" => words(&["spin", "yield", "sleep"]),
        "candle.speculative.method" => words(&["none", "prompt_lookup"]),
        "candle.speculative.num_tokens" => numbers(1, 64),
        "candle.speculative.prompt_lookup_max" => numbers(1, 32),
        "decoder.top_p" | "energy.precision" => (1e-9..=1.0f64).prop_map(Value::from).boxed(),
        "warmup.requests" => numbers(0, 1000),
        "energy.interval" => (1u32..10_000).prop_map(|millis| json!(format!("{millis}ms"))).boxed(),
        "energy.baseline.duration" => (0u32..=600_000).prop_map(|millis| json!(format!("{millis}ms"))).boxed(),
        "energy.baseline.keep" => any::<bool>().prop_map(Value::from).boxed(),
        "impact.pue" => (1.0..=3.0f64).prop_map(Value::from).boxed(),
        "impact.region" => words(&["FRA", "usa", "world"]),
        "virtual.clock" => words(&["virtual", "real"]),
        "virtual.ttft" | "virtual.itl" => quantity("ms"),
        "virtual.static_power" => quantity("W"),
        "virtual.prefill_token_energy" | "virtual.output_token_energy" | "virtual.context_token_energy" => quantity("mJ"),
        // Bound to others by rules: tested there.
        _ => Just(Value::Null).boxed(),
    }
}

/// Settings that rules bind to each other cannot be drawn freely.
fn free_paths() -> Vec<&'static str> {
    let bound = |path: &str| {
        matches!(
            path,
            "decoder.beam_search.num_beams"
                | "prompts.path"
                | "prompts.source"
                | "energy.backend"
                | "energy.require"
                | "backend"
                | "quantization.load_in_4bit"
        ) || path.starts_with("energy.cpu.")
            || matches!(path, "impact.grid_intensity" | "impact.price_per_kwh" | "impact.currency")
    };
    FIELDS.iter().map(|field| field.path).filter(|path| !bound(path)).collect()
}

fn settings() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::sample::subsequence(free_paths(), 0..=15).prop_flat_map(|paths| {
        paths.into_iter().map(|path| value_of(path).prop_map(move |value| (path.to_owned(), value))).collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_topmost_layer_wins_and_origins_say_so(
        environment in any::<bool>(), preset in any::<bool>(), in_file in any::<[bool; 3]>(), on_command_line in any::<[bool; 3]>(),
    ) {
        let paths = ["io.results_dir", "max_output_tokens", "warmup.requests"];
        let folder = tempfile::tempdir().expect("a temporary folder");
        let values = |source: &str, number: u32| [json!(source), json!(number), json!(number)];
        let chosen = |present: [bool; 3], values: [Value; 3]| {
            paths.iter().zip(present).zip(values).filter_map(|((path, present), value)| present.then(|| (path.to_string(), value))).collect::<Vec<_>>()
        };
        let file = written(folder.path(), &chosen(in_file, values("from-file", 7)));
        let mut overrides: Vec<_> = chosen(on_command_line, values("from-flag", 9)).into_iter().map(|(path, value)| set(&path, value)).collect();
        overrides.push(set("model_name", json!("m")));
        let resolved = resolve(&Request {
            file: Some(file.clone()),
            preset: preset.then(|| "quick-test".to_owned()),
            overrides,
            environment: if environment { vec![("LEM_RESULTS_DIR".to_owned(), "from-environment".to_owned())] } else { Vec::new() },
            force: false,
        }).unwrap_or_else(|error| panic!("{error}"));
        let below = [
            if environment { (json!("from-environment"), Origin::Environment("LEM_RESULTS_DIR".into())) } else { (json!("results"), Origin::Default) },
            if preset { (json!(32), Origin::Preset("quick-test".into())) } else { (json!(128), Origin::Default) },
            (json!(1), Origin::Default),
        ];
        let document = resolved.document();
        for (index, (path, below)) in paths.iter().zip(below).enumerate() {
            let (value, origin) = if on_command_line[index] {
                (values("from-flag", 9)[index].clone(), Origin::CommandLine("--set".into()))
            } else if in_file[index] {
                (values("from-file", 7)[index].clone(), Origin::File(file.clone()))
            } else {
                below
            };
            prop_assert_eq!(document.pointer(&format!("/{}", path.replace('.', "/"))), Some(&value), "{}", path);
            prop_assert_eq!(&resolved.origins()[*path], &origin, "{}", path);
        }
    }

    #[test]
    fn what_is_shown_resolves_to_the_same_experiment(settings in settings(), backend in prop::sample::select(vec!["candle", "virtual"])) {
        let mut overrides: Vec<_> = settings.iter().map(|(path, value)| set(path, value.clone())).collect();
        overrides.insert(0, set("model_name", json!("org/m")));
        overrides.push(set("backend", json!(backend)));
        let shown = resolve(&Request { overrides, force: true, ..Request::default() }).unwrap_or_else(|error| panic!("{error}"));
        let again = reload(&shown, true);
        prop_assert_eq!(&again.spec, &shown.spec);
        prop_assert_eq!(&again.document(), &shown.document());
        prop_assert_eq!(again.canonical_json(), shown.canonical_json());
    }

    #[test]
    fn an_unknown_name_is_always_refused(section in prop::sample::select(vec!["", "prompts", "energy", "energy.cpu", "virtual"]), name in "[a-z_]{1,24}") {
        let path = if section.is_empty() { name } else { format!("{section}.{name}") };
        let is_known = FIELDS.iter().any(|field| field.path == path || field.path.starts_with(&format!("{path}.")));
        prop_assume!(!is_known);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = [("model_name".to_owned(), json!("m")), (path.clone(), json!(1))];
        let in_file = Request { file: Some(written(folder.path(), &settings)), ..Request::default() };
        let on_command_line = Request { overrides: vec![set("model_name", json!("m")), set(&path, json!(1))], ..Request::default() };
        for request in [in_file, on_command_line] {
            match resolve(&request) {
                Err(ConfigError::Invalid { violations }) => {
                    prop_assert_eq!(violations.len(), 1);
                    prop_assert_eq!((violations[0].code, violations[0].path.as_str()), (RuleCode::UnknownKey, path.as_str()));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn the_three_formats_mean_the_same(settings in settings()) {
        let mut settings = settings;
        settings.retain(|(path, value)| path != "random_seed" && !value.is_null());
        settings.push(("model_name".to_owned(), json!("m")));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let json = written(folder.path(), &settings);
        let yaml = json.with_extension("yaml");
        std::fs::copy(&json, &yaml).expect("JSON is YAML in flow style");
        let toml = json.with_extension("toml");
        // Every scalar of JSON that a setting takes is written the same in TOML, under a dotted key.
        let lines: Vec<_> = settings.iter().rev().scan(Vec::new(), |seen: &mut Vec<&str>, (path, value)| {
            let fresh = !seen.contains(&path.as_str());
            seen.push(path);
            Some(if fresh { format!("{path} = {value}") } else { String::new() })
        }).collect();
        std::fs::write(&toml, lines.join("\n")).expect("writable");
        let resolved = |file: PathBuf| resolve(&Request { file: Some(file), force: true, ..Request::default() }).unwrap_or_else(|error| panic!("{error}"));
        let expected = resolved(json);
        prop_assert_eq!(&resolved(yaml).document(), &expected.document());
        prop_assert_eq!(&resolved(toml).document(), &expected.document());
    }
}
