//! TensorRT-LLM's server, `trtllm-serve`, and the file of settings that it reads, as of version 1.2.

use super::{flag, in_file, started};
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Tensorrt, support)
}

/// Names of `QuantAlgo`.
const METHOD: FieldSupport = FieldSupport::Translated(Handover::Spelled(
    &Handover::File("quant_config.quant_algo"),
    &[
        ("fp8", "FP8"),
        ("int8_sq", "W8A8_SQ_PER_CHANNEL"),
        ("int8_weight_only", "W8A16"),
        ("int4_awq", "W4A16_AWQ"),
        ("int4_gptq", "W4A16_GPTQ"),
    ],
));

const CHUNKED: FieldSupport = FieldSupport::Translated(Handover::Switch { on: Some("--enable_chunked_prefill"), off: None });

pub(super) const ROWS: &[Field] = started!(
    "tensorrt",
    Backend::Tensorrt,
    [
        own("tensorrt.engine_path", FieldSupport::Translated(Handover::Model)),
        own("tensorrt.runtime", flag("--backend")),
        own("tensorrt.max_batch_size", flag("--max_batch_size")),
        own("tensorrt.max_num_tokens", flag("--max_num_tokens")),
        own("tensorrt.max_seq_len", flag("--max_seq_len")),
        own("tensorrt.max_input_len", in_file("build_config.max_input_len")),
        own("tensorrt.free_gpu_memory_fraction", flag("--free_gpu_memory_fraction")),
        own("tensorrt.kv_cache_dtype", in_file("kv_cache_config.dtype")),
        own("tensorrt.enable_kv_cache_reuse", in_file("kv_cache_config.enable_block_reuse")),
        own("tensorrt.enable_chunked_context", CHUNKED),
        own("tensorrt.disable_overlap_scheduler", in_file("disable_overlap_scheduler")),
        own("tensorrt.attn_backend", in_file("attn_backend")),
        own("tensorrt.fast_build", in_file("fast_build")),
        own("tensorrt.enable_build_cache", in_file("enable_build_cache")),
        own("tensorrt.load_format", in_file("load_format")),
        own("tensorrt.draft_model", in_file("speculative_config.speculative_model")),
        own("tensorrt.num_draft_tokens", in_file("speculative_config.max_draft_len")),
        own("tensorrt.extra_build_args", FieldSupport::Translated(Handover::FileBelow("build_config"))),
        own("tensorrt.extra", FieldSupport::Translated(Handover::FileBelow(""))),
    ],
    [
        own("tensorrt.quantization.method", METHOD),
        own("tensorrt.quantization.calibration.dataset", in_file("calib_config.calib_dataset")),
        own("tensorrt.quantization.calibration.num_samples", in_file("calib_config.calib_batches")),
        own("tensorrt.quantization.calibration.max_length", in_file("calib_config.calib_max_seq_length")),
    ]
);
