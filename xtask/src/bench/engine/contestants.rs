//! Who runs what, and what lem's engine is meant to reach beside whom.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Shapes of the work, in the order of every table.
pub(super) const SHAPES: [Shape; 2] = [Shape { batch: 1, prompt: 512, steps: 64 }, Shape { batch: 8, prompt: 128, steps: 24 }];

/// Titles of the four figures of a contestant: either phase of either shape.
pub(super) const FIGURES: [&str; 4] = ["prefill, batch 1", "decode, batch 1", "prefill, batch 8", "decode, batch 8"];

/// `batch` prompts of `prompt` tokens at once, then `steps` passes of one token of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) batch: u32,
    pub(super) prompt: u32,
    pub(super) steps: u32,
}

impl Shape {
    /// Tokens of the prompts and tokens of the passes after them.
    pub(super) fn tokens(self) -> [u32; 2] {
        [self.batch * self.prompt, self.batch * self.steps]
    }
}

/// What is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// SmolLM2-135M in Q4_1, as published
    #[value(name = "q4_1")]
    Q4_1,
    /// SmolLM2-135M in Q8_0
    #[value(name = "q8_0")]
    Q8_0,
    /// SmolLM2-135M in f32
    F32,
    /// SmolLM2-135M in bf16: safetensors where an engine reads them
    Bf16,
    /// SmolLM2-135M in Q4_0
    #[value(name = "q4_0")]
    Q4_0,
    /// SmolLM2-135M in Q4_K_M
    #[value(name = "q4_k_m")]
    Q4KM,
    /// Gemma-3-270M in Q4_K_M, under Gemma's terms
    Gemma,
}

impl Format {
    /// All that may be fetched without accepting anything.
    pub(super) const FREE: [Self; 6] = [Self::Q4_1, Self::Q8_0, Self::F32, Self::Bf16, Self::Q4_0, Self::Q4KM];

    /// Name in tables, which is also llama.cpp's for the type of a file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Q4_1 => "Q4_1",
            Self::Q8_0 => "Q8_0",
            Self::F32 => "F32",
            Self::Bf16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4KM => "Q4_K_M",
            Self::Gemma => "Gemma Q4_K_M",
        }
    }

    /// What its products are of.
    pub(super) fn arithmetic(self) -> Arithmetic {
        match self {
            Self::F32 => Arithmetic::F32,
            Self::Bf16 => Arithmetic::Bf16,
            _ => Arithmetic::Int8,
        }
    }

    /// Multiply-adds with weights for the prompts of a shape: every token goes through the layers, and the last one of
    /// each prompt through the head. Those of attention, which has no weights, are left out.
    pub(super) fn prefill_multiply_adds(self, shape: Shape) -> f64 {
        let model = if self == Self::Gemma { GEMMA_3_270M } else { SMOLLM2_135M };
        let [tokens, _] = shape.tokens().map(f64::from);
        tokens * model.layers() + f64::from(shape.batch) * model.head()
    }
}

/// What products of weights are of, on a processor that has instructions for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    F32,
    /// f32 where a processor has no instructions for it.
    Bf16,
    Int8,
}

/// Widths of a decoder with gated feed-forward layers and a tied head.
struct Widths {
    layers: u32,
    hidden: u32,
    feed_forward: u32,
    queries: u32,
    keys: u32,
    vocabulary: u32,
}

const SMOLLM2_135M: Widths = Widths { layers: 30, hidden: 576, feed_forward: 1536, queries: 9 * 64, keys: 3 * 64, vocabulary: 49_152 };
const GEMMA_3_270M: Widths = Widths { layers: 18, hidden: 640, feed_forward: 2048, queries: 4 * 256, keys: 256, vocabulary: 262_144 };

impl Widths {
    /// Weights of all layers: queries and output, keys and values, and three matrices of the feed-forward part.
    fn layers(&self) -> f64 {
        f64::from(self.layers * self.hidden * (2 * self.queries + 2 * self.keys + 3 * self.feed_forward))
    }

