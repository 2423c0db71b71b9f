//! ggml's block formats, read as blocks of `scale × code + minimum`.
//!
//! Layouts: `ggml-common.h` and `ggml-quants.c` of <https://github.com/ggml-org/ggml>.

use crate::inference::checkpoint::Format;
use crate::inference::cpu::matrix::blocks::Coding;

/// Weights of one output that share a scale.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) scale: f32,
    pub(super) minimum: f32,
    /// As many as the coding has in a block; signed codes as their bits.
    pub(super) codes: [u8; 32],
}

/// What a format's numbers need.
#[derive(Clone, Copy, Debug)]
pub(super) enum Precision {
    F16,
    F32,
}

/// What is added to the weights of a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Minimum {
    Zero,
    /// The scale times this.
    OfScale(f32),
    Stored,
}

/// Reads a block of the file as blocks of ours.
type Read = fn(&[u8], Put<'_>);
type Put<'a> = &'a mut dyn FnMut(&Block);

/// How a format is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) coding: Coding,
    pub(super) numbers: Precision,
    pub(super) minimum: Minimum,
    /// Bytes of a block of the file, which may hold several of ours.
    bytes: usize,
    read: Read,
}

impl Layout {
    /// # Panics
    /// When the format has no blocks.
    pub(super) fn of(format: Format) -> Self {
        let (coding, numbers, minimum, read): (_, _, _, Read) = match format {
            Format::Q4_0 => (Coding::U4, Precision::F16, Minimum::OfScale(-8.0), q4_0),
            Format::Q4_1 => (Coding::U4, Precision::F16, Minimum::Stored, q4_1),
            Format::Q5_0 => (Coding::U6, Precision::F16, Minimum::OfScale(-16.0), q5_0),
            Format::Q5_1 => (Coding::U6, Precision::F16, Minimum::Stored, q5_1),
            Format::Q8_0 => (Coding::I8, Precision::F16, Minimum::Zero, q8_0),
            Format::Q2K => (Coding::U6Short, Precision::F32, Minimum::Stored, q2_k),
            Format::Q3K => (Coding::U6Short, Precision::F32, Minimum::OfScale(-4.0), q3_k),
            Format::Q4K => (Coding::U4, Precision::F32, Minimum::Stored, q4_k),
            Format::Q5K => (Coding::U6, Precision::F32, Minimum::Stored, q5_k),
            Format::Q6K => (Coding::U6Short, Precision::F32, Minimum::OfScale(-32.0), q6_k),
            Format::F32 | Format::F16 | Format::Bf16 => panic!("{} has no blocks", format.name()),
        };
        Self { coding, numbers, minimum, bytes: format.block().1, read }
    }

    /// Reads the blocks of a row, in order, with their numbers.
    pub(super) fn read_row(&self, row: &[u8], mut put: impl FnMut(usize, &Block)) {
        let mut index = 0;
        for block in row.chunks_exact(self.bytes) {
            (self.read)(block, &mut |block| {
                put(index, block);
                index += 1;
            });
        }
    }
}

