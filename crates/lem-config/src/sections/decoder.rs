//! How the next token is chosen, and what ends a text before its limit.

use crate::section::section;
use crate::value::{Choice, DecoderPreset, TextList};
use lem_domain::spec::EarlyStopping;

section! {
    /// How the next token is chosen, and what ends a text before its limit.
    Decoder from RawDecoder {
        /// Values to start from: `deterministic`, `standard`, `creative` or `factual`. What is written beside it wins.
        preset: Choice<DecoderPreset>,
        /// Draw from the distribution; `false` always takes the most probable token.
        do_sample: bool = true,
        /// Divides the logits; 0 always takes the most probable token.
        #[validate(range(min = 0.0, max = 2.0))]
        temperature: f64 = 1.0,
        /// Keeps this many tokens; 0 keeps all.
        #[validate(range(max = 1_000_000))]
        top_k: u32 = 50,
        /// Keeps the smallest set of tokens whose probabilities reach this sum.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        top_p: f64 = 1.0,
        /// Keeps the tokens that are at least this probable relative to the most probable one; 0 keeps all.
        #[validate(range(min = 0.0, max = 1.0))]
        min_p: f64 = 0.0,
        /// Divides the positive and multiplies the negative logits of the tokens that prompt or output hold; 1 leaves
        /// them as they are. Also without `do_sample`.
        #[validate(range(min = 0.1, max = 10.0))]
        repetition_penalty: f64 = 1.0,
        /// No sequence of this many tokens comes a second time in prompt and output; 0 lets all come. Also without
        /// `do_sample`.
        #[validate(range(max = 1_000_000))]
        no_repeat_ngram_size: u32 = 0,
        /// Go on after an end-of-sequence token, as after any other.
        ignore_eos: bool = false,
        /// A text, or a list of texts, that ends the output with the token that completes it.
        stop: TextList = TextList::default(),
        /// Keep how probable the model found its output.
        logprobs: bool = false,
    } {
        /// Follow several continuations at once.
        "beam_search" beam_search: BeamSearch from RawBeamSearch,
    }
}

section! {
    /// Following several continuations at once, of which the most probable one is told.
    BeamSearch from RawBeamSearch {
        /// Continuations that are followed; 1 is no search.
        #[validate(range(min = 1, max = 16))]
        num_beams: u32 = 1,
        /// Exponent of the length that a continuation's log-probability is divided by: above 0 favours long ones.
        #[validate(range(min = -10.0, max = 10.0))]
        length_penalty: f64 = 1.0,
        /// When the search ends, once `num_beams` continuations have ended: `at_width` then, `heuristic` when the best
        /// running one is no better at its present length, `never` before none can become better.
        early_stopping: Choice<EarlyStopping> = Choice(EarlyStopping::Heuristic),
    }
}
