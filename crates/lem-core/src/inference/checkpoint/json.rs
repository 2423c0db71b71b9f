//! A `config.json`.

use super::CheckpointError;
use serde_json::{Map, Value};
use std::path::Path;

/// Upper bound of every dimension. The largest published decoders have widths of some ten thousand and vocabularies of
/// some hundred thousand; anything near the bound is damage.
const MAX_DIMENSION: u64 = 1 << 20;
/// Longer than any configuration; tokenizers are files of their own.
const MAX_BYTES: u64 = 1 << 20;

/// Keys of a model's configuration; errors name the key.
#[derive(Clone, Debug)]
pub(crate) struct Config(Map<String, Value>);

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no JSON object, or is far too long for a configuration.
    pub(crate) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let unreadable = |source| CheckpointError::Read { path: path.to_owned(), source };
        let damaged = |problem: String| CheckpointError::Damaged { path: path.to_owned(), problem };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
            return Err(damaged(format!("it is longer than {MAX_BYTES} bytes")));
        }
        let text = std::fs::read(path).map_err(unreadable)?;
        let keys: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        Ok(Self::flattened(keys))
    }

    /// Models that also see images keep the decoder's keys in a section.
    fn flattened(mut keys: Map<String, Value>) -> Self {
        if let Some(Value::Object(text)) = keys.remove("text_config") {
            for (key, value) in text {
                keys.insert(key, value);
            }
        }
        Self(keys)
    }

    /// Whether it holds something other than null, false or an empty list or section.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| match value {
            Value::Bool(switch) => *switch,
            Value::Array(list) => !list.is_empty(),
            Value::Object(section) => !section.is_empty(),
            _ => true,
        })
    }

    /// All keys with their values.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A section.
    ///
    /// # Errors
    /// When it is no object.
    pub(crate) fn section(&self, key: &str) -> Result<Option<Self>, CheckpointError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Object(keys)) => Ok(Some(Self(keys.clone()))),
            Some(_) => Err(CheckpointError::metadata(key, "is no object")),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, CheckpointError> {
        self.value(key).map(|value| value.as_str().ok_or_else(|| CheckpointError::metadata(key, "is no text"))).transpose()
    }

    /// A whole number in 1..=2²⁰.
    ///
    /// # Errors
    /// When it is of another type or outside.
    pub(crate) fn optional_size(&self, key: &str) -> Result<Option<usize>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (1..=MAX_DIMENSION).contains(number));
        let number = number.ok_or_else(|| CheckpointError::metadata(key, format!("is {value}, no whole number in 1..={MAX_DIMENSION}")))?;
        Ok(Some(usize::try_from(number).expect("at most 2^20")))
    }

    /// As [`Self::optional_size`], and it must be there.
    ///
    /// # Errors
    /// When it is missing too.
    pub(crate) fn size(&self, key: &str) -> Result<usize, CheckpointError> {
        self.optional_size(key)?.ok_or_else(|| CheckpointError::metadata(key, "is missing"))
    }

    /// The first of several names that a size goes by.
    ///
    /// # Errors
    /// When none is there, or the first that is is no size.
    pub(crate) fn size_of(&self, keys: &[&str]) -> Result<usize, CheckpointError> {
        let found = keys.iter().find(|key| self.value(key).is_some()).unwrap_or(&keys[0]);
        self.size(found)
    }

    /// A finite number.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn optional_real(&self, key: &str) -> Result<Option<f64>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.as_f64().filter(|number| number.is_finite()).map(Some).ok_or_else(|| CheckpointError::metadata(key, "is no number"))
    }

    /// A number, or what counts where it is missing.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn real_or(&self, key: &str, default: f64) -> Result<f64, CheckpointError> {
        Ok(self.optional_real(key)?.unwrap_or(default))
    }

    /// A positive number that must be there.
    ///
    /// # Errors
    /// When it is missing, of another type or not positive.
    pub(crate) fn positive(&self, key: &str) -> Result<f64, CheckpointError> {
        let number = self.optional_real(key)?.ok_or_else(|| CheckpointError::metadata(key, "is missing"))?;
        if number > 0.0 { Ok(number) } else { Err(CheckpointError::metadata(key, format!("is {number}, not positive"))) }
    }

    /// A switch, or what counts where it is missing.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn switch_or(&self, key: &str, default: bool) -> Result<bool, CheckpointError> {
        self.value(key).map_or(Ok(default), |value| value.as_bool().ok_or_else(|| CheckpointError::metadata(key, "is no switch")))
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn reals(&self, key: &str) -> Result<Option<Vec<f64>>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let numbers = value.as_array().and_then(|list| list.iter().map(|item| item.as_f64().filter(|item| item.is_finite())).collect());
        numbers.map(Some).ok_or_else(|| CheckpointError::metadata(key, "is no list of numbers"))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>, CheckpointError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        texts.map(Some).ok_or_else(|| CheckpointError::metadata(key, "is no list of texts"))
    }

    /// One number or a list of them: what `eos_token_id` can be.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn tokens(&self, key: &str) -> Result<Vec<u32>, CheckpointError> {
        let wrong = || CheckpointError::metadata(key, "is no token");
        let token = |value: &Value| value.as_u64().and_then(|token| u32::try_from(token).ok()).ok_or_else(wrong);
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(token).collect(),
            Some(value) => Ok(vec![token(value)?]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::architecture::{NormKind, Residual, read};

    fn config(text: &str) -> Config {
        Config::flattened(serde_json::from_str(text).expect("an object"))
    }

    /// Llama 3.2 1B as its publisher's repository has it: the keys before transformers 5.
    const LLAMA_3: &str = r#"{
        "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "max_position_embeddings": 131072, "hidden_act": "silu",
        "rms_norm_eps": 1e-05, "rope_theta": 500000.0, "tie_word_embeddings": true, "attention_bias": false, "torch_dtype": "bfloat16",
        "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
            "rope_type": "llama3"},
        "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009]
    }"#;

    #[test]
    fn keys_of_older_files_mean_the_same() {
        let config = config(LLAMA_3);
        let (architecture, _) = read::config(&config).unwrap();
        assert_eq!((architecture.layers.len(), architecture.layers[0].residual), (16, Residual::PreNorm));
        assert_eq!(architecture.norm.kind, NormKind::Rms);
        // The fastest frequency is kept, the slowest is divided by 32; 500000^(−62/64) = 3.0139·10⁻⁶.
        let frequencies = &architecture.rotary[0].frequencies;
        assert!((frequencies[0] - 1.0).abs() < 1e-12 && (frequencies[31] * 32.0 / 3.0139e-6 - 1.0).abs() < 1e-4, "{frequencies:?}");
        assert_eq!(config.tokens("eos_token_id").unwrap(), [128_001, 128_008, 128_009]);
    }

    #[test]
    fn a_decoder_inside_a_model_of_images_is_found() {
        let text = LLAMA_3.replacen('{', r#"{"text_config": {"#, 1) + ", \"model_type\": \"mllama\"}";
        let (architecture, _) = read::config(&config(&text)).unwrap();
        assert_eq!(architecture.family, "llama");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, value, expected) in [
            ("model_type", "\"mamba\"", "architecture is `mamba`"),
            ("hidden_size", "0", "`hidden_size` of the model is 0"),
            ("hidden_size", "\"wide\"", "`hidden_size`"),
            ("num_hidden_layers", "1048576", "more than any model"),
            ("vocab_size", "99999999999999999999", "`vocab_size`"),
            ("num_key_value_heads", "5", "does not divide 32 heads"),
            ("hidden_act", "\"sparsemax\"", "activation function `sparsemax`"),
            ("rope_scaling", r#"{"rope_type": "dynamic", "factor": 2.0}"#, "rotary scaling `dynamic`"),
            ("rope_scaling", "[]", "`rope_scaling` of the model is no object"),
            ("quantization_config", r#"{"quant_method": "gptq"}"#, "quantised by another tool"),
        ] {
            let mut changed = config(LLAMA_3);
            changed.0.insert(key.to_owned(), serde_json::from_str(value).unwrap());
            let error = read::config(&changed).unwrap_err().to_string();
            assert!(error.contains(expected), "{key} = {value}: {error}");
        }
    }
}
