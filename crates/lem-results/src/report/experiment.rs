//! One experiment as the report shows it.

use super::environment;
use super::latency::{LatencyView, latencies};
use super::phases::{PhasesView, phases};
use super::trace::{TraceView, traces};
use crate::error::ResultsError;
use crate::figure::{Figure, Number, figures};
use crate::folder::ResultsFolder;
use crate::json;
use crate::layout;
use crate::number;
use crate::record::document::FindingRecord;
use crate::stored::{StoredResult, setting_text};
use lem_domain::derive::{RequestTimeline, timelines};
use lem_domain::record::{ExperimentRecord, RunRecord};
use lem_domain::{Boundary, ExperimentId, TimeWindow};
use serde::Serialize;
use std::collections::BTreeMap;

/// One experiment: its figures, and what its streams look like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ExperimentView {
    pub(super) id: String,
    /// What it is called among the others: the settings that tell it apart.
    pub(super) name: String,
    created_at: String,
    model: String,
    pub(super) backend: String,
    engine: String,
    dataset: String,
    /// Settings by their dotted path, but for those that all experiments of the report share.
    pub(super) settings: BTreeMap<String, String>,
    figures: Vec<FigureView>,
    /// The same with all that is known, for what is computed of several experiments.
    #[serde(skip)]
    pub(super) all: Vec<Figure>,
    findings: Vec<FindingRecord>,
    pub(super) environment: BTreeMap<String, String>,
    /// Measured windows; the curves are those of the first.
    cycles: usize,
    /// Length of the first window.
    window_s: Option<f64>,
    traces: Vec<TraceView>,
    phases: Option<PhasesView>,
    latencies: Vec<LatencyView>,
    /// Why the streams could not be read, where they could not.
    no_streams: Option<String>,
}

/// A figure with how it reads; what is not known is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct FigureView {
    name: String,
    /// Value, uncertainty and unit in words; a dash where there is no value.
    shown: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Number>,
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: String,
    /// Half-width of the interval, k = 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    expanded: Option<f64>,
    grade: &'static str,
    /// Why the validity is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<String>,
}

impl FigureView {
    fn of(figure: &Figure) -> Self {
        let shown = match (figure.value, figure.uncertainty) {
            (None, _) => "–".to_owned(),
            (Some(Number::Count(count)), _) if figure.unit != "FLOP" => {
                let count = u64::try_from(count).map_or_else(|_| count.to_string(), number::count);
                format!("{count} {}", figure.unit).trim_end().to_owned()
            }
            (Some(value), _) if figure.unit == "s" => number::seconds(value.approximate()),
            (Some(value), Some(uncertainty)) => number::with_uncertainty(value.approximate(), uncertainty.expanded_k2, &figure.unit),
            (Some(value), None) => number::with_unit(value.approximate(), &figure.unit),
        };
        Self {
            name: figure.name.clone(),
            shown,
            value: figure.value,
            unit: figure.unit.clone(),
            expanded: figure.uncertainty.map(|uncertainty| uncertainty.expanded_k2),
            grade: figure.grade.as_str(),
            limited: figure.validity_reason.clone(),
            boundary: figure.boundary.map(Boundary::as_str),
            source: figure.source.clone(),
            absence: figure.absence.clone(),
        }
    }
}

impl ExperimentView {
    /// Reads the streams of a result and shows them in at most `most_points` points each.
    pub(super) fn of(folder: &ResultsFolder, id: &ExperimentId, stored: StoredResult, most_points: usize) -> Result<Self, ResultsError> {
        let (streams, no_streams) = match folder.load_record(id) {
            Ok(record) => (Streams::of(&record, most_points), None),
            // The figures stand without the streams; the report says that it has not seen them.
            Err(error) => (Streams::default(), Some(error.to_string())),
        };
        let environment = json::read(&folder.path(id).join(layout::ENVIRONMENT))?;
        let StoredResult { created_at, settings, summary } = stored;
        let all = figures(&summary);
        let engine = &summary.engine;
        let threads = engine.threads.map_or_else(String::new, |threads| format!(", {threads} threads"));
        Ok(Self {
            id: id.to_string(),
            name: String::new(),
            created_at,
            model: summary.model.name.clone().unwrap_or_else(|| summary.model.reference.clone()),
            backend: engine.backend.to_string(),
            engine: format!("{} {} on {}{threads}: {}", engine.backend, engine.version, engine.device, engine.kernel),
            dataset: summary.dataset.name.clone(),
            settings: settings.into_iter().map(|(path, value)| (path, setting_text(&value))).collect(),
            figures: all.iter().map(FigureView::of).collect(),
            all,
            findings: summary.findings,
            environment: environment.map(|document| environment::facts(&document)).unwrap_or_default(),
            cycles: streams.cycles,
            window_s: streams.window_s,
            traces: streams.traces,
            phases: streams.phases,
            latencies: streams.latencies,
            no_streams,
        })
    }

    /// A fact of the machine by its dotted path.
    pub(super) fn environment_fact(&self, path: &str) -> Option<&String> {
        self.environment.get(path)
    }

    /// A figure by its name, when it has a value.
    pub(super) fn figure(&self, name: &str) -> Option<&Figure> {
        self.all.iter().find(|figure| figure.name == name && figure.value.is_some())
    }
}

/// What the raw streams look like.
#[derive(Default)]
struct Streams {
    cycles: usize,
    window_s: Option<f64>,
    traces: Vec<TraceView>,
    phases: Option<PhasesView>,
    latencies: Vec<LatencyView>,
}

impl Streams {
    /// The curves are those of the first cycle, latencies those of all.
    fn of(record: &ExperimentRecord, most_points: usize) -> Self {
        let all: Vec<RequestTimeline> = record.cycles.iter().flat_map(requests).collect();
        let streams = Self { cycles: record.cycles.len(), latencies: latencies(&all), ..Self::default() };
        let Some((cycle, window)) = record.cycles.first().and_then(|cycle| Some((cycle, window(cycle)?))) else { return streams };
        let first: Vec<RequestTimeline> = requests(cycle).collect();
        Self {
            window_s: Some(window.span().get()),
            traces: traces(&cycle.host.meter, window, most_points),
            phases: Some(phases(&first, window)),
            ..streams
        }
    }
}

/// What became of each request of a cycle.
pub(super) fn requests(cycle: &RunRecord) -> impl Iterator<Item = RequestTimeline> {
    cycle.processes.iter().flat_map(|process| timelines(&process.events, process.requests.len()))
}

/// The common window of all processes of a cycle.
pub(super) fn window(cycle: &RunRecord) -> Option<TimeWindow> {
    cycle.processes.iter().filter_map(|process| process.window).reduce(TimeWindow::hull)
}
