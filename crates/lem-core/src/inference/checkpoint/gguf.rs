//! Checkpoints in GGUF files: their structure is walked and their sizes are checked before candle reads them.
//!
//! candle takes some numbers of the header at their word: an alignment of 0 divides by zero, dimensions multiply
//! without a check, and a list of single bytes grows thirty-fold in memory. So [`Gguf::open`] refuses such files first,
//! with the place.

mod header;
mod metadata;

use super::mapped::MappedFile;
use super::{Checkpoint, CheckpointError, Format, Tensor};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;

pub(crate) use metadata::Metadata;

/// A GGUF file whose header fits the file's length.
#[derive(Debug)]
pub(crate) struct Gguf {
    content: Content,
    file: MappedFile,
}

impl Gguf {
    /// Maps and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or holds a type of numbers that is not supported.
    pub(crate) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = MappedFile::open(path).map_err(|source| CheckpointError::Read { path: path.to_owned(), source })?;
        let damaged = |problem| CheckpointError::Damaged { path: path.to_owned(), problem };
        let length = u64::try_from(file.bytes().len()).expect("a mapping fits 64 bits");
        header::check(Cursor::new(file.bytes()), length).map_err(|problem| match problem {
            header::Problem::Damage(problem) => damaged(problem),
            header::Problem::Type(name) => CheckpointError::unsupported(format!("{name} weights")),
        })?;
        let content = Content::read(&mut Cursor::new(file.bytes())).map_err(|error| damaged(error.to_string()))?;
        check_extents(&content, length).map_err(damaged)?;
        Ok(Self { content, file })
    }

    /// All metadata.
    pub(crate) fn values(&self) -> &HashMap<String, Value> {
        &self.content.metadata
    }

    /// Metadata by key.
    pub(crate) fn metadata(&self) -> Metadata<'_> {
        Metadata(&self.content.metadata)
    }

    fn info(&self, name: &str) -> Option<(&TensorInfo, Format)> {
        let info = self.content.tensor_infos.get(name)?;
        Some((info, format(info.ggml_dtype)?))
    }
}

impl Checkpoint for Gguf {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.content.tensor_infos.keys().map(String::as_str))
    }

    fn get(&self, name: &str) -> Option<Tensor<'_>> {
        let (info, format) = self.info(name)?;
        let size = usize::try_from(stored_size(info).ok()?).ok()?;
        let start = usize::try_from(self.content.tensor_data_offset.checked_add(info.offset)?).ok()?;
        let bytes = self.file.bytes().get(start..)?.get(..size)?;
        Some(Tensor { format, shape: info.shape.dims().to_vec(), bytes, file: Some(&self.file) })
    }

    fn release(&self, name: &str) {
        if let Some(tensor) = self.get(name) {
            self.file.release(tensor.bytes);
        }
    }
}

fn format(stored: GgmlDType) -> Option<Format> {
    Some(match stored {
        GgmlDType::F32 => Format::F32,
        GgmlDType::F16 => Format::F16,
        GgmlDType::BF16 => Format::Bf16,
        GgmlDType::Q4_0 => Format::Q4_0,
        GgmlDType::Q4_1 => Format::Q4_1,
        GgmlDType::Q5_0 => Format::Q5_0,
        GgmlDType::Q5_1 => Format::Q5_1,
        GgmlDType::Q8_0 => Format::Q8_0,
        GgmlDType::Q2K => Format::Q2K,
        GgmlDType::Q3K => Format::Q3K,
        GgmlDType::Q4K => Format::Q4K,
        GgmlDType::Q5K => Format::Q5K,
        GgmlDType::Q6K => Format::Q6K,
        // Types of activations, which no file stores weights in.
        GgmlDType::Q8_1 | GgmlDType::Q8K => return None,
    })
}

/// Checks that every tensor lies inside the file and that together they are no larger than it.
fn check_extents(content: &Content, length: u64) -> Result<(), String> {
    let available = length.saturating_sub(content.tensor_data_offset);
    let mut total = 0u64;
    for (name, info) in &content.tensor_infos {
        let size = stored_size(info).map_err(|problem| format!("tensor `{name}` {problem}"))?;
        let end = info.offset.checked_add(size).filter(|&end| end <= available);
        if end.is_none() {
            return Err(format!("tensor `{name}` reaches past the end: {size} bytes at offset {} of {available}", info.offset));
        }
        total = total.saturating_add(size);
    }
    if total > available { Err(format!("tensors overlap: {total} bytes in {available}")) } else { Ok(()) }
}

/// Bytes of a tensor in the file; its dimensions were checked not to overflow.
fn stored_size(info: &TensorInfo) -> Result<u64, &'static str> {
    let (block, bytes) = (info.ggml_dtype.block_size(), info.ggml_dtype.type_size());
    let row = info.shape.dims().last().copied().unwrap_or(1);
    if row % block != 0 {
        return Err("has rows that are no whole number of blocks");
    }
    let size = (info.shape.elem_count() / block).checked_mul(bytes).and_then(|size| u64::try_from(size).ok());
    size.ok_or("is larger than any file")
}
