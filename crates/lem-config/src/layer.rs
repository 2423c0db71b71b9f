//! One layer of a configuration: checked settings of one origin, as figment takes them.

mod machine;
mod sorter;

use crate::document::Document;
use crate::origin::Origin;
use crate::preset::{Preset, decoder_values};
use crate::request::{Override, Variable};
use crate::value::{Choice, DecoderPreset};
use crate::violation::Violation;
use figment::value::{Dict, Map, Value as Kept};
use figment::{Metadata, Profile, Provider};
use lem_domain::Finding;
use serde_json::Value;
use sorter::Sorter;

/// The variable that names the results folder, and what it was called before, which it wins over.
const RESULTS_DIR_VARIABLES: [&str; 2] = ["LLM_ENERGY_RESULTS_DIR", "LEM_RESULTS_DIR"];

/// Settings of one origin.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    origin: Origin,
    values: Dict,
}

/// A layer with what is wrong with it, which is not in the layer, and what must be known of it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) layer: Layer,
    pub(crate) violations: Vec<Violation>,
    pub(crate) findings: Vec<Finding>,
}

impl Layer {
    /// From the user's own defaults for the machine.
    pub(crate) fn from_user_file(document: &Document) -> Checked {
        let mut sorter = Sorter::new(Origin::UserFile(document.path.clone()), Some(document));
        sorter.document(&document.values);
        sorter.finish()
    }

    /// From environment variables, one layer for each that is known. One that is set but empty is taken as not set.
    pub(crate) fn from_environment(variables: &[Variable]) -> Vec<Checked> {
        let of = |name: &'static str| variables.iter().filter(move |variable| variable.name == name && !variable.value.is_empty());
        let layer = |variable: &Variable| {
            let place = variable.file.as_ref().map_or_else(String::new, |file| format!(" of {}", file.display()));
            let mut sorter = Sorter::new(Origin::Environment(format!("{}{place}", variable.name)), None);
            sorter.sort("io.results_dir", &Value::from(variable.value.as_str()));
            sorter.finish()
        };
        RESULTS_DIR_VARIABLES.into_iter().flat_map(of).map(layer).collect()
    }

    /// From a preset of experiments.
    pub(crate) fn from_preset(preset: &Preset) -> Checked {
        let mut sorter = Sorter::new(Origin::Preset(preset.name.to_owned()), None);
        for &(path, value) in preset.settings {
            sorter.sort(path, &value.into());
        }
        sorter.finish()
    }

    /// From a file.
    pub(crate) fn from_document(document: &Document) -> Checked {
        let mut sorter = Sorter::new(Origin::File(document.path.clone()), Some(document));
        sorter.document(&document.values);
        sorter.finish()
    }

    /// From a flag.
    pub(crate) fn from_override(one: &Override) -> Checked {
        let mut sorter = Sorter::new(Origin::CommandLine(one.flag.clone()), None);
        sorter.flag(&one.path, &one.value);
        sorter.finish()
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
