//! The whole result of a run, from its raw records alone.

use super::arithmetic::{ArithmeticSummary, arithmetic};
use super::distribution::Distribution;
use super::energy::{EnergyReading, headline, read_energy};
use super::phases::{Phases, total};
use super::timeline::{RequestTimeline, timelines};
use crate::finding::{Finding, FindingCode, Severity};
use crate::quantity::{Grade, Quantity};
use crate::record::{MemoryFacts, ProcessRecord, RunRecord};
use crate::sensor::{SensorKind, SensorRecord, SourceStatus};
use crate::time::TimeWindow;
use crate::token::FinishReason;
use crate::units::{
    Bytes, Joules, JoulesPerRequest, JoulesPerToken, Requests, RequestsPerSecond, Seconds, Tokens, TokensPerJoule, TokensPerSecond, Unit,
    Watts,
};

/// Two paths to one device's energy may differ by this share before it is a finding.
const PATH_TOLERANCE: f64 = 0.05;

/// More than this share of missed ticks is a finding.
const MISSED_TICK_TOLERANCE: f64 = 0.05;

/// Everything derived from one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Processes whose records were found.
    pub processes: u32,
    /// Length of the common wall window; `None` when no process opened one.
    pub window: Option<Seconds>,
    /// Requests by outcome.
    pub requests: RequestCounts,
    /// Tokens by kind.
    pub tokens: TokenTotals,
    /// Rates over the common wall window.
    pub throughput: ThroughputSummary,
    /// Latency distributions over pooled requests, in seconds.
    pub latency: LatencySummary,
    /// Energy.
    pub energy: EnergySummary,
    /// Arithmetic.
    pub arithmetic: ArithmeticSummary,
    /// Memory: peaks are the greatest over processes, the rest is added.
    pub memory: MemoryFacts,
    /// What a reader must know: recorded findings first, derived ones after.
    pub findings: Vec<Finding>,
}

/// Requests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Gave what was asked of them.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Cut off or never started because the run was interrupted.
    pub interrupted: u64,
}

/// Tokens by kind; there is no total, because a total of unlike tokens means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Prompt tokens of requests that gave output.
    pub prompt: Tokens,
    /// Output tokens whose event lies in the window, end-of-sequence included.
    pub output: Tokens,
    /// Padding tokens run.
    pub padding: Tokens,
    /// Prompts that were cut to the input limit.
    pub truncated_prompts: u64,
}

/// Rates.
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughputSummary {
    /// Output tokens of all replicas ÷ common wall window.
    pub output: Quantity<TokensPerSecond>,
    /// Prompt tokens ÷ time in which prefill ran.
    pub prefill: Quantity<TokensPerSecond>,
    /// Completed requests ÷ common wall window.
    pub requests: Quantity<RequestsPerSecond>,
}

/// Latency distributions in seconds; `None` where no request gave one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencySummary {
    /// Time to first token, from the intended start.
    pub ttft: Option<Distribution>,
    /// Time to first token, from the actual start.
    pub service_ttft: Option<Distribution>,
    /// From intended to actual start.
    pub dispatch_delay: Option<Distribution>,
    /// Inter-token latency, pooled over all tokens.
    pub itl: Option<Distribution>,
    /// Time per output token, one value per request.
    pub tpot: Option<Distribution>,
    /// End to end.
    pub end_to_end: Option<Distribution>,
}

/// Energy of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergySummary {
    /// Gross energy of the window: the headline.
    pub total: Quantity<Joules>,
    /// While only prefill ran.
    pub prefill: Quantity<Joules>,
    /// While only decode ran.
    pub decode: Quantity<Joules>,
    /// Energy ÷ window.
    pub mean_power: Quantity<Watts>,
    /// Energy ÷ output tokens.
    pub per_output_token: Quantity<JoulesPerToken>,
    /// Energy ÷ completed requests.
    pub per_request: Quantity<JoulesPerRequest>,
    /// Output tokens ÷ energy.
    pub tokens_per_joule: Quantity<TokensPerJoule>,
    /// Every sensor's own reading.
    pub readings: Vec<EnergyReading>,
}

