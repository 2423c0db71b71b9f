//! What a reader must know of the load.

use super::LoadSummary;
use crate::derive::timeline::RequestTimeline;
use crate::finding::{Finding, FindingCode, Severity};

/// Achieved ÷ intended rate below which requests did not come as they were meant to.
const FIDELITY: f64 = 0.95;

pub(in crate::derive) fn findings(load: &LoadSummary, timelines: &[&[RequestTimeline]]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(fidelity) = load.schedule.and_then(|schedule| schedule.fidelity).filter(|&fidelity| fidelity < FIDELITY) {
        let message = format!("requests started at {:.1} % of the rate at which they were meant to", 100.0 * fidelity);
        let hint = "raise `traffic.concurrency`, or lower `traffic.rate`: dispatch delays say how late they were";
        findings.push(Finding::new(FindingCode::ScheduleMissed, Severity::Warning, message).with_hint(hint));
    }
    if let Some(share) = load.capped_share.filter(|&share| share > 0.0) {
        let message = format!("the limit of requests in flight held back {:.1} % of them", 100.0 * share);
        findings.push(
            Finding::new(FindingCode::LoadCapped, Severity::Warning, message)
                .with_hint("raise `traffic.concurrency`, or read the figures as those of a closed loop"),
        );
    }
    if let Some(goodput) = &load.goodput
        && let (Some(share), Some(asked)) = (goodput.share(), goodput.asked_share)
        && share < asked
    {
        let message = format!("{} of {} requests kept to the objectives, and {:.1} % were to", goodput.met, goodput.of, 100.0 * asked);
        findings.push(Finding::new(FindingCode::ObjectivesMissed, Severity::Warning, message));
    }
    findings.extend(of_counts(load));
    let bundled = timelines.iter().copied().flatten().filter(|_| load.counts.is_some()).filter(|request| request.is_bundled()).count();
    if bundled > 0 {
        let message = format!("the tokens of {bundled} requests came several at once: the time between two of them is not known");
        findings.push(Finding::new(FindingCode::TokensBundled, Severity::Info, message));
    }
    findings
}

fn of_counts(load: &LoadSummary) -> Vec<Finding> {
    let Some(counts) = &load.counts else { return Vec::new() };
    let mut findings = Vec::new();
    if counts.disagrees() {
        let sums: Vec<_> = counts.totals.iter().map(|(source, tokens, of)| format!("{} {tokens} (of {of})", source.as_str())).collect();
        let message = format!("{} requests have counts of output tokens that differ: {}", counts.differing, sums.join(", "));
        findings.push(
            Finding::new(FindingCode::TokenCountsDisagree, Severity::Warning, message)
                .with_hint("check that `model_name` is the model that the server runs; figures rest on the first of them"),
        );
    }
    if counts.uncounted > 0 {
        let message = format!("nobody counted the output tokens of {} requests: figures per token are missing", counts.uncounted);
        findings.push(
            Finding::new(FindingCode::TokensUncounted, Severity::Error, message)
                .with_hint("name the model's file or folder in `model_name`, so that its tokenizer can count"),
        );
    }
    if let Some(cached) = counts.cached_prompt.filter(|&cached| cached > 0) {
        let message = format!("the server took {cached} prompt tokens from a cache: they were not run, and count as if they had been");
        findings.push(
            Finding::new(FindingCode::PromptsCached, Severity::Warning, message)
                .with_hint("switch its prefix cache off, or use prompts that do not begin alike"),
        );
    }
    findings
}
