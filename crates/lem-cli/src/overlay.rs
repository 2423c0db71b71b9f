//! Flags as the topmost layer of the configuration.

mod former;
mod traffic;

use crate::args::{ConfigArgs, MeterArgs, PromptArgs, RequireArg};
use crate::{config_file, dotenv};
use lem_config::{Override, Request, Variable};
use lem_core::dataset::EMBEDDED_NAME;
use lem_domain::protocol::{Fault, SeamError};
use serde_json::{Value, json};
use std::path::Path;

/// The request that a command line makes.
pub(crate) fn request(args: &ConfigArgs) -> Result<Request, SeamError> {
    let (former, findings) = former::overrides(&args.former);
    Ok(Request {
        file: args.config.clone(),
        user_file: config_file::user_file(),
        preset: args.preset.clone(),
        // What is written under its name of today wins.
        overrides: [former, overrides(args)?].concat(),
        environment: environment()?,
        findings,
        force: args.force,
    })
}

/// The environment's own settings; what else it holds is nobody's business, and need not be text.
pub(crate) fn environment() -> Result<Vec<Variable>, SeamError> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("LEM_") || name.starts_with("LLM_ENERGY_")) else { continue };
        let value =
            value.into_string().map_err(|_| SeamError::new(Fault::Usage, format!("the environment variable {name} is not UTF-8")))?;
        variables.push(Variable { name: name.to_owned(), value, file: dotenv::file_of(name) });
    }
    Ok(variables)
}

fn overrides(args: &ConfigArgs) -> Result<Vec<Override>, SeamError> {
    let mut overrides = Vec::new();
    let mut set = |path: &str, value: Value, flag: &str| {
        overrides.push(Override { path: path.to_owned(), value, flag: flag.to_owned() });
    };
    if let Some(model) = &args.model {
        set("model_name", json!(model), "--model");
    }
    if let Some(backend) = &args.backend {
        set("backend", json!(backend), "--backend");
    }
    if let Some(max_tokens) = args.max_tokens {
        set("max_output_tokens", json!(max_tokens), "--max-tokens");
    }
    if let Some(cycles) = args.cycles {
        set("num_cycles", json!(cycles), "--cycles");
    }
    if let Some(seed) = args.seed {
        set("random_seed", json!(seed), "--seed");
    }
    if let Some(require) = args.require {
        set("energy.require", json!(grade(require)), "--require");
    }
    if let Some(results_dir) = &args.results_dir {
        set("io.results_dir", json!(text(results_dir)?), "--results-dir");
    }
    if args.streaming || args.no_streaming {
        set("streaming", json!(args.streaming), if args.streaming { "--streaming" } else { "--no-streaming" });
    }
    overrides.extend(of_prompts(&args.prompts)?);
    overrides.extend(traffic::overrides(&args.traffic)?);
    overrides.extend(assigned(&args.set)?);
    Ok(overrides)
}

fn of_prompts(args: &PromptArgs) -> Result<Vec<Override>, SeamError> {
    let mut overrides = Vec::new();
    let mut set = |path: &str, value: Value, flag: &str| {
        overrides.push(Override { path: path.to_owned(), value, flag: flag.to_owned() });
    };
    // Another source takes back the place that a file of configuration names.
    if let Some(dataset) = &args.dataset {
        let is_embedded = dataset == EMBEDDED_NAME;
        set("prompts.source", json!(if is_embedded { "embedded" } else { "hub" }), "--dataset");
        set("prompts.dataset", if is_embedded { Value::Null } else { json!(dataset) }, "--dataset");
        set("prompts.path", Value::Null, "--dataset");
    }
    if let Some(prompts) = &args.prompts {
        set("prompts.source", json!("file"), "--prompts");
        set("prompts.path", json!(text(prompts)?), "--prompts");
        set("prompts.dataset", Value::Null, "--prompts");
    }
    if let Some(sample_size) = &args.sample_size {
        let value = sample_size.parse::<u64>().map_or_else(|_| json!(sample_size), |number| json!(number));
        set("prompts.sample_size", value, "--sample-size");
    }
    let texts = [
        ("prompts.split", &args.split, "--split"),
        ("prompts.subset", &args.subset, "--subset"),
        ("prompts.chat_template", &args.chat_template, "--chat-template"),
    ];
    for (path, value, flag) in texts {
        if let Some(value) = value {
            set(path, json!(value), flag);
        }
    }
    if !args.column.is_empty() {
        set("prompts.column", json!(args.column), "--column");
    }
    if args.shuffle {
        set("prompts.shuffle", json!(true), "--shuffle");
    }
    Ok(overrides)
}

