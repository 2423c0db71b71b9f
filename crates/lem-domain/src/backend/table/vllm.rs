//! vLLM's server, `vllm serve`, as of version 0.32.

use super::{flag, request, started, switch, switches};
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Vllm, support)
}

const fn speculative(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::FlagJson("--speculative-config", key))
}

const fn attention(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::FlagJson("--attention-config", key))
}

pub(super) const ROWS: &[Field] = started!(
    "vllm",
    Backend::Vllm,
    [
        own("vllm.max_num_seqs", flag("--max-num-seqs")),
        own("vllm.max_num_batched_tokens", flag("--max-num-batched-tokens")),
        own("vllm.max_model_len", flag("--max-model-len")),
        own("vllm.gpu_memory_utilization", flag("--gpu-memory-utilization")),
        own("vllm.kv_cache_memory_bytes", flag("--kv-cache-memory-bytes")),
        own("vllm.kv_cache_dtype", flag("--kv-cache-dtype")),
        own("vllm.block_size", flag("--block-size")),
        own("vllm.cpu_offload_gb", flag("--cpu-offload-gb")),
        own("vllm.enable_prefix_caching", switches("--enable-prefix-caching", "--no-enable-prefix-caching")),
        own("vllm.enable_chunked_prefill", switches("--enable-chunked-prefill", "--no-enable-chunked-prefill")),
        own("vllm.scheduling_policy", flag("--scheduling-policy")),
        own("vllm.async_scheduling", switches("--async-scheduling", "--no-async-scheduling")),
        own("vllm.enforce_eager", switches("--enforce-eager", "--no-enforce-eager")),
        own("vllm.compilation_config", flag("--compilation-config")),
        own("vllm.distributed_backend", flag("--distributed-executor-backend")),
        own("vllm.disable_custom_all_reduce", switch("--disable-custom-all-reduce")),
        own("vllm.enable_expert_parallel", switch("--enable-expert-parallel")),
        own("vllm.quantization_method", flag("--quantization")),
        own("vllm.load_format", flag("--load-format")),
        own("vllm.presence_penalty", request("presence_penalty")),
        own("vllm.frequency_penalty", request("frequency_penalty")),
        own("vllm.logit_bias", request("logit_bias")),
        own("vllm.extra", FieldSupport::Translated(Handover::Flags)),
    ],
    [
        own("vllm.attention.backend", flag("--attention-backend")),
        own("vllm.attention.flash_version", attention("flash_attn_version")),
        own("vllm.attention.disable_sliding_window", switch("--disable-sliding-window")),
        own("vllm.speculative.method", speculative("method")),
        own("vllm.speculative.model", speculative("model")),
        own("vllm.speculative.num_tokens", speculative("num_speculative_tokens")),
        own("vllm.speculative.prompt_lookup_min", speculative("prompt_lookup_min")),
        own("vllm.speculative.prompt_lookup_max", speculative("prompt_lookup_max")),
        own("vllm.speculative.draft_tp_size", speculative("draft_tensor_parallel_size")),
        own("vllm.lora.max_loras", flag("--max-loras")),
        own("vllm.lora.max_rank", flag("--max-lora-rank")),
    ]
);
