//! Types of a model's weights, in words.

use crate::inference::checkpoint::{Checkpoint, Choice, Format};
use crate::inference::numbers::wide;
use std::collections::BTreeMap;
use std::fmt;

/// How many tensors have which format.
#[derive(Debug, Default)]
pub(super) struct WeightTypes {
    /// Tensors of each format, and matrices among them.
    counts: BTreeMap<Format, (usize, usize)>,
    parameters: u64,
}

impl WeightTypes {
    /// As a checkpoint holds them.
    pub(super) fn stored(checkpoint: &dyn Checkpoint) -> Self {
        Self::after(checkpoint, &BTreeMap::new())
    }

    /// After some matrices became others.
    pub(super) fn after(checkpoint: &dyn Checkpoint, changed: &BTreeMap<String, Choice>) -> Self {
        let mut types = Self::default();
        for (name, tensor) in checkpoint.names().filter_map(|name| Some((name, checkpoint.get(name)?))) {
            let format = changed.get(name).map_or(tensor.format, |choice| choice.format);
            let (tensors, matrices) = types.counts.entry(format).or_default();
            *tensors += 1;
            *matrices += usize::from(tensor.shape.len() > 1);
            types.parameters += tensor.shape.iter().map(|&size| wide(size)).product::<u64>();
        }
        types
    }

    /// Number of weights.
    pub(super) fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Whether some are in blocks of codes.
    pub(super) fn holds_blocks(&self) -> bool {
        self.counts.keys().any(|format| !format.is_float())
    }

    /// Formats of matrices, with their number.
    pub(super) fn matrices(&self) -> impl Iterator<Item = (Format, usize)> {
        self.counts.iter().filter(|(_, (_, matrices))| *matrices > 0).map(|(format, (_, matrices))| (*format, *matrices))
    }

    /// Which products run, by instructions or a library called `by`: their arithmetic follows from how the matrices are
    /// stored, and from the precision that floating-point ones are multiplied in; `dots_bf16` when those in bfloat16 have
    /// products of their own.
    pub(super) fn kernel(&self, by: &str, precision: &str, dots_bf16: bool) -> String {
        let matrices = self.matrices().map(|(format, _)| format);
        let (floats, blocks): (Vec<_>, Vec<_>) = matrices.partition(|format| format.is_float());
        let list = |formats: &[Format]| formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !blocks.is_empty() {
            parts.push(format!("int8 dot products with {} weights", list(&blocks)));
        }
        let (halves, floats): (Vec<_>, Vec<_>) = floats.into_iter().partition(|format| *format == Format::Bf16 && dots_bf16);
        if !halves.is_empty() {
            parts.push(format!("bf16 dot products with {} weights", list(&halves)));
        }
        if !floats.is_empty() {
            parts.push(format!("{precision} multiply-add with {} weights", list(&floats)));
        }
        format!("{by}: {}", parts.join("; "))
    }
}

/// Formats with their number, most frequent first, such as `Q4_1 ×210, F32 ×61`.
impl fmt::Display for WeightTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: Vec<_> = self.counts.iter().map(|(format, (tensors, _))| (format.name(), *tensors)).collect();
        counts.sort_by(|(first_name, first), (second_name, second)| second.cmp(first).then_with(|| first_name.cmp(second_name)));
        let counts: Vec<_> = counts.into_iter().map(|(name, count)| format!("{name} ×{count}")).collect();
        formatter.write_str(&counts.join(", "))
    }
}

/// Matrices that have another format than most, by format and reason: such as `Q8_0 (rows of 576 are no whole blocks of
/// 256): model.layers.*.self_attn.q_proj.weight ×30`. Numbers of layers and experts are left out of names.
pub(super) fn exceptions(changed: &BTreeMap<String, Choice>) -> Vec<String> {
    let mut groups: BTreeMap<_, BTreeMap<String, usize>> = BTreeMap::new();
    for (name, Choice { format, exception }) in changed {
        if let Some(exception) = exception {
            *groups.entry((*format, *exception)).or_default().entry(without_numbers(name)).or_default() += 1;
        }
    }
    let names = |names: BTreeMap<String, usize>| {
        let counted = |(name, count): (String, usize)| if name.contains('*') { format!("{name} ×{count}") } else { name };
        names.into_iter().map(counted).collect::<Vec<_>>().join(", ")
    };
    groups.into_iter().map(|((format, why), group)| format!("{} ({why}): {}", format.name(), names(group))).collect()
}

fn without_numbers(name: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').map(|part| if is_number(part) { "*" } else { part }).collect::<Vec<_>>().join(".")
}
