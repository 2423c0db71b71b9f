//! The sum of a matrix and a low-rank product.

use crate::inference::checkpoint::{Format, Stored, floats, write_floats};

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
            write_floats(sums, format, bytes)
        })
    }
}
