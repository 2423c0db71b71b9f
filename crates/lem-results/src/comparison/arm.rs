//! What one side of a comparison repeated.

use crate::record::document::{QuantityRecord, SummaryRecord, ValidityRecord};
use lem_domain::Boundary;
use lem_domain::statistics::Unit;
use std::collections::BTreeSet;

/// The repetitions of one side: the whole cycles of one or more results.
#[derive(Clone, Debug)]
pub struct Repetitions {
    /// The results, in the order of time.
    pub ids: Vec<String>,
    /// Each repetition: which result it belongs to and its place in it, so that ids, which sort by time, order them all.
    pub(super) units: Vec<OrderedUnit>,
    /// Joules and tokens in total; `None` where one of the results has no energy.
    pub(super) boundary: Option<Boundary>,
    /// The sensors that the energy is of, by device.
    pub(super) sensors: BTreeSet<(String, String)>,
    /// Systematic standard uncertainty as a share of the energy; 0 where it is not known.
    pub(super) systematic: f64,
    /// Whether a sensor was read, or a model of the machine.
    pub(super) is_estimated: bool,
    /// Why there is nothing to compare.
    pub(super) absence: Option<String>,
}

/// One repetition with its place in time.
#[derive(Clone, Debug)]
pub(super) struct OrderedUnit {
    pub(super) place: (String, usize),
    pub(super) unit: Unit,
}

impl Repetitions {
    /// The repetitions of these results. A cycle that was cut short, or whose energy is missing or invalid, is none.
    #[must_use]
    pub fn of(summaries: &[SummaryRecord]) -> Self {
        let mut ordered: Vec<&SummaryRecord> = summaries.iter().collect();
        ordered.sort_by(|one, other| one.experiment_id.cmp(&other.experiment_id));
        let units: Vec<OrderedUnit> = ordered.iter().flat_map(|summary| units(summary)).collect();
        let boundaries: BTreeSet<Option<Boundary>> = ordered.iter().map(|summary| summary.energy.total.boundary).collect();
        let boundary = if boundaries.len() == 1 { boundaries.first().copied().flatten() } else { None };
        let absence = if units.is_empty() {
            let reason = ordered.iter().find_map(|summary| summary.energy.per_output_token.absence.clone());
            Some(reason.unwrap_or_else(|| "no cycle was measured to its end".to_owned()))
        } else if boundaries.len() > 1 {
            Some("its results cover different boundaries".to_owned())
        } else {
            None
        };
        Self {
            ids: ordered.iter().map(|summary| summary.experiment_id.clone()).collect(),
            units,
            boundary,
            sensors: ordered.iter().flat_map(|summary| sensors(summary)).collect(),
            systematic: ordered.iter().map(|summary| relative_systematic(&summary.energy.total)).fold(0.0, f64::max),
            is_estimated: ordered.iter().any(|summary| summary.energy.total.grade == lem_domain::Grade::Estimated),
            absence,
        }
    }

    /// Joules and output tokens of each repetition.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        self.units.iter().map(|ordered| ordered.unit).collect()
    }
}

/// The cycles of a result; a result from before there were cycles is one repetition as a whole.
fn units(summary: &SummaryRecord) -> Vec<OrderedUnit> {
    let unit = |energy: &QuantityRecord, tokens: u64| {
        let joules = energy.value.filter(|_| energy.validity != ValidityRecord::Invalid)?;
        #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^53")]
        let tokens = tokens as f64;
        (joules > 0.0 && tokens > 0.0).then_some(Unit { numerator: joules, denominator: tokens })
    };
    let place = |index| (summary.experiment_id.clone(), index);
    if summary.cycles.is_empty() {
        let whole = unit(&summary.energy.total, summary.tokens.output);
        return whole.into_iter().map(|unit| OrderedUnit { place: place(0), unit }).collect();
    }
    let whole = summary.cycles.iter().enumerate().filter(|(_, cycle)| cycle.is_whole);
    whole.filter_map(|(index, cycle)| Some(OrderedUnit { place: place(index), unit: unit(&cycle.energy, cycle.tokens.output)? })).collect()
}

/// Device and name of every sensor within the boundary of the headline.
fn sensors(summary: &SummaryRecord) -> Vec<(String, String)> {
    let inside = summary.readings.iter().filter(|reading| Some(reading.boundary) == summary.energy.total.boundary);
    inside.map(|reading| (reading.device.clone(), reading.sensor.clone())).collect()
}

fn relative_systematic(total: &QuantityRecord) -> f64 {
    match (total.value, total.uncertainty) {
        (Some(value), Some(uncertainty)) if value > 0.0 => uncertainty.systematic / value,
        _ => 0.0,
    }
}
