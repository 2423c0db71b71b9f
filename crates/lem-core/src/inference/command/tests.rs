//! Every setting that the table says is handed to a server when it starts reaches its command line, its file or its
//! environment; the command lines as a whole are asserted in `lines`.

mod lines;

use super::*;
use lem_domain::spec::{Endpoint, ParallelismSpec, PlacementSpec, ServerSpec, SettingValue, TokenLimits};
use std::time::Duration;

pub(super) const SITE: Site<'_> =
    Site { host: "127.0.0.1", port: 8000, model: "/models/m", adapter: None, settings_file: "/run/settings.yaml" };

pub(super) fn spec(backend: Backend, settings: &[(&'static str, SettingValue)]) -> ExperimentSpec {
    let limits = TokenLimits { max_input: 64, max_output: 16, min_output: 0 };
    ExperimentSpec {
        server: Some(ServerSpec {
            launch: Launch::Process { command: None },
            startup_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(60),
            endpoint: Endpoint::Completions,
            key_variable: None,
            settings: settings.iter().cloned().collect(),
        }),
        ..ExperimentSpec::plain(backend, "m", limits, 1)
    }
}

const STARTED: [Backend; 5] = [Backend::Pytorch, Backend::Vllm, Backend::Tensorrt, Backend::Llamacpp, Backend::Sglang];

/// Whether a way leads to the start of a server, and not to its requests.
fn at_start(handover: Handover) -> bool {
    match handover {
        Handover::Request(_) | Handover::RequestJson(..) | Handover::Requests => false,
        Handover::Spelled(inner, _) => at_start(*inner),
        _ => true,
    }
}

/// A value that the way takes, and what must then be in the command: neighbouring words, a variable, or a key of the file.
fn probe(handover: Handover) -> (SettingValue, Trace) {
    let table = |name: &str, value: i64| SettingValue::Table([(name.to_owned(), SettingValue::Whole(value))].into());
    match handover {
        Handover::Flag(flag) => (SettingValue::Text("probe".to_owned()), Trace::words(&[flag, "probe"])),
        Handover::Switch { on, .. } => (SettingValue::Truth(true), Trace::words(&[on.expect("every switch can be on")])),
        Handover::FlagWhen(flag, word) => (SettingValue::Truth(true), Trace::words(&[flag, word])),
        Handover::Model => (SettingValue::Text("/probe".to_owned()), Trace::words(&["/probe"])),
        Handover::FlagJson(flag, key) => (SettingValue::Whole(7), Trace::Words(vec![flag.to_owned(), json!({ key: 7 }).to_string()])),
        Handover::File(key) => (SettingValue::Whole(7), Trace::File(key.to_owned(), json!(7))),
        Handover::Variable(name) => (SettingValue::Text("probe".to_owned()), Trace::Variable(name.to_owned(), "probe".to_owned())),
        Handover::Flags => (table("some-flag", 7), Trace::words(&["--some-flag", "7"])),
        Handover::FileBelow("") => (table("some_key", 7), Trace::File("some_key".to_owned(), json!(7))),
        Handover::FileBelow(key) => (table("some_key", 7), Trace::File(format!("{key}.some_key"), json!(7))),
        Handover::Variables => (table("SOME_VARIABLE", 7), Trace::Variable("SOME_VARIABLE".to_owned(), "7".to_owned())),
        Handover::Spelled(inner, words) => {
            let (written, spelled) = words[words.len() - 1];
            let trace = match *inner {
                Handover::Flag(flag) => Trace::words(&[flag, spelled]),
                Handover::File(key) => Trace::File(key.to_owned(), json!(spelled)),
                other => panic!("{other:?} is spelled nowhere"),
            };
            (SettingValue::Text(written.to_owned()), trace)
        }
        Handover::By(..) | Handover::Request(_) | Handover::RequestJson(..) | Handover::Requests => {
            panic!("{handover:?} has no single place")
        }
    }
}

#[derive(Debug)]
enum Trace {
    Words(Vec<String>),
    Variable(String, String),
    File(String, Value),
}

impl Trace {
    fn words(words: &[&str]) -> Self {
        Self::Words(words.iter().map(|&word| word.to_owned()).collect())
    }

    fn is_in(&self, command: &StartCommand) -> bool {
        match self {
            Self::Words(words) => command.words.windows(words.len()).any(|window| window == words.as_slice()),
            Self::Variable(name, value) => command.environment.get(name) == Some(value),
            Self::File(key, value) => {
                let file: Value = serde_json::from_str(command.file.as_deref().unwrap_or("{}")).unwrap();
                key.split('.').try_fold(&file, |document, name| document.get(name)) == Some(value)
            }
        }
    }
}

#[test]
fn every_own_setting_that_is_handed_over_at_the_start_reaches_the_server() {
    for backend in STARTED {
        let without = start_command(&spec(backend, &[]), &SITE).unwrap();
        let mut checked = 0;
        for field in FIELDS.iter().filter(|field| field.path.starts_with(&format!("{backend}."))) {
            let FieldSupport::Translated(handover) = field.support(backend) else { continue };
            if !at_start(handover) {
                continue;
            }
            let (value, trace) = probe(handover);
            let with = start_command(&spec(backend, &[(field.path, value)]), &SITE).unwrap();
            assert!(trace.is_in(&with), "{}: {trace:?} is not in {with:?}", field.path);
            assert!(!trace.is_in(&without), "{}: {trace:?} says nothing, it is always there", field.path);
            checked += 1;
        }
        assert!(checked >= 10, "{backend}: only {checked} settings");
    }
}

#[test]
fn a_switch_that_says_no_reaches_the_server_where_it_has_a_word_for_it() {
    for backend in STARTED {
        for field in FIELDS.iter() {
            if let FieldSupport::Translated(Handover::Switch { off: Some(off), .. }) = field.support(backend) {
                let command = start_command(&spec(backend, &[(field.path, SettingValue::Truth(false))]), &SITE).unwrap();
                assert!(Trace::words(&[off]).is_in(&command), "{}", field.path);
            }
        }
    }
}

/// A spec in which a setting that all backends share differs from the usual.
fn changed(path: &str, backend: Backend) -> ExperimentSpec {
    let mut spec = spec(backend, &[]);
    match path {
        "adapter" => spec.weights.adapter = Some("a".to_owned()),
        "fp_precision" => spec.weights.precision = lem_domain::spec::Precision::F16,
        "random_seed" => spec.seed = 77,
        "gpus" => spec.placement = PlacementSpec { gpus: Some(vec![2, 3]), parallelism: None },
        "parallelism.strategy" | "parallelism.degree" => {
            spec.placement.parallelism = Some(ParallelismSpec { strategy: ParallelStrategy::Tensor, degree: 2 });
        }
        "quantization.load_in_8bit" => spec.weights.quantization = Some(LoadQuantization::EightBit),
        "quantization.load_in_4bit" => spec.weights.quantization = Some(LoadQuantization::FourBit),
        other => panic!("{other} is handed over when a server starts, and no test knows it"),
    }
    spec
}

#[test]
fn every_shared_setting_that_is_handed_over_at_the_start_changes_the_command() {
    for backend in STARTED {
        let usual = start_command(&spec(backend, &[]), &SITE).unwrap();
        for field in FIELDS.iter().filter(|field| !field.path.starts_with(&format!("{backend}."))) {
            let FieldSupport::Translated(handover) = field.support(backend) else { continue };
            if !at_start(handover) {
                continue;
            }
            if handover == Handover::Model {
                assert!(Trace::words(&[SITE.model]).is_in(&usual), "{backend}");
                continue;
            }
            let site = Site { adapter: (field.path == "adapter").then_some("/adapters/a"), ..SITE };
            let command = start_command(&changed(field.path, backend), &site).unwrap();
            assert_ne!(command, usual, "{} on {backend}", field.path);
        }
    }
}

#[test]
fn memory_fractions_are_never_mapped_onto_each_other() {
    for backend in STARTED {
        let text = format!("{:?}", start_command(&spec(backend, &[]), &SITE).unwrap());
        for fraction in ["gpu-memory-utilization", "free_gpu_memory_fraction", "mem-fraction-static", "max-memory-percent"] {
            assert!(!text.contains(fraction), "{backend} is told {fraction} by nobody");
        }
    }
}

#[test]
fn what_cannot_be_handed_over_is_an_error_with_its_path() {
    let table = |name: &str| SettingValue::Table([(name.to_owned(), SettingValue::Whole(1))].into());
    let refused = |backend, path, value| start_command(&spec(backend, &[(path, value)]), &SITE).unwrap_err().to_string();
    let error = refused(Backend::Vllm, "vllm.extra", table("port"));
    assert_eq!(error, "`vllm.extra` cannot be handed to the server: `port` is chosen by the run");
    let error = refused(Backend::Vllm, "vllm.enforce_eager", SettingValue::Whole(1));
    assert_eq!(error, "`vllm.enforce_eager` cannot be handed to the server: it is neither true nor false");
    let nothing = ExperimentSpec { backend: Backend::Candle, ..spec(Backend::Vllm, &[]) };
    assert_eq!(start_command(&nothing, &SITE), Err(CommandError::NotStarted { backend: Backend::Candle }));
}
