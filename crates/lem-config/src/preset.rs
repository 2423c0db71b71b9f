//! Presets of experiments: named layers that files and flags build on. None names a model.

mod decoder;

pub(crate) use decoder::decoder_values;

use PresetValue::{Number, Share, Truth, Word};
use serde_json::Value;

/// A value of a preset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PresetValue {
    /// A whole number.
    Number(u32),
    /// A share of a whole.
    Share(f64),
    /// Yes or no.
    Truth(bool),
    /// A word, or a quantity with its unit.
    Word(&'static str),
}

impl From<PresetValue> for Value {
    fn from(value: PresetValue) -> Self {
        match value {
            PresetValue::Number(number) => Self::from(number),
            PresetValue::Share(share) => Self::from(share),
            PresetValue::Truth(truth) => Self::from(truth),
            PresetValue::Word(word) => Self::from(word),
        }
    }
}

/// A named set of settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The name for `--preset`.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Settings by dotted path.
    pub settings: &'static [(&'static str, PresetValue)],
}

const PRESETS: &[Preset] = &[
    Preset {
        name: "quick-test",
        description: "Does it work at all: 64 tokens in, 32 out, one at a time, always the most probable token; \
                      each idle state is watched for 1 s. \
                      Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(64)),
            ("max_output_tokens", Number(32)),
            ("batching.batch_size", Number(1)),
            ("decoder.preset", Word("deterministic")),
            ("energy.baseline.duration", Word("1s")),
        ],
    },
    Preset {
        name: "benchmark",
        description: "For figures to publish: 2048 tokens in, 512 out, one at a time, every prompt, always the most probable token; \
                      each idle state is watched for 10 s. Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(512)),
            ("prompts.sample_size", Word("all")),
            ("batching.batch_size", Number(1)),
            ("decoder.preset", Word("deterministic")),
            ("energy.baseline.duration", Word("10s")),
        ],
    },
    Preset {
        name: "throughput",
        description: "Tokens per second: 512 tokens in, 256 out, batches of up to 8 that may hold 8 full prompts (4096 tokens), \
                      always the most probable token. Weights stay in the types that the model file holds.",
        settings: &[
            ("max_input_tokens", Number(512)),
            ("max_output_tokens", Number(256)),
            ("batching.batch_size", Number(8)),
            ("batching.strategy", Word("dynamic")),
            // A budget left out is one prompt's worth, which would close most batches long before they hold 8.
            ("batching.max_tokens_per_batch", Number(8 * 512)),
            ("decoder.preset", Word("deterministic")),
        ],
    },
    Preset {
        name: "vllm-throughput",
        description: "vLLM full: 2048 tokens in, 512 out, up to 512 requests at once, prompts in pieces, beginnings that requests share \
                      kept. Requests are sent 512 at a time as well, without which the server would never be full.",
        settings: &[
            ("backend", Word("vllm")),
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(512)),
            ("batching.batch_size", Number(512)),
            ("decoder.preset", Word("deterministic")),
            ("vllm.max_num_seqs", Number(512)),
            ("vllm.enable_chunked_prefill", Truth(true)),
            ("vllm.enable_prefix_caching", Truth(true)),
        ],
    },
    Preset {
        name: "vllm-speculative",
        description: "vLLM guessing tokens from the prompt itself: 2048 tokens in, 256 out, 5 guesses after up to 4 equal tokens. \
                      It needs no second model.",
        settings: &[
            ("backend", Word("vllm")),
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(256)),
            ("decoder.preset", Word("deterministic")),
            ("vllm.speculative.method", Word("ngram")),
            ("vllm.speculative.num_tokens", Number(5)),
            ("vllm.speculative.prompt_lookup_max", Number(4)),
        ],
    },
    Preset {
        name: "vllm-memory-efficient",
        description: "vLLM with long texts in little memory: 4096 tokens in, 512 out, keys and values in 8 bits, beginnings that \
                      requests share kept, 95 % of the GPU's memory.",
        settings: &[
            ("backend", Word("vllm")),
            ("max_input_tokens", Number(4096)),
            ("max_output_tokens", Number(512)),
            ("decoder.preset", Word("deterministic")),
            ("vllm.kv_cache_dtype", Word("fp8")),
            ("vllm.enable_prefix_caching", Truth(true)),
            ("vllm.gpu_memory_utilization", Share(0.95)),
        ],
    },
    Preset {
        name: "vllm-low-latency",
        description: "vLLM answering fast: 512 tokens in, 128 out, at most 32 requests and 2048 tokens in a pass. \
                      CUDA graphs stay on, because running eagerly makes every token later.",
        settings: &[
            ("backend", Word("vllm")),
            ("max_input_tokens", Number(512)),
            ("max_output_tokens", Number(128)),
            ("decoder.preset", Word("deterministic")),
            ("vllm.max_num_seqs", Number(32)),
            ("vllm.max_num_batched_tokens", Number(2048)),
        ],
    },
    Preset {
        name: "pytorch-optimized",
        description: "transformers as fast as it gets: 2048 tokens in, 512 out, FlashAttention 2, the model compiled, which takes a \
                      GPU and the package flash-attn.",
        settings: &[
            ("backend", Word("pytorch")),
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(512)),
            ("decoder.preset", Word("deterministic")),
            ("pytorch.attn_implementation", Word("flash_attention_2")),
            ("pytorch.torch_compile", Truth(true)),
        ],
    },
    Preset {
        name: "pytorch-speculative",
        description: "transformers guessing tokens from the prompt itself: 2048 tokens in, 256 out, 5 guesses, PyTorch's own attention. \
                      It needs no second model.",
        settings: &[
            ("backend", Word("pytorch")),
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(256)),
            ("decoder.preset", Word("deterministic")),
            ("pytorch.attn_implementation", Word("sdpa")),
            ("pytorch.prompt_lookup_num_tokens", Number(5)),
        ],
    },
    Preset {
        name: "pytorch-compatible",
        description: "transformers as it runs everywhere: 2048 tokens in, 512 out, plain attention, nothing compiled.",
        settings: &[
            ("backend", Word("pytorch")),
            ("max_input_tokens", Number(2048)),
            ("max_output_tokens", Number(512)),
            ("decoder.preset", Word("deterministic")),
            ("pytorch.attn_implementation", Word("eager")),
            ("pytorch.torch_compile", Truth(false)),
        ],
    },
];

/// Every preset.
#[must_use]
pub const fn presets() -> &'static [Preset] {
    PRESETS
}

/// Names of all presets.
pub(crate) fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

impl Preset {
    /// The preset of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_preset_names_a_model_or_a_place() {
        for preset in presets() {
            for (path, _) in preset.settings {
                assert!(!path.starts_with("model") && !path.starts_with("io.") && *path != "prompts.path", "{}: {path}", preset.name);
            }
        }
    }
}
