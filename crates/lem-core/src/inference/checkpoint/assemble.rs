//! From tensors by name to the weights of a decoder.

use super::names::{ExpertNames, Fused, Names, Projections, UpProjections};
use super::{Checkpoint, CheckpointError, Format, Stored};
use crate::inference::architecture::{Architecture, Attention, Experts, FeedForward, Layer, NormKind};
use crate::inference::cpu::{
    DenseWeights, ExpertWeights, FeedForwardWeights, LayerWeights, Linear, Matrix, NormWeights, SharedWeights, Weights,
};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Reads every tensor of a checkpoint and lays it out for products. One that no place is known for is refused: leaving it
/// out would give wrong tokens silently.
///
/// # Errors
/// When a tensor is missing, has another shape than the description says, or is not known.
pub(crate) fn assemble(architecture: &Architecture, names: &Names, checkpoint: &dyn Checkpoint) -> Result<Weights> {
    let reader = Reader { architecture, names, checkpoint, prefix: prefix(names, checkpoint), read: RefCell::default() };
    let weights = reader.weights()?;
    let read = reader.read.into_inner();
    // GGUF files carry the divisors of rotary frequencies as a tensor; the description has read it.
    let unknown = checkpoint.names().find(|&name| !read.contains(name) && !name.starts_with("rope_f") && !name.starts_with("rope_freqs"));
    match unknown {
        Some(name) => Err(CheckpointError::unsupported(format!("a tensor `{name}`"))),
        None => Ok(weights),
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

struct Reader<'a> {
    architecture: &'a Architecture,
    names: &'a Names,
    checkpoint: &'a dyn Checkpoint,
    prefix: Prefix,
    read: RefCell<BTreeSet<String>>,
}

type Result<T> = std::result::Result<T, CheckpointError>;

impl Reader<'_> {
    fn weights(&self) -> Result<Weights> {
        let Architecture { hidden, vocabulary, max_context, .. } = *self.architecture;
        let embedding = self.table(self.names.embedding, vocabulary, hidden)?;
        let positions = match self.names.positions.filter(|_| self.architecture.learned_positions) {
            Some(name) => Some(self.table(name, max_context, hidden)?),
            None => None,
        };
        let layers = self.architecture.layers.iter().enumerate();
        let layers = layers.map(|(index, layer)| self.layer(index, layer)).collect::<Result<_>>()?;
        let output_norm = self.norm(self.names.output_norm, hidden)?;
        // Some checkpoints hold the embedding a second time as a head that is tied to it.
        let is_there = self.names.head_is_own || self.optional(self.names.head, "weight").is_some();
        let head = is_there.then(|| self.linear(self.names.head, vocabulary, hidden)).transpose()?;
        Ok(Weights { embedding, positions, layers, output_norm, head })
    }

    fn layer(&self, index: usize, layer: &Layer) -> Result<LayerWeights> {
        let hidden = self.architecture.hidden;
        let Attention { heads, head_dim, .. } = layer.attention;
        let name = |template: &str| template.replace("{layer}", &index.to_string());
        let norm = |wanted: bool, template: Option<&str>| match template.filter(|_| wanted) {
            Some(template) => self.norm(&name(template), hidden).map(Some),
            None => Ok(None),
        };
        let names = self.names;
        let residual = layer.residual;
        let [query_norm, key_norm] = self.head_norms(index, &layer.attention)?;
        Ok(LayerWeights {
            attention_norm: norm(residual.has_pre_norm(), Some(names.attention_norm))?,
            query_key_value: self.projections(&name, &layer.attention)?,
            query_norm,
            key_norm,
            attention_output: self.linear(&name(names.attention_output), hidden, heads * head_dim)?,
            attention_post_norm: norm(residual.has_post_norms(), names.attention_post_norm)?,
            feed_forward_norm: norm(residual.has_feed_forward_norm(), Some(names.feed_forward_norm))?,
            feed_forward: self.feed_forward(&name, &layer.feed_forward)?,
            feed_forward_post_norm: norm(residual.has_post_norms(), names.feed_forward_post_norm)?,
        })
    }

    fn projections(&self, name: &impl Fn(&str) -> String, attention: &Attention) -> Result<Vec<Linear>> {
        let hidden = self.architecture.hidden;
        let Attention { heads, kv_heads, head_dim, .. } = *attention;
        let widths = [heads * head_dim, kv_heads * head_dim, kv_heads * head_dim];
        match self.names.projections {
            Projections::Separate(templates) => {
                let parts = templates.iter().zip(widths);
                let parts: Vec<_> = parts.map(|(template, width)| self.matrix(&name(template), width, hidden)).collect::<Result<_>>()?;
                let biases = templates.iter().zip(widths);
                let biases: Vec<_> = biases.map(|(template, width)| self.bias(&name(template), width)).collect::<Result<_>>()?;
                let linears = stack(parts, biases);
                templates.iter().for_each(|template| self.release(&name(template)));
                Ok(linears)
            }
            Projections::Fused(template, order) => {
                let name = name(template);
                let width = widths.iter().sum();
                let (stored, bias) = (self.matrix(&name, width, hidden)?, self.bias(&name, width)?);
                let linear = match order {
                    Fused::Stacked => Linear::new(Matrix::pack(&[stored]), bias),
                    Fused::Grouped => {
                        let order = grouped(attention);
                        let bias = bias.map(|bias| order.iter().map(|&row| bias[row]).collect());
                        Linear::new(Matrix::pack(&[stored.select(order.iter().copied())]), bias)
                    }
                };
                self.release(&name);
                Ok(vec![linear])
            }
        }
    }

    fn head_norms(&self, index: usize, attention: &Attention) -> Result<[Option<NormWeights>; 2]> {
        use crate::inference::architecture::HeadNorm;
        let (Some(over), Some(templates)) = (attention.head_norm, self.names.head_norms) else { return Ok([None, None]) };
        let counts = [attention.heads, attention.kv_heads];
        let mut norms = [None, None];
        for ((norm, template), heads) in norms.iter_mut().zip(templates).zip(counts) {
            let name = template.replace("{layer}", &index.to_string());
            let (HeadNorm::Head(kind) | HeadNorm::Whole(kind)) = over;
            let width = if let HeadNorm::Whole(_) = over { heads * attention.head_dim } else { attention.head_dim };
            let mut read = if name.contains("{head}") {
                let parts =
                    (0..heads).map(|head| self.norm(&name.replace("{head}", &head.to_string()), width)).collect::<Result<Vec<_>>>()?;
                join(parts)
            } else {
                self.norm(&name, width)?
            };
            read.kind = kind;
            *norm = Some(read);
        }
        Ok(norms)
    }

    fn feed_forward(&self, name: &impl Fn(&str) -> String, block: &FeedForward) -> Result<FeedForwardWeights> {
        match block {
            FeedForward::Dense { intermediate, .. } => {
                self.dense(name, *intermediate).map(|weights| FeedForwardWeights::Dense(Box::new(weights)))
            }
            FeedForward::Experts(experts) => {
                let names = self.names.experts.as_ref().ok_or_else(|| CheckpointError::unsupported("routed experts in this family"))?;
                self.experts(name, experts, names).map(|weights| FeedForwardWeights::Experts(Box::new(weights)))
            }
        }
    }

    fn dense(&self, name: &impl Fn(&str) -> String, width: usize) -> Result<DenseWeights> {
        let hidden = self.architecture.hidden;
        let (gate, up) = match self.names.up {
            UpProjections::Plain(up) => (None, self.linear(&name(up), width, hidden)?),
            // GGUF files of families without a gate lack the tensor.
            UpProjections::Gated { gate, up } => {
                let gate = name(gate);
                let gate = self.optional(&gate, "weight").map(|_| self.linear(&gate, width, hidden)).transpose()?;
                match gate {
                    Some(gate) => (Some(gate), self.linear(&name(up), width, hidden)?),
                    None => self.gate_and_up(&name(up), width)?,
                }
            }
            UpProjections::Fused(both) => self.gate_and_up(&name(both), width)?,
        };
        Ok(DenseWeights { gate, up, down: self.linear(&name(self.names.down), hidden, width)? })
    }

    /// One matrix of gate and up, or of up alone where it is only as wide.
    fn gate_and_up(&self, name: &str, width: usize) -> Result<(Option<Linear>, Linear)> {
        let hidden = self.architecture.hidden;
        let rows = self.required(name)?.shape.first().copied().unwrap_or_default();
        if rows == width {
            return Ok((None, self.linear(name, width, hidden)?));
        }
        let stored = self.matrix(name, 2 * width, hidden)?;
        let linear = |rows: std::ops::Range<usize>| Linear::new(Matrix::pack(&[stored.select(rows)]), None);
        let pair = (Some(linear(0..width)), linear(width..2 * width));
        self.release(name);
        Ok(pair)
    }

    fn experts(&self, name: &impl Fn(&str) -> String, experts: &Experts, names: &ExpertNames) -> Result<ExpertWeights> {
        let (hidden, width) = (self.architecture.hidden, experts.intermediate);
        let router = self.linear(&name(names.router), experts.count, hidden)?;
        let parts = |template: &str, rows: usize, columns: usize| -> Result<Vec<Linear>> {
            let template = name(template);
            if template.contains("{expert}") {
                return (0..experts.count)
                    .map(|expert| self.linear(&template.replace("{expert}", &expert.to_string()), rows, columns))
                    .collect();
            }
            let stored = self.shaped(&template, "weight", &[experts.count, rows, columns], experts.count * rows, columns)?;
            let linear = |expert: usize| Linear::new(Matrix::pack(&[stored.select(expert * rows..(expert + 1) * rows)]), None);
            let linears = (0..experts.count).map(linear).collect();
            self.release(&template);
            Ok(linears)
        };
        let (gates, ups, downs) = (parts(names.gate, width, hidden)?, parts(names.up, width, hidden)?, parts(names.down, hidden, width)?);
        let dense = |((gate, up), down)| DenseWeights { gate: Some(gate), up, down };
        let all = gates.into_iter().zip(ups).zip(downs).map(dense).collect();
        let shared = match (experts.shared, names.shared) {
            (Some(shared), Some(names)) => Some(SharedWeights {
                score: self.linear(&name(names.score), 1, hidden)?,
                expert: DenseWeights {
                    gate: Some(self.linear(&name(names.gate), shared.intermediate, hidden)?),
                    up: self.linear(&name(names.up), shared.intermediate, hidden)?,
                    down: self.linear(&name(names.down), hidden, shared.intermediate)?,
                },
            }),
            _ => None,
        };
        Ok(ExpertWeights { router, experts: all, shared })
    }

    /// A matrix with its bias, when there is one.
    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let linear = Linear::new(Matrix::pack(&[self.matrix(name, rows, columns)?]), self.bias(name, rows)?);
        self.release(name);
        Ok(linear)
    }

    /// A matrix that rows are looked up in, which no family stores transposed.
    fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let linear = Linear::new(Matrix::pack(&[self.shaped(name, "weight", &[rows, columns], rows, columns)?]), None);
        self.release(name);
        Ok(linear)
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Stored<'_>> {
        if self.names.transposed && name != self.names.head {
            let stored = self.shaped(name, "weight", &[columns, rows], columns, rows)?;
            return Ok(stored.transposed());
        }
        // A matrix of one output may be stored as a vector.
        let shape: &[usize] = if rows == 1 && self.required(name)?.shape.len() == 1 { &[columns] } else { &[rows, columns] };
        self.shaped(name, "weight", shape, rows, columns)
    }

    fn norm(&self, name: &str, width: usize) -> Result<NormWeights> {
        let norm = self.architecture.norm;
        // OLMo's norms have no gain.
        let gain = match self.optional(name, "weight") {
            Some(_) => self.vector(name, "weight", width)?.iter().map(|gain| gain + norm.gain_offset).collect(),
            None if norm.kind == NormKind::Layer && self.architecture.family == "olmo" => vec![1.0; width],
            None => return Err(CheckpointError::tensor(format!("{name}.weight"), "is missing")),
        };
        Ok(NormWeights { kind: norm.kind, epsilon: norm.epsilon, gain, bias: self.bias(name, width)? })
    }

    fn bias(&self, name: &str, width: usize) -> Result<Option<Vec<f32>>> {
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
        Ok(Stored::new(tensor.format, rows, columns, tensor.bytes))
    }

    fn required(&self, name: &str) -> Result<super::Tensor<'_>> {
        self.optional(name, "weight").ok_or_else(|| CheckpointError::tensor(self.full(name, "weight"), "is missing"))
    }

    fn optional(&self, name: &str, part: &str) -> Option<super::Tensor<'_>> {
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

    fn release(&self, name: &str) {
        self.checkpoint.release(&self.full(name, "weight"));
    }
}

