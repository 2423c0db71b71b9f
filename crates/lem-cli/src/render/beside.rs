//! What stands beside the figures of a result: energy beyond idle, carbon and cost.

use super::summary::{align, plain, row};
use comfy_table::Table;
use lem_results::record::document::{ImpactRecord, SummaryRecord};

/// Energy beyond each idle state that was watched; `None` when none was.
pub(super) fn beyond_idle(summary: &SummaryRecord) -> Option<Table> {
    let mut table = plain(["beyond idle", "energy ± expanded (k = 2)", "per output token", "grade", "covers"]);
    for marginal in &summary.energy.marginal {
        let state = marginal.state.as_str();
        let [_, per_token, ..] = row(state, &marginal.per_output_token, marginal.per_output_token.value);
        let [state, energy, grade, covers] = row(state, &marginal.energy, marginal.energy.value);
        table.add_row([state, energy, per_token, grade, covers]);
    }
    align(&mut table, 1);
    align(&mut table, 2);
    (!table.is_empty()).then_some(table)
}

/// Carbon and cost, as far as there is something to multiply with; `None` when there is nothing.
pub(super) fn impact(summary: &SummaryRecord) -> Option<Table> {
    let impact = summary.energy.impact.as_ref()?;
    let mut table = plain(["impact", "value ± expanded (k = 2)", "grade", "by"]);
    for [name, shown, grade, _, by] in impact_rows(impact) {
        table.add_row([name, shown, grade, by]);
    }
    align(&mut table, 1);
    (!table.is_empty()).then_some(table)
}

/// Name, value with its uncertainty, grade, what it covers and what it was computed by, of each figure that there is.
pub(super) fn impact_rows(impact: &ImpactRecord) -> impl Iterator<Item = [String; 5]> {
    let figures = [("energy of the building", &impact.facility_energy), ("carbon", &impact.carbon), ("cost", &impact.cost)];
    figures.into_iter().filter_map(|(name, quantity)| {
        let [name, shown, grade, covers] = row(name, quantity, Some(quantity.value?));
        Some([name, shown, grade, covers, quantity.source.clone().unwrap_or_default()])
    })
}
