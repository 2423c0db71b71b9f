//! Words that are handed on to a server as they are written.

use super::Word;

/// Declares a closed list of words that mean themselves.
macro_rules! lists {
    ($($(#[$doc:meta])+ $name:ident, $what:literal, [$($word:literal),+ $(,)?];)+) => {
        $(
            $(#[$doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) struct $name(&'static str);

            impl Word for $name {
                const WHAT: &'static str = $what;
                const NAMES: &'static [&'static str] = &[$($word),+];
                const MEANINGS: &'static [Self] = &[$(Self($word)),+];
            }
        )+
    };
}

lists! {
    /// Of the server of transformers.
    AttentionImplementation, "attention implementation", ["eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"];
    /// Of transformers' generation.
    CacheImplementation, "cache implementation", ["dynamic", "static", "offloaded", "offloaded_static", "quantized"];
    /// Of vLLM 0.32.
    VllmCacheType, "type of the KV cache", ["auto", "float16", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2", "nvfp4"];
    /// Of vLLM.
    SchedulingPolicy, "scheduling policy", ["fcfs", "priority"];
    /// Of vLLM.
    ExecutorBackend, "executor backend", ["mp", "ray", "uni", "external_launcher"];
    /// Of vLLM; the kinds of draft models are many, and most of them are recognised from the model.
    VllmDrafter, "speculative method", ["ngram", "draft_model", "eagle", "eagle3", "medusa", "mlp_speculator", "mtp", "suffix"];
    /// Of TensorRT-LLM.
    TensorrtRuntime, "runtime", ["pytorch", "tensorrt", "_autodeploy"];
    /// Of TensorRT-LLM.
    TensorrtCacheType, "type of the KV cache", ["auto", "fp8"];
    /// Of TensorRT-LLM, in the original tool's words.
    TensorrtMethod, "quantization method", ["fp8", "int8_sq", "int8_weight_only", "int4_awq", "int4_gptq"];
    /// Of llama.cpp.
    GgmlCacheType, "type of the KV cache", ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"];
    /// Of llama.cpp.
    OnOffAuto, "choice", ["on", "off", "auto"];
    /// Of llama.cpp.
    LoadMode, "way of loading", ["auto", "none", "mmap", "mlock", "mmap+mlock", "dio"];
    /// Of llama.cpp.
    NumaMode, "NUMA strategy", ["distribute", "isolate", "numactl"];
    /// In place of a number of layers, of llama.cpp.
    LayersWord, "number of layers", ["auto", "all"];
    /// Of SGLang 0.5.23.
    SglangCacheType, "type of the KV cache", ["auto", "fp8_e5m2", "fp8_e4m3", "mxfp8", "bf16", "bfloat16", "nvfp4", "fp4_mx_block16"];
    /// Of SGLang.
    SglangPolicy, "schedule policy",
        ["lpm", "random", "fcfs", "dfs-weight", "lof", "priority", "routing-key", "hrrn", "shortest-prefill-first"];
}
