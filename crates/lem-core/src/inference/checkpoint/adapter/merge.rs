//! The sum of a matrix and a low-rank product.

use crate::inference::checkpoint::{Format, Stored, floats};

/// What is added to a matrix: `scale × second · first`.
#[derive(Debug)]
pub(crate) struct Update {
    /// `[rank, inputs]`.
    pub(super) first: Vec<f32>,
    /// `[outputs, rank]`.
    pub(super) second: Vec<f32>,
    pub(super) rank: usize,
    pub(super) scale: f32,
}

impl Update {
    /// The sum, computed in f32 and then rounded to a floating-point format; `None` where it is no finite number.
    ///
    /// # Panics
    /// When the matrix or the format is of blocks, or shapes differ.
    pub(crate) fn added_to(&self, matrix: &Stored<'_>, format: Format, threads: usize) -> Option<Stored<'static>> {
        assert_eq!(self.first.len(), self.rank * matrix.columns(), "a factor as wide as the matrix");
        assert_eq!(self.second.len(), self.rank * matrix.rows(), "a factor as high as the matrix");
        matrix.by_rows(format, threads, |row, stored, bytes| {
            let mut product = vec![0.0; matrix.columns()];
            for (rank, &factor) in self.second[row * self.rank..][..self.rank].iter().enumerate() {
                let inputs = &self.first[rank * matrix.columns()..][..matrix.columns()];
                product.iter_mut().zip(inputs).for_each(|(sum, input)| *sum += factor * input);
            }
            let stored = floats(matrix.format(), stored);
            let sums = stored.iter().zip(product).map(|(weight, product)| weight + self.scale * product);
            write(sums, format, bytes)
        })
    }
}

/// Rounds numbers to a floating-point format; false when one is not finite there.
fn write(values: impl Iterator<Item = f32>, format: Format, bytes: &mut [u8]) -> bool {
    match format {
        Format::F32 => bytes.as_chunks_mut::<4>().0.iter_mut().zip(values).all(|(bytes, value)| {
            *bytes = value.to_le_bytes();
            value.is_finite()
        }),
        Format::F16 => bytes.as_chunks_mut::<2>().0.iter_mut().zip(values).all(|(bytes, value)| {
            let value = half::f16::from_f32(value);
            *bytes = value.to_le_bytes();
            value.is_finite()
        }),
        Format::Bf16 => bytes.as_chunks_mut::<2>().0.iter_mut().zip(values).all(|(bytes, value)| {
            let value = half::bf16::from_f32(value);
            *bytes = value.to_le_bytes();
            value.is_finite()
        }),
        blocks => panic!("{} is no floating-point type", blocks.name()),
    }
}
