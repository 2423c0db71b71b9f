//! llama.cpp's server.

use super::server::{RawServer, Server};
use crate::section::section;
use crate::value::{Choice, CountOr, GgmlCacheType, LayersWord, LoadMode, NumaMode, OnOffAuto, Table};

section! {
    /// Settings of `backend: llamacpp`. What is left out is the server's own choice.
    Llamacpp from RawLlamacpp {
        /// Tokens of all texts that run at once, divided among `parallel`.
        #[validate(range(min = 1, max = 1_000_000_000))]
        context_size: u32,
        /// Requests that run at once.
        #[validate(range(min = 1, max = 1024))]
        parallel: u32,
        /// Most tokens that are taken together.
        #[validate(range(min = 1, max = 1_000_000))]
        batch_size: u32,
        /// Most tokens in a pass.
        #[validate(range(min = 1, max = 1_000_000))]
        ubatch_size: u32,
        /// Threads for output tokens.
        #[validate(range(min = 1, max = 1024))]
        threads: u32,
        /// Threads for prompts.
        #[validate(range(min = 1, max = 1024))]
        threads_batch: u32,
        /// How eagerly threads wait for each other: 0 sleeps, 100 spins.
        #[validate(range(max = 100))]
        poll: u32,
        /// Layers on the GPU: a number, `auto` or `all`.
        gpu_layers: CountOr<LayersWord>,
        /// Shares of the GPUs, such as `3,1`.
        #[validate(length(min = 1, max = 256))]
        tensor_split: String,
        /// The GPU that is used alone, or for what is not divided.
        #[validate(range(max = 1024))]
        main_gpu: u32,
        /// Attention without the square of scores in memory.
        flash_attn: Choice<OnOffAuto>,
        /// Type of keys.
        cache_type_k: Choice<GgmlCacheType>,
        /// Type of values.
        cache_type_v: Choice<GgmlCacheType>,
        /// Keep keys and values on the GPU.
        kv_offload: bool,
        /// How weights come into memory.
        load_mode: Choice<LoadMode>,
        /// What is done about several NUMA nodes.
        numa: Choice<NumaMode>,
        /// Keep keys and values of the whole text where the model has a sliding window.
        swa_full: bool,
        /// Keep the cache of beginnings that requests share.
        cache_prompt: bool,
        /// More flags of `llama-server`, without the dashes.
        extra: Table = Table::default(),
    } {
        /// How the server comes to run.
        "server" server: Server from RawServer,
        /// Guessing tokens ahead.
        "speculative" speculative: Speculative from RawSpeculative,
    }
}

section! {
    /// Guessing tokens ahead.
    Speculative from RawSpeculative {
        /// What guesses, such as `draft-simple`, `draft-mtp` or `ngram-simple`.
        #[validate(length(min = 1, max = 256))]
        method: String,
        /// The smaller model, a `.gguf` file.
        #[validate(length(min = 1, max = 4096))]
        model: String,
        /// Tokens that are guessed at once.
        #[validate(range(min = 1, max = 64))]
        num_tokens: u32,
    }
}
