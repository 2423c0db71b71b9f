//! Flags of the former tool, as settings of today.

use crate::args::FormerArgs;
use lem_config::Override;
use lem_domain::{Finding, FindingCode, Severity};
use serde_json::{Value, json};

/// The settings that they mean, and a finding for each that says how to write it today.
pub(super) fn overrides(args: &FormerArgs) -> (Vec<Override>, Vec<Finding>) {
    let mut overrides = Vec::new();
    let mut findings = Vec::new();
    let mut set = |flag: &str, path: &str, value: Value, today: String| {
        overrides.push(Override { path: path.to_owned(), value, flag: flag.to_owned() });
        findings.push(former(Severity::Info, format!("`{flag}` is a former flag"), format!("write `{today}`")));
    };
    if let Some(size) = args.batch_size {
        set("--batch-size", "batching.batch_size", json!(size), format!("--set batching.batch_size={size}"));
    }
    if let Some(precision) = &args.precision {
        set("--precision", "fp_precision", json!(precision), format!("--set fp_precision={precision}"));
    }
    if let Some(processes) = args.num_processes {
        let today = format!("--set parallelism.strategy=data_parallel --set parallelism.degree={processes}");
        set("--num-processes", "num_processes", json!(processes), today);
    }
    if let Some(gpus) = &args.gpu_list {
        set("--gpu-list", "gpus", json!(gpus), format!("--set gpus={}", json!(gpus)));
    }
    if let Some(temperature) = args.temperature {
        set("--temperature", "decoder.temperature", json!(temperature), format!("--set decoder.temperature={temperature}"));
    }
    if let Some(requests) = args.streaming_warmup {
        set("--streaming-warmup", "warmup.requests", json!(requests), format!("--set warmup.requests={requests}"));
    }
    if args.no_quantization {
        for path in ["quantization.load_in_8bit", "quantization.load_in_4bit"] {
            set("--no-quantization", path, json!(false), format!("--set {path}=false"));
        }
    }
    if args.quantization {
        let message = "`--quantization` is a former flag and says nothing by itself: weights are quantised to the number of bits that the configuration names, if it names one";
        let hint = "write `--set quantization.load_in_8bit=true` or `--set quantization.load_in_4bit=true`";
        findings.push(former(Severity::Warning, message.to_owned(), hint.to_owned()));
    }
    (overrides, findings)
}

fn former(severity: Severity, message: String, hint: String) -> Finding {
    Finding::new(FindingCode::FormerSetting, severity, message).with_hint(hint)
}
