//! TensorRT-LLM's server.

use super::server::{RawServer, Server};
use crate::section::section;
use crate::value::{Choice, Table, TensorrtCacheType, TensorrtMethod, TensorrtRuntime};

section! {
    /// Settings of `backend: tensorrt`. What is left out is the server's own choice.
    Tensorrt from RawTensorrt {
        /// Folder of an engine that was built before, in the model's place.
        #[validate(length(min = 1, max = 4096))]
        engine_path: String,
        /// What runs the model: `pytorch`, or a built `tensorrt` engine.
        runtime: Choice<TensorrtRuntime>,
        /// Most requests in a pass.
        #[validate(range(min = 1, max = 65_536))]
        max_batch_size: u32,
        /// Most tokens in a pass.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_num_tokens: u32,
        /// Longest text, prompt and output together.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_seq_len: u32,
        /// Longest prompt of an engine that is built.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_input_len: u32,
        /// Share for keys and values of the memory that is free once the weights are there.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        free_gpu_memory_fraction: f64,
        /// Type of keys and values.
        kv_cache_dtype: Choice<TensorrtCacheType>,
        /// Keep the cache of beginnings that requests share.
        enable_kv_cache_reuse: bool,
        /// Run prompts in pieces.
        enable_chunked_context: bool,
        /// Plan the next pass only when one has ended.
        disable_overlap_scheduler: bool,
        /// Attention kernels, such as `TRTLLM` or `FLASHINFER`.
        #[validate(length(min = 1, max = 256))]
        attn_backend: String,
        /// Build an engine faster and run it slower.
        fast_build: bool,
        /// Keep built engines for later runs.
        enable_build_cache: bool,
        /// How weights are loaded: `auto` or `dummy`.
        #[validate(length(min = 1, max = 256))]
        load_format: String,
        /// The smaller model that guesses tokens.
        #[validate(length(min = 1, max = 4096))]
        draft_model: String,
        /// Tokens that are guessed at once.
        #[validate(range(min = 1, max = 64))]
        num_draft_tokens: u32,
        /// More settings of the build, by the names of TensorRT-LLM's `BuildConfig`.
        extra_build_args: Table = Table::default(),
        /// More settings of the server, by the names of its configuration file.
        extra: Table = Table::default(),
    } {
        /// How the server comes to run.
        "server" server: Server from RawServer,
        /// How the weights of an engine that is built are quantised.
        "quantization" quantization: TensorrtQuantization from RawTensorrtQuantization,
    }
}

section! {
    /// How the weights of an engine that is built are quantised.
    TensorrtQuantization from RawTensorrtQuantization {
        /// `fp8` (compute capability 8.9 and newer); `int8_sq`, SmoothQuant; `int8_weight_only`; `int4_awq`; `int4_gptq`.
        method: Choice<TensorrtMethod>,
    } {
        /// What scales are found with.
        "calibration" calibration: Calibration from RawCalibration,
    }
}

section! {
    /// What scales are found with.
    Calibration from RawCalibration {
        /// Data set, a name on a hub or a folder.
        #[validate(length(min = 1, max = 4096))]
        dataset: String,
        /// Prompts of it.
        #[validate(range(min = 1, max = 1_000_000))]
        num_samples: u32,
        /// Tokens of a prompt at most.
        #[validate(range(min = 1, max = 1_000_000))]
        max_length: u32,
    }
}
