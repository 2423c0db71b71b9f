//! Former settings that nothing is made of: what to write instead.

/// What to do instead of writing the setting at `path`; `None` for a name that means nothing anywhere.
pub(crate) fn hint(path: &str) -> Option<&'static str> {
    FORMER.iter().find(|(former, _)| *former == path).map(|(_, hint)| *hint)
}

/// Every name that has a hint.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FORMER.iter().map(|(former, _)| *former)
}

/// What became of a word that a setting knew.
pub(crate) fn word_hint(path: &str, word: &str) -> Option<&'static str> {
    match (path, word) {
        ("backend", "transformers" | "huggingface" | "hf" | "torch") => Some("transformers is called `pytorch` here"),
        ("backend", "trt" | "tensorrt-llm" | "trtllm" | "tensorrt_llm") => Some("TensorRT-LLM is called `tensorrt` here"),
        ("backend", "llama.cpp" | "llama_cpp" | "llama-cpp" | "gguf") => {
            Some("llama.cpp's server is called `llamacpp` here; `candle` runs GGUF files in process")
        }
        ("fp_precision", "fp32" | "f32" | "float" | "single") => Some("it is called `float32` here"),
        ("fp_precision", "fp16" | "f16" | "half") => Some("it is called `float16` here"),
        ("fp_precision", "bf16") => Some("it is called `bfloat16` here"),
        ("traffic.arrival", "exponential") => Some("exponential gaps are called `poisson` here"),
        ("vllm.speculative.method", "mlp") => Some("it is called `mlp_speculator` by vLLM"),
        ("vllm.speculative.method", "lookahead") => Some("vLLM has no such method; `ngram` needs no model either"),
        ("pytorch.cache_implementation", "hybrid" | "sliding_window") => Some("`dynamic` and `static` follow the model's own windows now"),
        ("energy.backend", "gpu" | "cuda" | "nvidia" | "pynvml" | "zeus") => Some("`nvml` reads NVIDIA boards, `amd` AMD boards"),
        ("energy.backend", "cpu" | "intel" | "powercap") => Some("`rapl` reads the processor's own counters, `estimate` its load"),
        ("energy.backend", "codecarbon") => Some("`auto` uses every sensor that works here"),
        ("impact.region", "UK" | "uk") => Some("the United Kingdom is `GBR`"),
        ("impact.region", "EU" | "eu") => Some("the table has countries and `world`; give the figure in `impact.grid_intensity`"),
        ("prompts.source", "huggingface" | "hf") => Some("it is called `hub` here, with the set in `prompts.dataset`"),
        _ => None,
    }
}

const NO_BITSANDBYTES: &str = "neither the candle engine nor a server of today takes it; leave it out";

