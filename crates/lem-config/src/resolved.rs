//! What will run, with where each value came from.

use crate::origin::Origin;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::tree;
use lem_domain::Finding;
use lem_domain::backend::FIELDS;
use lem_domain::spec::ExperimentSpec;
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

    /// Every setting in the user's form, quantities with their units.
    #[must_use]
    pub fn document(&self) -> Value {
        self.settings.document()
    }

    /// Origin of every setting, by its dotted path.
    #[must_use]
    pub fn origins(&self) -> BTreeMap<&'static str, Origin> {
        FIELDS.iter().map(|field| (field.path, self.stack.origin(field.path))).collect()
    }

    /// Every setting as YAML, in the order of the documentation. Read back, it resolves to the same experiment.
    ///
    /// # Errors
    /// When the YAML writer fails.
    pub fn to_yaml(&self) -> Result<String, serde_saphyr::SerializeError> {
        serde_saphyr::to_string(&self.settings)
    }

    /// Value and origin of every setting: path → `{value, origin, detail}`, where `origin` is [`Origin::kind`] and
    /// `detail` [`Origin::detail`].
    #[must_use]
    pub fn provenance_json(&self) -> Value {
        let document = self.document();
        let entry = |(path, origin): (&'static str, Origin)| {
            let value = tree::get(&document, path);
            (path.to_owned(), json!({ "value": value, "origin": origin.kind(), "detail": origin.detail() }))
        };
        Value::Object(self.origins().into_iter().map(entry).collect())
    }

    /// What is run, as JSON that is the same for the same experiment: keys sorted, no white space.
    ///
    /// `config_name` and `io` are left out, since a name and a folder change nothing that is run. Its digest
    /// identifies the experiment.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut document = self.document();
        if let Value::Object(settings) = &mut document {
            settings.remove("config_name");
            settings.remove("io");
        }
        sorted(document).to_string()
    }
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
