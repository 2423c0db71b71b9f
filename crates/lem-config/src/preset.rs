//! Presets of experiments: named layers that files and flags build on. None names a model.

mod decoder;

pub(crate) use decoder::decoder_values;

use PresetValue::{Number, Word};
use serde_json::Value;

/// A value of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetValue {
    /// A whole number.
    Number(u32),
    /// A word, or a quantity with its unit.
    Word(&'static str),
}

impl From<PresetValue> for Value {
    fn from(value: PresetValue) -> Self {
        match value {
            PresetValue::Number(number) => Self::from(number),
            PresetValue::Word(word) => Self::from(word),
        }
    }
}

/// A named set of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name for `--preset`.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Settings by dotted path.
    pub settings: &'static [(&'static str, PresetValue)],
}

const PRESETS: &[Preset] = &[
    Preset {
        name: "quick-test",
        description: "Does it work at all: 64 tokens in, 32 out, one at a time, always the most probable token; \
                      each idle state is watched for 1 s. \
                      Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(64)),
            ("max_output_tokens", Number(32)),
            ("batching.batch_size", Number(1)),
            ("decoder.preset", Word("deterministic")),
            ("energy.baseline.duration", Word("1s")),
        ],
    },
    Preset {
        name: "benchmark",
        description: "For figures to publish: 2048 tokens in, 512 out, one at a time, every prompt, always the most probable token; \
                      each idle state is watched for 10 s. Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(512)),
            ("prompts.sample_size", Word("all")),
            ("batching.batch_size", Number(1)),
            ("decoder.preset", Word("deterministic")),
            ("energy.baseline.duration", Word("10s")),
        ],
    },
    Preset {
        name: "throughput",
        description: "Tokens per second: 512 tokens in, 256 out, batches of up to 8 that may hold 8 full prompts (4096 tokens), \
                      always the most probable token. Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(512)),
            ("max_output_tokens", Number(256)),
            ("batching.batch_size", Number(8)),
            ("batching.strategy", Word("dynamic")),
            // A budget left out is one prompt's worth, which would close most batches long before they hold 8.
            ("batching.max_tokens_per_batch", Number(8 * 512)),
            ("decoder.preset", Word("deterministic")),
        ],
    },
];

/// Every preset.
#[must_use]
pub const fn presets() -> &'static [Preset] {
    PRESETS
}

/// Names of all presets.
pub(crate) fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

impl Preset {
    /// The preset of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_preset_names_a_model_or_a_place() {
        for preset in presets() {
            for (path, _) in preset.settings {
                assert!(!path.starts_with("model") && !path.starts_with("io.") && *path != "prompts.path", "{}: {path}", preset.name);
            }
        }
    }
}
