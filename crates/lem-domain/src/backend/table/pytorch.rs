//! The server of transformers, `transformers serve`, as of version 5.19.

use super::{flag, started, switch, switches};
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Pytorch, support)
}

const fn generation(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::RequestJson("generation_config", key))
}

pub(super) const ROWS: &[Field] = started!(
    "pytorch",
    Backend::Pytorch,
    [
        own("pytorch.device", flag("--device")),
        own("pytorch.attn_implementation", flag("--attn-implementation")),
        own("pytorch.torch_compile", switch("--compile")),
        own("pytorch.use_cache", generation("use_cache")),
        own("pytorch.cache_implementation", generation("cache_implementation")),
        own("pytorch.prompt_lookup_num_tokens", generation("prompt_lookup_num_tokens")),
        own("pytorch.continuous_batching", switch("--continuous-batching")),
        own("pytorch.cb_block_size", flag("--cb-block-size")),
        own("pytorch.cb_num_blocks", flag("--cb-num-blocks")),
        own("pytorch.cb_max_batch_tokens", flag("--cb-max-batch-tokens")),
        own("pytorch.cb_max_memory_percent", flag("--cb-max-memory-percent")),
        own("pytorch.cb_use_cuda_graph", switches("--cb-use-cuda-graph", "--no-cb-use-cuda-graph")),
        own("pytorch.extra", FieldSupport::Translated(Handover::Flags)),
    ],
    []
);
