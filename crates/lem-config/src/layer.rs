//! One layer of a configuration: settings by path, each with its value and origin.

use crate::document::Document;
use crate::origin::Origin;
use crate::preset::Preset;
use crate::request::Override;
use crate::violation::{RuleCode, Violation};
use crate::{check, former, suggest, tree};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The variable that names the results folder.
const RESULTS_DIR_VARIABLE: &str = "LEM_RESULTS_DIR";

/// Each position costs a pass over the file, and nobody corrects more mistakes at a time.
const MAX_POSITIONS: usize = 20;

/// A setting as one layer gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Settings of one layer, by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layer(BTreeMap<&'static str, Leaf>);

/// A layer with what is wrong with it; what is wrong is not in the layer.
pub(crate) type Checked = (Layer, Vec<Violation>);

impl Layer {
    /// From environment variables. A variable that is set but empty is taken as not set.
    pub(crate) fn from_environment(variables: &[(String, String)]) -> Checked {
        let mut sorter = Sorter::default();
        for (name, value) in variables {
            if name == RESULTS_DIR_VARIABLE && !value.is_empty() {
                sorter.sort("io.results_dir", &Value::from(value.as_str()), &Origin::Environment(name.clone()));
            }
        }
        sorter.finish(None)
    }

    /// From a preset of experiments.
    pub(crate) fn from_preset(preset: &Preset) -> Checked {
        let mut sorter = Sorter::default();
        sorter.section("", &preset.values(), &Origin::Preset(preset.name.to_owned()));
        sorter.finish(None)
    }

    /// From a file.
    pub(crate) fn from_document(document: &Document) -> Checked {
        let mut sorter = Sorter::default();
        sorter.section("", &document.values, &Origin::File(document.path.clone()));
        sorter.finish(Some(document))
    }

    /// From flags, the later one winning.
    pub(crate) fn from_overrides(overrides: &[Override]) -> Checked {
        let mut sorter = Sorter::default();
        for one in overrides {
            sorter.sort(&one.path, &one.value, &Origin::CommandLine(one.flag.clone()));
        }
        sorter.finish(None)
    }

    /// A layer of settings that need no check.
    pub(crate) fn of(leaves: impl IntoIterator<Item = (&'static str, Value)>, origin: &Origin) -> Self {
        Self(leaves.into_iter().map(|(path, value)| (path, Leaf { value, origin: origin.clone() })).collect())
    }

    /// The setting of this path, when the layer has it.
    pub(crate) fn get(&self, path: &str) -> Option<&Leaf> {
        self.0.get(path)
    }

    /// Takes a setting out.
    pub(crate) fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// The settings as a document.
    pub(crate) fn document(&self) -> Value {
        let mut values = Map::new();
        for (path, leaf) in &self.0 {
            tree::insert(&mut values, path, leaf.value.clone());
        }
        Value::Object(values)
    }
}

/// Sorts a document into settings and mistakes.
#[derive(Default)]
struct Sorter {
    layer: Layer,
    violations: Vec<Violation>,
}

impl Sorter {
    fn section(&mut self, section: &str, values: &Map<String, Value>, origin: &Origin) {
        for (name, value) in values {
            let path = tree::join(section, name);
            if name.contains('.') {
                let hint = format!("write it as a section: `{}` with the rest of the name inside", name.split('.').next().unwrap_or(name));
                self.wrong(RuleCode::UnknownKey, &path, origin, "a name cannot hold a dot".to_owned(), Some(hint));
            } else {
                self.sort(&path, value, origin);
            }
        }
    }

    fn sort(&mut self, path: &str, value: &Value, origin: &Origin) {
        if let Some(path) = tree::setting(path) {
            match check::leaf(path, value) {
                Ok(()) => {
                    self.layer.0.insert(path, Leaf { value: value.clone(), origin: origin.clone() });
                }
                Err(fault) => self.wrong(fault.code, path, origin, fault.message, fault.hint),
            }
        } else if !path.is_empty() && tree::is_section(path) {
            match value {
                Value::Object(values) => self.section(path, values, origin),
                // A section whose lines are all commented out.
                Value::Null => {}
                other => {
                    let message = format!("expected a section, found {}", check::describe(other));
                    self.wrong(RuleCode::WrongType, path, origin, message, Some(format!("it holds: {}", tree::names_in(path).join(", "))));
                }
            }
        } else {
            self.wrong(RuleCode::UnknownKey, path, origin, "there is no such setting".to_owned(), unknown_key_hint(path));
        }
    }

    fn wrong(&mut self, code: RuleCode, path: &str, origin: &Origin, message: String, hint: Option<String>) {
        self.violations.push(Violation { code, path: path.to_owned(), origin: origin.clone(), position: None, message, hint });
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
