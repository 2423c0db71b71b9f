//! The whole command lines, as a person would type them.

use super::{SITE, Site, spec};
use crate::inference::command::{StartCommand, start_command};
use lem_domain::backend::Backend;
use lem_domain::spec::{ExperimentSpec, Launch, ParallelStrategy, ParallelismSpec, Precision, SettingValue};
use std::collections::BTreeMap;

fn text(word: &str) -> SettingValue {
    SettingValue::Text(word.to_owned())
}

fn table(entries: &[(&str, SettingValue)]) -> SettingValue {
    SettingValue::Table(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn command(spec: &ExperimentSpec) -> StartCommand {
    start_command(spec, &SITE).unwrap()
}

#[test]
fn transformers() {
    let mut spec = spec(
        Backend::Pytorch,
        &[
            ("pytorch.device", text("cpu")),
            ("pytorch.continuous_batching", SettingValue::Truth(true)),
            ("pytorch.cb_num_blocks", SettingValue::Whole(256)),
        ],
    );
    spec.weights.precision = Precision::Bf16;
    spec.seed = 42;
    let command = command(&spec);
    assert_eq!(
        command.words.join(" "),
        "transformers serve /models/m --host 127.0.0.1 --port 8000 --dtype bfloat16 --default-seed 42 \
         --device cpu --continuous-batching --cb-num-blocks 256"
    );
    assert_eq!(command.served_model.as_deref(), Some("/models/m"));
    assert_eq!(command.file, None);
}

#[test]
fn vllm() {
    let mut spec = spec(
        Backend::Vllm,
        &[
            ("vllm.max_num_seqs", SettingValue::Whole(8)),
            ("vllm.gpu_memory_utilization", SettingValue::Real(0.5)),
            ("vllm.enable_prefix_caching", SettingValue::Truth(false)),
            ("vllm.speculative.method", text("ngram")),
            ("vllm.speculative.num_tokens", SettingValue::Whole(4)),
            ("vllm.server.environment", table(&[("VLLM_CPU_KVCACHE_SPACE", text("1"))])),
            (
                "vllm.extra",
                table(&[
                    ("enable-mfu-metrics", SettingValue::Truth(true)),
                    ("max-log-len", SettingValue::Whole(0)),
                    ("middleware", SettingValue::List(vec![text("a"), text("b")])),
                ]),
            ),
        ],
    );
    spec.placement.gpus = Some(vec![0, 1]);
    spec.placement.parallelism = Some(ParallelismSpec { strategy: ParallelStrategy::Tensor, degree: 2 });
    let command = command(&spec);
    assert_eq!(
        command.words.join(" "),
        "vllm serve /models/m --host 127.0.0.1 --port 8000 --enable-prompt-tokens-details --dtype auto --tensor-parallel-size 2 \
         --max-num-seqs 8 --gpu-memory-utilization 0.5 --no-enable-prefix-caching --enable-mfu-metrics --max-log-len 0 \
         --middleware a b --speculative-config {\"method\":\"ngram\",\"num_speculative_tokens\":4}"
    );
    let expected: BTreeMap<_, _> = [
        ("CUDA_VISIBLE_DEVICES", "0,1"),
        ("DO_NOT_TRACK", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("VLLM_CPU_KVCACHE_SPACE", "1"),
        ("VLLM_NO_USAGE_STATS", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(command.environment, expected);
    assert_eq!(command.served_model, None, "it says itself by which name it serves");
}

#[test]
fn an_adapter_of_vllm_is_called_by_its_name() {
    let mut spec = spec(Backend::Vllm, &[]);
    spec.weights.adapter = Some("a".to_owned());
    let command = start_command(&spec, &Site { adapter: Some("/adapters/a"), ..SITE }).unwrap();
    assert!(command.words.join(" ").contains("--enable-lora --lora-modules adapter=/adapters/a"), "{:?}", command.words);
    assert_eq!(command.served_model.as_deref(), Some("adapter"));
}

#[test]
fn tensorrt_llm() {
    let mut spec = spec(
        Backend::Tensorrt,
        &[
            ("tensorrt.runtime", text("pytorch")),
            ("tensorrt.max_batch_size", SettingValue::Whole(64)),
            ("tensorrt.free_gpu_memory_fraction", SettingValue::Real(0.9)),
            ("tensorrt.kv_cache_dtype", text("fp8")),
            ("tensorrt.enable_kv_cache_reuse", SettingValue::Truth(false)),
            ("tensorrt.quantization.method", text("int4_awq")),
            ("tensorrt.draft_model", text("/models/draft")),
            ("tensorrt.num_draft_tokens", SettingValue::Whole(3)),
            ("tensorrt.extra_build_args", table(&[("max_beam_width", SettingValue::Whole(1))])),
            ("tensorrt.extra", table(&[("kv_cache_config", table(&[("tokens_per_block", SettingValue::Whole(32))]))])),
        ],
    );
    spec.weights.precision = Precision::Bf16;
    spec.placement.parallelism = Some(ParallelismSpec { strategy: ParallelStrategy::Pipeline, degree: 4 });
    let command = command(&spec);
    assert_eq!(
        command.words.join(" "),
        "trtllm-serve /models/m --host 127.0.0.1 --port 8000 --pp_size 4 --backend pytorch --max_batch_size 64 \
         --free_gpu_memory_fraction 0.9 --extra_llm_api_options /run/settings.yaml"
    );
    let file: serde_json::Value = serde_json::from_str(command.file.as_deref().unwrap()).unwrap();
    assert_eq!(
        file,
        serde_json::json!({
            "enable_iter_perf_stats": true,
            "dtype": "bfloat16",
            "kv_cache_config": { "dtype": "fp8", "enable_block_reuse": false, "tokens_per_block": 32 },
            "quant_config": { "quant_algo": "W4A16_AWQ" },
            "speculative_config": { "decoding_type": "Draft_Target", "speculative_model": "/models/draft", "max_draft_len": 3 },
            "build_config": { "max_beam_width": 1 },
        })
    );
}

#[test]
fn a_built_engine_of_tensorrt_stands_where_the_model_would() {
    let command = command(&spec(Backend::Tensorrt, &[("tensorrt.engine_path", text("/engines/e"))]));
    assert_eq!(&command.words[..2], ["trtllm-serve", "/engines/e"]);
}

#[test]
fn llama_cpp_by_a_command_of_ones_own() {
    let mut spec = spec(
        Backend::Llamacpp,
        &[
            ("llamacpp.context_size", SettingValue::Whole(8192)),
            ("llamacpp.parallel", SettingValue::Whole(4)),
            ("llamacpp.threads", SettingValue::Whole(1)),
            ("llamacpp.kv_offload", SettingValue::Truth(false)),
            ("llamacpp.extra", table(&[("cont-batching", SettingValue::Truth(false))])),
        ],
    );
    let own = Launch::Process { command: Some(vec!["nice".to_owned(), "./llama-server".to_owned()]) };
    spec.server.as_mut().unwrap().launch = own;
    assert_eq!(
        command(&spec).words.join(" "),
        "nice ./llama-server --model /models/m --host 127.0.0.1 --port 8000 --metrics --split-mode none --ctx-size 8192 --parallel 4 \
         --threads 1 --no-kv-offload --no-cont-batching"
    );
}

#[test]
fn sglang() {
    let mut spec = spec(
        Backend::Sglang,
        &[
            ("sglang.mem_fraction_static", SettingValue::Real(0.8)),
            ("sglang.disable_radix_cache", SettingValue::Truth(true)),
            ("sglang.speculative.algorithm", text("EAGLE")),
        ],
    );
    spec.placement.parallelism = Some(ParallelismSpec { strategy: ParallelStrategy::Data, degree: 2 });
    assert_eq!(
        command(&spec).words.join(" "),
        "python3 -m sglang.launch_server --model-path /models/m --host 127.0.0.1 --port 8000 --enable-metrics --dtype auto \
         --dp-size 2 --mem-fraction-static 0.8 --disable-radix-cache --speculative-algorithm EAGLE"
    );
}
