//! Studies: many experiments that are run as one, cycle by cycle in a chosen order.

use crate::identity::ExperimentId;
use crate::protocol::RunOwner;
use std::fmt;
use std::time::Duration;

/// What a study runs, once and for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyPlan {
    /// Its name.
    pub name: String,
    /// Its cells, those that are not run included.
    pub cells: Vec<StudyCell>,
    /// Cycles of every cell.
    pub cycles: u32,
    /// In which order cells share the cycles.
    pub order: CycleOrder,
    /// Seed of that order, where it is drawn.
    pub seed: u64,
    /// After so many failures in a row it stops.
    pub stop_after_failures: Option<u32>,
    /// After this long no visit is begun.
    pub time_limit: Option<Duration>,
}

/// One experiment of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyCell {
    /// Its name, which also names its files.
    pub name: String,
    /// Why it is not run, if so.
    pub left_out: Option<LeftOut>,
}

/// Why a cell is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It means the same experiment as the cell of this name, whose result is its own.
    SameAs(String),
    /// It is no experiment, for this reason.
    Invalid(String),
}

/// In which order cells share the cycles of a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CycleOrder {
    /// All cycles of a cell before the next cell: the model is loaded once a cell, and drift of the machine is taken for a
    /// difference of cells.
    #[default]
    Sequential,
    /// The first cycle of every cell, then the second one.
    Interleaved,
    /// As interleaved, each round in an order of its own: randomised blocks.
    Shuffled,
    /// As interleaved, each round moved on by one, so that over as many rounds as cells every cell is in every place once.
    LatinSquare,
}

impl CycleOrder {
    /// Every order.
    pub const ALL: &'static [Self] = &[Self::Sequential, Self::Interleaved, Self::Shuffled, Self::LatinSquare];

    /// The name in study files and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Interleaved => "interleaved",
            Self::Shuffled => "shuffled",
            Self::LatinSquare => "latin-square",
        }
    }
}

impl fmt::Display for CycleOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How far a cell has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellStatus {
    /// Its turn has not come, or it waits for its next cycle.
    #[default]
    Waiting,
    /// It is being run.
    Running,
    /// It has a valid result.
    Completed,
    /// It ended without one.
    Failed,
    /// The user left it out.
    Skipped,
}

impl CellStatus {
    /// Every status.
    pub const ALL: &'static [Self] = &[Self::Waiting, Self::Running, Self::Completed, Self::Failed, Self::Skipped];

    /// The status as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for CellStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What is known of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellState {
    /// How far it has come.
    pub status: CellStatus,
    /// Its experiment, once it has one.
    pub experiment: Option<ExperimentId>,
    /// Cycles that are recorded.
    pub cycles: u32,
    /// How often it failed.
    pub failures: u32,
    /// Why it has no result.
    pub reason: Option<String>,
    /// Who runs it, or ran it last.
    pub owner: Option<RunOwner>,
}
