//! Names that other versions of the tool or other tools use for a setting: each says what became of it.

/// What to do instead of writing the setting at `path`; `None` for a name that means nothing anywhere.
pub(crate) fn hint(path: &str) -> Option<&'static str> {
    FORMER.iter().find(|(former, _)| *former == path).map(|(_, hint)| *hint)
}

/// What became of a word that a setting knew.
pub(crate) fn word_hint(path: &str, word: &str) -> Option<&'static str> {
    match (path, word) {
        ("backend", "pytorch" | "vllm" | "tensorrt" | "transformers" | "llamacpp" | "sglang" | "openai") => {
            Some("servers and Python engines are not driven; supported: candle, virtual")
        }
        ("energy.backend", "gpu" | "cuda" | "nvidia" | "pynvml" | "zeus") => Some("`nvml` reads NVIDIA boards, `amd` AMD boards"),
        ("energy.backend", "cpu" | "intel" | "powercap") => Some("`rapl` reads the processor's own counters, `estimate` its load"),
        ("energy.backend", "codecarbon") => Some("`auto` uses every sensor that works here"),
        ("impact.region", "UK" | "uk") => Some("the United Kingdom is `GBR`"),
        ("impact.region", "EU" | "eu") => Some("the table has countries and `world`; give the figure in `impact.grid_intensity`"),
        ("prompts.source", "huggingface" | "hf") => {
            Some("prompts come from `embedded`, or from a text file with `source: file` and `prompts.path`")
        }
        _ => None,
    }
}

const ONE_PROCESS: &str = "a run is one process on this machine; leave it out";
const ONE_RUN: &str = "one call runs one experiment once; leave it out and repeat or time the call from outside";
const WEIGHT_TYPES: &str =
    "weights run as they are stored; `quantization` quantises them at load, or name a file of the wanted types in `model_name`";
const NO_BITSANDBYTES: &str = "the candle engine quantises to Q8_0 and Q4_K, which have no such choice; leave it out";
const IN_PROCESS: &str = "supported backends: candle, virtual; their sections are `candle` and `virtual`";
const NO_TEXTS: &str = "texts are not kept, only token counts and times; leave it out";
const CLOSED_LOOP: &str = "requests run back to back in batches; leave it out";

const FORMER: &[(&str, &str)] = &[
    ("sampling", "it is called `decoder` here"),
    ("model", "it is called `model_name` here"),
    ("name", "it is called `config_name` here"),
    ("seed", "it is called `random_seed` here"),
    ("results_dir", "it is called `io.results_dir` here"),
    ("output_dir", "it is called `io.results_dir` here"),
    ("batch_size", "it is called `batching.batch_size` here"),
    ("max_tokens_per_batch", "it is called `batching.max_tokens_per_batch` here"),
    ("batching.dynamic_batching", "write `batching.strategy: dynamic`"),
    ("num_input_prompts", "it is called `prompts.sample_size` here"),
    ("sample_size", "it is called `prompts.sample_size` here"),
    ("max_new_tokens", "it is called `max_output_tokens` here"),
    ("max_tokens", "it is called `max_output_tokens` here"),
    ("min_new_tokens", "it is called `min_output_tokens` here"),
    ("min_tokens", "it is called `min_output_tokens` here"),
    ("temperature", "it is called `decoder.temperature` here"),
    ("top_k", "it is called `decoder.top_k` here"),
    ("top_p", "it is called `decoder.top_p` here"),
    ("do_sample", "it is called `decoder.do_sample` here"),
    ("min_p", "it is called `decoder.min_p` here"),
    ("repetition_penalty", "it is called `decoder.repetition_penalty` here"),
    ("no_repeat_ngram_size", "it is called `decoder.no_repeat_ngram_size` here"),
    ("ignore_eos", "it is called `decoder.ignore_eos` here"),
    ("stop", "it is called `decoder.stop` here"),
    ("stop_strings", "it is called `decoder.stop` here"),
    ("dataset", "prompts come from `prompts.source: embedded`, or from a text file with `prompts.source: file` and `prompts.path`"),
    ("prompts.dataset", "prompts come from `prompts.source: embedded`, or from a text file with `prompts.source: file` and `prompts.path`"),
    ("prompts.type", "it is called `prompts.source` here: `embedded` or `file`"),
    ("prompts.seed", "the shuffle uses `random_seed`"),
    ("streaming_warmup_requests", "it is called `warmup.requests` here"),
    ("streaming", "the time of every token is always recorded; leave it out"),
    ("pue", "it is called `impact.pue` here"),
    ("country_iso_code", "it is called `impact.region` here"),
    ("carbon_intensity", "it is called `impact.grid_intensity` here"),
    ("gpus", "the model runs on the processor; leave it out"),
    ("num_processes", ONE_PROCESS),
    ("parallelism", ONE_PROCESS),
    ("sharding", ONE_PROCESS),
    ("num_cycles", ONE_RUN),
    ("cycle_id", ONE_RUN),
    ("schedule", ONE_RUN),
    ("quantization.quantization", "write `quantization.load_in_8bit: true` or `quantization.load_in_4bit: true`"),
    ("quantization.bnb_4bit_compute_dtype", NO_BITSANDBYTES),
    ("quantization.bnb_4bit_quant_type", NO_BITSANDBYTES),
    ("quantization.bnb_4bit_use_double_quant", NO_BITSANDBYTES),
    ("load_in_8bit", "it is called `quantization.load_in_8bit` here"),
    ("load_in_4bit", "it is called `quantization.load_in_4bit` here"),
    ("fp_precision", WEIGHT_TYPES),
    ("precision", WEIGHT_TYPES),
    ("lora", "it is called `adapter` here"),
    ("lora.adapter_path", "it is called `adapter` here"),
    ("lora.adapter_id", "it is called `adapter` here"),
    ("traffic_simulation", CLOSED_LOOP),
    ("query_rate", CLOSED_LOOP),
    ("decoder.beam_search.enabled", "a search is on with `decoder.beam_search.num_beams` above 1"),
    ("decoder.beam_search.no_repeat_ngram_size", "it is called `decoder.no_repeat_ngram_size` here"),
    ("save_outputs", NO_TEXTS),
    ("decode_token_to_text", NO_TEXTS),
    ("is_encoder_decoder", "it is read from the model; leave it out"),
    ("task_type", "it had no effect; leave it out"),
    ("inference_type", "it had no effect; leave it out"),
    ("extra_metadata", "keep notes beside the configuration, in comments"),
    ("_extends", "a file stands alone; use `--preset` for a common base"),
    ("pytorch", IN_PROCESS),
    ("vllm", IN_PROCESS),
    ("tensorrt", IN_PROCESS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;
    use lem_domain::backend::FIELDS;

    fn is_setting(path: &str) -> bool {
        FIELDS.iter().any(|field| field.path == path)
    }

    #[test]
    fn no_former_name_is_a_setting_of_today() {
        for (former, _) in FORMER {
            assert!(!is_setting(former) && !tree::is_section(former), "{former}");
        }
    }

    #[test]
    fn every_name_that_a_hint_gives_exists() {
        for (former, hint) in FORMER {
            let Some(name) = hint.strip_prefix("it is called `").and_then(|rest| rest.split('`').next()) else { continue };
            assert!(is_setting(name) || tree::is_section(name), "{former} → {name}");
        }
    }
}
