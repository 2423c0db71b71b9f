//! Tensors as they lie in a file.

use std::borrow::Cow;
use std::thread;

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl Format {
    /// The usual name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Numbers of a block, and its bytes; ggml-common.h of ggml.
    pub(crate) const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Whether it is a floating-point type.
    pub(crate) const fn is_float(self) -> bool {
        self.block().0 == 1
    }

    /// Bytes of a row of so many numbers; `None` when it is no whole number of blocks or has no size.
    pub(crate) fn row_bytes(self, columns: usize) -> Option<usize> {
        let (numbers, bytes) = self.block();
        if columns.is_multiple_of(numbers) { (columns / numbers).checked_mul(bytes) } else { None }
    }
}

/// A matrix, row by row: a row holds the weights of one output. A vector is a matrix of one row.
#[derive(Clone, Debug)]
pub(crate) struct Stored<'a> {
    format: Format,
    rows: usize,
    columns: usize,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Stored<'a> {
    /// # Panics
    /// When the bytes are not those of so many rows and columns.
    pub(crate) fn new(format: Format, rows: usize, columns: usize, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        let row = format.row_bytes(columns).expect("whole blocks");
        assert_eq!(bytes.len(), rows * row, "{rows} rows of {columns} in {}", format.name());
        Self { format, rows, columns, bytes }
    }

    /// A matrix whose rows are filled in by several threads; `None` when one of them could not be.
    ///
    /// # Panics
    /// When rows are no whole blocks.
    pub(crate) fn by_rows(
        format: Format,
        rows: usize,
        columns: usize,
        threads: usize,
        fill: impl Fn(usize, &mut [u8]) -> bool + Sync,
    ) -> Option<Stored<'static>> {
        let row_bytes = format.row_bytes(columns).expect("whole blocks");
        let mut bytes = vec![0; rows * row_bytes];
        let share = rows.div_ceil(threads.max(1)).max(1);
        let filled = thread::scope(|scope| {
            let parts = bytes.chunks_mut((share * row_bytes).max(1)).enumerate();
            let fill = &fill;
            let fill_part = |(part, bytes): (usize, &'_ mut [u8])| {
                bytes.chunks_exact_mut(row_bytes).enumerate().all(|(row, bytes)| fill(part * share + row, bytes))
            };
            let running: Vec<_> = parts.map(|part| scope.spawn(move || fill_part(part))).collect();
            running.into_iter().map(|part| part.join().expect("rows are filled without a panic")).fold(true, |all, part| all & part)
        });
        filled.then(|| Stored::new(format, rows, columns, bytes))
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    fn row_bytes(&self) -> usize {
        self.bytes.len() / self.rows.max(1)
    }

    /// Bytes of one row.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.row_bytes()..][..self.row_bytes()]
    }

    /// These rows, in this order.
    pub(crate) fn select(&self, rows: impl Iterator<Item = usize>) -> Stored<'static> {
        let mut bytes = Vec::new();
        let mut count = 0;
        for row in rows {
            bytes.extend_from_slice(self.row(row));
            count += 1;
        }
        Stored::new(self.format, count, self.columns, bytes)
    }

    /// With rows and columns exchanged.
    ///
    /// # Panics
    /// When numbers share blocks.
    pub(crate) fn transposed(&self) -> Stored<'static> {
        assert!(self.format.is_float(), "blocks of {} run along rows", self.format.name());
        let (_, size) = self.format.block();
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for column in 0..self.columns {
            for row in 0..self.rows {
                bytes.extend_from_slice(&self.row(row)[column * size..][..size]);
            }
        }
        Stored::new(self.format, self.columns, self.rows, bytes)
    }

    /// All numbers in f32.
    ///
    /// # Panics
    /// When numbers share blocks.
    pub(crate) fn floats(&self) -> Vec<f32> {
        floats(self.format, &self.bytes)
    }
}

/// Numbers of a floating-point type in f32.
///
/// # Panics
/// When it is none.
pub(crate) fn floats(format: Format, bytes: &[u8]) -> Vec<f32> {
    let words = || bytes.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
    match format {
        Format::F32 => bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect(),
        Format::F16 => words().map(|bits| half::f16::from_bits(bits).to_f32()).collect(),
        Format::Bf16 => words().map(|bits| half::bf16::from_bits(bits).to_f32()).collect(),
        blocks => panic!("{} is no floating-point type", blocks.name()),
    }
}
