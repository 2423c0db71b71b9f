//! `study.json` and `cells/<cell>.json`: what a study runs, and how far each cell has come.

use super::OwnerRecord;
use crate::record::{FieldError, SchemaVersion, name};
use lem_domain::study::{CellState, CellStatus, CycleOrder, LeftOut, StudyCell, StudyPlan};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path};
use std::time::Duration;

/// The plan of a study. Since 3.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Its name.
    pub name: String,
    /// Cycles of every cell.
    pub cycles: u32,
    /// In which order cells share the cycles.
    #[serde(with = "name")]
    pub order: CycleOrder,
    /// Seed of that order.
    pub seed: u64,
    /// After so many failures in a row it stops; null never.
    pub stop_after_failures: Option<u32>,
    /// After so many seconds no turn is begun; null never.
    pub time_limit_s: Option<f64>,
    /// Its cells, those that are not run included.
    pub cells: Vec<StudyCellRecord>,
}

/// One cell of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyCellRecord {
    /// Its name.
    pub name: String,
    /// The cell that means the same experiment and is run instead; null when there is none.
    pub same_as: Option<String>,
    /// Why it is no experiment; null when it is one.
    pub invalid: Option<String>,
}

/// How far a cell has come. Since 3.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// How far.
    #[serde(with = "name")]
    pub status: CellStatus,
    /// Its experiment; null until it has one.
    pub experiment_id: Option<String>,
    /// Cycles that are recorded.
    pub cycles: u32,
    /// How often it failed.
    pub failures: u32,
    /// Why it has no result; null when it has, or may still get one.
    pub reason: Option<String>,
    /// Who runs it, or ran it last.
    pub owner: Option<OwnerRecord>,
}

impl StudyRecord {
    pub(crate) fn of(plan: &StudyPlan) -> Self {
        Self {
            schema_version: SchemaVersion::CURRENT,
            name: plan.name.clone(),
            cycles: plan.cycles,
            order: plan.order,
            seed: plan.seed,
            stop_after_failures: plan.stop_after_failures,
            time_limit_s: plan.time_limit.map(|limit| limit.as_secs_f64()),
            cells: plan.cells.iter().map(StudyCellRecord::from).collect(),
        }
    }

    pub(crate) fn plan(self) -> Result<StudyPlan, FieldError> {
        let limit = |seconds| Duration::try_from_secs_f64(seconds).map_err(|error| FieldError::new("time_limit_s", error.to_string()));
        // Names of cells become names of files.
        let is_file_name = |name: &str| {
            let mut components = Path::new(name).components();
            matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
        };
        if let Some(cell) = self.cells.iter().find(|cell| !is_file_name(&cell.name)) {
            return Err(FieldError::new("cells", format!("`{}` is no name of a cell", cell.name)));
        }
        Ok(StudyPlan {
            name: self.name,
            cells: self.cells.into_iter().map(StudyCell::from).collect(),
            cycles: self.cycles,
            order: self.order,
            seed: self.seed,
            stop_after_failures: self.stop_after_failures,
            time_limit: self.time_limit_s.map(limit).transpose()?,
        })
    }
}

impl From<&StudyCell> for StudyCellRecord {
    fn from(cell: &StudyCell) -> Self {
        let (same_as, invalid) = match &cell.left_out {
            None => (None, None),
            Some(LeftOut::SameAs(other)) => (Some(other.clone()), None),
            Some(LeftOut::Invalid(reason)) => (None, Some(reason.clone())),
        };
        Self { name: cell.name.clone(), same_as, invalid }
    }
}

impl From<StudyCellRecord> for StudyCell {
    fn from(record: StudyCellRecord) -> Self {
        let left_out = record.same_as.map(LeftOut::SameAs).or(record.invalid.map(LeftOut::Invalid));
        Self { name: record.name, left_out }
    }
}

impl From<&CellState> for CellRecord {
    fn from(state: &CellState) -> Self {
        Self {
            schema_version: SchemaVersion::CURRENT,
            status: state.status,
            experiment_id: state.experiment.as_ref().map(|id| id.as_str().to_owned()),
            cycles: state.cycles,
            failures: state.failures,
            reason: state.reason.clone(),
            owner: state.owner.as_ref().map(OwnerRecord::from),
        }
    }
}

impl CellRecord {
    pub(crate) fn state(self) -> Result<CellState, FieldError> {
        let id = |text: String| text.parse().map_err(|_| FieldError::new("experiment_id", format!("`{text}` is no id")));
        Ok(CellState {
            status: self.status,
            experiment: self.experiment_id.map(id).transpose()?,
            cycles: self.cycles,
            failures: self.failures,
            reason: self.reason,
            owner: self.owner.map(Into::into),
        })
    }
}