/// Derives everything from the raw records.
#[must_use]
pub fn summarise(record: &RunRecord) -> Summary {
    let timelines: Vec<Vec<RequestTimeline>> =
        record.processes.iter().map(|process| timelines(&process.events, process.requests.len())).collect();
    let window = record.processes.iter().filter_map(|process| process.window).reduce(TimeWindow::hull);
    let span = window.map(TimeWindow::span);
    let phases = Phases::of(timelines.iter().flatten());

    let requests = count_requests(&record.processes, &timelines);
    let tokens = count_tokens(&record.processes, &timelines, window);
    let energy = energy(&record.host, window, &phases, &tokens, &requests);
    let arithmetic = arithmetic(&record.processes, &timelines, span.unwrap_or_default());
    let findings = findings(record, &requests, &tokens, &energy, &arithmetic);
    Summary {
        processes: u32::try_from(record.processes.len()).unwrap_or(u32::MAX),
        window: span,
        requests,
        tokens,
        throughput: throughput(span, &phases, &tokens, &requests),
        latency: latency(&timelines),
        energy,
        arithmetic,
        memory: memory(&record.processes),
        findings,
    }
}

fn count_requests(processes: &[ProcessRecord], timelines: &[Vec<RequestTimeline>]) -> RequestCounts {
    let mut counts = RequestCounts::default();
    for (request, timeline) in processes.iter().zip(timelines).flat_map(|(process, timelines)| process.requests.iter().zip(timelines)) {
        match request.finish.or(timeline.finish) {
            Some(reason) if reason.is_success() => counts.completed += 1,
            Some(FinishReason::Failed) => counts.failed += 1,
            Some(_) | None => counts.interrupted += 1,
        }
    }
    counts
}

fn count_tokens(processes: &[ProcessRecord], timelines: &[Vec<RequestTimeline>], window: Option<TimeWindow>) -> TokenTotals {
    let (mut prompt, mut output, mut padding, mut truncated_prompts) = (0, 0, 0, 0);
    for (request, timeline) in processes.iter().zip(timelines).flat_map(|(process, timelines)| process.requests.iter().zip(timelines)) {
        let inside = timeline.tokens.iter().filter(|&&(at, _)| window.is_some_and(|window| window.contains(at)));
        let counted: u64 = inside.map(|&(_, count)| u64::from(count)).sum();
        output += counted;
        padding += request.padding_tokens;
        truncated_prompts += u64::from(request.truncated_from.is_some());
        if counted > 0 {
            prompt += request.prompt_tokens;
        }
    }
    TokenTotals { prompt: Tokens::new(prompt), output: Tokens::new(output), padding: Tokens::new(padding), truncated_prompts }
}

fn throughput(span: Option<Seconds>, phases: &Phases, tokens: &TokenTotals, requests: &RequestCounts) -> ThroughputSummary {
    fn rate<U: Unit>(rate: Option<U>, source: &str, absence: &str) -> Quantity<U> {
        rate.map_or_else(|| Quantity::unavailable(absence), |rate| Quantity::present(rate, Grade::Derived, source))
    }
    const NO_WINDOW: &str = "no measured window";
    let prefill_time = total(&phases.prefill) + total(&phases.mixed);
    ThroughputSummary {
        output: rate(span.and_then(|span| TokensPerSecond::of(tokens.output, span)), "output tokens ÷ common wall window", NO_WINDOW),
        prefill: rate(
            TokensPerSecond::of(tokens.prompt, prefill_time),
            "prompt tokens ÷ time in which prefill ran",
            "no time in which prefill ran",
        ),
        requests: rate(
            span.and_then(|span| RequestsPerSecond::of(Requests::new(requests.completed), span)),
            "completed requests ÷ common wall window",
            NO_WINDOW,
        ),
    }
}

fn latency(timelines: &[Vec<RequestTimeline>]) -> LatencySummary {
    let pool = |of: fn(&RequestTimeline) -> Option<Seconds>| {
        Distribution::of(timelines.iter().flatten().filter_map(of).map(Seconds::get).collect())
    };
    let between_tokens = timelines.iter().flatten().filter_map(RequestTimeline::inter_token_latencies).flatten();
    LatencySummary {
        ttft: pool(RequestTimeline::ttft),
        service_ttft: pool(RequestTimeline::service_ttft),
        dispatch_delay: pool(RequestTimeline::dispatch_delay),
        itl: Distribution::of(between_tokens.map(Seconds::get).collect()),
        tpot: pool(RequestTimeline::tpot),
        end_to_end: pool(RequestTimeline::end_to_end),
    }
}

