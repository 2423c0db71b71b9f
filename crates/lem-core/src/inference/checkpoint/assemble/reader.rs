//! Tensors by the names that a family gives them, in the shapes that a description asks for.

use super::{Changes, Result};
use crate::inference::architecture::{Architecture, NormKind};
use crate::inference::checkpoint::{Checkpoint, CheckpointError, Choice, Format, Names, Role, Stored, Tensor};
use crate::inference::weights::NormWeights;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Reader<'a> {
    pub(super) architecture: &'a Architecture,
    pub(super) names: &'a Names,
    checkpoint: &'a dyn Checkpoint,
    prefix: Prefix,
    changes: Changes<'a>,
    read: RefCell<BTreeSet<String>>,
    became: RefCell<BTreeMap<String, Choice>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(architecture: &'a Architecture, names: &'a Names, checkpoint: &'a dyn Checkpoint, changes: Changes<'a>) -> Self {
        let prefix = prefix(names, checkpoint);
        Self { architecture, names, checkpoint, prefix, changes, read: RefCell::default(), became: RefCell::default() }
    }

    /// What became of the matrices, once every tensor was read.
    pub(super) fn finish(self) -> Result<BTreeMap<String, Choice>> {
        if let Some(adapter) = self.changes.adapter {
            adapter.finish()?;
        }
        let read = self.read.into_inner();
        // GGUF files carry the divisors of rotary frequencies as a tensor; the description has read it.
        let is_known = |name: &str| read.contains(name) || name.starts_with("rope_f") || name.starts_with("rope_freqs");
        match self.checkpoint.names().find(|name| !is_known(name)) {
            Some(name) => Err(CheckpointError::unsupported(format!("a tensor `{name}`"))),
            None => Ok(self.became.into_inner()),
        }
    }

    /// A matrix that is multiplied, in the format that it takes for what it is for.
    pub(super) fn matrix(&self, name: &str, role: Role, rows: usize, columns: usize) -> Result<Stored<'_>> {
        if self.names.transposed && name != self.names.head {
            let stored = self.shaped(name, "weight", &[columns, rows], columns, rows)?;
            return self.changed(name, role, stored.transposed());
        }
        // A matrix of one output may be stored as a vector.
        let shape: &[usize] = if rows == 1 && self.required(name)?.shape.len() == 1 { &[columns] } else { &[rows, columns] };
        self.changed(name, role, self.shaped(name, "weight", shape, rows, columns)?)
    }

    /// A matrix that rows are looked up in, which no family stores transposed.
    pub(super) fn table(&self, name: &str, role: Role, rows: usize, columns: usize) -> Result<Stored<'_>> {
        self.changed(name, role, self.shaped(name, "weight", &[rows, columns], rows, columns)?)
    }

    /// Matrices of the same shape in one tensor.
    pub(super) fn matrices(&self, name: &str, count: usize, rows: usize, columns: usize) -> Result<Stored<'_>> {
        self.shaped(name, "weight", &[count, rows, columns], count * rows, columns)
    }

    /// A matrix, or a part of one, with what an adapter adds to it, in the format that it takes for what it is for.
    pub(super) fn changed<'s>(&self, name: &str, role: Role, stored: Stored<'s>) -> Result<Stored<'s>> {
        let Changes { adapter, quantiser, precision, threads } = self.changes;
        let full = self.full(name, "weight");
        let refused = || CheckpointError::tensor(&*full, "holds a weight that is no number or infinite");
        let rounded = || precision.filter(|_| stored.format().is_float()).map(|format| Choice { format, exception: None });
        let choice = quantiser.map(|quantiser| quantiser.choose(role, stored.columns(), stored.format())).or_else(rounded);
        let wanted = choice.map_or(stored.format(), |choice| choice.format);
        // In full precision where it is rounded again.
        let merged = if wanted.is_float() { wanted } else { Format::F32 };
        let (rows, columns) = (stored.rows(), stored.columns());
        let stored = match adapter.map(|adapter| adapter.update([name, full.trim_end_matches(".weight")], rows, columns)).transpose()? {
            Some(Some(update)) => update.added_to(&stored, merged, threads).ok_or_else(refused)?,
            _ => stored,
        };
        let stored = match quantiser {
            _ if wanted == stored.format() => stored,
            Some(quantiser) => quantiser.quantise(&stored, wanted, threads).ok_or_else(refused)?,
            None => stored.rounded_to(wanted, threads).ok_or_else(refused)?,
        };
        if let Some(choice) = choice {
            self.became.borrow_mut().insert(full, choice);
        }
        Ok(stored)
    }

    pub(super) fn norm(&self, name: &str, width: usize) -> Result<NormWeights> {
        let norm = self.architecture.norm;
        // OLMo's norms have no gain.
        let gain = match self.optional(name, "weight") {
            Some(_) => self.vector(name, "weight", width)?.iter().map(|gain| gain + norm.gain_offset).collect(),
            None if norm.kind == NormKind::Layer && self.architecture.family == "olmo" => vec![1.0; width],
            None => return Err(CheckpointError::tensor(format!("{name}.weight"), "is missing")),
        };
        Ok(NormWeights { kind: norm.kind, epsilon: norm.epsilon, gain, bias: self.bias(name, width)? })
    }

    pub(super) fn bias(&self, name: &str, width: usize) -> Result<Option<Vec<f32>>> {
        self.optional(name, "bias").map(|_| self.vector(name, "bias", width)).transpose()
    }

    fn vector(&self, name: &str, part: &str, width: usize) -> Result<Vec<f32>> {
        let stored = self.shaped(name, part, &[width], 1, width)?;
        if stored.format().is_float() {
            Ok(stored.floats())
        } else {
            Err(CheckpointError::tensor(format!("{name}.{part}"), format!("is in {}, which vectors are not", stored.format().name())))
        }
    }

    fn shaped(&self, name: &str, part: &str, shape: &[usize], rows: usize, columns: usize) -> Result<Stored<'_>> {
        let full = self.full(name, part);
        let tensor = self.checkpoint.get(&full).ok_or_else(|| CheckpointError::tensor(&*full, "is missing"))?;
        if tensor.shape != shape {
            return Err(CheckpointError::tensor(full, format!("has shape {:?} instead of {shape:?}", tensor.shape)));
        }
        if tensor.format.row_bytes(columns).is_none() {
            return Err(CheckpointError::tensor(
                full,
                format!("has rows of {columns} values, no whole blocks of {}", tensor.format.name()),
            ));
        }
        self.read.borrow_mut().insert(full);
        Ok(Stored::new(tensor.format, rows, columns, tensor.bytes).in_file(tensor.file))
    }

    pub(super) fn required(&self, name: &str) -> Result<Tensor<'_>> {
        self.optional(name, "weight").ok_or_else(|| CheckpointError::tensor(self.full(name, "weight"), "is missing"))
    }

    pub(super) fn optional(&self, name: &str, part: &str) -> Option<Tensor<'_>> {
        self.checkpoint.get(&self.full(name, part))
    }

    fn full(&self, name: &str, part: &str) -> String {
        match self.prefix {
            Prefix::None => format!("{name}.{part}"),
            // The head is outside of what the first part names.
            Prefix::Dropped if name == self.names.head => format!("{name}.{part}"),
            Prefix::Dropped => format!("{}.{part}", name.split_once('.').map_or(name, |(_, rest)| rest)),
            Prefix::Added(more) => format!("{more}{name}.{part}"),
        }
    }

    pub(super) fn release(&self, name: &str) {
        self.checkpoint.release(&self.full(name, "weight"));
    }
}

/// What stands before or is missing from the names of this checkpoint: models saved without their head lack the first
/// part, and models that also see images have another one.
fn prefix(names: &Names, checkpoint: &dyn Checkpoint) -> Prefix {
    let embedding = format!("{}.weight", names.embedding);
    if checkpoint.get(&embedding).is_some() {
        return Prefix::None;
    }
    if let Some((_, short)) = embedding.split_once('.')
        && checkpoint.get(short).is_some()
    {
        return Prefix::Dropped;
    }
    for more in ["language_model.", "model.language_model."] {
        if checkpoint.get(&format!("{more}{embedding}")).is_some() {
            return Prefix::Added(more);
        }
    }
    Prefix::None
}

#[derive(Clone, Copy)]
enum Prefix {
    None,
    /// The first part of each name.
    Dropped,
    Added(&'static str),
}