const FORMER: &[(&str, &str)] = &[
    ("sampling", "it is called `decoder` here"),
    ("model", "it is called `model_name` here"),
    ("name", "it is called `config_name` here"),
    ("seed", "it is called `random_seed` here"),
    ("results_dir", "it is called `io.results_dir` here"),
    ("output_dir", "it is called `io.results_dir` here"),
    ("batch_size", "it is called `batching.batch_size` here"),
    ("max_tokens_per_batch", "it is called `batching.max_tokens_per_batch` here"),
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
    ("prompts.seed", "the shuffle uses `random_seed`"),
    ("pue", "it is called `impact.pue` here"),
    ("country_iso_code", "it is called `impact.region` here"),
    ("carbon_intensity", "it is called `impact.grid_intensity` here"),
    ("quantization.bnb_4bit_compute_dtype", NO_BITSANDBYTES),
    ("quantization.bnb_4bit_quant_type", NO_BITSANDBYTES),
    ("quantization.bnb_4bit_use_double_quant", NO_BITSANDBYTES),
    ("load_in_8bit", "it is called `quantization.load_in_8bit` here"),
    ("load_in_4bit", "it is called `quantization.load_in_4bit` here"),
    ("precision", "it is called `fp_precision` here"),
    ("lora", "it is called `adapter` here"),
    ("lora.adapter_path", "it is called `adapter` here"),
    ("lora.adapter_id", "it is called `adapter` here"),
    ("decode_token_to_text", "it is called `save_outputs` here"),
    ("is_encoder_decoder", "it is read from the model; leave it out"),
    ("task_type", "it had no effect; leave it out"),
    ("cycle_id", "cycles are numbered by the tool; leave it out"),
    ("n", "it is called `prompts.sample_size` here"),
    ("cycles", "it is called `num_cycles` here"),
    ("n_cycles", "it is called `num_cycles` here"),
    ("tensor_parallel_size", "write `parallelism.strategy: tensor_parallel` with `parallelism.degree`"),
    ("parallelism.tp_plan", "engines divide a model by plans of their own; leave it out"),
    ("metadata", "it is called `extra_metadata` here"),
    ("baseline", "it is called `energy.baseline` here"),
    ("energy_sampler", "it is called `energy.backend` here"),
    ("warmup.n_warmup", "it is called `warmup.requests` here"),
    ("warmup.n_prompts", "it is called `warmup.requests` here"),
    ("warmup.convergence_detection", "it is called `warmup.until_stable` here"),
    ("warmup.max_prompts", "it is called `warmup.max_requests` here"),
    ("warmup.window_size", "it is called `warmup.window` here"),
    ("warmup.min_prompts", "it is called `warmup.requests` here"),
    ("warmup.thermal_floor_seconds", "it is called `warmup.min_duration` here"),
    ("traffic.target_qps", "it is called `traffic.rate` here"),
    ("traffic.mode", "it is called `traffic.arrival` here"),
    ("traffic.enabled", "traffic is on with `traffic.arrival`; leave it out"),
    ("slo.ttft_ms", "it is called `slo.ttft` here, with its unit: `\"200ms\"`"),
    ("slo.tpot_ms", "it is called `slo.tpot` here, with its unit: `\"50ms\"`"),
    ("pytorch.use_bettertransformer", "transformers has no such thing any more; leave it out"),
    ("pytorch.low_cpu_mem_usage", "transformers always loads so; leave it out"),
    ("pytorch.max_memory", "the server of transformers has no such option; `gpus` says which GPUs it sees"),
    ("pytorch.device_map", "it is called `pytorch.device` here"),
    ("pytorch.output_scores", "the server of transformers gives no scores; leave it out"),
    ("pytorch.return_dict_in_generate", "it is between the server and its own library; leave it out"),
    ("pytorch.trust_remote_code", "code from a model's repository is not executed"),
    ("vllm.trust_remote_code", "code from a model's repository is not executed"),
    ("vllm.swap_space", "vLLM has no such memory any more; `vllm.cpu_offload_gb` keeps weights in the host's"),
    ("vllm.max_seq_len_to_capture", "write it in `vllm.compilation_config`, by vLLM's names"),
    ("vllm.best_of", "vLLM makes one output for a prompt; leave it out"),
    ("vllm.logprobs", "it is called `decoder.logprobs` here"),
    ("vllm.quantization", "it is called `vllm.quantization_method` here"),
    ("vllm.tensor_parallel_size", "write `parallelism.strategy: tensor_parallel` with `parallelism.degree`"),
    ("vllm.pipeline_parallel_size", "write `parallelism.strategy: pipeline_parallel` with `parallelism.degree`"),
    ("vllm.speculative_model", "it is called `vllm.speculative.model` here"),
    ("vllm.num_speculative_tokens", "it is called `vllm.speculative.num_tokens` here"),
    ("vllm.lora.enabled", "`adapter` says whether there is one; leave it out"),
    ("vllm.lora.extra_vocab_size", "vLLM has no such setting any more; leave it out"),
    (
        "tensorrt.gpu_memory_utilization",
        "it is called `tensorrt.free_gpu_memory_fraction` here, and is a share of what is free once the weights are there",
    ),
    ("tensorrt.max_output_len", "`tensorrt.max_seq_len` bounds prompt and output together"),
    ("tensorrt.tp_size", "write `parallelism.strategy: tensor_parallel` with `parallelism.degree`"),
    ("tensorrt.pp_size", "write `parallelism.strategy: pipeline_parallel` with `parallelism.degree`"),
    ("tensorrt.builder_opt_level", BUILD),
    ("tensorrt.strongly_typed", BUILD),
    ("tensorrt.multiple_profiles", BUILD),
    ("tensorrt.kv_cache_type", BUILD),
    ("tensorrt.force_rebuild", BUILD),
    ("tensorrt.engine_cache_dir", "`tensorrt.enable_build_cache` keeps engines where TensorRT-LLM keeps them"),
    ("tensorrt.quantization.calibration.split", "TensorRT-LLM takes no split; leave it out"),
    ("sglang.tp_size", "write `parallelism.strategy: tensor_parallel` with `parallelism.degree`"),
    ("sglang.dp_size", "write `parallelism.strategy: data_parallel` with `parallelism.degree`"),
    ("passthrough_kwargs", "each engine's section has a table `extra`"),
];

const BUILD: &str = "the server decides it; what it has to be told otherwise goes in `tensorrt.extra_build_args`";
