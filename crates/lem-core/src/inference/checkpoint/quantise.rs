//! Floating-point matrices to blocks of codes, while they are loaded.
//!
//! [`Quantiser`] says which format a matrix takes by what it is for; `blocks` finds the codes.

mod blocks;

use super::{Format, Stored, floats};
use lem_domain::spec::LoadQuantization;
use std::fmt;

/// What a matrix is for: how much its errors do, and whether it is multiplied at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A projection of attention or of a feed-forward block.
    Projection,
    /// Gives logits: the head, or an embedding that is the head as well.
    Head,
    /// Rows are looked up and never multiplied.
    Table,
    /// Weighs experts against each other. It is small, and an error may choose another expert.
    Router,
}

/// What became of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) format: Format,
    /// Why it is not the format that stands for what was asked.
    pub(crate) exception: Option<Exception>,
}

/// Why a matrix has another format than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exception {
    Head,
    Table,
    Router,
    /// Its rows are no whole number of blocks of this many weights.
    Rows {
        columns: usize,
        block: usize,
    },
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => formatter.write_str("logits are more sensitive than the rest"),
            Self::Table => formatter.write_str("rows are looked up, not multiplied"),
            Self::Router => formatter.write_str("an error may choose another expert"),
            Self::Rows { columns, block } => write!(formatter, "rows of {columns} are no whole blocks of {block}"),
        }
    }
}

/// Quantises matrices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantiser {
    pub(crate) asked: LoadQuantization,
}

impl Quantiser {
    /// The format that a matrix of so many columns takes.
    ///
    /// Where rows are no whole blocks of Q4_K, ggml's own tools take Q5_0; laid out for products here, that has a byte per
    /// code just as Q8_0 has, so Q8_0 costs no more and is more exact.
    pub(crate) fn choose(self, role: Role, columns: usize, stored: Format) -> Choice {
        let kept = |exception| Choice { format: stored, exception: Some(exception) };
        let wanted = match self.asked {
            LoadQuantization::EightBit => Format::Q8_0,
            LoadQuantization::FourBit => Format::Q4K,
        };
        let lacks = |format: Format| {
            let exception = Exception::Rows { columns, block: format.block().0 };
            format.row_bytes(columns).is_none().then_some(exception)
        };
        match role {
            Role::Table => return kept(Exception::Table),
            Role::Router => return kept(Exception::Router),
            Role::Head | Role::Projection => {}
        }
        if let Some(exception) = lacks(Format::Q8_0) {
            return kept(exception);
        }
        let raised = if role == Role::Head { Some(Exception::Head) } else { lacks(wanted) };
        match raised.filter(|_| wanted != Format::Q8_0) {
            Some(exception) => Choice { format: Format::Q8_0, exception: Some(exception) },
            None => Choice { format: wanted, exception: None },
        }
    }

    /// The matrix in this format; `None` when a weight is no number or infinite.
    ///
    /// # Panics
    /// When the matrix is quantised already, or its rows are no whole blocks of a format that can be made.
    pub(crate) fn quantise(self, stored: &Stored<'_>, format: Format, threads: usize) -> Option<Stored<'static>> {
        let encode: fn(&[f32], &mut [u8]) = match format {
            Format::Q8_0 => blocks::q8_0,
            Format::Q4K => blocks::q4_k,
            other => panic!("nothing quantises to {}", other.name()),
        };
        let (weights, size) = format.block();
        stored.by_rows(format, threads, |_, row, bytes| {
            let values = floats(stored.format(), row);
            values.chunks_exact(weights).zip(bytes.chunks_exact_mut(size)).for_each(|(values, block)| encode(values, block));
            values.iter().all(|value| value.is_finite())
        })
    }
}

#[cfg(test)]
mod tests;
