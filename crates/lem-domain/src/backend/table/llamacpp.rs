//! llama.cpp's server, `llama-server`, as of its builds of late 2026.

use super::{flag, request, started, switch, switches};
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Llamacpp, support)
}

pub(super) const ROWS: &[Field] = started!(
    "llamacpp",
    Backend::Llamacpp,
    [
        own("llamacpp.context_size", flag("--ctx-size")),
        own("llamacpp.parallel", flag("--parallel")),
        own("llamacpp.batch_size", flag("--batch-size")),
        own("llamacpp.ubatch_size", flag("--ubatch-size")),
        own("llamacpp.threads", flag("--threads")),
        own("llamacpp.threads_batch", flag("--threads-batch")),
        own("llamacpp.poll", flag("--poll")),
        own("llamacpp.gpu_layers", flag("--gpu-layers")),
        own("llamacpp.tensor_split", flag("--tensor-split")),
        own("llamacpp.main_gpu", flag("--main-gpu")),
        own("llamacpp.flash_attn", flag("--flash-attn")),
        own("llamacpp.cache_type_k", flag("--cache-type-k")),
        own("llamacpp.cache_type_v", flag("--cache-type-v")),
        own("llamacpp.kv_offload", switches("--kv-offload", "--no-kv-offload")),
        own("llamacpp.load_mode", flag("--load-mode")),
        own("llamacpp.numa", flag("--numa")),
        own("llamacpp.swa_full", switch("--swa-full")),
        own("llamacpp.cache_prompt", request("cache_prompt")),
        own("llamacpp.extra", FieldSupport::Translated(Handover::Flags)),
    ],
    [
        own("llamacpp.speculative.method", flag("--spec-type")),
        own("llamacpp.speculative.model", flag("--spec-draft-model")),
        own("llamacpp.speculative.num_tokens", flag("--spec-draft-n-max")),
    ]
);
