//! How the server of an engine is started: what a spec says, by the table of [`lem_domain::backend`], as words of a command
//! line, variables and a file of settings. Nothing is started here.
//!
//! Start at [`start_command`].

mod error;
mod quirks;
#[cfg(test)]
mod tests;
mod value;

pub use error::CommandError;
pub use quirks::program;

use lem_domain::backend::{Backend, FIELDS, FieldSupport, Handover};
use lem_domain::spec::{ExperimentSpec, Launch, LoadQuantization, ParallelStrategy};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use value::{json_of, text};

/// Where a server is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site<'a> {
    /// The address that it listens at.
    pub host: &'a str,
    /// The port that it listens at.
    pub port: u16,
    /// The model, as the server is to find it: a path or a reference on a hub.
    pub model: &'a str,
    /// The adapter, as the server is to find it.
    pub adapter: Option<&'a str>,
    /// The path by which the server reads its file of settings.
    pub settings_file: &'a str,
}

/// What starts a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Variables of its environment, beside those of this process.
    pub environment: BTreeMap<String, String>,
    /// What stands in its file of settings, for an engine that takes one: JSON, which is YAML as well.
    pub file: Option<String>,
    /// The name by which requests call the model; `None` where the server itself says.
    pub served_model: Option<String>,
}

/// The command that starts the server of a spec at a site.
///
/// # Errors
/// When the spec names no server that is started, or a setting has a value that cannot be handed over.
pub fn start_command(spec: &ExperimentSpec, site: &Site<'_>) -> Result<StartCommand, CommandError> {
    let backend = spec.backend;
    let server = spec.server.as_ref().ok_or(CommandError::NotStarted { backend })?;
    let words = match &server.launch {
        Launch::Process { command: Some(command) } => command.clone(),
        Launch::Process { command: None } | Launch::Container { .. } => {
            program(backend).ok_or(CommandError::NotStarted { backend })?.iter().map(|&word| word.to_owned()).collect()
        }
        Launch::Attach { .. } => return Err(CommandError::NotStarted { backend }),
    };
    let mut maker = Maker { backend, strategy: strategy(spec), words, ..Maker::default() };
    let own_model = server.settings.get("tensorrt.engine_path").map(text).transpose()?;
    let model = own_model.as_deref().unwrap_or(site.model);
    maker.words.extend(quirks::model_flag(backend).map(str::to_owned));
    maker.words.push(model.to_owned());
    maker.flag("--host", site.host);
    maker.flag("--port", &site.port.to_string());
    quirks::fixed(&mut maker, spec, site);
    for field in FIELDS.iter() {
        let FieldSupport::Translated(handover) = field.support(backend) else { continue };
        let value = server.settings.get(field.path).map(json_of).or_else(|| shared(field.path, spec, site));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            maker.hand_over(field.path, handover, value)?;
        }
    }
    maker.finish(site, quirks::served_model(spec, model))
}

/// A command that is being put together.
#[derive(Debug)]
struct Maker {
    backend: Backend,
    /// How the model is spread, as the configuration calls it.
    strategy: &'static str,
    words: Vec<String>,
    /// JSON objects behind flags.
    objects: BTreeMap<&'static str, Map<String, Value>>,
    environment: BTreeMap<String, String>,
    file: Map<String, Value>,
}

impl Default for Maker {
    fn default() -> Self {
        Self {
            backend: Backend::Openai,
            strategy: "none",
            words: Vec::new(),
            objects: BTreeMap::new(),
            environment: BTreeMap::new(),
            file: Map::new(),
        }
    }
}

impl Maker {
    fn flag(&mut self, flag: &str, value: &str) {
        self.words.extend([flag.to_owned(), value.to_owned()]);
    }

