//! Metadata of a GGUF file, by key.
//!
//! Keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use crate::inference::checkpoint::CheckpointError;
use candle_core::quantized::gguf_file::Value;
use std::collections::HashMap;

/// Upper bound of every dimension; see that of [`crate::inference::checkpoint::Config`].
const MAX_DIMENSION: u32 = 1 << 20;

/// Metadata by key; errors name the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata<'a>(pub(super) &'a HashMap<String, Value>);

type Result<T> = std::result::Result<T, CheckpointError>;

impl<'a> Metadata<'a> {
    /// A text.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn text(self, key: &str) -> Result<Option<&'a str>> {
        let text = self.0.get(key).map(|value| value.to_string().map_err(|_| CheckpointError::metadata(key, "is no text")));
        Ok(text.transpose()?.map(String::as_str))
    }

    /// A whole number; writers disagree on its width and sign.
    ///
    /// # Errors
    /// When it is of another type, or has more than 32 bits.
    pub(crate) fn count(self, key: &str) -> Result<Option<u32>> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        whole(value).map(Some).ok_or_else(|| CheckpointError::metadata(key, "is no whole number of 32 bits"))
    }

    /// A whole number in 1..=2²⁰. Some writers give a number per layer: then all must be the same.
    ///
    /// # Errors
    /// When it is of another type or outside.
    pub(crate) fn optional_size(self, key: &str) -> Result<Option<usize>> {
        let number = match self.0.get(key) {
            Some(Value::Array(list)) => {
                let mut numbers = list.iter().map(whole);
                let first = numbers.next().flatten();
                if numbers.any(|number| number != first) {
                    return Err(CheckpointError::unsupported(format!("another `{key}` in each layer")));
                }
                Some(first.ok_or_else(|| CheckpointError::metadata(key, "is no list of whole numbers"))?)
            }
            _ => self.count(key)?,
        };
        match number {
            Some(number) if number == 0 || number > MAX_DIMENSION => {
                Err(CheckpointError::metadata(key, format!("is {number}, outside 1..={MAX_DIMENSION}")))
            }
            number => Ok(number.map(|number| usize::try_from(number).expect("at most 2^20"))),
        }
    }

    /// As [`Self::optional_size`], and it must be there.
    ///
    /// # Errors
    /// When it is missing too.
    pub(crate) fn size(self, key: &str) -> Result<usize> {
        self.optional_size(key)?.ok_or_else(|| CheckpointError::metadata(key, "is missing"))
    }

    /// A switch.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn switch(self, key: &str) -> Result<Option<bool>> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(*on)),
            Some(_) => Err(CheckpointError::metadata(key, "is no switch")),
        }
    }

    /// A positive number.
    ///
    /// # Errors
    /// When it is of another type or not positive.
    pub(crate) fn real(self, key: &str) -> Result<Option<f64>> {
        let number = match self.0.get(key) {
            None => return Ok(None),
            Some(Value::F32(number)) => f64::from(*number),
            Some(Value::F64(number)) => *number,
            Some(_) => return Err(CheckpointError::metadata(key, "is no number with a fraction")),
        };
        if number.is_finite() && number > 0.0 {
            Ok(Some(number))
        } else {
            Err(CheckpointError::metadata(key, format!("is {number}, not positive")))
        }
    }

    /// A positive number that must be there.
    ///
    /// # Errors
    /// When it is missing, of another type or not positive.
    pub(crate) fn positive(self, key: &str) -> Result<f64> {
        self.real(key)?.ok_or_else(|| CheckpointError::metadata(key, "is missing"))
    }
}

fn whole(value: &Value) -> Option<u32> {
    match *value {
        Value::U8(number) => Some(u32::from(number)),
        Value::U16(number) => Some(u32::from(number)),
        Value::U32(number) => Some(number),
        Value::U64(number) => u32::try_from(number).ok(),
        Value::I32(number) => u32::try_from(number).ok(),
        Value::I64(number) => u32::try_from(number).ok(),
        _ => None,
    }
}
