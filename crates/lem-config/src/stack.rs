//! The layers on top of each other: which value wins, and where it came from.

use crate::document::{Document, Position};
use crate::error::ConfigError;
use crate::layer::{Layer, Leaf};
use crate::origin::Origin;
use crate::preset::{self, Preset};
use crate::request::Request;
use crate::settings::Settings;
use crate::suggest;
use crate::value::{Choice, DecoderPreset};
use crate::violation::{RuleCode, Violation};
use figment::Figment;
use figment::providers::Serialized;
use serde_json::{Value, json};

/// Layers, the lowest first. The built-in values lie below all of them.
#[derive(Debug)]
pub(crate) struct Stack {
    layers: Vec<Layer>,
    document: Option<Document>,
}

impl Stack {
    /// Reads every layer of a request; what is wrong with any of them is told at once.
    pub(crate) fn read(request: &Request) -> Result<Self, ConfigError> {
        let document = request.file.as_deref().map(Document::read).transpose()?;
        let preset = request.preset.as_deref().map(find_preset).transpose()?;
        let checked = [
            Some(Layer::from_environment(&request.environment)),
            preset.map(Layer::from_preset),
            document.as_ref().map(Layer::from_document),
            Some(Layer::from_overrides(&request.overrides)),
        ];
        let (layers, violations): (Vec<_>, Vec<_>) = checked.into_iter().flatten().unzip();
        let violations = violations.concat();
        if violations.is_empty() { Ok(Self { layers, document }) } else { Err(ConfigError::Invalid { violations }) }
    }

    /// The setting as the topmost layer that has it gives it; `None` when it is the built-in one.
    pub(crate) fn top(&self, path: &str) -> Option<&Leaf> {
        self.layers.iter().rev().find_map(|layer| layer.get(path))
    }

    /// Takes a setting out of every layer.
    pub(crate) fn remove(&mut self, path: &str) {
        for layer in &mut self.layers {
            layer.remove(path);
        }
    }

    /// Where the value of a setting came from.
    pub(crate) fn origin(&self, path: &str) -> Origin {
        let decoder = || self.decoder_layer()?.get(path).cloned();
        self.top(path).cloned().or_else(decoder).map_or(Origin::Default, |leaf| leaf.origin)
    }

    /// Where the key of a setting stands, when its value came from the file.
    fn position(&self, path: &str) -> Option<Position> {
        matches!(self.top(path)?.origin, Origin::File(_)).then(|| self.document.as_ref()?.position(path)).flatten()
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
        self.layers.iter().fold(self.base(), |figment, layer| figment.merge(Serialized::defaults(layer.document()))).settings()
    }

    /// What holds before any layer has its say: built-in values and, above them, those of the decoder preset.
    pub(crate) fn base_settings(&self) -> Settings {
        self.base().settings()
    }

    fn base(&self) -> Figment {
        let built_in = Figment::from(Serialized::defaults(Settings::default()));
        match self.decoder_layer() {
            Some(layer) => built_in.merge(Serialized::defaults(layer.document())),
            None => built_in,
        }
    }

    /// The values of the chosen decoder preset, which lie below everything that is written out.
    fn decoder_layer(&self) -> Option<Layer> {
        let name = self.top("decoder.preset")?.value.as_str()?;
        let preset = Choice::<DecoderPreset>::parse(name)?;
        Some(Layer::of(decoder_values(preset.0), &Origin::Preset(preset.name().to_owned())))
    }
}

/// Shorthand, so that the one reason why it cannot fail stands in one place.
trait ExtractSettings {
    fn settings(&self) -> Settings;
}

impl ExtractSettings for Figment {
    fn settings(&self) -> Settings {
        self.extract().expect("the built-in values hold every setting, and each layer's values were checked against their types")
    }
}

/// Values of the decoder presets.
fn decoder_values(preset: DecoderPreset) -> Vec<(&'static str, Value)> {
    match preset {
        DecoderPreset::Deterministic => vec![("decoder.temperature", json!(0.0)), ("decoder.do_sample", json!(false))],
        DecoderPreset::Standard => vec![
            ("decoder.temperature", json!(1.0)),
            ("decoder.do_sample", json!(true)),
            ("decoder.top_p", json!(0.95)),
            ("decoder.top_k", json!(50)),
        ],
        DecoderPreset::Creative => vec![
            ("decoder.temperature", json!(0.8)),
            ("decoder.do_sample", json!(true)),
            ("decoder.top_p", json!(0.9)),
            ("decoder.repetition_penalty", json!(1.1)),
        ],
        DecoderPreset::Factual => {
            vec![("decoder.temperature", json!(0.3)), ("decoder.do_sample", json!(true)), ("decoder.top_k", json!(10))]
        }
    }
}

fn find_preset(name: &str) -> Result<&'static Preset, ConfigError> {
    Preset::find(name).ok_or_else(|| ConfigError::UnknownPreset { name: name.to_owned(), nearest: suggest::nearest(name, preset::names()) })
}
