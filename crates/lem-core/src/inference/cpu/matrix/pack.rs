//! From rows as they lie in a file to tiles.

mod ggml;

use super::blocks::{Blocks, Coding, Line, Minimums, Numbers};
use super::{Matrix, Tiles};
use crate::inference::checkpoint::{Format, Stored};
use crate::inference::cpu::simd::LANES;
use ggml::{Block, Layout};

impl Matrix {
    /// The outputs of several matrices of the same format and number of inputs, one after the other.
    ///
    /// # Panics
    /// When there is none, or they differ.
    pub(crate) fn pack(parts: &[Stored<'_>]) -> Self {
        let (format, inputs) = (parts[0].format(), parts[0].columns());
        assert!(parts.iter().all(|part| (part.format(), part.columns()) == (format, inputs)), "matrices of one kind");
        let outputs = parts.iter().map(Stored::rows).sum();
        let rows = parts.iter().flat_map(|part| part.read_once(0..part.rows()));
        let tiles = match format {
            Format::F32 => Tiles::F32(spread(rows, outputs, inputs, |bytes: [u8; 4]| f32::from_le_bytes(bytes))),
            Format::F16 => Tiles::F16(spread(rows, outputs, inputs, u16::from_le_bytes)),
            Format::Bf16 if inputs.is_multiple_of(2) => Tiles::Bf16(spread_pairs(rows, outputs, inputs)),
            // No model that is known of has such a matrix; f32 holds the same numbers.
            Format::Bf16 => Tiles::F32(spread(rows, outputs, inputs, |bytes| half::bf16::from_le_bytes(bytes).to_f32())),
            _ => Tiles::Blocks(blocks(rows, outputs, inputs, &Layout::of(format))),
        };
        Self { outputs, inputs, tiles }
    }
}

/// Spreads rows of numbers over the lanes of tiles.
fn spread<'a, const SIZE: usize, T: Copy + Default>(
    rows: impl Iterator<Item = &'a [u8]>,
    outputs: usize,
    inputs: usize,
    read: fn([u8; SIZE]) -> T,
) -> Vec<T> {
    let mut tiles = vec![T::default(); outputs.div_ceil(LANES) * inputs * LANES];
    for (output, row) in rows.enumerate() {
        let start = output / LANES * inputs * LANES + output % LANES;
        for (input, bytes) in row.as_chunks::<SIZE>().0.iter().enumerate() {
            tiles[start + input * LANES] = read(*bytes);
        }
    }
    tiles
}

/// Spreads rows of sixteen-bit numbers over the lanes of tiles, two neighbours side by side.
fn spread_pairs<'a>(rows: impl Iterator<Item = &'a [u8]>, outputs: usize, inputs: usize) -> Vec<u16> {
    let mut tiles = vec![0; outputs.div_ceil(LANES) * inputs * LANES];
    for (output, row) in rows.enumerate() {
        let start = output / LANES * inputs * LANES + 2 * (output % LANES);
        for (pair, bytes) in row.as_chunks::<4>().0.iter().enumerate() {
            let [a, b, c, d] = *bytes;
            tiles[start + 2 * LANES * pair] = u16::from_le_bytes([a, b]);
            tiles[start + 2 * LANES * pair + 1] = u16::from_le_bytes([c, d]);
        }
    }
    tiles
}

fn blocks<'a>(rows: impl Iterator<Item = &'a [u8]>, outputs: usize, inputs: usize, layout: &Layout) -> Blocks {
    let Layout { coding, numbers, minimum, .. } = *layout;
    let blocks_per_output = inputs / coding.block();
    let count = outputs.div_ceil(LANES) * blocks_per_output;
    let mut packed = Blocks {
        coding,
        codes: vec![Line([0; 64]); count * coding.lines()],
        scales: zeros(numbers, count),
        minimums: match minimum {
            ggml::Minimum::Zero => Minimums::Zero,
            ggml::Minimum::OfScale(factor) => Minimums::OfScale(factor),
            ggml::Minimum::Stored => Minimums::Stored(zeros(numbers, count)),
        },
        blocks_per_output,
    };
    for (output, row) in rows.enumerate() {
        let (tile, lane) = (output / LANES, output % LANES);
        layout.read_row(row, |index, block| packed.put(tile * blocks_per_output + index, lane, block));
    }
    packed
}

fn zeros(precision: ggml::Precision, blocks: usize) -> Numbers {
    match precision {
        ggml::Precision::F16 => Numbers::F16(vec![0; blocks * LANES]),
        ggml::Precision::F32 => Numbers::F32(vec![0.0; blocks * LANES]),
    }
}

impl Numbers {
    fn put(&mut self, at: usize, value: f32) {
        match self {
            // Formats with numbers of half precision give those very numbers.
            Self::F16(numbers) => numbers[at] = half::f16::from_f32(value).to_bits(),
            Self::F32(numbers) => numbers[at] = value,
        }
    }
}

impl Blocks {
    fn put(&mut self, block: usize, lane: usize, content: &Block) {
        self.scales.put(block * LANES + lane, content.scale);
        if let Minimums::Stored(minimums) = &mut self.minimums {
            minimums.put(block * LANES + lane, content.minimum);
        }
        let (size, lines) = (self.coding.block(), self.coding.lines());
        for (at, &code) in content.codes[..size].iter().enumerate() {
            let (line, byte, upper) = self.coding.place(lane, at);
            let byte = &mut self.codes[block * lines + line].0[byte];
            match self.coding {
                Coding::U4 if upper => *byte |= code << 4,
                Coding::U4 => *byte |= code,
                _ => *byte = code,
            }
        }
    }
}