/// The request that the flags of a meter make, and this time between two samples. Its environment is empty: nothing there
/// concerns a meter, while the user's own file knows the machine.
pub(crate) fn meter_request(args: &MeterArgs, interval: Option<&str>) -> Result<Request, SeamError> {
    let flags = [
        ("energy.backend", args.backend.as_deref(), "--backend"),
        ("energy.interval", interval, "--interval"),
        ("energy.require", args.require.map(grade), "--require"),
        ("impact.region", args.region.as_deref(), "--region"),
    ];
    let given = flags.into_iter().filter_map(|(path, value, flag)| Some((path, value?, flag)));
    let mut overrides: Vec<Override> =
        given.map(|(path, value, flag)| Override { path: path.to_owned(), value: json!(value), flag: flag.to_owned() }).collect();
    overrides.extend(assigned(&args.set)?);
    Ok(Request { user_file: config_file::user_file(), overrides, ..Request::default() })
}

fn grade(require: RequireArg) -> &'static str {
    match require {
        RequireArg::Any => "any",
        RequireArg::Estimated => "estimated",
        RequireArg::Measured => "measured",
    }
}

/// Settings by their dotted path.
pub(crate) fn assigned(assignments: &[String]) -> Result<Vec<Override>, SeamError> {
    let one = |assignment: &String| {
        let (path, value) = assignment.split_once('=').ok_or_else(|| {
            SeamError::new(Fault::Usage, format!("`--set {assignment}` has no value"))
                .with_hint("write it as `--set batching.batch_size=8`")
        })?;
        Ok(Override { path: path.to_owned(), value: typed(value), flag: "--set".to_owned() })
    };
    assignments.iter().map(one).collect()
}

/// A value as JSON when it is JSON (numbers, `true`, `null`), else as text.
fn typed(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| json!(value))
}

fn text(path: &Path) -> Result<&str, SeamError> {
    path.to_str().ok_or_else(|| SeamError::new(Fault::Usage, format!("the path `{}` is not UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_typed_overrides() {
        let args = ConfigArgs {
            prompts: PromptArgs { sample_size: Some("all".into()), prompts: Some("p.txt".into()), ..PromptArgs::default() },
            set: vec!["batching.batch_size=8".into(), "decoder.preset=null".into(), "virtual.ttft=30ms".into()],
            ..ConfigArgs::default()
        };
        let overrides: Vec<_> = overrides(&args).expect("valid").into_iter().map(|one| (one.path, one.value)).collect();
        let expected = [
            ("prompts.source", json!("file")),
            ("prompts.path", json!("p.txt")),
            ("prompts.dataset", Value::Null),
            ("prompts.sample_size", json!("all")),
            ("batching.batch_size", json!(8)),
            ("decoder.preset", Value::Null),
            ("virtual.ttft", json!("30ms")),
        ];
        assert_eq!(overrides, expected.map(|(path, value)| (path.to_owned(), value)));
    }

    #[test]
    fn a_data_set_is_the_one_inside_or_one_on_the_hub() {
        let of = |name: &str| {
            let prompts = PromptArgs { dataset: Some(name.to_owned()), ..PromptArgs::default() };
            let set = overrides(&ConfigArgs { prompts, ..ConfigArgs::default() }).expect("valid");
            set.into_iter().map(|one| one.value).collect::<Vec<_>>()
        };
        assert_eq!(of(EMBEDDED_NAME), [json!("embedded"), Value::Null, Value::Null]);
        assert_eq!(of("alpaca"), [json!("hub"), json!("alpaca"), Value::Null]);
    }

    #[test]
    fn mistakes_are_named() {
        let incomplete = ConfigArgs { set: vec!["seed".into()], ..ConfigArgs::default() };
        assert_eq!(overrides(&incomplete).expect_err("no value").fault, Fault::Usage);
    }
}
