//! What will run, with where each value came from.

use crate::origin::Origin;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::tree;
use lem_domain::Finding;
use lem_domain::backend::{FIELDS, Field};
use lem_domain::spec::ExperimentSpec;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A resolved configuration.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What will run.
    pub spec: ExperimentSpec,
    /// Folder that receives the results.
    pub results_dir: PathBuf,
    /// What a reader of the results must know about the configuration.
    pub findings: Vec<Finding>,
    settings: Settings,
    stack: Stack,
}

impl Resolved {
    pub(crate) fn new(spec: ExperimentSpec, settings: Settings, findings: Vec<Finding>, stack: Stack) -> Self {
        Self { spec, results_dir: PathBuf::from(&settings.io.results_dir), findings, settings, stack }
    }

    /// Every setting in the user's form, quantities with their units. Sections of other backends are left out where nobody
    /// wrote anything in them.
    #[must_use]
    pub fn document(&self) -> Value {
        document(&self.shown())
    }

    /// Every setting of [`Self::document`] as YAML, in the order of the documentation. Read back, it resolves to the same
    /// experiment.
    ///
    /// # Errors
    /// When the YAML writer fails.
    pub fn to_yaml(&self) -> Result<String, serde_saphyr::SerializeError> {
        serde_saphyr::to_string(&self.shown())
    }

    /// Where the value of every setting of [`Self::document`] came from, in the order of the documentation.
    #[must_use]
    pub fn provenance(&self) -> Vec<Provenance> {
        let document = self.document();
        let one = |field: &Field| {
            let (origin, line) = (self.stack.origin(field.path), self.stack.position(field.path).map(|position| position.line));
            Some(Provenance { path: field.path, value: tree::get(&document, field.path)?.clone(), origin, line })
        };
        FIELDS.iter().filter_map(one).collect()
    }

    /// Where the value of the setting at a path came from.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        self.stack.origin(path)
    }

    /// The provenance by path: `{value, origin, detail, line}`, where `origin` is [`Origin::kind`] and `detail`
    /// [`Origin::detail`].
    #[must_use]
    pub fn provenance_json(&self) -> Value {
        let entry = |Provenance { path, value, origin, line }: Provenance| {
            (path.to_owned(), json!({ "value": value, "origin": origin.kind(), "detail": origin.detail(), "line": line }))
        };
        Value::Object(self.provenance().into_iter().map(entry).collect())
    }

    /// What is run, as JSON that is the same for the same experiment: keys sorted, no white space.
    ///
    /// `config_name`, `extra_metadata` and `io` are left out, since names, notes and a folder change nothing that is run, and
    /// so are the sections of other backends. Its digest identifies the experiment.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut document = document(&self.settings.of_backend(|_| false));
        if let Value::Object(settings) = &mut document {
            for name in ["config_name", "extra_metadata", "io"] {
                settings.remove(name);
            }
        }
        sorted(document).to_string()
    }

    fn shown(&self) -> impl Serialize + '_ {
        self.settings.of_backend(|section| self.stack.has_section(section))
    }
}

/// A setting and where its value came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// Dotted path.
    pub path: &'static str,
    /// The value in the user's form.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// The line of the file that it came from.
    pub line: Option<usize>,
}

fn document(settings: &impl Serialize) -> Value {
    serde_json::to_value(settings).expect("settings hold numbers, words and texts only")
}

/// The same value with sorted keys, whether or not another crate made the map keep insertion order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let entries: BTreeMap<_, _> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}
