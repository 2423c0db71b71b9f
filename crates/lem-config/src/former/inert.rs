//! Former settings that change nothing at some value: there they are passed over, elsewhere they are mistakes.

use serde_json::Value;

/// A former setting.
pub(super) struct Inert {
    pub(super) path: &'static str,
    harmless: Harmless,
    /// Why nothing is lost.
    pub(super) reason: &'static str,
}

/// Values at which a setting changes nothing.
enum Harmless {
    Any,
    Null,
    Truth(bool),
    Word(&'static str),
    Number(f64),
}

impl Inert {
    /// Whether nothing is lost with this value.
    pub(super) fn is_harmless(&self, value: &Value) -> bool {
        match self.harmless {
            Harmless::Any => true,
            Harmless::Null => value.is_null(),
            Harmless::Truth(truth) => value.is_null() || value.as_bool() == Some(truth),
            Harmless::Word(word) => value.is_null() || value.as_str() == Some(word),
            Harmless::Number(number) => value.is_null() || value.as_f64().is_some_and(|value| (value - number).abs() < 1e-9),
        }
    }
}

const fn inert(path: &'static str, harmless: Harmless, reason: &'static str) -> Inert {
    Inert { path, harmless, reason }
}

use Harmless::{Any, Null, Number, Truth, Word};

const NO_EFFECT: &str = "it never had an effect";
const BITSANDBYTES: &str = "bitsandbytes is told no such thing";
const BUILD: &str = "the server decides it";

pub(super) const INERT: &[Inert] = &[
    inert("is_encoder_decoder", Truth(false), "it is read from the model"),
    inert("task_type", Word("text_generation"), "it is what every run does"),
    inert("inference_type", Any, NO_EFFECT),
    inert("query_rate", Any, NO_EFFECT),
    inert("cycle_id", Null, "cycles are numbered by the tool"),
    inert("decode_token_to_text", Truth(false), "texts are read by `save_outputs`"),
    inert("parallelism.tp_plan", Word("auto"), "engines divide a model by plans of their own"),
    inert("random_seed", Null, "there is always a seed, the built-in one where none is named"),
    inert("io.results_dir", Null, "there is always a folder, the built-in one where none is named"),
    inert("quantization.bnb_4bit_compute_dtype", Word("float16"), BITSANDBYTES),
    inert("quantization.bnb_4bit_quant_type", Word("nf4"), BITSANDBYTES),
    inert("quantization.bnb_4bit_use_double_quant", Truth(false), BITSANDBYTES),
    inert("pytorch.use_bettertransformer", Truth(false), "transformers has no such thing any more"),
    inert("pytorch.low_cpu_mem_usage", Truth(true), "transformers always loads so"),
    inert("pytorch.max_memory", Null, BUILD),
    inert("pytorch.output_scores", Truth(false), "the server of transformers gives no scores"),
    inert("pytorch.return_dict_in_generate", Truth(false), "it is between the server and its own library"),
    inert("vllm.swap_space", Number(4.0), "vLLM has no such memory any more"),
    inert("vllm.max_seq_len_to_capture", Null, BUILD),
    inert("vllm.best_of", Null, "vLLM makes one output for a prompt"),
    inert("vllm.logprobs", Null, "`decoder.logprobs` asks for probabilities"),
    inert("vllm.attention.backend", Word("auto"), "left out, vLLM chooses"),
    inert("vllm.lora.enabled", Any, "`adapter` says whether there is one"),
    inert("vllm.lora.extra_vocab_size", Number(256.0), "vLLM has no such setting any more"),
    inert("tensorrt.max_output_len", Null, BUILD),
    inert("tensorrt.builder_opt_level", Number(3.0), BUILD),
    inert("tensorrt.strongly_typed", Truth(true), BUILD),
    inert("tensorrt.multiple_profiles", Truth(false), BUILD),
    inert("tensorrt.kv_cache_type", Word("paged"), "the server's cache is always paged"),
    inert("tensorrt.pp_size", Number(1.0), "one part is no division"),
    inert("tensorrt.engine_cache_dir", Null, BUILD),
    inert("tensorrt.force_rebuild", Truth(false), BUILD),
    inert("tensorrt.quantization.method", Word("none"), "left out, nothing is quantised"),
    inert("tensorrt.quantization.calibration.split", Word("train"), BUILD),
];