fn half(bytes: &[u8]) -> f32 {
    half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Low halves of sixteen bytes, then high halves.
fn nibbles(bytes: &[u8]) -> [u8; 32] {
    std::array::from_fn(|at| if at < 16 { bytes[at] & 15 } else { bytes[at - 16] >> 4 })
}

/// The same with a fifth bit each.
fn five_bits(fifth: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut codes = nibbles(bytes);
    for (at, code) in codes.iter_mut().enumerate() {
        *code |= (fifth[at / 8] >> (at % 8) & 1) << 4;
    }
    codes
}

fn q4_0(block: &[u8], put: Put<'_>) {
    put(&Block { scale: half(block), minimum: 0.0, codes: nibbles(&block[2..]) });
}

fn q4_1(block: &[u8], put: Put<'_>) {
    put(&Block { scale: half(block), minimum: half(&block[2..]), codes: nibbles(&block[4..]) });
}

fn q5_0(block: &[u8], put: Put<'_>) {
    put(&Block { scale: half(block), minimum: 0.0, codes: five_bits(&block[2..6], &block[6..]) });
}

fn q5_1(block: &[u8], put: Put<'_>) {
    put(&Block { scale: half(block), minimum: half(&block[2..]), codes: five_bits(&block[4..8], &block[8..]) });
}

fn q8_0(block: &[u8], put: Put<'_>) {
    put(&Block { scale: half(block), minimum: 0.0, codes: std::array::from_fn(|at| block[2 + at]) });
}

/// Scale and minimum of each of eight blocks, six bits each in twelve bytes.
fn six_bit_pairs(packed: &[u8]) -> [(u8, u8); 8] {
    std::array::from_fn(|block| {
        if block < 4 {
            (packed[block] & 63, packed[block + 4] & 63)
        } else {
            let (low, scale_high, minimum_high) = (packed[block + 4], packed[block - 4] >> 6, packed[block] >> 6);
            (low & 15 | scale_high << 4, low >> 4 | minimum_high << 4)
        }
    })
}

fn q4_k(block: &[u8], put: Put<'_>) {
    let (scale, minimum) = (half(block), half(&block[2..]));
    for (index, (scale_code, minimum_code)) in six_bit_pairs(&block[4..16]).into_iter().enumerate() {
        let bytes = &block[16 + index / 2 * 32..][..32];
        let shift = index % 2 * 4;
        put(&Block {
            scale: scale * f32::from(scale_code),
            minimum: -minimum * f32::from(minimum_code),
            codes: std::array::from_fn(|at| bytes[at] >> shift & 15),
        });
    }
}

fn q5_k(block: &[u8], put: Put<'_>) {
    let (scale, minimum) = (half(block), half(&block[2..]));
    let fifth = &block[16..48];
    for (index, (scale_code, minimum_code)) in six_bit_pairs(&block[4..16]).into_iter().enumerate() {
        let bytes = &block[48 + index / 2 * 32..][..32];
        let shift = index % 2 * 4;
        put(&Block {
            scale: scale * f32::from(scale_code),
            minimum: -minimum * f32::from(minimum_code),
            codes: std::array::from_fn(|at| bytes[at] >> shift & 15 | (fifth[at] >> index & 1) << 4),
        });
    }
}

fn q6_k(block: &[u8], put: Put<'_>) {
    let scale = half(&block[208..]);
    for index in 0..16 {
        // Sixteen blocks of 16: two halves of 128, each of four quarters of 32.
        let (side, quarter, first) = (index / 8, index % 8 / 2, index % 2 * 16);
        let low = &block[side * 64 + quarter % 2 * 32 + first..][..16];
        let high = &block[128 + side * 32 + first..][..16];
        let mut codes = [0; 32];
        for at in 0..16 {
            codes[at] = low[at] >> (quarter / 2 * 4) & 15 | (high[at] >> (quarter * 2) & 3) << 4;
        }
        put(&Block { scale: scale * f32::from(block[192 + index].cast_signed()), minimum: 0.0, codes });
    }
}

fn q2_k(block: &[u8], put: Put<'_>) {
    let (scale, minimum) = (half(&block[80..]), half(&block[82..]));
    for index in 0..16 {
        let (side, quarter, first) = (index / 8, index % 8 / 2, index % 2 * 16);
        let bytes = &block[16 + side * 32 + first..][..16];
        let mut codes = [0; 32];
        for at in 0..16 {
            codes[at] = bytes[at] >> (quarter * 2) & 3;
        }
        put(&Block { scale: scale * f32::from(block[index] & 15), minimum: -minimum * f32::from(block[index] >> 4), codes });
    }
}

fn q3_k(block: &[u8], put: Put<'_>) {
    let (third, packed, scale) = (&block[..32], &block[96..108], half(&block[108..]));
    for index in 0..16 {
        let (side, quarter, first) = (index / 8, index % 8 / 2, index % 2 * 16);
        let bytes = &block[32 + side * 32 + first..][..16];
        let mut codes = [0; 32];
        for at in 0..16 {
            codes[at] = bytes[at] >> (quarter * 2) & 3 | (third[first + at] >> (side * 4 + quarter) & 1) << 2;
        }
        // Sixteen scales of six bits: four low bits in eight bytes, two high ones in four.
        let low = if index < 8 { packed[index] & 15 } else { packed[index - 8] >> 4 };
        let scale_code = low | (packed[8 + index % 4] >> (index / 4 * 2) & 3) << 4;
        put(&Block { scale: scale * (f32::from(scale_code) - 32.0), minimum: 0.0, codes });
    }
}