fn energy(
    host: &SensorRecord,
    window: Option<TimeWindow>,
    phases: &Phases,
    tokens: &TokenTotals,
    requests: &RequestCounts,
) -> EnergySummary {
    let readings = window.map(|window| read_energy(host, window, &phases.prefill, &phases.decode)).unwrap_or_default();
    let whole = |pick: fn(&EnergyReading) -> &Quantity<Joules>| {
        if readings.is_empty() { Quantity::unavailable(why_no_energy(host, window)) } else { headline(&readings, pick) }
    };
    let total = whole(|reading| &reading.energy);
    let span = window.map(TimeWindow::span).unwrap_or_default();
    let completed = Requests::new(requests.completed);
    let tokens_per_joule = match (total.value(), total.uncertainty()) {
        (Some(joules), uncertainty) => {
            // To first order the relative uncertainty of an inverse is that of the value.
            let factor = tokens.output.value() / joules.get().powi(2);
            let inverse =
                total.per(1.0, |joules| TokensPerJoule::of(tokens.output, joules), "output tokens ÷ energy", "no positive energy");
            uncertainty.map_or(inverse.clone(), |uncertainty| inverse.with_uncertainty(uncertainty.scaled(factor)))
        }
        (None, _) => total.per(1.0, |_| None, "output tokens ÷ energy", "no energy"),
    };
    EnergySummary {
        prefill: whole(|reading| &reading.prefill),
        decode: whole(|reading| &reading.decode),
        mean_power: total.per(span.get(), |joules| joules.over(span), "energy ÷ window", "the window is empty"),
        per_output_token: total.per(
            tokens.output.value(),
            |joules| JoulesPerToken::of(joules, tokens.output),
            "energy ÷ output tokens",
            "no output token in the window",
        ),
        per_request: total.per(
            completed.value(),
            |joules| JoulesPerRequest::of(joules, completed),
            "energy ÷ completed requests",
            "no completed request",
        ),
        tokens_per_joule,
        total,
        readings,
    }
}

fn why_no_energy(host: &SensorRecord, window: Option<TimeWindow>) -> String {
    if window.is_none() {
        return "no measured window".to_owned();
    }
    let silent = host.sources.iter().filter(|verdict| verdict.status != SourceStatus::Works);
    let reasons: Vec<String> = silent.map(ToString::to_string).collect();
    if reasons.is_empty() { "no energy sensor was read".to_owned() } else { format!("no energy sensor was read ({})", reasons.join("; ")) }
}

fn memory(processes: &[ProcessRecord]) -> MemoryFacts {
    let collect = |of: fn(&MemoryFacts) -> Option<Bytes>| processes.iter().map(|process| of(&process.memory)).collect::<Option<Vec<_>>>();
    let sum = |of| collect(of).filter(|parts| !parts.is_empty()).map(|parts| parts.into_iter().sum());
    let max = |of| collect(of).and_then(|parts| parts.into_iter().max());
    MemoryFacts {
        model: sum(|memory| memory.model),
        kv_cache: sum(|memory| memory.kv_cache),
        peak_host: max(|memory| memory.peak_host),
        peak_device: max(|memory| memory.peak_device),
    }
}

fn findings(
    record: &RunRecord,
    requests: &RequestCounts,
    tokens: &TokenTotals,
    energy: &EnergySummary,
    arithmetic: &ArithmeticSummary,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = record.processes.iter().flat_map(|process| process.findings.iter().cloned()).collect();
    let expected = record.processes.iter().map(|process| process.expected_processes).max().unwrap_or(0);
    if record.processes.len() < usize::try_from(expected).unwrap_or(usize::MAX) {
        findings.push(Finding::new(
            FindingCode::ProcessesMissing,
            Severity::Error,
            format!("{} of {expected} processes left a record; figures cover those alone", record.processes.len()),
        ));
    }
    findings.extend(request_findings(requests, tokens));
    findings.extend(energy_findings(&record.host, energy));
    if let (Some(executed), false) = (arithmetic.executed.value(), arithmetic.waste.is_empty()) {
        let wasted: f64 = arithmetic.waste.iter().map(|waste| waste.flops.value()).sum();
        let names: Vec<_> = arithmetic.waste.iter().map(|waste| waste.name).collect();
        findings.push(Finding::new(
            FindingCode::ArithmeticWaste,
            Severity::Info,
            format!("{:.1} % of the executed arithmetic was not needed: {}", 100.0 * wasted / executed.value(), names.join(", ")),
        ));
    }
    findings
}

