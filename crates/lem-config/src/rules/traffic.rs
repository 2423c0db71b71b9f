//! Rules between settings of arrivals.

use crate::sections::Settings;
use crate::stack::Stack;
use crate::value::ArrivalKind;
use crate::violation::{RuleCode, Violation};
use lem_domain::backend::Backend;
use lem_domain::spec::BatchingStrategy;

pub(super) fn rate(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let traffic = &settings.traffic;
    match (traffic.arrival.0, traffic.rate) {
        (ArrivalKind::None, Some(rate)) => Some(stack.violation(
            RuleCode::RateWithoutArrival,
            "traffic.rate",
            format!("{rate} requests per second of what kind: `traffic.arrival` is `none`"),
            "set `traffic.arrival: poisson`, `constant` or `gamma`",
        )),
        (ArrivalKind::None, None) | (_, Some(_)) => None,
        (_, None) => Some(stack.violation(
            RuleCode::ArrivalWithoutRate,
            "traffic.arrival",
            format!("`{}` needs `traffic.rate`", traffic.arrival.name()),
            "say there how many requests come per second in the mean",
        )),
    }
}

pub(super) fn burstiness(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let traffic = &settings.traffic;
    (traffic.arrival.0 == ArrivalKind::Gamma && traffic.burstiness.is_none()).then(|| {
        stack.violation(
            RuleCode::BurstinessMissing,
            "traffic.arrival",
            "`gamma` needs `traffic.burstiness`",
            "say there how bursty the gaps are: 1 is as `poisson`, more is burstier",
        )
    })
}

/// A batch starts when the one before has ended, whatever was meant to arrive in between.
pub(super) fn batches(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let strategy = settings.batching.strategy;
    let in_batches = settings.backend.0 == Backend::Candle && strategy.0 != BatchingStrategy::Continuous;
    let path = match (settings.traffic.arrival.0, &settings.traffic.trace) {
        (ArrivalKind::None, None) => return None,
        (ArrivalKind::None, Some(_)) => "traffic.trace",
        _ => "traffic.arrival",
    };
    in_batches.then(|| {
        stack.violation(
            RuleCode::ArrivalBesideBatches,
            path,
            format!("requests of `batching.strategy: {}` start in batches, not when they arrive", strategy.name()),
            "set `batching.strategy: continuous`",
        )
    })
}

/// A recorded load has instants of its own.
pub(super) fn trace(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let traffic = &settings.traffic;
    (traffic.trace.is_some() && traffic.arrival.0 != ArrivalKind::None).then(|| {
        let message = format!("requests come at its instants, and `traffic.arrival` is `{}`", traffic.arrival.name());
        stack.violation(RuleCode::TraceBesideArrival, "traffic.trace", message, "leave one of them out; `null` takes back a lower layer's")
    })
}