/// A matrix and its bias.
type Part<'a> = (Stored<'a>, Option<Vec<f32>>);

/// Matrices of one input in as few as possible: neighbours of one format become one.
fn stack(parts: Vec<Stored<'_>>, biases: Vec<Option<Vec<f32>>>) -> Vec<Linear> {
    let mut groups: Vec<(Format, Vec<Part<'_>>)> = Vec::new();
    for part in parts.into_iter().zip(biases) {
        let format = part.0.format();
        match groups.last_mut().filter(|(of_group, _)| *of_group == format) {
            Some((_, group)) => group.push(part),
            None => groups.push((format, vec![part])),
        }
    }
    groups.into_iter().map(|(_, group)| joined(group)).collect()
}

/// Matrices of one format, with zeros for the biases of those that have none beside one that has.
fn joined(group: Vec<Part<'_>>) -> Linear {
    let has_bias = group.iter().any(|(_, bias)| bias.is_some());
    let bias = has_bias.then(|| {
        let of = |(part, bias): &Part<'_>| bias.clone().unwrap_or_else(|| vec![0.0; part.rows()]);
        group.iter().flat_map(of).collect()
    });
    let parts: Vec<_> = group.into_iter().map(|(part, _)| part).collect();
    Linear::new(Matrix::pack(&parts), bias)
}

/// Rows of a matrix in order of key/value heads, as they go: all queries, all keys, all values.
fn grouped(attention: &Attention) -> Vec<usize> {
    let Attention { kv_heads, head_dim, .. } = *attention;
    let group = attention.group();
    let of = |head: usize, part: std::ops::Range<usize>| {
        let start = head * (group + 2) * head_dim;
        start + part.start * head_dim..start + part.end * head_dim
    };
    let all = |part: std::ops::Range<usize>| (0..kv_heads).flat_map(move |head| of(head, part.clone()));
    all(0..group).chain(all(group..group + 1)).chain(all(group + 1..group + 2)).collect()
}

fn join(parts: Vec<NormWeights>) -> NormWeights {
    let mut parts = parts.into_iter();
    let mut joined = parts.next().expect("a head");
    for part in parts {
        joined.gain.extend(part.gain);
        if let (Some(bias), Some(more)) = (&mut joined.bias, part.bias) {
            bias.extend(more);
        }
    }
    joined
}
