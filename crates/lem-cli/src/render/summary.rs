//! A run before it starts and a result after it ended, as a person reads them.

use super::{beside, load, number, out};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use lem_config::Resolved;
use lem_core::dataset::Selection;
use lem_domain::spec::{BatchingStrategy, ExperimentSpec};
use lem_results::record::document::{DistributionRecord, QuantityRecord, SummaryRecord};

/// What is about to run, on stderr.
pub(crate) fn plan(resolved: &Resolved, prompts: &Selection) {
    let spec = &resolved.spec;
    anstream::eprintln!("model     {} on {}", spec.model, spec.backend);
    anstream::eprintln!(
        "prompts   {} from {}, at most {} tokens in and {} out",
        match prompts.facts.available {
            Some(available) => format!("{} of {}", number::count(prompts.prompts.len() as u64), number::count(available)),
            None => number::count(prompts.prompts.len() as u64),
        },
        prompts.facts.name,
        spec.limits.max_input,
        spec.limits.max_output
    );
    anstream::eprintln!("batches   {}", batches(spec));
    anstream::eprintln!("results   {}", resolved.results_dir.display());
}

fn batches(spec: &ExperimentSpec) -> String {
    let strategy = match spec.batching.strategy {
        BatchingStrategy::Static => "static",
        BatchingStrategy::Dynamic => "dynamic",
        BatchingStrategy::SortedStatic => "sorted, static",
        BatchingStrategy::SortedDynamic => "sorted, dynamic",
        BatchingStrategy::Continuous => "continuous",
    };
    format!("of {} ({strategy}), after {} warm-up requests", spec.batching.size, spec.warmup.requests)
}

/// The figures of one experiment, on stdout.
pub(crate) fn show(summary: &SummaryRecord) -> std::io::Result<()> {
    out::line(format_args!("experiment  {}", summary.experiment_id))?;
    out::line(format_args!("model       {}", model(summary)))?;
    out::line(format_args!("engine      {}", engine(summary)))?;
    out::line(format_args!("requests    {}", requests(summary)))?;
    out::line(format_args!("\n{}", figures(summary).trim_fmt()))?;
    let beside = [beside::beyond_idle(summary), beside::impact(summary)];
    let tables = beside.into_iter().chain([latencies(summary), load::load(summary), load::steady(summary)]);
    tables.flatten().try_for_each(|table| out::line(format_args!("\n{}", table.trim_fmt())))
}

fn model(summary: &SummaryRecord) -> String {
    let model = &summary.model;
    let name = model.name.as_deref().unwrap_or(&model.reference);
    let adapter = model.adapter.as_ref().map_or_else(String::new, |adapter| format!(" with adapter {}", adapter.reference));
    format!("{name}{adapter} ({}, {})", model.architecture, model.weight_types)
}

fn engine(summary: &SummaryRecord) -> String {
    let engine = &summary.engine;
    let threads = engine.threads.map_or_else(String::new, |threads| format!(", {threads} threads"));
    // The version names the library that computes, which may be called like the backend.
    let version = engine.version.strip_prefix(&format!("{} ", engine.backend)).unwrap_or(&engine.version);
    format!("{} {version} on {}{threads}: {}", engine.backend, engine.device, engine.kernel)
}

fn requests(summary: &SummaryRecord) -> String {
    let counts = &summary.requests;
    let mut text = format!("{} completed", number::count(counts.completed));
    for (count, what) in [(counts.failed, "failed"), (counts.interrupted, "interrupted")] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", number::count(count)));
        }
    }
    let window = summary.window_s.map_or_else(|| "no measured window".to_owned(), |seconds| format!("in {}", number::seconds(seconds)));
    format!("{text} {window}")
}

