//! Checkpoints in safetensors files, one or several.
//!
//! Format: <https://huggingface.co/docs/safetensors>. The crate of the same name checks the header: its length, that no
//! tensor reaches beyond the file, and that no two overlap.

use super::mapped::MappedFile;
use super::{Checkpoint, CheckpointError, Format, Tensor};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Tensors of all files.
#[derive(Debug)]
pub(crate) struct Safetensors {
    files: Vec<MappedFile>,
    tensors: BTreeMap<String, Place>,
}

#[derive(Clone, Debug)]
struct Place {
    file: usize,
    format: Format,
    shape: Vec<usize>,
    bytes: std::ops::Range<usize>,
}

impl Safetensors {
    /// Maps the files and reads their headers.
    ///
    /// # Errors
    /// When one is missing or damaged, holds a type of numbers that is not supported, or a name comes twice.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, CheckpointError> {
        let mut files = Vec::with_capacity(paths.len());
        let mut tensors = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let mapped = MappedFile::open(path).map_err(|source| CheckpointError::Read { path: path.clone(), source })?;
            let damaged = |problem: String| CheckpointError::Damaged { path: path.clone(), problem };
            let header = SafeTensors::deserialize(mapped.bytes()).map_err(|error| damaged(error.to_string()))?;
            for (name, view) in header.iter() {
                // Buffers that older versions of transformers saved, and that are computed from the configuration.
                if name.ends_with(".rotary_emb.inv_freq")
                    || name.ends_with(".attn.bias")
                    || name.ends_with(".attn.masked_bias")
                    || name.ends_with(".attention.bias")
                    || name.ends_with(".attention.masked_bias")
                {
                    continue;
                }
                let format =
                    format(view.dtype()).ok_or_else(|| CheckpointError::unsupported(format!("{:?} weights (`{name}`)", view.dtype())))?;
                let start = view.data().as_ptr().addr() - mapped.bytes().as_ptr().addr();
                let place = Place { file: index, format, shape: view.shape().to_vec(), bytes: start..start + view.data().len() };
                if tensors.insert(name.to_owned(), place).is_some() {
                    return Err(damaged(format!("tensor `{name}` is in another file too")));
                }
            }
            files.push(mapped);
        }
        Ok(Self { files, tensors })
    }
}

impl Checkpoint for Safetensors {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.tensors.keys().map(String::as_str))
    }

    fn get(&self, name: &str) -> Option<Tensor<'_>> {
        let place = self.tensors.get(name)?;
        let file = &self.files[place.file];
        let bytes = &file.bytes()[place.bytes.clone()];
        Some(Tensor { format: place.format, shape: place.shape.clone(), bytes, file: Some(file) })
    }

    fn release(&self, name: &str) {
        if let Some(place) = self.tensors.get(name) {
            let file = &self.files[place.file];
            file.release(&file.bytes()[place.bytes.clone()]);
        }
    }
}

fn format(dtype: Dtype) -> Option<Format> {
    match dtype {
        Dtype::F32 => Some(Format::F32),
        Dtype::F16 => Some(Format::F16),
        Dtype::BF16 => Some(Format::Bf16),
        _ => None,
    }
}
