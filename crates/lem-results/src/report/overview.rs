//! Everything that a report shows.

use super::difference::{Difference, differences};
use super::experiment::ExperimentView;
use super::page::{Page, page};
use super::pareto::{Standing, standings};
use crate::error::ResultsError;
use crate::folder::ResultsFolder;
use crate::stored::{StoredResult, setting_text, varying_settings};
use lem_domain::ExperimentId;
use serde::Serialize;
use std::collections::BTreeMap;

/// A report on one or several experiments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    tool: String,
    experiments: Vec<ExperimentView>,
    /// What each figure is called, by its name.
    labels: BTreeMap<String, String>,
    /// Settings that all experiments share.
    settings: BTreeMap<String, String>,
    /// Facts of the machine that all experiments share.
    environment: BTreeMap<String, String>,
    /// Paths of the settings that tell the experiments apart.
    varying: Vec<String>,
    standings: Vec<Standing>,
    differences: Vec<Difference>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A bundle cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// An experiment has raw records and no figures.
    #[error("the figures of `{id}` have not been derived")]
    NoFigures {
        /// The experiment.
        id: ExperimentId,
    },
}

/// Points of all traces together: what keeps a report of many experiments small.
const POINTS: usize = 100_000;

/// Points of one trace: two for each pixel of a wide screen at most, and enough to be a shape at least.
const POINTS_OF_A_TRACE: (usize, usize) = (240, 4_000);

impl Report {
    /// Reads everything that a report on these experiments shows, in the order in which they are named: the first is what the
    /// others are compared with. `tool` is the name and version of the program.
    ///
    /// # Errors
    /// When a bundle is damaged or its figures have not been derived. Raw streams that cannot be read are no error; the report
    /// says so.
    pub fn of(folder: &ResultsFolder, ids: &[ExperimentId], tool: &str) -> Result<Self, ReportError> {
        let results = ids.iter().map(|id| folder.stored(id)?.ok_or_else(|| ReportError::NoFigures { id: id.clone() }));
        let results: Vec<StoredResult> = results.collect::<Result<_, ReportError>>()?;
        let varying = varying_settings(&results);
        let names: Vec<String> = results.iter().map(|result| name(result, &varying)).collect();
        let (least, most) = POINTS_OF_A_TRACE;
        let points = (POINTS / ids.len().max(1)).clamp(least, most);
        let views = ids.iter().zip(results).map(|(id, stored)| ExperimentView::of(folder, id, stored, points));
        let mut experiments: Vec<ExperimentView> = views.collect::<Result<_, _>>()?;
        for (experiment, name) in experiments.iter_mut().zip(names) {
            experiment.name = name;
        }
        let (standings, differences) = (standings(&experiments), differences(&experiments));
        let labels = experiments.iter().flat_map(|experiment| &experiment.all).map(|figure| (figure.name.clone(), figure.label.clone()));
        let labels = labels.collect();
        let settings = taken_out(&mut experiments, |experiment| &mut experiment.settings);
        let environment = taken_out(&mut experiments, |experiment| &mut experiment.environment);
        Ok(Self { tool: tool.to_owned(), experiments, labels, settings, environment, varying, standings, differences })
    }

    /// The report as one file of HTML.
    #[must_use]
    pub fn html(&self) -> String {
        page(Page::Report, self)
    }
}

/// Takes what all experiments share out of each, so that it is written once.
fn taken_out(
    experiments: &mut [ExperimentView],
    part: impl Fn(&mut ExperimentView) -> &mut BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let Some((first, others)) = experiments.split_first_mut() else { return BTreeMap::new() };
    let mut shared = part(first).clone();
    for other in others {
        let other = part(other);
        shared.retain(|path, text| other.get(path) == Some(text));
    }
    for experiment in experiments {
        part(experiment).retain(|path, _| !shared.contains_key(path));
    }
    shared
}

/// What tells an experiment from the others in few words.
fn name(result: &StoredResult, varying: &[String]) -> String {
    const MOST_SETTINGS: usize = 3;
    let setting = |path: &String| {
        let value = result.settings.get(path).map_or_else(|| "–".to_owned(), setting_text);
        match path.as_str() {
            "model_name" => value.rsplit('/').next().unwrap_or(&value).to_owned(),
            "backend" => value,
            _ => format!("{} {value}", path.rsplit('.').next().unwrap_or(path).replace('_', " ")),
        }
    };
    let parts: Vec<String> = varying.iter().take(MOST_SETTINGS).map(setting).collect();
    if parts.is_empty() { result.summary.experiment_id.clone() } else { parts.join(", ") }
}
