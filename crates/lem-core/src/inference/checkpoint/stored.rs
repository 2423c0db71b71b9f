//! Tensors as they lie in a file.

use super::mapped::MappedFile;
use std::borrow::Cow;
use std::ops::Range;
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
    /// What the bytes are mapped from: parts that were read can be taken out of memory again.
    file: Option<&'a MappedFile>,
}

/// Bytes that are read before they are taken out of memory: few beside a matrix, and many beside what the call costs.
const READ_AT_ONCE: usize = 1 << 20;

impl<'a> Stored<'a> {
    /// # Panics
    /// When the bytes are not those of so many rows and columns.
    pub(crate) fn new(format: Format, rows: usize, columns: usize, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        let row = format.row_bytes(columns).expect("whole blocks");
        assert_eq!(bytes.len(), rows * row, "{rows} rows of {columns} in {}", format.name());
        Self { format, rows, columns, bytes, file: None }
    }

    /// The same, where its bytes are mapped from a file.
    pub(crate) fn in_file(self, file: Option<&'a MappedFile>) -> Self {
        Self { file, ..self }
    }

    /// A matrix of another format whose rows are made from those of this one, by several threads; `None` when one of them
    /// could not be. `make` takes the row's number, its bytes here and its bytes there.
    ///
    /// # Panics
    /// When rows are no whole blocks of that format.
    pub(crate) fn by_rows(
        &self,
        format: Format,
        threads: usize,
        make: impl Fn(usize, &[u8], &mut [u8]) -> bool + Sync,
    ) -> Option<Stored<'static>> {
        let row_bytes = format.row_bytes(self.columns).expect("whole blocks");
        let mut bytes = vec![0; self.rows * row_bytes];
        let share = self.rows.div_ceil(threads.max(1)).max(1);
        let made = thread::scope(|scope| {
            let parts = bytes.chunks_mut((share * row_bytes).max(1)).enumerate();
            let make = &make;
            let make_part = |(part, bytes): (usize, &'_ mut [u8])| {
                let rows = part * share..self.rows.min((part + 1) * share);
                let mut rows = rows.clone().zip(self.read_once(rows)).zip(bytes.chunks_exact_mut(row_bytes));
                rows.all(|((row, stored), bytes)| make(row, stored, bytes))
            };
            let running: Vec<_> = parts.map(|part| scope.spawn(move || make_part(part))).collect();
            running.into_iter().map(|part| part.join().expect("rows are made without a panic")).fold(true, |all, part| all & part)
        });
        made.then(|| Stored::new(format, self.rows, self.columns, bytes))
    }

    /// Bytes of rows, one after the other; of those that lie in a file, what was read leaves memory again, so that a large
    /// matrix is not there as a whole beside what becomes of it.
    pub(crate) fn read_once(&self, rows: Range<usize>) -> impl Iterator<Item = &[u8]> {
        let mut unreleased = rows.start;
        rows.map(move |row| {
            if (row - unreleased) * self.row_bytes() >= READ_AT_ONCE {
                self.release(unreleased..row);
                unreleased = row;
            }
            self.row(row)
        })
    }

    fn release(&self, rows: Range<usize>) {
        if let (Some(file), Cow::Borrowed(bytes)) = (self.file, &self.bytes) {
            file.release(&bytes[rows.start * self.row_bytes()..rows.end * self.row_bytes()]);
        }
    }

    /// The same numbers rounded to another floating-point format, by several threads; `None` when one is not finite there.
    ///
    /// # Panics
    /// When one of the formats is none.
    pub(crate) fn rounded_to(&self, format: Format, threads: usize) -> Option<Stored<'static>> {
        self.by_rows(format, threads, |_, row, bytes| write_floats(floats(self.format, row).into_iter(), format, bytes))
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

    /// All rows, one after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
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
        floats(self.format, self.bytes())
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

/// Rounds numbers to a floating-point format; false when one is not finite there.
pub(crate) fn write_floats(values: impl Iterator<Item = f32>, format: Format, bytes: &mut [u8]) -> bool {
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

#[cfg(test)]
mod rounding {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_refused_where_there_is_none() {
        let rounded = |values: [f32; 2], format| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
            Stored::new(Format::F32, 2, 1, bytes).rounded_to(format, 2).map(|stored| (stored.format(), stored.floats()))
        };
        assert_eq!(rounded([1.0, -1.0 / 3.0], Format::F16), Some((Format::F16, vec![1.0, -0.333_251_95])));
        assert_eq!(rounded([1.0, -1.0 / 3.0], Format::Bf16), Some((Format::Bf16, vec![1.0, -0.333_984_38])));
        assert_eq!(rounded([1e30, 0.0], Format::F16), None);
        assert!(rounded([1e30, 0.0], Format::Bf16).is_some());
        assert_eq!(rounded([f32::NAN, 0.0], Format::F32), None);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::path::Path;

    const COLUMNS: usize = 2048;
    const ROWS: usize = 1024;

    /// Bytes of a mapped file that are in this process's memory, as the kernel counts them; proc_pid_smaps(5).
    fn resident(path: &Path) -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut after = maps.lines().skip_while(|line| !line.ends_with(path.to_str().unwrap()));
        let line = after.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }

    #[test]
    fn a_matrix_read_once_is_never_in_memory_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let values: Vec<u8> = (0..ROWS * COLUMNS).flat_map(|at| u32::try_from(at).unwrap().to_le_bytes()).collect();
        std::fs::write(&path, &values).unwrap();
        let file = MappedFile::open(&path).unwrap();
        let stored = Stored::new(Format::F32, ROWS, COLUMNS, file.bytes()).in_file(Some(&file));

        // As much again as is read at once comes along where the kernel maps pages around the one that is read.
        let most = 4 * READ_AT_ONCE;
        let mut largest = 0;
        for (row, bytes) in stored.read_once(0..ROWS).enumerate() {
            assert!(bytes == &values[row * COLUMNS * 4..][..COLUMNS * 4], "row {row}");
            if row % 64 == 63 {
                largest = largest.max(resident(&path));
            }
        }
        assert!(largest < most, "{largest} bytes");
        // Read in any other way, all of it stays; what was released reads the same.
        assert!((0..ROWS).all(|row| stored.row(row) == &values[row * COLUMNS * 4..][..COLUMNS * 4]));
        assert!(resident(&path) >= values.len());
    }
}
