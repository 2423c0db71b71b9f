//! Rules between settings of devices.

use crate::sections::Settings;
use crate::stack::Stack;
use crate::value::ParallelKind;
use crate::violation::{RuleCode, Violation};
use lem_domain::backend::Backend;
use lem_domain::spec::DeviceChoice;

/// A list of GPUs that is empty is the processor, which has no number of devices.
pub(super) fn degree(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let (parallelism, gpus) = (&settings.parallelism, settings.gpus.as_ref()?.0.len());
    let is_divided = parallelism.strategy.0 != ParallelKind::None && gpus > 0;
    let degree = usize::try_from(parallelism.degree).unwrap_or(usize::MAX);
    (is_divided && degree > gpus).then(|| {
        stack.violation(
            RuleCode::DegreeBeyondGpus,
            "parallelism.degree",
            format!("{degree} devices are more than the {gpus} of `gpus`"),
            format!("lower it to {gpus}, or name more GPUs"),
        )
    })
}

/// These servers are told of no copies of a model, so a number of them would be accepted and mean nothing.
pub(super) fn copies(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let backend = settings.backend.0;
    let knows_none = matches!(backend, Backend::Vllm | Backend::Tensorrt | Backend::Llamacpp);
    (knows_none && settings.parallelism.strategy.0 == ParallelKind::Data).then(|| {
        stack.violation(
            RuleCode::Unsupported,
            "parallelism.strategy",
            format!("`data_parallel` has no effect with `backend: {backend}`: its server is not told to run copies of the model"),
            "use `tensor_parallel` or `pipeline_parallel`, or `backend: sglang`",
        )
    })
}

/// The in-process engine runs a model on one device.
pub(super) fn one_device(stack: &Stack, settings: &Settings) -> Option<Violation> {
    if settings.backend.0 != Backend::Candle {
        return None;
    }
    let gpus = settings.gpus.as_ref()?.0.as_slice();
    let several = gpus.len() > 1 && settings.parallelism.strategy.0 != ParallelKind::Data;
    if several {
        let message = format!("a model runs on one device here, and `gpus` names {}", gpus.len());
        let hint = "name one GPU, or set `parallelism.strategy: data_parallel`, which runs the model on each";
        return Some(stack.violation(RuleCode::SeveralDevices, "gpus", message, hint));
    }
    let contradicts = match settings.candle.device.0 {
        DeviceChoice::Auto => false,
        DeviceChoice::Cpu => !gpus.is_empty(),
        DeviceChoice::Cuda(number) => !gpus.contains(&number),
    };
    contradicts.then(|| {
        stack.violation(
            RuleCode::DeviceSaidTwice,
            "candle.device",
            format!("`{}` is not what `gpus` says", settings.candle.device),
            "leave one of them out",
        )
    })
}