fn figures(summary: &SummaryRecord) -> Table {
    let mut table = plain(["figure", "value ± expanded (k = 2)", "grade", "covers"]);
    table.add_row(["prompt tokens", &number::count(summary.tokens.prompt), "measured", ""]);
    table.add_row(["output tokens", &number::count(summary.tokens.output), "measured", ""]);
    let quantities = [
        ("output throughput", &summary.throughput.output),
        ("prefill throughput", &summary.throughput.prefill),
        ("request throughput", &summary.throughput.requests),
        ("energy", &summary.energy.total),
        ("  of prefill", &summary.energy.prefill),
        ("  of decode", &summary.energy.decode),
        ("mean power", &summary.energy.mean_power),
        ("energy per output token", &summary.energy.per_output_token),
        ("energy per request", &summary.energy.per_request),
    ];
    for (name, quantity) in quantities {
        table.add_row(row(name, quantity, quantity.value));
    }
    table.add_row(row("model FLOPs", &summary.arithmetic.model, summary.arithmetic.model.value.map(approximate)));
    table.add_row(row("executed FLOPs", &summary.arithmetic.executed, summary.arithmetic.executed.value.map(approximate)));
    table.add_row(row("model FLOP/s", &summary.arithmetic.rate, summary.arithmetic.rate.value));
    if let Some(traffic) = &summary.memory_traffic {
        table.add_row(row("memory traffic in decode", &traffic.decode_rate, traffic.decode_rate.value));
    }
    if let Some(speculation) = &summary.speculation {
        let rows = [("guessed tokens accepted", speculation.acceptance), ("tokens per verified pass", speculation.tokens_per_pass)];
        for (name, value) in rows {
            let shown = value.map_or_else(|| "-".to_owned(), |value| number::with_unit(value, ""));
            table.add_row([name, &shown, "measured", if value.is_some() { "" } else { "nothing was guessed" }]);
        }
    }
    if let Some(log_probability) = summary.mean_log_probability {
        table.add_row(["ln probability per output token", &number::with_unit(log_probability, ""), "measured", ""]);
    }
    let memory = [("model memory", summary.memory.model_bytes), ("peak host memory", summary.memory.peak_host_bytes)];
    for (name, bytes) in memory {
        if let Some(bytes) = bytes {
            table.add_row([name, &number::mebibytes(bytes), "measured", ""]);
        }
    }
    align(&mut table, 1);
    table
}

/// Name, value with its uncertainty, grade, and what it covers or why there is none.
pub(super) fn row<N>(name: &str, quantity: &QuantityRecord<N>, value: Option<f64>) -> [String; 4] {
    let shown = match (value, quantity.uncertainty) {
        (Some(value), Some(uncertainty)) => number::with_uncertainty(value, uncertainty.expanded_k2, &quantity.unit),
        (Some(value), None) => number::with_unit(value, &quantity.unit),
        (None, _) => "-".to_owned(),
    };
    let covers = match (value, &quantity.absence) {
        (None, Some(reason)) => reason.clone(),
        _ => quantity.boundary.map_or_else(String::new, |boundary| boundary.to_string()),
    };
    let limited = quantity.validity_reason.as_ref().map_or("", |_| ", limited");
    let grade = format!("{}{}", quantity.grade, if value.is_some() { limited } else { "" });
    [name.to_owned(), shown, grade, covers]
}

fn latencies(summary: &SummaryRecord) -> Option<Table> {
    let latency = &summary.latency;
    // Without waiting there is one time to the first token.
    let waited =
        |distribution: Option<DistributionRecord>| distribution.filter(|_| latency.dispatch_delay_s.is_some_and(|delay| delay.max > 0.0));
    let rows = [
        ("TTFT", latency.ttft_s),
        ("  of the service", waited(latency.service_ttft_s)),
        ("dispatch delay", waited(latency.dispatch_delay_s)),
        ("ITL", latency.itl_s),
        ("TPOT", latency.tpot_s),
        ("end to end", latency.end_to_end_s),
    ];
    let mut table = plain(["latency", "mean", "p50", "p90", "p99", "n"]);
    for (name, distribution) in rows {
        if let Some(distribution) = distribution {
            table.add_row(latency_row(name, &distribution));
        }
    }
    for column in 1..=5 {
        align(&mut table, column);
    }
    (!table.is_empty()).then_some(table)
}

fn latency_row(name: &str, distribution: &DistributionRecord) -> [String; 6] {
    let [mean, p50, p90, p99] = [distribution.mean, distribution.p50, distribution.p90, distribution.p99].map(number::seconds);
    [name.to_owned(), mean, p50, p90, p99, number::count(distribution.count)]
}

/// A table whose borders are only a line below the header, so that it copies well.
pub(crate) fn plain<const N: usize>(header: [&str; N]) -> Table {
    const UNDERLINED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(UNDERLINED).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

/// Numbers stand under each other at their end.
pub(crate) fn align(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
fn approximate(count: u128) -> f64 {
    count as f64
}
