//! How far a run has come and who runs it, and the seam to whatever keeps that.

use super::SeamError;
use crate::identity::ExperimentId;
use crate::idle::IdleState;
use std::any::Any;
use std::fmt;
use std::time::SystemTime;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// The bundle exists.
    Created,
    /// What must hold before a model is loaded is looked at, and the machine is watched while it idles.
    Preflight,
    /// The model is being loaded.
    Loading,
    /// Warm-up.
    Warming,
    /// A window is open, or the next one is waited for.
    Measuring,
    /// Raw records are saved; figures may be derived.
    Recorded,
    /// Figures are being derived.
    Deriving,
    /// Figures are derived.
    Completed,
    /// Stopped by a signal, or by whoever lets it run cycle by cycle; what had been recorded is saved.
    Interrupted,
    /// Ended by an error.
    Failed,
    /// Figures are derived and must not be used: no cycle was measured to its end by all of its processes.
    Invalid,
}

impl RunPhase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[
        Self::Created,
        Self::Preflight,
        Self::Loading,
        Self::Warming,
        Self::Measuring,
        Self::Recorded,
        Self::Deriving,
        Self::Completed,
        Self::Interrupted,
        Self::Failed,
        Self::Invalid,
    ];

    /// The phase as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Preflight => "preflight",
            Self::Loading => "loading",
            Self::Warming => "warming",
            Self::Measuring => "measuring",
            Self::Recorded => "recorded",
            Self::Deriving => "deriving",
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
        }
    }

    /// Whether it has its figures, and nothing is left to do.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Invalid)
    }

    /// Whether a run may go from this phase to that one. A run that did not finish may be taken up again, which begins
    /// with its preflight, in whatever phase it was left.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match next {
            Self::Created => false,
            Self::Preflight | Self::Interrupted | Self::Failed => !self.is_finished(),
            Self::Loading => matches!(self, Self::Preflight),
            Self::Warming => matches!(self, Self::Loading),
            Self::Measuring => matches!(self, Self::Loading | Self::Warming | Self::Measuring),
            // A run that was killed after its last window has nothing left to measure.
            Self::Recorded => matches!(self, Self::Measuring | Self::Preflight),
            Self::Deriving => matches!(self, Self::Recorded | Self::Deriving),
            Self::Completed | Self::Invalid => matches!(self, Self::Deriving),
        }
    }
}

/// The process that runs an experiment, named so that no other one can pass for it: a process id alone is given out again,
/// also within one boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOwner {
    /// Name of the host.
    pub host: String,
    /// The kernel's random id of the boot.
    pub boot_id: String,
    /// Process id.
    pub pid: u32,
    /// When the process started, in clock ticks since the boot.
    pub started_ticks: u64,
}

impl fmt::Display for RunOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} on {}", self.pid, self.host)
    }
}

/// State of a run as kept beside its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunState {
    /// How far it has come.
    pub phase: RunPhase,
    /// When it got there; a label.
    pub since: SystemTime,
    /// What went wrong, for a failed run.
    pub reason: Option<String>,
    /// Who brought it there; `None` in states of 2.x.
    pub owner: Option<RunOwner>,
    /// The idle states that were watched, or found unchanged, since the run was begun or taken up.
    pub idle: Vec<IdleState>,
    /// The cycle that is being measured, or was last.
    pub cycle: Option<u32>,
}

impl RunState {
    /// A phase and when it began, and nothing else.
    #[must_use]
    pub const fn new(phase: RunPhase, since: SystemTime) -> Self {
        Self { phase, since, reason: None, owner: None, idle: Vec::new(), cycle: None }
    }
}

/// A run that is held: nobody else gets it until this is dropped, or the process ends in whatever way.
pub struct Held(#[expect(dead_code, reason = "what it holds is let go of by dropping it")] Box<dyn Any + Send>);

impl Held {
    /// Holds for as long as this value lives.
    #[must_use]
    pub fn by(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Held")
    }
}

/// Keeps the state of runs.
pub trait StateStore {
    /// Replaces the state.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_state(&self, id: &ExperimentId, state: &RunState) -> Result<(), SeamError>;

    /// Reads the state; `None` when none was ever saved.
    ///
    /// # Errors
    /// When it is damaged.
    fn load_state(&self, id: &ExperimentId) -> Result<Option<RunState>, SeamError>;

    /// Takes a run for this process alone.
    ///
    /// # Errors
    /// When another process runs it, or there is no such run.
    fn hold(&self, id: &ExperimentId) -> Result<Held, SeamError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_its_way_and_no_other() {
        use RunPhase::{Completed, Created, Deriving, Failed, Interrupted, Invalid, Loading, Measuring, Preflight, Recorded, Warming};
        let way = [Created, Preflight, Loading, Warming, Measuring, Measuring, Recorded, Deriving, Completed];
        assert!(way.windows(2).all(|pair| pair[0].may_become(pair[1])));
        for &phase in RunPhase::ALL {
            assert!(!phase.may_become(Created), "{phase:?}");
            assert_eq!(phase.may_become(Failed), !phase.is_finished(), "{phase:?}");
            assert_eq!(phase.may_become(Preflight), !matches!(phase, Completed | Invalid), "{phase:?}");
        }
        for (from, to) in
            [(Created, Measuring), (Loading, Recorded), (Measuring, Deriving), (Completed, Deriving), (Interrupted, Measuring)]
        {
            assert!(!from.may_become(to), "{from:?} {to:?}");
        }
    }
}
