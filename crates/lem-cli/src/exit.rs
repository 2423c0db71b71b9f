//! Exit codes: the whole list, and the way from an error to its code.

use lem_config::ConfigError;
use lem_domain::protocol::{Fault, SeamError};
use lem_orchestration::ExperimentError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok,
    /// The run failed.
    RunFailed,
    /// What was asked cannot be: usage or configuration.
    Usage,
    /// The run could not start here, or `--require` was not met.
    Preflight,
    /// Finished, with requests missing.
    Incomplete,
    /// A comparison came to a verdict that `--fail-on` names.
    Verdict,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
    /// `lem measure`: the program is there and cannot be executed.
    NotExecutable,
    /// `lem measure`: there is no such program.
    NotFound,
    /// `lem measure`: the program ran, and this is its own code, or 128 and the signal that ended it.
    Program(u8),
}

impl Exit {
    /// The code that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::RunFailed => 1,
            Self::Usage => 2,
            Self::Preflight => 3,
            Self::Incomplete => 4,
            Self::Verdict => 5,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            // As shells have it: POSIX.1-2024, Shell Command Language §2.8.2.
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Program(code) => code,
        }
    }
}

impl From<Fault> for Exit {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Usage => Self::Usage,
            Fault::Preflight => Self::Preflight,
            Fault::Run => Self::RunFailed,
        }
    }
}

/// The exit of an error: the first cause that says whose fault it is decides.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<ExperimentError>() {
            return error.fault().into();
        }
        if let Some(error) = cause.downcast_ref::<SeamError>() {
            return error.fault.into();
        }
        if cause.is::<ConfigError>() {
            return Exit::Usage;
        }
    }
    Exit::RunFailed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_that_knows_decides() {
        let missing = SeamError::new(Fault::Preflight, "cannot write");
        let check = |error: anyhow::Error, exit: Exit| assert_eq!(of_error(&error), exit);
        check(anyhow::Error::new(ExperimentError::Storage(missing)).context("while saving"), Exit::Preflight);
        check(anyhow::Error::new(ExperimentError::NoPrompts), Exit::Usage);
        check(anyhow::anyhow!("something else"), Exit::RunFailed);
    }
}
