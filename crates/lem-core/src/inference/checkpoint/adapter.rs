//! LoRA adapters: products of two narrow matrices, which are added to matrices of a model while it is loaded.
//!
//! Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", equation 3. Files are those of PEFT:
//! <https://huggingface.co/docs/peft/developer_guides/checkpoint>.

mod config;
mod merge;

use super::{Checkpoint, CheckpointError, Safetensors, floats};
use crate::model::AdapterFiles;
use config::AdapterConfig;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use merge::Update;

/// What PEFT puts in front of the names of a model's parts.
const PREFIX: &str = "base_model.model.";

/// An adapter's files, read but for the numbers.
#[derive(Debug)]
pub(crate) struct Adapter {
    config: AdapterConfig,
    tensors: Safetensors,
    /// By the name of the part of the model.
    factors: BTreeMap<String, Factors>,
    merged: RefCell<BTreeSet<String>>,
}

/// Names of the tensors of a product.
#[derive(Debug, Default)]
struct Factors {
    /// `[rank, inputs]`.
    first: Option<String>,
    /// `[outputs, rank]`.
    second: Option<String>,
}

impl Adapter {
    /// Reads the configuration and which tensors there are.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the adapter does more than to add products to matrices.
    pub(crate) fn open(files: &AdapterFiles) -> Result<Self, CheckpointError> {
        let config = AdapterConfig::open(&files.config)?;
        let tensors = Safetensors::open(std::slice::from_ref(&files.weights))?;
        let mut factors: BTreeMap<String, Factors> = BTreeMap::new();
        for name in tensors.names() {
            let (part, factor) = split(name).ok_or_else(|| {
                CheckpointError::adapter(format!("tensor `{name}`"), "is neither factor of a low-rank product of a matrix")
            })?;
            let factors = factors.entry(part.to_owned()).or_default();
            *(if factor == Factor::First { &mut factors.first } else { &mut factors.second }) = Some(name.to_owned());
        }
        Ok(Self { config, tensors, factors, merged: RefCell::default() })
    }

    /// What is to be added to the matrix of a part of the model, which goes by one of these names; `None` for nothing.
    ///
    /// # Errors
    /// When a factor is missing, or their shapes do not fit the matrix or the configuration.
    pub(crate) fn update(&self, names: [&str; 2], rows: usize, columns: usize) -> Result<Option<Update>, CheckpointError> {
        let Some((part, factors)) = names.iter().find_map(|name| self.factors.get_key_value(*name)) else { return Ok(None) };
        let rank = self.config.rank(part)?;
        let read = |name: &Option<String>, which: &str, shape: [usize; 2]| {
            let missing = || CheckpointError::adapter(format!("`{part}`"), format!("has no {which}"));
            let name = name.as_deref().ok_or_else(missing)?;
            let tensor = self.tensors.get(name).ok_or_else(missing)?;
            if tensor.shape != shape {
                let problem = format!(
                    "has shape {:?} instead of {shape:?}: the model's matrix is of {rows} by {columns}, the configuration says rank {rank}",
                    tensor.shape
                );
                return Err(CheckpointError::adapter(format!("tensor `{name}`"), problem));
            }
            Ok(floats(tensor.format, tensor.bytes))
        };
        let first = read(&factors.first, "lora_A", [rank, columns])?;
        let second = read(&factors.second, "lora_B", [rows, rank])?;
        let scale = self.config.scale(part, rank)?;
        self.merged.borrow_mut().insert(part.clone());
        Ok(Some(Update { first, second, rank, scale }))
    }

    /// How many matrices were changed, once every matrix of the model was asked for.
    ///
    /// # Errors
    /// When a product found no matrix: another model would have been meant.
    pub(crate) fn finish(&self) -> Result<usize, CheckpointError> {
        let merged = self.merged.borrow();
        match self.factors.keys().find(|part| !merged.contains(*part)) {
            Some(part) => Err(CheckpointError::adapter(format!("target `{part}`"), "is no matrix of the model")),
            None => Ok(merged.len()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    First,
    Second,
}

/// The part of the model that a tensor belongs to, and which factor it is.
fn split(name: &str) -> Option<(&str, Factor)> {
    let name = name.strip_prefix(PREFIX)?;
    let with = |ending, factor| name.strip_suffix(ending).map(|part| (part, factor));
    with(".lora_A.weight", Factor::First).or_else(|| with(".lora_B.weight", Factor::Second))
}

#[cfg(test)]
mod tests;
