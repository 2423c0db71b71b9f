//! Settings that are allowed together and may not be what was meant.
//!
//! Only what somebody wrote is looked at: what is built in needs no advice.

use crate::check::BUILT_IN;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::tree;
use crate::value::ParallelKind;
use crate::violation::RuleCode;
use lem_domain::backend::Backend;
use lem_domain::spec::{BatchingStrategy, Precision};
use lem_domain::{Finding, FindingCode, Severity};

/// Advice of a rule.
struct Advice {
    code: RuleCode,
    severity: Severity,
    message: String,
    hint: &'static str,
}

/// Everything that is worth a second look.
pub(crate) fn advise(stack: &Stack, settings: &Settings) -> Vec<Finding> {
    let rules = [
        long_outputs,
        full_precision_quantised,
        budget_left_out,
        groups_of_one,
        divided_by_one,
        tensor_parallel_quantised,
        tensor_parallel_of_unknown,
        two_truncations,
        many_requests,
    ];
    let advice = rules.iter().filter_map(|rule| rule(stack, settings));
    advice
        .map(|Advice { code, severity, message, hint }| {
            Finding::new(FindingCode::QuestionableSetting, severity, format!("{message} [{code}]")).with_hint(hint)
        })
        .collect()
}

/// Longest output that one request usually has; above it a run takes long and its last tokens see a context of their own.
const USUAL_OUTPUT: u32 = 2048;

fn long_outputs(_: &Stack, settings: &Settings) -> Option<Advice> {
    (settings.max_output_tokens > USUAL_OUTPUT).then(|| Advice {
        code: RuleCode::LongOutputs,
        severity: Severity::Warning,
        message: format!("max_output_tokens: {} tokens of each request take long", settings.max_output_tokens),
        hint: "a shorter output gives the same energy per token, but for what grows with the context",
    })
}

fn full_precision_quantised(_: &Stack, settings: &Settings) -> Option<Advice> {
    (is_quantised(settings) && settings.fp_precision.0 == Precision::F32).then(|| Advice {
        code: RuleCode::FullPrecisionQuantised,
        severity: Severity::Warning,
        message: "fp_precision: `float32` stands beside weights that are quantised, and holds for those that are not alone".to_owned(),
        hint: "leave it out: what is quantised has types of its own",
    })
}

fn budget_left_out(_: &Stack, settings: &Settings) -> Option<Advice> {
    let batching = &settings.batching;
    let is_missing = batching.strategy.0.has_token_budget() && batching.max_tokens_per_batch.is_none();
    (is_missing && batching.batch_size > 1 && !settings.streaming).then(|| Advice {
        code: RuleCode::BudgetLeftOut,
        severity: Severity::Info,
        message: format!(
            "batching.max_tokens_per_batch: left out, a batch holds one full prompt's worth, {} tokens, and seldom {} requests",
            settings.max_input_tokens, batching.batch_size
        ),
        hint: "set it to the batch size times the usual length of a prompt",
    })
}

fn groups_of_one(_: &Stack, settings: &Settings) -> Option<Advice> {
    let batching = &settings.batching;
    let groups = batching.strategy.0.has_token_budget() || batching.strategy.0 == BatchingStrategy::SortedStatic;
    (groups && batching.batch_size == 1 && !settings.streaming).then(|| Advice {
        code: RuleCode::GroupsOfOne,
        severity: Severity::Info,
        message: format!("batching.strategy: `{}` has nothing to group in batches of 1", batching.strategy.name()),
        hint: "raise `batching.batch_size`",
    })
}

fn divided_by_one(_: &Stack, settings: &Settings) -> Option<Advice> {
    let parallelism = &settings.parallelism;
    (parallelism.strategy.0 != ParallelKind::None && parallelism.degree == 1).then(|| Advice {
        code: RuleCode::DividedByOne,
        severity: Severity::Info,
        message: format!("parallelism.strategy: `{}` divides nothing by 1", parallelism.strategy.name()),
        hint: "set `parallelism.degree` to the number of devices",
    })
}

fn tensor_parallel_quantised(_: &Stack, settings: &Settings) -> Option<Advice> {
    (settings.parallelism.strategy.0 == ParallelKind::Tensor && is_quantised(settings)).then(|| Advice {
        code: RuleCode::TensorParallelQuantised,
        severity: Severity::Warning,
        message: "parallelism.strategy: engines divide few kinds of quantised matrices, and refuse the rest when they start".to_owned(),
        hint: "try one device first, or a checkpoint that is quantised already",
    })
}

/// Families whose division every engine here documents.
const DIVIDED_FAMILIES: &[&str] = &[
    "llama", "mistral", "mixtral", "qwen", "phi", "gemma", "falcon", "mpt", "bloom", "opt", "gpt", "deepseek", "granite", "olmo", "smollm",
    "stablelm",
];

fn tensor_parallel_of_unknown(_: &Stack, settings: &Settings) -> Option<Advice> {
    let model = settings.model_name.as_deref()?;
    let name = crate::lower::base_name(model).to_lowercase();
    let is_known = DIVIDED_FAMILIES.iter().any(|family| name.contains(family));
    (settings.parallelism.strategy.0 == ParallelKind::Tensor && !is_known).then(|| Advice {
        code: RuleCode::TensorParallelOfUnknown,
        severity: Severity::Warning,
        message: format!("parallelism.strategy: nothing in the name `{model}` says that its family can be divided"),
        hint: "the engine says when it starts whether it can",
    })
}

/// Each of the two makes the other's meaning depend on it. OpenAI API reference, `temperature`: "alter this or `top_p` but not
/// both".
fn two_truncations(stack: &Stack, settings: &Settings) -> Option<Advice> {
    let decoder = &settings.decoder;
    let is_drawn = decoder.do_sample && decoder.temperature > 0.0;
    (is_drawn && ["decoder.temperature", "decoder.top_p"].iter().all(|path| is_changed(stack, settings, path))).then(|| Advice {
        code: RuleCode::TwoTruncations,
        severity: Severity::Warning,
        message: format!("decoder.top_p: {} stands beside a temperature of {}", decoder.top_p, decoder.temperature),
        hint: "change one of them; comparisons are easier to read then",
    })
}

/// Requests per second above which a rate is more often a slip than a wish.
const USUAL_RATE: f64 = 100.0;

fn many_requests(_: &Stack, settings: &Settings) -> Option<Advice> {
    let rate = settings.traffic.rate.filter(|&rate| rate > USUAL_RATE)?;
    Some(Advice {
        code: RuleCode::ManyRequests,
        severity: Severity::Info,
        message: format!("traffic.rate: {rate} requests per second are more than most servers answer"),
        hint: "the result says how well the schedule was kept",
    })
}

/// By the engine itself, or by a method of the server's own.
fn is_quantised(settings: &Settings) -> bool {
    let by_load = settings.quantization.load_in_8bit || settings.quantization.load_in_4bit;
    by_load
        || match settings.backend.0 {
            Backend::Vllm => settings.vllm.quantization_method.is_some(),
            Backend::Sglang => settings.sglang.quantization_method.is_some(),
            Backend::Tensorrt => settings.tensorrt.quantization.method.is_some(),
            Backend::Candle | Backend::Pytorch | Backend::Llamacpp | Backend::Openai | Backend::Virtual => false,
        }
}

/// Whether somebody wrote another value than the built-in one.
fn is_changed(stack: &Stack, settings: &Settings, path: &str) -> bool {
    stack.top(path).is_some() && tree::get(&settings.document(), path) != tree::get(&BUILT_IN, path)
}
