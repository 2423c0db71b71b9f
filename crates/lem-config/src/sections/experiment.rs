//! The top level: which model, on what, within which limits.

use super::batching::{Batching, RawBatching};
use super::candle::{Candle, RawCandle};
use super::decoder::{Decoder, RawDecoder};
use super::energy::{Energy, RawEnergy};
use super::impact::{Impact, RawImpact};
use super::io::{Io, RawIo};
use super::llamacpp::{Llamacpp, RawLlamacpp};
use super::openai::{Openai, RawOpenai};
use super::parallelism::{Parallelism, RawParallelism};
use super::prompts::{Prompts, RawPrompts};
use super::pytorch::{Pytorch, RawPytorch};
use super::quantization::{Quantization, RawQuantization};
use super::schedule::{RawSchedule, Schedule};
use super::sglang::{RawSglang, Sglang};
use super::slo::{RawSlo, Slo};
use super::statistics::{RawStatistics, Statistics};
use super::tensorrt::{RawTensorrt, Tensorrt};
use super::traffic::{RawTraffic, Traffic};
use super::virtual_machine::{RawVirtual, Virtual};
use super::vllm::{RawVllm, Vllm};
use super::warmup::{RawWarmup, Warmup};
use crate::section::{Section, section};
use crate::value::{Choice, Gpus, Table};
use lem_domain::backend::Backend;
use lem_domain::spec::Precision;
use serde::ser::{Serialize, SerializeMap, Serializer};

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
        /// What runs the model: `candle` in process, `pytorch`, `vllm`, `tensorrt`, `llamacpp` or `sglang` in the server of
        /// that engine, `openai` a server that runs already, `virtual` simulated.
        backend: Choice<Backend> = Choice(Backend::Candle),
        /// Type in which floating-point weights are held and computed with: `auto` is the checkpoint's, `float32`, `float16`
        /// and `bfloat16` are obeyed or refused. A file of quantised weights has types of its own, which only `auto` takes.
        fp_precision: Choice<Precision> = Choice(Precision::Auto),
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
        /// Run requests one at a time, so that each has its own latency; batches are left aside.
        streaming: bool = false,
        /// Keep the texts of outputs.
        save_outputs: bool = false,
        /// Numbers of the GPUs that may be used, as CUDA counts them; an empty list is the processor. Left out: the engine
        /// chooses.
        gpus: Gpus,
        /// How many windows are measured one after the other while the model stays loaded, for intervals of the figures.
        #[validate(range(min = 1, max = 1000))]
        num_cycles: u32 = 1,
        /// Notes of your own, kept with the result.
        extra_metadata: Table = Table::default(),
    } {
        /// Which prompts, and how many.
        "prompts" prompts: Prompts from RawPrompts,
        /// How requests are grouped.
        "batching" batching: Batching from RawBatching,
        /// How the next token is chosen, and what ends a text before its limit.
        "decoder" decoder: Decoder from RawDecoder,
        /// How a model is spread over several devices.
        "parallelism" parallelism: Parallelism from RawParallelism,
        /// When requests come.
        "traffic" traffic: Traffic from RawTraffic,
        /// What runs before the measured window opens.
        "warmup" warmup: Warmup from RawWarmup,
        /// How energy is read.
        "energy" energy: Energy from RawEnergy,
        /// What energy is multiplied by for a figure of carbon or cost. Left out, there is no such figure.
        "impact" impact: Impact from RawImpact,
        /// What a request has to keep to, to count as good.
        "slo" slo: Slo from RawSlo,
        /// How sure the figures over cycles are to be.
        "statistics" statistics: Statistics from RawStatistics,
        /// When the experiment is run again.
        "schedule" schedule: Schedule from RawSchedule,
        /// Where results go.
        "io" io: Io from RawIo,
        /// What is done with the weights while they are loaded.
        "quantization" quantization: Quantization from RawQuantization,
        /// Settings of `backend: candle`.
        "candle" candle: Candle from RawCandle,
        /// Settings of `backend: pytorch`, the server of Hugging Face transformers.
        "pytorch" pytorch: Pytorch from RawPytorch,
        /// Settings of `backend: vllm`.
        "vllm" vllm: Vllm from RawVllm,
        /// Settings of `backend: tensorrt`, TensorRT-LLM's server.
        "tensorrt" tensorrt: Tensorrt from RawTensorrt,
        /// Settings of `backend: llamacpp`, llama.cpp's server.
        "llamacpp" llamacpp: Llamacpp from RawLlamacpp,
        /// Settings of `backend: sglang`.
        "sglang" sglang: Sglang from RawSglang,
        /// Settings of `backend: openai`, a server that runs already.
        "openai" openai: Openai from RawOpenai,
        /// The simulated machine of `backend: virtual`.
        "virtual" virtual_machine: Virtual from RawVirtual,
    }
}

impl Settings {
    /// The settings as a document, in the user's form.
    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings hold numbers, words and texts only")
    }

    /// The settings without the sections of other backends, but for those that are named.
    pub(crate) fn of_backend<'a>(&'a self, others: impl Fn(&str) -> bool + 'a) -> impl Serialize + 'a {
        OfBackend { settings: self, others }
    }
}

struct OfBackend<'a, F> {
    settings: &'a Settings,
    others: F,
}

impl<F: Fn(&str) -> bool> Serialize for OfBackend<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let is_own = |name: &str| Backend::named(name).is_none_or(|backend| backend == self.settings.backend.0);
        self.settings.write(&mut map, |name| is_own(name) || (self.others)(name))?;
        map.end()
    }
}
