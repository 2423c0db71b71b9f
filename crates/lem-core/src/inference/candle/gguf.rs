//! A GGUF file that can be trusted: its structure is walked and its sizes are checked before candle reads it.
//!
//! candle takes some numbers of the header at their word: an alignment of 0 divides by zero, dimensions multiply
//! without a check, and a list of single bytes grows thirty-fold in memory. So [`GgufFile::open`] refuses such files
//! first, with the place.

mod header;

use super::EngineError;
use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

/// An open GGUF file whose header fits the file's length.
#[derive(Debug)]
pub(super) struct GgufFile {
    path: PathBuf,
    content: Content,
    reader: BufReader<File>,
}

impl GgufFile {
    /// Opens and checks a file. Tensors are not read yet.
    pub(super) fn open(path: &Path) -> Result<Self, EngineError> {
        let unreadable = |source| EngineError::Read { path: path.to_owned(), source };
        let damaged = |problem| EngineError::Damaged { path: path.to_owned(), problem };
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let mut reader = BufReader::new(file);
        header::check(&mut reader, length).map_err(damaged)?;
        reader.rewind().map_err(unreadable)?;
        let content = Content::read(&mut reader).map_err(|error| damaged(error.to_string()))?;
        check_extents(&content, length).map_err(damaged)?;
        Ok(Self { path: path.to_owned(), content, reader })
    }

    /// The metadata.
    pub(super) fn metadata(&self) -> &HashMap<String, Value> {
        &self.content.metadata
    }

    /// What the header says of the tensors, by name.
    pub(super) fn tensors(&self) -> &HashMap<String, TensorInfo> {
        &self.content.tensor_infos
    }

    /// Reads a tensor and dequantises it to f32; its shape must be `shape`, outermost dimension first.
    pub(super) fn tensor_f32(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, EngineError> {
        let wrong = |problem| EngineError::Tensor { name: name.to_owned(), problem };
        let info = self.content.tensor_infos.get(name).ok_or_else(|| wrong("is missing".to_owned()))?;
        if info.shape.dims() != shape {
            return Err(wrong(format!("has shape {:?} where the metadata ask for {shape:?}", info.shape.dims())));
        }
        let stored = self.content.tensor(&mut self.reader, name, &Device::Cpu).map_err(|error| wrong(error.to_string()))?;
        Ok(stored.dequantize(&Device::Cpu)?)
    }

    /// Number of stored parameters.
    pub(super) fn parameters(&self) -> u64 {
        let elements = self.tensors().values().map(|info| info.shape.elem_count());
        elements.map(|count| u64::try_from(count).expect("checked against the file's length, which fits 64 bits")).sum()
    }

    /// Types of the stored tensors with their number, most frequent first, such as `Q4_1 ×210, F32 ×61`.
    pub(super) fn weight_types(&self) -> String {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for info in self.tensors().values() {
            let name = type_name(info.ggml_dtype);
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        counts.sort_by(|(first_name, first), (second_name, second)| second.cmp(first).then_with(|| first_name.cmp(second_name)));
        counts.iter().map(|(name, count)| format!("{name} ×{count}")).collect::<Vec<_>>().join(", ")
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Name of a stored type as GGUF tools write it; those of the k-quants have an underscore that candle leaves out.
pub(super) fn type_name(stored: GgmlDType) -> String {
    let name = format!("{stored:?}");
    match name.strip_suffix('K') {
        Some(bits) => format!("{bits}_K"),
        None => name,
    }
}

/// Checks that every tensor lies inside the file and that together they are no larger than it, so that what they say
/// about their size can be allocated.
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