    fn head(&self) -> f64 {
        f64::from(self.hidden * self.vocabulary)
    }
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Lem,
    LlamaCpp,
    Transformers,
}

impl Engine {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lem => "lem",
            Self::LlamaCpp => "llama.cpp",
            Self::Transformers => "transformers",
        }
    }
}

/// An engine with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contestant {
    pub(super) engine: Engine,
    pub(super) format: Format,
}

impl Contestant {
    pub(super) fn name(self) -> String {
        format!("{} {}", self.engine.name(), self.format.name())
    }
}

/// What lem with some weights is meant to be, times as fast as another engine with the same.
pub(super) struct Comparison {
    pub(super) format: Format,
    pub(super) rival: Engine,
    /// One for each of [`FIGURES`]; `None` where the ratio is only shown.
    pub(super) targets: Option<[f64; 4]>,
    pub(super) is_required: bool,
}

/// Every comparison. Where bf16 must beat the better of two in decode, it must beat both.
pub(super) const COMPARISONS: [Comparison; 9] = {
    use Engine::{LlamaCpp, Transformers};
    use Format::{Bf16, F32, Gemma, Q4_0, Q4_1, Q4KM, Q8_0};
    const fn required(format: Format, rival: Engine, targets: [f64; 4]) -> Comparison {
        Comparison { format, rival, targets: Some(targets), is_required: true }
    }
    const fn goal(format: Format) -> Comparison {
        Comparison { format, rival: LlamaCpp, targets: Some([1.1; 4]), is_required: false }
    }
    [
        required(Q4_1, LlamaCpp, [2.3, 1.5, 3.5, 2.9]),
        required(Q8_0, LlamaCpp, [1.25, 1.25, 1.5, 2.0]),
        required(F32, LlamaCpp, [1.0; 4]),
        required(Bf16, Transformers, [0.8, 1.2, 0.8, 1.2]),
        required(Bf16, LlamaCpp, [1.0, 1.2, 1.0, 1.2]),
        Comparison { format: F32, rival: Transformers, targets: None, is_required: false },
        goal(Q4_0),
        goal(Q4KM),
        goal(Gemma),
    ]
};

/// Everyone whom the comparisons of these formats need. Those with the same weights stand side by side, so that little
/// time lies between the two sides of a ratio.
pub(super) fn of(formats: &[Format], with_transformers: bool) -> Vec<Contestant> {
    let mut contestants: Vec<Contestant> = Vec::new();
    for &format in formats {
        let rivals = COMPARISONS.iter().filter(|comparison| comparison.format == format).map(|comparison| comparison.rival);
        for engine in std::iter::once(Engine::Lem).chain(rivals) {
            let contestant = Contestant { engine, format };
            if (with_transformers || engine != Engine::Transformers) && !contestants.contains(&contestant) {
                contestants.push(contestant);
            }
        }
    }
    contestants
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(formats: &[Format], with_transformers: bool) -> Vec<String> {
        of(formats, with_transformers).into_iter().map(Contestant::name).collect()
    }

    #[test]
    fn rivals_with_the_same_weights_stand_side_by_side() {
        assert_eq!(
            names(&[Format::Q4_1, Format::Bf16], true),
            ["lem Q4_1", "llama.cpp Q4_1", "lem BF16", "transformers BF16", "llama.cpp BF16"]
        );
    }

    #[test]
    fn a_format_named_twice_runs_once_and_transformers_can_stay_out() {
        assert_eq!(names(&[Format::F32, Format::F32], false), ["lem F32", "llama.cpp F32"]);
    }

    /// vLLM counts 2 × 106,168,320 operations per token for the layers of SmolLM2-135M and 2 × 28,311,552 for its head.
    #[test]
    fn multiply_adds_agree_with_another_counter() {
        let counted = Format::Q8_0.prefill_multiply_adds(SHAPES[1]);
        assert!((counted - (1024.0 * 106_168_320.0 + 8.0 * 28_311_552.0)).abs() < 0.5, "{counted}");
    }
}
