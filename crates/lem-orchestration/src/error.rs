//! Why a measurement ended without a result.

use lem_domain::protocol::{Fault, RunOwner, SeamError};
use lem_domain::{ExperimentId, Grade};

/// A measurement without a result. What had been recorded by then is saved all the same.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// There is nothing to run.
    #[error("there are no prompts to run")]
    NoPrompts,
    /// It has its figures already.
    #[error("`{id}` is finished")]
    Finished {
        /// The experiment.
        id: ExperimentId,
    },
    /// A process of another host runs it, or ran it and left no word.
    #[error("`{id}` is run by {owner}")]
    RunsElsewhere {
        /// The experiment.
        id: ExperimentId,
        /// Who.
        owner: RunOwner,
    },
    /// The energy readings available here do not reach the asked grade.
    #[error("energy must be {required} or better, and here it is {available}")]
    GradeNotMet {
        /// What was asked.
        required: Grade,
        /// The best that this machine gives.
        available: Grade,
        /// What became of each source.
        reasons: String,
    },
    /// The meter could not be started or stopped.
    #[error("the energy meter failed")]
    Meter(#[source] SeamError),
    /// The model could not be loaded.
    #[error("the model could not be loaded")]
    Load(#[source] SeamError),
    /// The prompts could not be made ready.
    #[error("the prompts could not be made ready")]
    Prepare(#[source] SeamError),
    /// The engine failed while it ran.
    #[error("the engine failed")]
    Engine(#[source] SeamError),
    /// A record could not be written or read.
    #[error("the results could not be stored")]
    Storage(#[source] SeamError),
}

impl ExperimentError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoPrompts | Self::Finished { .. } => Fault::Usage,
            Self::GradeNotMet { .. } | Self::RunsElsewhere { .. } => Fault::Preflight,
            Self::Meter(source) | Self::Load(source) | Self::Prepare(source) | Self::Engine(source) | Self::Storage(source) => source.fault,
        }
    }

    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrompts => Some("name a data set or a prompt file that is not empty".to_owned()),
            Self::Finished { id } => Some(format!("`lem results show {id}` shows them; `--fresh` runs it anew")),
            Self::RunsElsewhere { owner, .. } => {
                Some(format!("take it up on {}, where it can be seen whether that process still runs", owner.host))
            }
            Self::GradeNotMet { reasons, .. } => Some(format!("{reasons}; `--require any` accepts what there is")),
            Self::Meter(source) | Self::Load(source) | Self::Prepare(source) | Self::Engine(source) | Self::Storage(source) => {
                source.hint.clone()
            }
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line = format!("{line}: {source}");
        cause = source.source();
    }
    line
}
