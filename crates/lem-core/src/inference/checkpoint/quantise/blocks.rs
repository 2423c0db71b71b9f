//! Codes, scales and minimums that come near to given weights.
//!
//! Layouts of the blocks: `ggml-common.h` of <https://github.com/ggml-org/ggml>.

/// Weights that share a scale.
const PART: usize = 32;
/// Such parts in a block of Q4_K.
const PARTS: usize = 8;
/// Largest code of four bits.
const LARGEST: f32 = 15.0;
/// Largest code of a scale or a minimum, which have six bits.
const LARGEST_SCALE: f32 = 63.0;

/// Thirty-two weights as a scale in half precision and codes of −127 to 127.
pub(super) fn q8_0(weights: &[f32], block: &mut [u8]) {
    let largest = weights.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    let scale = half::f16::from_f32(largest / 127.0);
    let (scale_bytes, codes) = block.split_at_mut(2);
    scale_bytes.copy_from_slice(&scale.to_le_bytes());
    // By the scale as it is stored, so that its rounding is not added to that of the codes.
    let inverse = inverse(scale.to_f32());
    for (code, weight) in codes.iter_mut().zip(weights) {
        *code = nearest(weight * inverse, -127.0, 127.0).to_le_bytes()[0];
    }
}

/// Two hundred and fifty-six weights: eight parts, each of a scale and a minimum of six bits and of codes of four; all
/// scales share a factor in half precision, all minimums another.
pub(super) fn q4_k(weights: &[f32], block: &mut [u8]) {
    let parts = weights.as_chunks::<PART>().0;
    let fits: [Line; PARTS] = std::array::from_fn(|part| fit(&parts[part]));
    let largest = |of: fn(&Line) -> f32| fits.iter().map(of).fold(0.0, f32::max);
    let factor = |largest: f32| half::f16::from_f32(largest / LARGEST_SCALE);
    let (scale, depth) = (factor(largest(|line| line.scale)), factor(largest(|line| line.depth)));
    let (by_scale, by_depth) = (inverse(scale.to_f32()), inverse(depth.to_f32()));

    let mut six_bits = [(0u8, 0u8); PARTS];
    for (part, line) in fits.iter().enumerate() {
        let six = |value: f32| nearest(value, 0.0, LARGEST_SCALE).to_le_bytes()[0];
        let (scale_code, depth_code) = (six(line.scale * by_scale), six(line.depth * by_depth));
        six_bits[part] = (scale_code, depth_code);
        // Codes by the line as it is stored.
        let stored = Line { scale: scale.to_f32() * f32::from(scale_code), depth: depth.to_f32() * f32::from(depth_code) };
        let by_step = inverse(stored.scale);
        let bytes = &mut block[16 + part / 2 * PART..][..PART];
        for (byte, weight) in bytes.iter_mut().zip(&parts[part]) {
            let code = nearest((weight + stored.depth) * by_step, 0.0, LARGEST).to_le_bytes()[0];
            *byte = if part % 2 == 0 { code } else { *byte | code << 4 };
        }
    }
    block[..2].copy_from_slice(&scale.to_le_bytes());
    block[2..4].copy_from_slice(&depth.to_le_bytes());
    block[4..16].copy_from_slice(&packed(&six_bits));
}

/// Eight pairs of six bits in twelve bytes: the first four whole, of the others the upper two bits above those.
fn packed(pairs: &[(u8, u8); PARTS]) -> [u8; 12] {
    std::array::from_fn(|byte| {
        let at = byte % 4;
        let (first, second) = (pairs[at], pairs[at + 4]);
        match byte / 4 {
            0 => first.0 | second.0 >> 4 << 6,
            1 => first.1 | second.1 >> 4 << 6,
            _ => second.0 & 15 | (second.1 & 15) << 4,
        }
    })
}

/// Weights as `scale × code − depth`, neither of them negative.
#[derive(Clone, Copy, Debug)]
struct Line {
    scale: f32,
    depth: f32,
}

/// The line through codes of 0 to 15 that comes nearest to the weights, by the sum of squares: codes are rounded from
/// several steps around the one that spans the weights, each choice of codes has its best line in closed form, and the
/// best of those is taken. Steps shorter than the span clip the outermost weights, which may be worth it.
fn fit(weights: &[f32; PART]) -> Line {
    const TRIALS: u16 = 10;
    let low = weights.iter().fold(0.0f32, |low, &weight| low.min(weight));
    let high = weights.iter().fold(low, |high, &weight| high.max(weight));
    let span = high - low;
    let mut best = Line { scale: span / LARGEST, depth: -low };
    if span <= 0.0 {
        return best;
    }
    let mut least = f32::INFINITY;
    for trial in 0..=TRIALS {
        let steps = LARGEST + f32::from(trial) * 0.2 - 1.0;
        let codes = codes(weights, low, steps / span);
        let line = best_line(weights, &codes);
        let error = sum(|at| (line.scale * codes[at] - line.depth - weights[at]).powi(2));
        if error < least {
            (least, best) = (error, line);
        }
    }
    best
}

fn codes(weights: &[f32; PART], low: f32, by_step: f32) -> [f32; PART] {
    std::array::from_fn(|at| round((weights[at] - low) * by_step).clamp(0.0, LARGEST))
}

/// Least squares, with the depth held at zero where it would be negative.
fn best_line(weights: &[f32; PART], codes: &[f32; PART]) -> Line {
    const COUNT: f32 = 32.0;
    let (weight_sum, code_sum) = (sum(|at| weights[at]), sum(|at| codes[at]));
    let (products, squares) = (sum(|at| weights[at] * codes[at]), sum(|at| codes[at] * codes[at]));
    let spread = COUNT * squares - code_sum * code_sum;
    if spread > 0.0 {
        let scale = (COUNT * products - weight_sum * code_sum) / spread;
        let depth = (scale * code_sum - weight_sum) / COUNT;
        if depth >= 0.0 {
            return Line { scale, depth };
        }
    }
    Line { scale: if squares > 0.0 { products / squares } else { 0.0 }, depth: 0.0 }
}

/// Sums of eight lanes, added up at the end: in one running sum every addition would wait for the one before.
fn sum(term: impl Fn(usize) -> f32) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for start in (0..PART).step_by(LANES) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    sums.iter().sum()
}

/// Zero for zero: nothing is left of weights whose scale is none.
fn inverse(scale: f32) -> f32 {
    if scale > 0.0 { scale.recip() } else { 0.0 }
}

/// To the nearest whole number, for values far below the constant: adding it leaves no bits for a fraction, and unlike a
/// call of the mathematical library this is an instruction or two on every processor.
fn round(value: f32) -> f32 {
    const NO_FRACTION: f32 = 12_582_912.0;
    (value + NO_FRACTION) - NO_FRACTION
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number within bounds of eight bits")]
fn nearest(value: f32, least: f32, most: f32) -> i32 {
    round(value.clamp(least, most)) as i32
}
