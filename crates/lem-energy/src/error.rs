//! What can go wrong with sensors, and what to try next.

use lem_domain::protocol::{Fault, SeamError};
use lem_domain::sensor::SourceStatus;
use lem_domain::spec::EnergySource;
use std::io;
use std::path::PathBuf;

/// Why energy could not be read as asked.
#[derive(Debug, thiserror::Error)]
pub enum EnergyError {
    /// The virtual sensors were asked for without a virtual machine to read.
    #[error("the virtual sensors need the virtual backend")]
    NoWorld,
    /// A sensor of the host was asked for while time is simulated.
    #[error("source `{source_name}` cannot be read on simulated time")]
    SimulatedTime {
        /// The source that was asked for.
        source_name: EnergySource,
    },
    /// A source was named that cannot be used here.
    #[error("energy source `{source_name}` cannot be used: {}", status.reason())]
    NotUsable {
        /// The source.
        source_name: EnergySource,
        /// What it said.
        status: SourceStatus,
    },
    /// A machine without a sensor was to be calibrated.
    #[error("there is no sensor to calibrate: {reasons}")]
    NothingToCalibrate {
        /// What each source said.
        reasons: String,
    },
    /// A device was named that is not there, or that has no sensor.
    #[error("no device with a sensor is called `{choice}`")]
    NoSuchDevice {
        /// What was asked for.
        choice: String,
        /// Those that there are.
        known: String,
    },
    /// The sampler was asked for no time between two samples.
    #[error("the sampling interval is zero")]
    ZeroInterval,
    /// A file behind a sensor cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file behind a sensor does not have the form that its documentation gives.
    #[error("`{path}` has no {expected}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What every such file holds.
        expected: &'static str,
    },
    /// The operating system refused the sampler's thread.
    #[error("cannot start the sampler thread")]
    ThreadRefused {
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl EnergyError {
    fn fault(&self) -> Fault {
        match self {
            Self::NoWorld | Self::SimulatedTime { .. } | Self::ZeroInterval | Self::NoSuchDevice { .. } => Fault::Usage,
            Self::NothingToCalibrate { .. } | Self::NotUsable { .. } => Fault::Preflight,
            Self::Unreadable { .. } | Self::Malformed { .. } | Self::ThreadRefused { .. } => Fault::Preflight,
        }
    }

    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::NoWorld => "use `backend: virtual`, or set `energy.backend` to `auto`",
            Self::SimulatedTime { .. } => "let the virtual machine run on the real clock, or set `energy.backend` to `auto`",
            Self::ZeroInterval => "set `energy.interval` to a positive duration such as `100ms`, or leave it out",
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "allow this user to read the file: a sandbox or a security module refuses it"
            }
            Self::Unreadable { .. } | Self::Malformed { .. } => {
                "the processor estimate needs the whole /proc of Linux (a mount with `subset=pid` hides it); `energy.backend: auto` runs without"
            }
            Self::NothingToCalibrate { .. } => "`lem doctor` tells what each source needs",
            Self::NoSuchDevice { known, .. } => return format!("choose among {known}"),
            Self::NotUsable { status: SourceStatus::NotPermitted { fix, .. }, .. } => fix,
            Self::NotUsable { .. } => "`lem doctor` tells what each source needs; `energy.backend: auto` uses what there is",
            Self::ThreadRefused { .. } => "raise the limit on threads of this user or container",
        };
        hint.to_owned()
    }
}

impl From<EnergyError> for SeamError {
    fn from(error: EnergyError) -> Self {
        let hinted = Self::new(error.fault(), error.to_string()).with_hint(error.hint());
        match error {
            EnergyError::Unreadable { source, .. } | EnergyError::ThreadRefused { source } => hinted.because(source),
            EnergyError::NoWorld
            | EnergyError::SimulatedTime { .. }
            | EnergyError::ZeroInterval
            | EnergyError::NothingToCalibrate { .. }
            | EnergyError::NoSuchDevice { .. }
            | EnergyError::NotUsable { .. }
            | EnergyError::Malformed { .. } => hinted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn crossing_the_seam_keeps_the_fault_the_hint_and_the_cause() {
        let refused = EnergyError::Unreadable { path: "/proc/stat".into(), source: io::ErrorKind::PermissionDenied.into() };
        let crossed = SeamError::from(refused);
        assert_eq!((crossed.fault, crossed.what.as_str()), (Fault::Preflight, "cannot read `/proc/stat`"));
        assert!(crossed.hint.as_deref().is_some_and(|hint| hint.contains("allow this user")), "{:?}", crossed.hint);
        assert_eq!(crossed.source().map(ToString::to_string).as_deref(), Some("permission denied"));
    }
}
