//! Laws that hold for any layers: the topmost wins, what is shown reads back, unknown names are refused.

use lem_config::{
    ConfigError, Form, Origin, Override, Request, Resolved, RuleCode, Setting, Variable, resolve, settings as settings_of_lem,
};
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

/// Every scalar and list of JSON that a setting takes is written the same in TOML.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(name, value)| format!("{name} = {}", in_toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Any value of a form.
fn value_of(form: &Form) -> BoxedStrategy<Value> {
    match form {
        Form::Truth => any::<bool>().prop_map(Value::from).boxed(),
        Form::Whole { min, max } => {
            let max = max.map_or(i64::MAX, |max| i64::try_from(max).unwrap_or(i64::MAX));
            // Most of what people write is small.
            prop_oneof![*min..=max, *min..=max.min(min + 20)].prop_map(Value::from).boxed()
        }
        Form::Real { min, max, .. } => {
            let (min, max) = (min.expect("bounded"), max.expect("bounded"));
            (min + (max - min) * 1e-9..=max).prop_map(Value::from).boxed()
        }
        Form::Word(words) => prop::sample::select(words.clone()).prop_map(Value::from).boxed(),
        Form::Named(name, examples) => match name.as_str() {
            // Durations have bounds of their own, within which these are.
            "duration" => (1_000u32..=600_000).prop_map(|millis| json!(format!("{millis}ms"))).boxed(),
            "power" => (0u32..10_000).prop_map(|number| json!(format!("{}W", f64::from(number) / 100.0))).boxed(),
            "energy" => (0u32..10_000).prop_map(|number| json!(format!("{}mJ", f64::from(number) / 100.0))).boxed(),
            _ => prop::sample::select(examples.clone()).prop_map(Value::from).boxed(),
        },
        Form::Text => "[a-zA-Z0-9 :#'\"{}\\[\\]~&*!%@.,-]{1,20}".prop_map(Value::from).boxed(),
        Form::List(item) => prop::collection::vec(value_of(item), 1..2).prop_map(Value::from).boxed(),
        Form::Table => {
            let value =
                prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), "[a-z #:]{1,8}".prop_map(Value::from)];
            prop::collection::btree_map("[A-Z][A-Z0-9_]{0,8}", value, 0..4).prop_map(|table| json!(table)).boxed()
        }
        Form::Any(forms) => prop::strategy::Union::new(forms.iter().map(value_of)).boxed(),
    }
}

/// Settings that rules bind to each other cannot be drawn freely.
fn free() -> Vec<&'static Setting> {
    let bound = |path: &str| {
        let alone = [
            "backend",
            "min_output_tokens",
            "decoder.beam_search.num_beams",
            "prompts.path",
            "prompts.source",
            "prompts.dataset",
            "prompts.system",
            "energy.backend",
            "energy.require",
            "energy.interval",
            "quantization.load_in_4bit",
            "candle.speculative.method",
            "candle.speculative.model",
            "impact.region",
            "impact.grid_intensity",
            "impact.price_per_kwh",
            "impact.currency",
            "gpus",
            "parallelism.strategy",
            "parallelism.degree",
            "traffic.arrival",
            "traffic.rate",
            "traffic.trace",
            "statistics.target_half_width",
            "schedule.enabled",
            "warmup.until_stable",
        ];
        alone.contains(&path) || path.starts_with("energy.cpu.")
    };
    settings_of_lem().iter().filter(|setting| !bound(setting.path)).collect()
}

fn settings() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::sample::subsequence(free(), 0..=20).prop_flat_map(|settings| {
        let one = |setting: &'static Setting| value_of(&setting.form).prop_map(move |value| (setting.path.to_owned(), value));
        settings.into_iter().map(one).collect::<Vec<_>>()
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
            environment: if environment { vec![Variable { name: "LEM_RESULTS_DIR".into(), value: "from-environment".into(), file: None }] } else { Vec::new() },
            ..Request::default()
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
            prop_assert_eq!(resolved.origin(path), origin.clone(), "{}", path);
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
        let lines: Vec<_> = settings.iter().rev().scan(Vec::new(), |seen: &mut Vec<&str>, (path, value)| {
            let fresh = !seen.contains(&path.as_str());
            seen.push(path);
            Some(if fresh { format!("{path} = {}", in_toml(value)) } else { String::new() })
        }).collect();
        std::fs::write(&toml, lines.join("\n")).expect("writable");
        let resolved = |file: PathBuf| resolve(&Request { file: Some(file), force: true, ..Request::default() }).unwrap_or_else(|error| panic!("{error}"));
        let expected = resolved(json);
        prop_assert_eq!(&resolved(yaml).document(), &expected.document());
        prop_assert_eq!(&resolved(toml).document(), &expected.document());
    }
}
