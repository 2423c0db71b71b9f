//! The layers on top of each other: which value wins, and where it came from.

use crate::document::{Document, Position, read_chain};
use crate::error::ConfigError;
use crate::layer::{Checked, Layer};
use crate::origin::Origin;
use crate::preset::{self, Preset};
use crate::request::{Override, Request};
use crate::section::Section;
use crate::sections::Settings;
use crate::value::{Choice, DecoderPreset};
use crate::violation::{RuleCode, Violation};
use crate::{suggest, tree};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};
use lem_domain::Finding;
use lem_domain::backend::{FIELDS, Field};
use std::sync::Arc;

/// Layers, merged. The built-in values lie below all of them.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// Remembers which layer a value came from.
    figment: Figment,
    /// What somebody wrote, by section.
    written: Dict,
    /// The values of the chosen decoder preset, which lie below everything that is written.
    decoder: Option<Layer>,
    /// The files, in which positions are looked up.
    documents: Arc<[Document]>,
    /// What must be known of the layers.
    findings: Vec<Finding>,
}

impl Stack {
    /// Reads every layer of a request; what is wrong with any of them is told at once.
    pub(crate) fn read(request: &Request) -> Result<Self, ConfigError> {
        let mut documents: Vec<_> = request.user_file.as_deref().map(Document::read).transpose()?.into_iter().collect();
        let below = documents.len();
        if let Some(file) = &request.file {
            documents.extend(read_chain(file)?);
        }
        let preset = request.preset.as_deref().map(find_preset).transpose()?;
        let (user_file, files) = documents.split_at(below);
        let mut checked: Vec<_> = user_file.iter().map(Layer::from_user_file).collect();
        checked.extend(Layer::from_environment(&request.environment));
        checked.extend(preset.map(Layer::from_preset));
        checked.extend(files.iter().map(Layer::from_document));
        checked.extend(request.overrides.iter().map(Layer::from_override));
        let empty = Self {
            figment: Figment::new(),
            written: Dict::new(),
            decoder: None,
            documents: documents.into(),
            findings: request.findings.clone(),
        };
        empty.topped(checked)
    }

    /// The same with more flags above everything that is there.
    pub(crate) fn with(&self, overrides: &[Override]) -> Result<Self, ConfigError> {
        self.clone().topped(overrides.iter().map(Layer::from_override).collect())
    }

    /// The same with more layers above it.
    fn topped(mut self, checked: Vec<Checked>) -> Result<Self, ConfigError> {
        let mut violations = Vec::new();
        for one in checked {
            violations.extend(one.violations);
            self.findings.extend(one.findings);
            self.figment = self.figment.merge(one.layer);
        }
        if !violations.is_empty() {
            return Err(ConfigError::Invalid { violations });
        }
        let mut profiles = self.figment.data().expect("layers are there when they are merged");
        self.written = profiles.remove(&Profile::Default).unwrap_or_default();
        self.decoder = decoder_layer(&self.written);
        Ok(self)
    }

    /// What must be known of the layers.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The setting as the topmost layer that has it gives it; `None` when nobody wrote it.
    pub(crate) fn top(&self, path: &str) -> Option<&Value> {
        find(&self.written, path)
    }

    /// Where a value of [`Self::top`] came from.
    pub(crate) fn origin_of(&self, value: &Value) -> Origin {
        self.figment.get_metadata(value.tag()).map_or(Origin::Default, Origin::of)
    }

    /// Whether somebody wrote something in a section of the top level.
    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.written.get(name).and_then(Value::as_dict).is_some_and(|section| !section.is_empty())
    }

    /// Takes a setting out of every layer.
    pub(crate) fn remove(&mut self, path: &str) {
        remove(&mut self.written, path);
    }

    /// Where the value of a setting came from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        match self.top(path) {
            Some(value) => self.origin_of(value),
            None => {
                let decoder = self.decoder.as_ref().filter(|layer| find(layer.values(), path).is_some());
                decoder.map_or(Origin::Default, |layer| layer.origin().clone())
            }
        }
    }

    /// What somebody wrote, by section.
    pub(crate) fn values(&self) -> &Dict {
        &self.written
    }

    /// What somebody wrote, in the order of the documentation.
    pub(crate) fn written(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let mut positions = Vec::new();
        collect(&self.written, "", &mut positions);
        positions.sort_unstable();
        positions.into_iter().map(|position| &FIELDS[position])
    }

    /// Where the key of a setting stands, when its value came from a file.
    pub(crate) fn position(&self, path: &str) -> Option<Position> {
        let origin = self.origin(path);
        let file = origin.file()?;
        self.documents.iter().find(|document| document.path == file)?.position(path)
    }

    /// What is wrong with a setting, with its origin and position.
    pub(crate) fn violation(&self, code: RuleCode, path: &str, message: impl Into<String>, hint: impl Into<String>) -> Violation {
        Violation {
            code,
            path: path.to_owned(),
            origin: self.origin(path),
            position: self.position(path),
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// What the layers mean together.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.base_settings();
        settings.take(&self.written);
        settings
    }

    /// What holds before any layer has its say: built-in values and, above them, those of the decoder preset.
    pub(crate) fn base_settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(layer) = &self.decoder {
            settings.take(layer.values());
        }
        settings
    }
}

fn decoder_layer(written: &Dict) -> Option<Layer> {
    let preset = Choice::<DecoderPreset>::parse(find(written, "decoder.preset")?.as_str()?)?;
    Some(Layer::from_decoder_preset(preset))
}

fn find<'a>(values: &'a Dict, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => values.get(path),
        Some((section, rest)) => find(values.get(section)?.as_dict()?, rest),
    }
}

fn remove(values: &mut Dict, path: &str) {
    match path.split_once('.') {
        None => drop(values.remove(path)),
        Some((section, rest)) => {
            if let Some(Value::Dict(_, inner)) = values.get_mut(section) {
                remove(inner, rest);
            }
        }
    }
}

fn collect(values: &Dict, section: &str, positions: &mut Vec<usize>) {
    for (name, value) in values {
        let path = tree::join(section, name);
        match (tree::position(&path), value) {
            (Some(position), _) => positions.push(position),
            (None, Value::Dict(_, inner)) => collect(inner, &path, positions),
            (None, _) => unreachable!("what is no setting was refused when its layer was read"),
        }
    }
}

fn find_preset(name: &str) -> Result<&'static Preset, ConfigError> {
    Preset::find(name).ok_or_else(|| ConfigError::UnknownPreset { name: name.to_owned(), nearest: suggest::nearest(name, preset::names()) })
}
