//! SGLang's server, `sglang.launch_server`, as of version 0.5.23.

use super::{flag, request, started, switch};
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Sglang, support)
}

pub(super) const ROWS: &[Field] = started!(
    "sglang",
    Backend::Sglang,
    [
        own("sglang.mem_fraction_static", flag("--mem-fraction-static")),
        own("sglang.max_running_requests", flag("--max-running-requests")),
        own("sglang.max_total_tokens", flag("--max-total-tokens")),
        own("sglang.max_prefill_tokens", flag("--max-prefill-tokens")),
        own("sglang.chunked_prefill_size", flag("--chunked-prefill-size")),
        own("sglang.context_length", flag("--context-length")),
        own("sglang.page_size", flag("--page-size")),
        own("sglang.schedule_policy", flag("--schedule-policy")),
        own("sglang.schedule_conservativeness", flag("--schedule-conservativeness")),
        own("sglang.num_continuous_decode_steps", flag("--num-continuous-decode-steps")),
        own("sglang.enable_mixed_chunk", switch("--enable-mixed-chunk")),
        own("sglang.disable_radix_cache", switch("--disable-radix-cache")),
        own("sglang.disable_overlap_schedule", switch("--disable-overlap-schedule")),
        own("sglang.disable_decode_cuda_graph", switch("--disable-decode-cuda-graph")),
        own("sglang.disable_prefill_cuda_graph", switch("--disable-prefill-cuda-graph")),
        own("sglang.cuda_graph_max_bs_decode", flag("--cuda-graph-max-bs-decode")),
        own("sglang.enable_torch_compile", switch("--enable-torch-compile")),
        own("sglang.torch_compile_max_bs", flag("--torch-compile-max-bs")),
        own("sglang.attention_backend", flag("--attention-backend")),
        own("sglang.kv_cache_dtype", flag("--kv-cache-dtype")),
        own("sglang.quantization_method", flag("--quantization")),
        own("sglang.load_format", flag("--load-format")),
        own("sglang.cpu_offload_gb", flag("--cpu-offload-gb")),
        own("sglang.ep_size", flag("--ep-size")),
        own("sglang.presence_penalty", request("presence_penalty")),
        own("sglang.frequency_penalty", request("frequency_penalty")),
        own("sglang.extra", FieldSupport::Translated(Handover::Flags)),
    ],
    [
        own("sglang.speculative.algorithm", flag("--speculative-algorithm")),
        own("sglang.speculative.model", flag("--speculative-draft-model-path")),
        own("sglang.speculative.num_steps", flag("--speculative-num-steps")),
        own("sglang.speculative.eagle_topk", flag("--speculative-eagle-topk")),
        own("sglang.speculative.num_draft_tokens", flag("--speculative-num-draft-tokens")),
    ]
);
