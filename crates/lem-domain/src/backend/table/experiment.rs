//! The top level.

use super::{APPLIED, NO_LOAD, NO_STANDARD, NO_TEXT, RUNNING, flag, in_file, no, request};
use crate::backend::{Field, FieldSupport, Handover};

const MODEL: FieldSupport = FieldSupport::Translated(Handover::Model);
const GPUS: FieldSupport = FieldSupport::Translated(Handover::Variable("CUDA_VISIBLE_DEVICES"));

pub(super) const ROWS: &[Field] = &[
    Field::every("config_name", APPLIED),
    //                          candle   pytorch  vllm   tensorrt llamacpp sglang openai            virtual
    Field::each("model_name", &[APPLIED, MODEL, MODEL, MODEL, MODEL, MODEL, request("model"), APPLIED]),
    Field::each(
        "adapter",
        &[
            APPLIED,
            no("the server of transformers loads no adapter"),
            flag("--lora-modules"),
            no("TensorRT-LLM's server wants an adapter with every request, which is not sent"),
            flag("--lora"),
            flag("--lora-paths"),
            RUNNING,
            NO_LOAD,
        ],
    ),
    Field::every("backend", APPLIED),
    Field::each(
        "fp_precision",
        &[
            APPLIED,
            flag("--dtype"),
            flag("--dtype"),
            in_file("dtype"),
            no("a GGUF file runs in the types that it holds"),
            flag("--dtype"),
            RUNNING,
            NO_LOAD,
        ],
    ),
    Field::every("max_input_tokens", APPLIED),
    Field::each(
        "max_output_tokens",
        &[
            APPLIED,
            FieldSupport::Translated(Handover::RequestJson("generation_config", "max_new_tokens")),
            request("max_tokens"),
            request("max_tokens"),
            request("max_tokens"),
            request("max_tokens"),
            request("max_tokens"),
            APPLIED,
        ],
    ),
    Field::each(
        "min_output_tokens",
        &[
            APPLIED,
            FieldSupport::Translated(Handover::RequestJson("generation_config", "min_new_tokens")),
            request("min_tokens"),
            request("min_tokens"),
            no("llama.cpp's server knows no least number of tokens; `decoder.ignore_eos` makes all outputs equally long"),
            request("min_tokens"),
            NO_STANDARD,
            NO_TEXT,
        ],
    ),
    Field::each(
        "random_seed",
        &[APPLIED, flag("--default-seed"), request("seed"), request("seed"), request("seed"), request("seed"), request("seed"), APPLIED],
    ),
    Field::every("streaming", APPLIED),
    Field::every("save_outputs", no("texts are not kept by this version, only counts and times of tokens")),
    Field::each("gpus", &[APPLIED, GPUS, GPUS, GPUS, GPUS, GPUS, RUNNING, NO_LOAD]),
    Field::every("num_cycles", APPLIED),
    Field::every("extra_metadata", APPLIED),
];
