//! The load of a run and its steady part, as a person reads them.

use super::number;
use super::summary::{align, plain, row};
use comfy_table::Table;
use lem_results::record::document::{LoadRecord, SummaryRecord};

/// What is worth saying of the load: nothing of requests that ran one after the other.
pub(super) fn load(summary: &SummaryRecord) -> Option<Table> {
    let load = summary.load.as_ref().filter(|load| is_load(load))?;
    let mut table = plain(["load", "value", "of"]);
    let mut line = |name: &str, value: String, of: String| {
        table.add_row([name.to_owned(), value, of]);
    };
    for failure in &load.failures {
        line(&format!("failed: {}", failure.failure.as_str().replace('_', " ")), number::count(failure.requests), String::new());
    }
    if let Some(mean) = load.mean_in_flight {
        line("requests in flight", number::with_unit(mean, ""), format!("at most {}", number::count(load.most_in_flight)));
    }
    if let Some(ratio) = load.little_ratio {
        line("completed rate × time in flight", number::with_unit(ratio, ""), "of the mean in flight".to_owned());
    }
    if let Some(schedule) = load.schedule
        && let (Some(intended), Some(achieved)) = (schedule.intended_rate_per_s, schedule.achieved_rate_per_s)
    {
        line("starts per second", number::with_unit(achieved, ""), format!("{} intended", number::with_unit(intended, "")));
    }
    if let Some(share) = load.capped_share {
        line("held back by the limit", percent(share), "of requests".to_owned());
    }
    if let Some(goodput) = &load.goodput {
        let rate = goodput.rate.value.map_or_else(|| "-".to_owned(), |rate| number::with_unit(rate, &goodput.rate.unit));
        let share = goodput.share.map_or_else(|| "-".to_owned(), percent);
        let asked = goodput.asked_share.map_or_else(String::new, |asked| format!(", {} asked", percent(asked)));
        line("goodput", rate, format!("{share} of requests{asked}"));
    }
    for total in load.counts.iter().flat_map(|counts| &counts.totals) {
        let name = format!("output tokens, {}", total.source.as_str());
        line(&name, number::count(total.tokens), format!("{} requests", number::count(total.requests)));
    }
    align(&mut table, 1);
    Some(table)
}

/// Servers have a load worth a table, and so has whatever comes at instants or keeps to objectives.
fn is_load(load: &LoadRecord) -> bool {
    load.counts.is_some() || load.schedule.is_some() || load.goodput.is_some() || !load.failures.is_empty()
}

/// The steady part, where a server or requests at instants have one.
pub(super) fn steady(summary: &SummaryRecord) -> Option<Table> {
    summary.load.as_ref().filter(|load| is_load(load))?;
    let steady = summary.steady.as_ref()?;
    let span = number::seconds(steady.span_s?);
    let about = format!("steady for {span}: {}", steady.verdict.as_str().replace('_', " "));
    let mut table = plain([about.as_str(), "value ± expanded (k = 2)", "grade", "covers"]);
    table.add_row(["output tokens", &number::count(steady.output_tokens), "measured", ""]);
    let quantities = [
        ("output throughput", &steady.throughput, steady.throughput.value),
        ("energy", &steady.energy, steady.energy.value),
        ("mean power", &steady.mean_power, steady.mean_power.value),
        ("energy per output token", &steady.per_output_token, steady.per_output_token.value),
    ];
    for (name, quantity, value) in quantities {
        table.add_row(row(name, quantity, value));
    }
    align(&mut table, 1);
    Some(table)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
