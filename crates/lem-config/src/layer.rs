//! One layer of a configuration: checked settings of one origin, as figment takes them.

use crate::document::Document;
use crate::origin::Origin;
use crate::preset::{Preset, decoder_values};
use crate::request::Override;
use crate::value::{Choice, DecoderPreset};
use crate::violation::{RuleCode, Violation};
use crate::{check, former, suggest, tree};
use figment::value::{Dict, Map, Value as Kept};
use figment::{Metadata, Profile, Provider};
use serde_json::{Map as Object, Value};

/// The variable that names the results folder.
const RESULTS_DIR_VARIABLE: &str = "LEM_RESULTS_DIR";

/// Each position costs a pass over the file, and nobody corrects more mistakes at a time.
const MAX_POSITIONS: usize = 20;

/// Settings of one origin.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    origin: Origin,
    values: Dict,
}

/// A layer with what is wrong with it; what is wrong is not in the layer.
pub(crate) type Checked = (Layer, Vec<Violation>);

impl Layer {
    /// From environment variables, one layer for each that is known. One that is set but empty is taken as not set.
    pub(crate) fn from_environment(variables: &[(String, String)]) -> Vec<Checked> {
        let known = variables.iter().filter(|(name, value)| name == RESULTS_DIR_VARIABLE && !value.is_empty());
        let layer = |(name, value): &(String, String)| {
            let mut sorter = Sorter::new(Origin::Environment(name.clone()));
            sorter.sort("io.results_dir", &Value::from(value.as_str()));
            sorter.finish(None)
        };
        known.map(layer).collect()
    }

    /// From a preset of experiments.
    pub(crate) fn from_preset(preset: &Preset) -> Checked {
        let mut sorter = Sorter::new(Origin::Preset(preset.name.to_owned()));
        for &(path, value) in preset.settings {
            sorter.sort(path, &value.into());
        }
        sorter.finish(None)
    }

    /// From a file.
    pub(crate) fn from_document(document: &Document) -> Checked {
        let mut sorter = Sorter::new(Origin::File(document.path.clone()));
        sorter.section("", &document.values);
        sorter.finish(Some(document))
    }

    /// From a flag.
    pub(crate) fn from_override(one: &Override) -> Checked {
        let mut sorter = Sorter::new(Origin::CommandLine(one.flag.clone()));
        sorter.sort(&one.path, &one.value);
        sorter.finish(None)
    }

    /// From a decoder preset.
    pub(crate) fn from_decoder_preset(preset: Choice<DecoderPreset>) -> Self {
        let mut layer = Self { origin: Origin::Preset(preset.name().to_owned()), values: Dict::new() };
        for (path, value) in decoder_values(preset.0) {
            insert(&mut layer.values, path, value);
        }
        layer
    }

    /// Where its values came from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The settings by section.
    pub(crate) fn values(&self) -> &Dict {
        &self.values
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.origin.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Sorts a document into settings and mistakes.
struct Sorter {
    layer: Layer,
    violations: Vec<Violation>,
}

impl Sorter {
    fn new(origin: Origin) -> Self {
        Self { layer: Layer { origin, values: Dict::new() }, violations: Vec::new() }
    }

    fn section(&mut self, section: &str, values: &Object<String, Value>) {
        for (name, value) in values {
            let path = tree::join(section, name);
            if name.contains('.') {
                let hint = format!("write it as a section: `{}` with the rest of the name inside", name.split('.').next().unwrap_or(name));
                self.wrong(RuleCode::UnknownKey, &path, "a name cannot hold a dot".to_owned(), Some(hint));
            } else {
                self.sort(&path, value);
            }
        }
    }

    fn sort(&mut self, path: &str, value: &Value) {
        if let Some(checked) = check::leaf(path, value) {
            match checked {
                Ok(kept) => insert(&mut self.layer.values, path, kept),
                Err(fault) => self.wrong(fault.code, path, fault.message, fault.hint),
            }
        } else if !path.is_empty() && tree::is_section(path) {
            match value {
                Value::Object(values) => self.section(path, values),
                // A section whose lines are all commented out.
                Value::Null => {}
                other => {
                    let message = format!("expected a section, found {}", check::describe(other));
                    self.wrong(RuleCode::WrongType, path, message, Some(format!("it holds: {}", tree::names_in(path).join(", "))));
                }
            }
        } else {
            self.wrong(RuleCode::UnknownKey, path, "there is no such setting".to_owned(), unknown_key_hint(path));
        }
    }

    fn wrong(&mut self, code: RuleCode, path: &str, message: String, hint: Option<String>) {
        self.violations.push(Violation { code, path: path.to_owned(), origin: self.layer.origin.clone(), position: None, message, hint });
    }

    fn finish(mut self, document: Option<&Document>) -> Checked {
        if let Some(document) = document {
            for violation in self.violations.iter_mut().take(MAX_POSITIONS) {
                violation.position = document.position(&violation.path);
            }
            // In the order of the file, however the maps on the way sorted it; what has no position comes last.
            self.violations.sort_by_key(|violation| (violation.position.is_none(), violation.position));
        }
        (self.layer, self.violations)
    }
}

/// Puts a value at a dotted path, making the sections on the way.
fn insert(values: &mut Dict, path: &str, value: Kept) {
    match path.split_once('.') {
        None => drop(values.insert(path.to_owned(), value)),
        Some((section, rest)) => {
            let inner = values.entry(section.to_owned()).or_insert_with(|| Kept::from(Dict::new()));
            // A setting and a section never have the same name.
            if let Kept::Dict(_, inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// What a renamed setting is called now, else the nearest name in the section, else the nearest anywhere, else what
/// the section holds.
fn unknown_key_hint(path: &str) -> Option<String> {
    if let Some(hint) = former::hint(path) {
        return Some(hint.to_owned());
    }
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    if !tree::is_section(section) {
        return suggest::nearest(path, tree::below("")).map(did_you_mean);
    }
    if let Some(near) = suggest::nearest(name, tree::names_in(section)) {
        return Some(did_you_mean(&tree::join(section, near)));
    }
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    if let Some(near) = suggest::nearest(name, tree::below("").map(last)) {
        return tree::below("").find(|path| last(path) == near).map(did_you_mean);
    }
    let holder = if section.is_empty() { "the top level".to_owned() } else { format!("`{section}`") };
    Some(format!("{holder} holds: {}", tree::names_in(section).join(", ")))
}

fn did_you_mean(path: &str) -> String {
    format!("did you mean `{path}`?")
}
