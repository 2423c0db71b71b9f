//! SGLang's server.

use super::server::{RawServer, Server};
use crate::section::section;
use crate::value::{Choice, SglangCacheType, SglangPolicy, Table};

section! {
    /// Settings of `backend: sglang`. What is left out is the server's own choice.
    Sglang from RawSglang {
        /// Share of the GPU's whole memory for weights and cache.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        mem_fraction_static: f64,
        /// Most requests that run at once.
        #[validate(range(min = 1, max = 65_536))]
        max_running_requests: u32,
        /// Tokens that the cache holds.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_total_tokens: u32,
        /// Most prompt tokens in a pass.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_prefill_tokens: u32,
        /// Tokens of a piece of a prompt; -1 runs prompts whole.
        #[validate(range(min = -1, max = 1_000_000_000))]
        chunked_prefill_size: i64,
        /// Longest text, prompt and output together.
        #[validate(range(min = 1, max = 1_000_000_000))]
        context_length: u32,
        /// Tokens of a page of the cache.
        #[validate(range(min = 1, max = 65_536))]
        page_size: u32,
        /// Which request is next.
        schedule_policy: Choice<SglangPolicy>,
        /// How much room is kept for requests that run: above 1 fewer are taken back.
        #[validate(range(min = 0.0, max = 100.0))]
        schedule_conservativeness: f64,
        /// Output tokens between two looks at the queue.
        #[validate(range(min = 1, max = 1024))]
        num_continuous_decode_steps: u32,
        /// Prompts beside output tokens in one pass.
        enable_mixed_chunk: bool,
        /// Forget the beginnings that requests share.
        disable_radix_cache: bool,
        /// Plan the next pass only when one has ended.
        disable_overlap_schedule: bool,
        /// No CUDA graphs for output tokens.
        disable_decode_cuda_graph: bool,
        /// No CUDA graphs for prompts.
        disable_prefill_cuda_graph: bool,
        /// Largest batch that a graph is recorded for.
        #[validate(range(min = 1, max = 65_536))]
        cuda_graph_max_bs_decode: u32,
        /// Compile the model before it runs.
        enable_torch_compile: bool,
        /// Largest batch that is compiled for.
        #[validate(range(min = 1, max = 65_536))]
        torch_compile_max_bs: u32,
        /// Attention kernels, such as `flashinfer`, `fa3` or `triton`.
        #[validate(length(min = 1, max = 256))]
        attention_backend: String,
        /// Type of keys and values.
        kv_cache_dtype: Choice<SglangCacheType>,
        /// How weights are quantised, such as `awq`, `gptq`, `fp8` or `w8a8_int8`.
        #[validate(length(min = 1, max = 256))]
        quantization_method: String,
        /// How weights are loaded, such as `auto`, `safetensors` or `dummy`.
        #[validate(length(min = 1, max = 256))]
        load_format: String,
        /// Gibibytes of weights that stay in the host's memory.
        #[validate(range(max = 1_000_000))]
        cpu_offload_gb: u32,
        /// Parts that experts are divided into.
        #[validate(range(min = 1, max = 1024))]
        ep_size: u32,
        /// Subtracted from the logits of tokens that the output holds.
        #[validate(range(min = -2.0, max = 2.0))]
        presence_penalty: f64,
        /// Subtracted from the logits of tokens, as often as the output holds them.
        #[validate(range(min = -2.0, max = 2.0))]
        frequency_penalty: f64,
        /// More flags of `sglang.launch_server`, without the dashes.
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
        /// What guesses, such as `EAGLE3`, `NEXTN`, `STANDALONE` or `NGRAM`.
        #[validate(length(min = 1, max = 256))]
        algorithm: String,
        /// The smaller model.
        #[validate(length(min = 1, max = 4096))]
        model: String,
        /// Passes of the smaller model before one of the model.
        #[validate(range(min = 1, max = 64))]
        num_steps: u32,
        /// Continuations that are followed in each of them.
        #[validate(range(min = 1, max = 64))]
        eagle_topk: u32,
        /// Tokens that are verified at once.
        #[validate(range(min = 1, max = 256))]
        num_draft_tokens: u32,
    }
}
