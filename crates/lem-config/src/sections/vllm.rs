//! vLLM's server.

use super::server::{RawServer, Server};
use crate::section::section;
use crate::value::{Choice, ExecutorBackend, SchedulingPolicy, Table, VllmCacheType, VllmDrafter};

section! {
    /// Settings of `backend: vllm`. What is left out is the server's own choice.
    Vllm from RawVllm {
        /// Most requests in a pass.
        #[validate(range(min = 1, max = 65_536))]
        max_num_seqs: u32,
        /// Most tokens in a pass.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_num_batched_tokens: u32,
        /// Longest text, prompt and output together.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_model_len: u32,
        /// Share of the GPU's whole memory for weights, activations and cache.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        gpu_memory_utilization: f64,
        /// Bytes for keys and values, in place of a share.
        #[validate(range(min = 1))]
        kv_cache_memory_bytes: u64,
        /// Type of keys and values.
        kv_cache_dtype: Choice<VllmCacheType>,
        /// Tokens of a block of the cache.
        #[validate(range(min = 1, max = 65_536))]
        block_size: u32,
        /// Gibibytes of weights that stay in the host's memory.
        #[validate(range(min = 0.0, max = 1_000_000.0))]
        cpu_offload_gb: f64,
        /// Keep the cache of beginnings that requests share.
        enable_prefix_caching: bool,
        /// Run prompts in pieces.
        enable_chunked_prefill: bool,
        /// Which request is next.
        scheduling_policy: Choice<SchedulingPolicy>,
        /// Plan the next pass while one runs.
        async_scheduling: bool,
        /// No CUDA graphs and no compilation.
        enforce_eager: bool,
        /// What is compiled and recorded, by the names of vLLM's `CompilationConfig`.
        compilation_config: Table = Table::default(),
        /// What runs the processes of several GPUs.
        distributed_backend: Choice<ExecutorBackend>,
        /// Leave reductions to NCCL.
        disable_custom_all_reduce: bool,
        /// Divide experts among GPUs.
        enable_expert_parallel: bool,
        /// How weights are quantised, such as `awq`, `gptq`, `fp8`, or online `fp8_per_tensor`.
        #[validate(length(min = 1, max = 256))]
        quantization_method: String,
        /// How weights are loaded, such as `auto`, `safetensors`, `gguf` or `dummy`.
        #[validate(length(min = 1, max = 256))]
        load_format: String,
        /// Subtracted from the logits of tokens that the output holds.
        #[validate(range(min = -2.0, max = 2.0))]
        presence_penalty: f64,
        /// Subtracted from the logits of tokens, as often as the output holds them.
        #[validate(range(min = -2.0, max = 2.0))]
        frequency_penalty: f64,
        /// Added to the logits of tokens, by their ids.
        logit_bias: Table = Table::default(),
        /// More flags of `vllm serve`, without the dashes.
        extra: Table = Table::default(),
    } {
        /// How the server comes to run.
        "server" server: Server from RawServer,
        /// How attention is computed.
        "attention" attention: Attention from RawAttention,
        /// Guessing tokens ahead.
        "speculative" speculative: Speculative from RawSpeculative,
        /// Adapters; `adapter` names one.
        "lora" lora: Lora from RawLora,
    }
}

section! {
    /// How attention is computed.
    Attention from RawAttention {
        /// Kernels, such as `FLASH_ATTN`, `FLASHINFER` or `TRITON_ATTN`.
        #[validate(length(min = 1, max = 256))]
        backend: String,
        /// Version of FlashAttention.
        #[validate(range(min = 2, max = 4))]
        flash_version: u32,
        /// Attend to everything where the model has a sliding window.
        disable_sliding_window: bool,
    }
}

section! {
    /// Guessing tokens ahead.
    Speculative from RawSpeculative {
        /// What guesses. Left out with a model: recognised from it.
        method: Choice<VllmDrafter>,
        /// The smaller model.
        #[validate(length(min = 1, max = 4096))]
        model: String,
        /// Tokens that are guessed at once.
        #[validate(range(min = 1, max = 64))]
        num_tokens: u32,
        /// Fewest of the last tokens that `ngram` looks for.
        #[validate(range(min = 1, max = 64))]
        prompt_lookup_min: u32,
        /// Most of the last tokens that `ngram` looks for.
        #[validate(range(min = 1, max = 64))]
        prompt_lookup_max: u32,
        /// Parts that the smaller model's matrices are divided into.
        #[validate(range(min = 1, max = 1024))]
        draft_tp_size: u32,
    }
}

section! {
    /// Adapters.
    Lora from RawLora {
        /// Most adapters in a pass.
        #[validate(range(min = 1, max = 1024))]
        max_loras: u32,
        /// Largest rank of an adapter.
        #[validate(range(min = 1, max = 512))]
        max_rank: u32,
    }
}
