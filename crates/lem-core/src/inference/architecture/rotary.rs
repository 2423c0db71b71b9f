//! Rotary position embeddings.
//!
//! Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv 2104.09864. How each scaling
//! changes the frequencies: `modeling_rope_utils.py` of <https://github.com/huggingface/transformers>.

use crate::inference::checkpoint::CheckpointError;
use std::f64::consts::TAU;

/// A rotary embedding: pairs of dimensions turn with the position, each at a frequency of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rotary {
    /// Which dimensions are a pair.
    pub(crate) pairing: Pairing,
    /// Angle per position of each pair; twice as many dimensions from the start of each head turn.
    pub(crate) frequencies: Vec<f64>,
    /// Frequencies of contexts that outgrow the one that the model was first made for, and the length of that one.
    pub(crate) long: Option<(usize, Vec<f64>)>,
    /// Multiplies what was rotated.
    pub(crate) magnitude: f32,
}

/// Which dimensions of a head are a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// One of the first half with the same of the second: the layout of Hugging Face's checkpoints.
    Halves,
    /// Neighbours: the layout of llamas in GGUF files.
    Neighbours,
}

/// How a model was stretched to contexts longer than it was first made for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stretch {
    /// Not at all.
    None,
    /// Every frequency is divided; Chen et al. 2023, arXiv 2306.15595.
    Linear { factor: f64 },
    /// Slow frequencies are divided, fast ones are not; Llama 3, arXiv 2407.21783.
    Llama3 { factor: f64, low: f64, high: f64, usual: usize },
    /// As above with another ramp, and larger scores; Peng et al. 2023, arXiv 2309.00071. Pairs that turn more than
    /// `fast` times in the usual context keep their frequency, those that turn less than `slow` times are divided.
    Yarn {
        factor: f64,
        usual: usize,
        fast: f64,
        slow: f64,
        /// What rotated values are multiplied by; `None` follows from the factor.
        magnitude: Option<f64>,
        /// Whether the ends of the ramp are whole pairs.
        whole: bool,
    },
    /// A divisor for each frequency.
    Divisors(Vec<f64>),
    /// Two sets of divisors, for contexts up to the usual one and beyond; Ding et al. 2024, arXiv 2402.13753.
    Long { short: Vec<f64>, long: Vec<f64>, usual: usize, context: usize, magnitude: Option<f64> },
}

impl Rotary {
    /// Frequencies base^(−2i / width) of `width / 2` pairs, stretched.
    ///
    /// # Errors
    /// When the stretch has another number of divisors than there are pairs.
    pub(crate) fn new(pairing: Pairing, width: usize, base: f64, stretch: &Stretch) -> Result<Self, CheckpointError> {
        let plain: Vec<f64> = (0..width / 2).map(|pair| base.powf(-2.0 * real(pair) / real(width))).collect();
        let divided = |divisors: &[f64]| -> Result<Vec<f64>, CheckpointError> {
            if divisors.len() != plain.len() {
                let problem = format!("has {} divisors for {} frequencies", divisors.len(), plain.len());
                return Err(CheckpointError::metadata("rope_scaling", problem));
            }
            Ok(plain.iter().zip(divisors).map(|(frequency, divisor)| frequency / divisor).collect())
        };
        let mut rotary = Self { pairing, frequencies: plain.clone(), long: None, magnitude: 1.0 };
        match stretch {
            Stretch::None => {}
            Stretch::Linear { factor } => rotary.frequencies.iter_mut().for_each(|frequency| *frequency /= factor),
            Stretch::Llama3 { factor, low, high, usual } => {
                for frequency in &mut rotary.frequencies {
                    let turns = real(*usual) * *frequency / TAU;
                    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    *frequency *= kept + (1.0 - kept) / factor;
                }
            }
            Stretch::Yarn { factor, usual, fast, slow, magnitude, whole } => {
                let pair_of = |turns: f64| real(width) * (real(*usual) / (turns * TAU)).ln() / (2.0 * base.ln());
                let (start, end) = (pair_of(*fast), pair_of(*slow));
                let (start, end) = if *whole { (start.floor(), end.ceil()) } else { (start, end) };
                let (start, end) = (start.max(0.0), end.min(real(width) - 1.0));
                let span = if end > start { end - start } else { 0.001 };
                for (pair, frequency) in rotary.frequencies.iter_mut().enumerate() {
                    let divided = ((real(pair) - start) / span).clamp(0.0, 1.0);
                    *frequency *= 1.0 - divided + divided / factor;
                }
                let usual_magnitude = if *factor > 1.0 { 0.1 * factor.ln() + 1.0 } else { 1.0 };
                rotary.magnitude = narrow(magnitude.unwrap_or(usual_magnitude));
            }
            Stretch::Divisors(divisors) => rotary.frequencies = divided(divisors)?,
            Stretch::Long { short, long, usual, context, magnitude } => {
                rotary.frequencies = divided(short)?;
                rotary.long = Some((*usual, divided(long)?));
                let factor = real(*context) / real(*usual);
                let usual_magnitude = if factor > 1.0 { (1.0 + factor.ln() / real(*usual).ln()).sqrt() } else { 1.0 };
                rotary.magnitude = narrow(magnitude.unwrap_or(usual_magnitude));
            }
        }
        Ok(rotary)
    }
}

/// Cosines and sines of every position up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// `[line][cosines of all pairs, then sines]`, times the magnitude; those of long contexts behind the others.
    pub(crate) values: Vec<f32>,
    /// Lines of either.
    positions: usize,
    /// Texts of more tokens take those of long contexts.
    usual: Option<usize>,
}

impl Rotary {
    /// For positions below `positions`.
    pub(crate) fn table(&self, positions: usize) -> Table {
        let long = self.long.as_ref().filter(|(usual, _)| positions > *usual);
        let mut values = Vec::with_capacity(positions * 2 * self.frequencies.len() * (1 + usize::from(long.is_some())));
        self.extend(&mut values, positions, &self.frequencies);
        if let Some((_, frequencies)) = long {
            self.extend(&mut values, positions, frequencies);
        }
        Table { values, positions, usual: long.map(|(usual, _)| *usual) }
    }

    fn extend(&self, values: &mut Vec<f32>, positions: usize, frequencies: &[f64]) {
        let magnitude = f64::from(self.magnitude);
        for position in 0..positions {
            // Angles are computed in f64 and applied in f32.
            let angle = |frequency: &f64| real(position) * frequency;
            values.extend(frequencies.iter().map(|frequency| narrow(angle(frequency).cos() * magnitude)));
            values.extend(frequencies.iter().map(|frequency| narrow(angle(frequency).sin() * magnitude)));
        }
    }
}

impl Table {
    /// The line of a position in a text of at most `context` tokens.
    #[inline(always)]
    pub(crate) fn line(&self, position: usize, context: usize) -> usize {
        if self.usual.is_some_and(|usual| context > usual) { self.positions + position } else { position }
    }

    /// Whether the line of every position is the position, however long the text.
    #[cfg(any(feature = "cuda", test))]
    pub(crate) fn is_plain(&self) -> bool {
        self.usual.is_none()
    }
}

#[expect(clippy::cast_precision_loss, reason = "widths and contexts stay far below 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
