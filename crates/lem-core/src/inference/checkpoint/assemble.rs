//! From tensors by name to the weights of a decoder.

mod reader;

use super::names::{ExpertNames, Fused, Names, Projections, UpProjections};
use super::{Adapter, Checkpoint, CheckpointError, Choice, Format, Quantiser, Role, Stored};
use crate::inference::architecture::{Architecture, Attention, Experts, FeedForward, Layer};
use crate::inference::weights::{
    DenseWeights, ExpertWeights, FeedForwardWeights, LayerWeights, Layout, NormWeights, SharedWeights, Weights,
};
use reader::Reader;
use std::collections::BTreeMap;

/// Weights, and what was done to them on the way.
#[derive(Debug)]
pub(crate) struct Assembled<L, N> {
    pub(crate) weights: Weights<L, N>,
    /// What became of the matrices, by the names of their tensors; empty when they run as they are stored.
    pub(crate) changed: BTreeMap<String, Choice>,
}

/// What is done with matrices on the way, in this order; by default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes<'a> {
    pub(crate) adapter: Option<&'a Adapter>,
    pub(crate) quantiser: Option<Quantiser>,
    /// The floating-point format that matrices are rounded to which are not quantised.
    pub(crate) precision: Option<Format>,
    /// Threads that do it.
    pub(crate) threads: usize,
}

/// Reads every tensor of a checkpoint, changes what is to be changed and lays it out as its executor wants it. A tensor
/// that no place is known for is refused: leaving it out would give wrong tokens silently.
///
/// The matrices of one input are read, changed and laid out before the next are touched, so that no others lie in memory
/// twice.
///
/// # Errors
/// When a tensor is missing, has another shape than the description says, is not known, or cannot be changed so, or when
/// there is no memory for one.
pub(crate) fn assemble<K: Layout>(
    layout: &K,
    architecture: &Architecture,
    names: &Names,
    checkpoint: &dyn Checkpoint,
    changes: Changes<'_>,
) -> Result<Assembled<K::Linear, K::Norm>> {
    let reader = Reader::new(architecture, names, checkpoint, changes);
    let weights = Assembler { layout, reader: &reader }.weights()?;
    let changed = reader.finish()?;
    Ok(Assembled { weights, changed })
}

type Result<T> = std::result::Result<T, CheckpointError>;

/// Puts what a reader finds together in a layout.
struct Assembler<'a, K> {
    layout: &'a K,
    reader: &'a Reader<'a>,
}

