//! Putting together what one process writes down.

use crate::window::Measured;
use lem_domain::protocol::{InferenceEngine, PreparedWorkload};
use lem_domain::record::{DatasetFacts, OfferedLoad, ProcessRecord, RequestFacts, SpeculationFacts, WarmupFacts};
use lem_domain::token::{FinishReason, RequestIndex, TokenEventKind};
use lem_domain::{Finding, FindingCode, Severity, TimeWindow};

/// What the steps before the window left behind.
#[derive(Clone)]
pub(crate) struct Before {
    pub(crate) dataset: DatasetFacts,
    pub(crate) load: TimeWindow,
    pub(crate) warmup: Option<WarmupFacts>,
    pub(crate) offered: Option<OfferedLoad>,
    pub(crate) findings: Vec<Finding>,
}

/// The record of a process whose window opened.
pub(crate) fn measured(engine: &dyn InferenceEngine, before: Before, workload: &PreparedWorkload, measured: &Measured) -> ProcessRecord {
    let output = measured.output.as_ref().ok();
    let mut record = unmeasured(engine, before, workload);
    for (index, request) in record.requests.iter_mut().enumerate() {
        request.finish = match output {
            Some(output) => output.finish.get(index).copied().flatten(),
            None => finish_in_events(measured, index),
        };
        request.padding_tokens = output.and_then(|output| output.padding.get(index).copied()).unwrap_or(0);
        request.log_probability = output.and_then(|output| output.log_probability(index));
        request.served = output.and_then(|output| output.served.get(index).cloned());
        let served = request.served.as_ref().and_then(|served| served.prompt.headline());
        request.prompt_tokens = served.map(|(count, _)| count).or(request.prompt_tokens);
    }
    record.findings.extend(output.iter().flat_map(|output| output.findings.iter().cloned()));
    if measured.outgrew_its_buffer {
        record.findings.push(Finding::new(
            FindingCode::EventBufferGrew,
            Severity::Warning,
            "the event buffer was too small and grew inside the window",
        ));
    }
    ProcessRecord {
        window: Some(measured.window),
        events: measured.events.clone(),
        executed: output.and_then(|output| output.executed),
        traffic: output.and_then(|output| output.traffic),
        speculation: output.and_then(|output| output.speculation).map(|counts| SpeculationFacts { draft: engine.draft().cloned(), counts }),
        memory: engine.memory(),
        ..record
    }
}

/// The record of a process that ended before its window opened.
pub(crate) fn unmeasured(engine: &dyn InferenceEngine, before: Before, workload: &PreparedWorkload) -> ProcessRecord {
    let requests = workload
        .requests
        .iter()
        .map(|request| RequestFacts {
            prompt_id: request.prompt_id.clone(),
            // A prompt without tokens is one that nobody here has tokenised.
            prompt_tokens: (!request.tokens.is_empty()).then_some(request.tokens.len() as u64),
            truncated_from: request.truncated_from,
            padding_tokens: 0,
            finish: None,
            log_probability: None,
            served: None,
        })
        .collect();
    ProcessRecord {
        index: 0,
        expected_processes: 1,
        engine: engine.engine().clone(),
        server: engine.server().cloned(),
        model: engine.model().clone(),
        dataset: DatasetFacts { template: workload.template.clone(), ..before.dataset },
        load: before.load,
        warmup: before.warmup,
        offered: before.offered,
        window: None,
        requests,
        events: Vec::new(),
        executed: None,
        traffic: None,
        speculation: None,
        memory: engine.memory(),
        findings: [before.findings, workload.findings.clone()].concat(),
    }
}

/// How a request ended when the engine failed as a whole: by its own last event, else it failed with the engine if
/// it had been started.
fn finish_in_events(measured: &Measured, index: usize) -> Option<FinishReason> {
    let request = RequestIndex(u32::try_from(index).ok()?);
    let mut of_request = measured.events.iter().filter(|event| event.request == request).peekable();
    of_request.peek()?;
    let finished = of_request.find_map(|event| match event.kind {
        TokenEventKind::Finished(reason) => Some(reason),
        TokenEventKind::Arrived | TokenEventKind::Scheduled | TokenEventKind::Tokens { .. } => None,
    });
    Some(finished.unwrap_or(FinishReason::Failed))
}