    fn hand_over(&mut self, path: &'static str, handover: Handover, value: Value) -> Result<(), CommandError> {
        let unfit = |problem: &str| CommandError::Setting { path: path.to_owned(), problem: problem.to_owned() };
        match handover {
            Handover::Flag(flag) => self.flag(flag, &value::word(&value)),
            Handover::Switch { on, off } => {
                let truth = value.as_bool().ok_or_else(|| unfit("it is neither true nor false"))?;
                self.words.extend(if truth { on } else { off }.map(str::to_owned));
            }
            Handover::FlagWhen(flag, word) => {
                if value.as_bool().ok_or_else(|| unfit("it is neither true nor false"))? {
                    self.flag(flag, word);
                }
            }
            Handover::FlagJson(flag, key) => {
                self.objects.entry(flag).or_default().insert(key.to_owned(), value);
            }
            Handover::File(key) => value::insert(&mut self.file, key, value).map_err(|problem| unfit(&problem))?,
            Handover::Variable(name) => {
                self.environment.insert(name.to_owned(), value::word(&value));
            }
            Handover::Flags => {
                for (name, value) in value::table(value).ok_or_else(|| unfit("it is no table"))? {
                    if matches!(name.as_str(), "host" | "port") {
                        return Err(unfit(&format!("`{name}` is chosen by the run")));
                    }
                    self.further_flag(&name, &value);
                }
            }
            Handover::FileBelow(key) => {
                for (name, value) in value::table(value).ok_or_else(|| unfit("it is no table"))? {
                    let place = if key.is_empty() { name } else { format!("{key}.{name}") };
                    value::insert(&mut self.file, &place, value).map_err(|problem| unfit(&problem))?;
                }
            }
            Handover::Variables => {
                let table = value::table(value).ok_or_else(|| unfit("it is no table"))?;
                self.environment.extend(table.into_iter().map(|(name, value)| (name, value::word(&value))));
            }
            Handover::Spelled(inner, words) => {
                let word = value::word(&value);
                let (_, spelled) =
                    words.iter().find(|(written, _)| *written == word).ok_or_else(|| unfit("the engine has no word for it"))?;
                self.hand_over(path, *inner, json!(spelled))?;
            }
            Handover::By(_, ways) => {
                if let Some((_, way)) = ways.iter().find(|(word, _)| *word == self.strategy) {
                    self.hand_over(path, *way, value)?;
                }
            }
            // The model stands already; the rest is said with every request.
            Handover::Model | Handover::Request(_) | Handover::RequestJson(..) | Handover::Requests => {}
        }
        Ok(())
    }

    /// A flag that the table does not know, as argparse and llama.cpp spell it: `true` is the flag alone, `false` the flag
    /// that says no, a list several words.
    fn further_flag(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null | Value::Bool(true) => self.words.push(format!("--{name}")),
            Value::Bool(false) => self.words.push(format!("--no-{name}")),
            Value::Array(values) => {
                self.words.push(format!("--{name}"));
                self.words.extend(values.iter().map(value::word));
            }
            Value::Number(_) | Value::String(_) | Value::Object(_) => self.flag(&format!("--{name}"), &value::word(value)),
        }
    }

    fn finish(mut self, site: &Site<'_>, served_model: Option<String>) -> Result<StartCommand, CommandError> {
        for (flag, object) in std::mem::take(&mut self.objects) {
            self.flag(flag, &Value::Object(object).to_string());
        }
        let file = (!self.file.is_empty()).then(|| format!("{:#}\n", Value::Object(std::mem::take(&mut self.file))));
        if file.is_some() {
            let flag = quirks::settings_flag(self.backend).ok_or(CommandError::NoFile { backend: self.backend })?;
            self.flag(flag, site.settings_file);
        }
        Ok(StartCommand { words: self.words, environment: self.environment, file, served_model })
    }
}

/// How the model is spread, as the configuration calls it.
fn strategy(spec: &ExperimentSpec) -> &'static str {
    match spec.placement.parallelism.map(|parallelism| parallelism.strategy) {
        None => "none",
        Some(ParallelStrategy::Tensor) => "tensor_parallel",
        Some(ParallelStrategy::Pipeline) => "pipeline_parallel",
        Some(ParallelStrategy::Data) => "data_parallel",
    }
}

/// The value of a setting that every backend shares; `None` where there is nothing to say.
fn shared(path: &str, spec: &ExperimentSpec, site: &Site<'_>) -> Option<Value> {
    match path {
        "adapter" => site.adapter.map(|adapter| json!(quirks::adapter(spec.backend, adapter))),
        "fp_precision" => Some(json!(spec.weights.precision.as_str())),
        "random_seed" => Some(json!(spec.seed)),
        "gpus" => spec.placement.gpus.as_ref().map(|gpus| json!(gpus.iter().map(u32::to_string).collect::<Vec<_>>().join(","))),
        "parallelism.strategy" => Some(json!(strategy(spec))),
        "parallelism.degree" => spec.placement.parallelism.map(|parallelism| json!(parallelism.degree)),
        "quantization.load_in_8bit" => Some(json!(spec.weights.quantization == Some(LoadQuantization::EightBit))),
        "quantization.load_in_4bit" => Some(json!(spec.weights.quantization == Some(LoadQuantization::FourBit))),
        _ => None,
    }
}
