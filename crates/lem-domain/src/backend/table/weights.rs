//! What is done with the weights while they are loaded.

use super::{APPLIED, NO_LOAD, RUNNING, no};
use crate::backend::{Field, FieldSupport, Handover};

const METHODS: FieldSupport = no("it quantises by methods of its own; name one in `vllm.quantization_method`");
const SGLANG_METHODS: FieldSupport = no("it quantises by methods of its own; name one in `sglang.quantization_method`");
const CHECKPOINT: FieldSupport =
    no("TensorRT-LLM does not use bitsandbytes; `tensorrt.quantization.method` or a quantised checkpoint does it");
const FILE: FieldSupport = no("a GGUF file is quantised already; name a file of the wanted types in `model_name`");

const fn bits(word: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::FlagWhen("--quantization", word))
}

pub(super) const ROWS: &[Field] = &[
    //                                         candle   pytorch           vllm     tensorrt    llamacpp sglang          openai   virtual
    Field::each("quantization.load_in_8bit", &[APPLIED, bits("bnb-8bit"), METHODS, CHECKPOINT, FILE, SGLANG_METHODS, RUNNING, NO_LOAD]),
    Field::each("quantization.load_in_4bit", &[APPLIED, bits("bnb-4bit"), METHODS, CHECKPOINT, FILE, SGLANG_METHODS, RUNNING, NO_LOAD]),
];