impl<K: Layout> Assembler<'_, K> {
    fn weights(&self) -> Result<Weights<K::Linear, K::Norm>> {
        let Architecture { hidden, vocabulary, max_context, .. } = *self.reader.architecture;
        // Some checkpoints hold the embedding a second time as a head that is tied to it.
        let has_head = self.reader.names.head_is_own || self.reader.optional(self.reader.names.head, "weight").is_some();
        let embedding = self.lookup(self.reader.names.embedding, if has_head { Role::Table } else { Role::Head }, vocabulary, hidden)?;
        let positions = match self.reader.names.positions.filter(|_| self.reader.architecture.learned_positions) {
            Some(name) => Some(self.lookup(name, Role::Table, max_context, hidden)?),
            None => None,
        };
        let layers = self.reader.architecture.layers.iter().enumerate();
        let layers = layers.map(|(index, layer)| self.layer(index, layer)).collect::<Result<_>>()?;
        let output_norm = self.norm(self.reader.names.output_norm, hidden)?;
        let head = has_head.then(|| self.linear_as(Role::Head, self.reader.names.head, vocabulary, hidden)).transpose()?;
        Ok(Weights { embedding, positions, layers, output_norm, head })
    }

    fn layer(&self, index: usize, layer: &Layer) -> Result<LayerWeights<K::Linear, K::Norm>> {
        let hidden = self.reader.architecture.hidden;
        let Attention { heads, head_dim, .. } = layer.attention;
        let name = |template: &str| template.replace("{layer}", &index.to_string());
        let norm = |wanted: bool, template: Option<&str>| match template.filter(|_| wanted) {
            Some(template) => self.norm(&name(template), hidden).map(Some),
            None => Ok(None),
        };
        let names = self.reader.names;
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

    fn projections(&self, name: &impl Fn(&str) -> String, attention: &Attention) -> Result<Vec<K::Linear>> {
        let hidden = self.reader.architecture.hidden;
        let Attention { heads, kv_heads, head_dim, .. } = *attention;
        let widths = [heads * head_dim, kv_heads * head_dim, kv_heads * head_dim];
        match self.reader.names.projections {
            Projections::Separate(templates) => {
                let parts = templates.iter().zip(widths);
                let parts: Vec<_> = parts
                    .map(|(template, width)| self.reader.matrix(&name(template), Role::Projection, width, hidden))
                    .collect::<Result<_>>()?;
                let biases = templates.iter().zip(widths);
                let biases: Vec<_> = biases.map(|(template, width)| self.reader.bias(&name(template), width)).collect::<Result<_>>()?;
                let linears = self.stack(parts, biases)?;
                templates.iter().for_each(|template| self.reader.release(&name(template)));
                Ok(linears)
            }
            Projections::Fused(template, order) => {
                let name = name(template);
                let width = widths.iter().sum();
                let (stored, bias) = (self.reader.matrix(&name, Role::Projection, width, hidden)?, self.reader.bias(&name, width)?);
                let linear = match order {
                    Fused::Stacked => self.layout.linear(&[stored], bias)?,
                    Fused::Grouped => {
                        let order = grouped(attention);
                        let bias = bias.map(|bias| order.iter().map(|&row| bias[row]).collect());
                        self.layout.linear(&[stored.select(order.iter().copied())], bias)?
                    }
                };
                self.reader.release(&name);
                Ok(vec![linear])
            }
        }
    }

    fn head_norms(&self, index: usize, attention: &Attention) -> Result<[Option<K::Norm>; 2]> {
        use crate::inference::architecture::HeadNorm;
        let (Some(over), Some(templates)) = (attention.head_norm, self.reader.names.head_norms) else { return Ok([None, None]) };
        let counts = [attention.heads, attention.kv_heads];
        let mut norms = [None, None];
        for ((norm, template), heads) in norms.iter_mut().zip(templates).zip(counts) {
            let name = template.replace("{layer}", &index.to_string());
            let (HeadNorm::Head(kind) | HeadNorm::Whole(kind)) = over;
            let width = if let HeadNorm::Whole(_) = over { heads * attention.head_dim } else { attention.head_dim };
            let mut read = if name.contains("{head}") {
                let parts = (0..heads).map(|head| self.reader.norm(&name.replace("{head}", &head.to_string()), width));
                join(parts.collect::<Result<_>>()?)
            } else {
                self.reader.norm(&name, width)?
            };
            read.kind = kind;
            *norm = Some(self.layout.norm(read)?);
        }
        Ok(norms)
    }

    fn feed_forward(&self, name: &impl Fn(&str) -> String, block: &FeedForward) -> Result<FeedForwardWeights<K::Linear>> {
        match block {
            FeedForward::Dense { intermediate, .. } => {
                self.dense(name, *intermediate).map(|weights| FeedForwardWeights::Dense(Box::new(weights)))
            }
            FeedForward::Experts(experts) => {
                let names =
                    self.reader.names.experts.as_ref().ok_or_else(|| CheckpointError::unsupported("routed experts in this family"))?;
                self.experts(name, experts, names).map(|weights| FeedForwardWeights::Experts(Box::new(weights)))
            }
        }
    }

    fn dense(&self, name: &impl Fn(&str) -> String, width: usize) -> Result<DenseWeights<K::Linear>> {
        let hidden = self.reader.architecture.hidden;
        let (gate, up) = match self.reader.names.up {
            UpProjections::Plain(up) => (None, self.linear(&name(up), width, hidden)?),
            // GGUF files of families without a gate lack the tensor.
            UpProjections::Gated { gate, up } => {
                let gate = name(gate);
                let gate = self.reader.optional(&gate, "weight").map(|_| self.linear(&gate, width, hidden)).transpose()?;
                match gate {
                    Some(gate) => (Some(gate), self.linear(&name(up), width, hidden)?),
                    None => self.gate_and_up(&name(up), width)?,
                }
            }
            UpProjections::Fused(both) => self.gate_and_up(&name(both), width)?,
        };
        Ok(DenseWeights { gate, up, down: self.linear(&name(self.reader.names.down), hidden, width)? })
    }

    /// One matrix of gate and up, or of up alone where it is only as wide.
    fn gate_and_up(&self, name: &str, width: usize) -> Result<(Option<K::Linear>, K::Linear)> {
        let hidden = self.reader.architecture.hidden;
        let rows = self.reader.required(name)?.shape.first().copied().unwrap_or_default();
        if rows == width {
            return Ok((None, self.linear(name, width, hidden)?));
        }
        let stored = self.reader.matrix(name, Role::Projection, 2 * width, hidden)?;
        let linear = |rows: std::ops::Range<usize>| self.layout.linear(&[stored.select(rows)], None);
        let pair = (Some(linear(0..width)?), linear(width..2 * width)?);
        self.reader.release(name);
        Ok(pair)
    }

    fn experts(&self, name: &impl Fn(&str) -> String, experts: &Experts, names: &ExpertNames) -> Result<ExpertWeights<K::Linear>> {
        let (hidden, width) = (self.reader.architecture.hidden, experts.intermediate);
        let router = self.linear_as(Role::Router, &name(names.router), experts.count, hidden)?;
        let parts = |template: &str, rows: usize, columns: usize| -> Result<Vec<K::Linear>> {
            let template = name(template);
            if template.contains("{expert}") {
                return (0..experts.count)
                    .map(|expert| self.linear(&template.replace("{expert}", &expert.to_string()), rows, columns))
                    .collect();
            }
            let stored = self.reader.matrices(&template, experts.count, rows, columns)?;
            let linear = |expert: usize| {
                let one = stored.select(expert * rows..(expert + 1) * rows);
                self.layout.linear(&[self.reader.changed(&template, Role::Projection, one)?], None)
            };
            let linears = (0..experts.count).map(linear).collect();
            self.reader.release(&template);
            linears
        };
        let (gates, ups, downs) = (parts(names.gate, width, hidden)?, parts(names.up, width, hidden)?, parts(names.down, hidden, width)?);
        let dense = |((gate, up), down)| DenseWeights { gate: Some(gate), up, down };
        let all = gates.into_iter().zip(ups).zip(downs).map(dense).collect();
        let shared = match (experts.shared, names.shared) {
            (Some(shared), Some(names)) => Some(SharedWeights {
                score: self.linear_as(Role::Router, &name(names.score), 1, hidden)?,
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

    /// A projection with its bias, when there is one.
    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<K::Linear> {
        self.linear_as(Role::Projection, name, rows, columns)
    }

    fn linear_as(&self, role: Role, name: &str, rows: usize, columns: usize) -> Result<K::Linear> {
        let linear = self.layout.linear(&[self.reader.matrix(name, role, rows, columns)?], self.reader.bias(name, rows)?)?;
        self.reader.release(name);
        Ok(linear)
    }

    fn lookup(&self, name: &str, role: Role, rows: usize, columns: usize) -> Result<K::Linear> {
        let linear = self.layout.linear(&[self.reader.table(name, role, rows, columns)?], None)?;
        self.reader.release(name);
        Ok(linear)
    }

    fn norm(&self, name: &str, width: usize) -> Result<K::Norm> {
        self.layout.norm(self.reader.norm(name, width)?)
    }

    /// Matrices of one input in as few as possible: neighbours of one format become one.
    fn stack(&self, parts: Vec<Stored<'_>>, biases: Vec<Option<Vec<f32>>>) -> Result<Vec<K::Linear>> {
        let mut groups: Vec<(Format, Vec<Part<'_>>)> = Vec::new();
        for part in parts.into_iter().zip(biases) {
            let format = part.0.format();
            match groups.last_mut().filter(|(of_group, _)| *of_group == format) {
                Some((_, group)) => group.push(part),
                None => groups.push((format, vec![part])),
            }
        }
        groups.into_iter().map(|(_, group)| self.joined(group)).collect()
    }

    /// Matrices of one format, with zeros for the biases of those that have none beside one that has.
    fn joined(&self, group: Vec<Part<'_>>) -> Result<K::Linear> {
        let has_bias = group.iter().any(|(_, bias)| bias.is_some());
        let bias = has_bias.then(|| {
            let of = |(part, bias): &Part<'_>| bias.clone().unwrap_or_else(|| vec![0.0; part.rows()]);
            group.iter().flat_map(of).collect()
        });
        let parts: Vec<_> = group.into_iter().map(|(part, _)| part).collect();
        self.layout.linear(&parts, bias)
    }
}

/// A matrix and its bias.
type Part<'a> = (Stored<'a>, Option<Vec<f32>>);

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