fn request_findings(requests: &RequestCounts, tokens: &TokenTotals) -> Vec<Finding> {
    let mut findings = Vec::new();
    if requests.failed > 0 {
        findings.push(Finding::new(FindingCode::RequestsFailed, Severity::Error, format!("{} requests failed", requests.failed)));
    }
    if requests.interrupted > 0 {
        findings.push(Finding::new(
            FindingCode::Interrupted,
            Severity::Error,
            format!("the run was interrupted: {} requests did not finish", requests.interrupted),
        ));
    }
    if tokens.truncated_prompts > 0 {
        findings.push(
            Finding::new(
                FindingCode::PromptsTruncated,
                Severity::Warning,
                format!("prompts cut to the input limit: {}", tokens.truncated_prompts),
            )
            .with_hint("raise `max_input_tokens` to run them whole"),
        );
    }
    findings
}

fn energy_findings(host: &SensorRecord, energy: &EnergySummary) -> Vec<Finding> {
    let mut findings = Vec::new();
    let problem = energy.readings.iter().find_map(|reading| reading.problem);
    if let Some(reason) = energy.total.absence() {
        let code = problem.unwrap_or(FindingCode::EnergyUnavailable);
        findings.push(with_remedy(Finding::new(code, Severity::Error, reason.to_owned())));
    } else if energy.total.grade() == Grade::Estimated {
        let rows: Vec<_> = host
            .sensors
            .iter()
            .filter(|sensor| matches!(sensor.kind, SensorKind::BusyTime(_)))
            .map(|sensor| sensor.gain.source.as_str())
            .collect();
        findings.push(
            Finding::new(
                FindingCode::EnergyEstimated,
                Severity::Warning,
                format!("energy is an estimate from processor load, not a measurement ({})", rows.join("; ")),
            )
            .with_hint("a readable sensor would be used instead; `--require measured` refuses estimates"),
        );
    }
    if let (Some(reason), Some(_)) = (energy.total.validity().reason(), energy.total.value()) {
        let code = problem.unwrap_or(FindingCode::WindowTooShort);
        findings.push(with_remedy(Finding::new(code, Severity::Warning, reason.to_owned())));
    }
    findings.extend(disagreeing_paths(&energy.readings));
    #[expect(clippy::cast_precision_loss, reason = "ticks stay far below 2^53")]
    let missed = host.cost.missed_ticks as f64 / (host.cost.ticks.max(1)) as f64;
    if missed > MISSED_TICK_TOLERANCE {
        findings.push(Finding::new(
            FindingCode::SamplesMissed,
            Severity::Warning,
            format!("the sampler missed {} of {} ticks", host.cost.missed_ticks, host.cost.ticks),
        ));
    }
    findings
}

/// The same finding with what to try next, where something helps.
fn with_remedy(finding: Finding) -> Finding {
    match finding.code {
        FindingCode::WindowTooShort => finding.with_hint("run more prompts, or longer outputs"),
        FindingCode::CounterReset => finding.with_hint("the driver or the machine was reset; run again"),
        FindingCode::SensorLost => finding.with_hint("look at the driver's log, and run again"),
        FindingCode::EnergyUnavailable => finding.with_hint("`--set energy.backend=estimate` estimates it from processor load"),
        _ => finding,
    }
}

/// Pairs of readings of one device and boundary that differ beyond tolerance and beyond their random uncertainty.
fn disagreeing_paths(readings: &[EnergyReading]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, first) in readings.iter().enumerate() {
        for second in readings[position + 1..].iter().filter(|second| second.device == first.device && second.boundary == first.boundary) {
            let (Some(a), Some(b)) = (first.energy.value(), second.energy.value()) else { continue };
            let random = |reading: &EnergyReading| reading.energy.uncertainty().map_or(0.0, |uncertainty| 2.0 * uncertainty.random);
            let allowed = PATH_TOLERANCE * a.get().abs().max(b.get().abs()) + random(first).hypot(random(second));
            if (a - b).get().abs() > allowed {
                findings.push(Finding::new(
                    FindingCode::EnergyPathsDisagree,
                    Severity::Warning,
                    format!(
                        "{}: `{}` says {:.1} J, `{}` says {:.1} J (ratio {:.3})",
                        first.device_name,
                        first.sensor,
                        a.get(),
                        second.sensor,
                        b.get(),
                        a.get() / b.get()
                    ),
                ));
            }
        }
    }
    findings
}
