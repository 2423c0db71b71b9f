//! The top level: which model, on what, within which limits.

use super::batching::{Batching, RawBatching};
use super::candle::{Candle, RawCandle};
use super::decoder::{Decoder, RawDecoder};
use super::energy::{Energy, RawEnergy};
use super::impact::{Impact, RawImpact};
use super::io::{Io, RawIo};
use super::prompts::{Prompts, RawPrompts};
use super::quantization::{Quantization, RawQuantization};
use super::virtual_machine::{RawVirtual, Virtual};
use super::warmup::{RawWarmup, Warmup};
use crate::section::section;
use crate::value::Choice;
use lem_domain::backend::Backend;

section! {
    /// An experiment of lem.
    Settings from RawConfig {
        /// Name of the experiment, a label. Left out: the name of the model.
        #[validate(length(min = 1, max = 4096))]
        config_name: String,
        /// Model: a `.gguf` file, a folder, or `org/name[@revision]` on a hub. There is no default.
        #[validate(length(min = 1, max = 4096))]
        model_name: String,
        /// LoRA adapter that is merged into the weights while they are loaded: a folder that PEFT saved, or
        /// `org/name[@revision]` on a hub.
        #[validate(length(min = 1, max = 4096))]
        adapter: String,
        /// What runs the model: `candle` in process, `virtual` simulated.
        backend: Choice<Backend> = Choice(Backend::Candle),
        /// Prompts are cut to this many tokens.
        #[validate(range(min = 1, max = 1_000_000))]
        max_input_tokens: u32 = 512,
        /// Generation stops after this many tokens.
        #[validate(range(min = 1, max = 1_000_000))]
        max_output_tokens: u32 = 128,
        /// This many output tokens come before the one that ends the text: none of them is an end-of-sequence token, and
        /// no text of `decoder.stop` is looked for in them.
        #[validate(range(max = 1_000_000))]
        min_output_tokens: u32 = 0,
        /// Seed of every random choice of the run.
        random_seed: u64 = 42,
    } {
        /// Which prompts, and how many.
        "prompts" prompts: Prompts from RawPrompts,
        /// How requests are grouped.
        "batching" batching: Batching from RawBatching,
        /// How the next token is chosen, and what ends a text before its limit.
        "decoder" decoder: Decoder from RawDecoder,
        /// What runs before the measured window opens.
        "warmup" warmup: Warmup from RawWarmup,
        /// How energy is read.
        "energy" energy: Energy from RawEnergy,
        /// What energy is multiplied by for a figure of carbon or cost. Left out, there is no such figure.
        "impact" impact: Impact from RawImpact,
        /// Where results go.
        "io" io: Io from RawIo,
        /// What is done with the weights while they are loaded.
        "quantization" quantization: Quantization from RawQuantization,
        /// Settings of `backend: candle`.
        "candle" candle: Candle from RawCandle,
        /// The simulated machine of `backend: virtual`.
        "virtual" virtual_machine: Virtual from RawVirtual,
    }
}

impl Settings {
    /// The settings as a document, in the user's form.
    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings hold numbers, words and texts only")
    }
}
