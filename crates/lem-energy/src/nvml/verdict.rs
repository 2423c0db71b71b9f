//! NVML's errors in words that say what to do about them.

use lem_domain::sensor::SourceStatus;
use nvml_wrapper::error::NvmlError;
use std::path::Path;

/// What to do when the driver's device files refuse.
const PERMISSION_FIX: &str = "give this user access to /dev/nvidiactl and /dev/nvidia* (`sudo usermod -aG video $USER`, then log in anew), \
                              or start the container with `--gpus all`";

/// Why the library could not be started.
pub(super) fn of_start(error: &NvmlError, library: Option<&Path>) -> SourceStatus {
    match error {
        NvmlError::LibloadingError(_) => match library {
            Some(path) if path.exists() => SourceStatus::Broken(format!("`{}` is no library that can be loaded", path.display())),
            Some(path) => SourceStatus::Absent(format!("there is no NVML library at `{}`", path.display())),
            None => SourceStatus::Absent("there is no NVIDIA driver: `libnvidia-ml.so.1` is not found".to_owned()),
        },
        NvmlError::FailedToLoadSymbol(_) => SourceStatus::Broken("the library is not NVML, or one older than its version 2".to_owned()),
        NvmlError::DriverNotLoaded => {
            SourceStatus::Broken("NVIDIA's library is installed but its kernel module is not loaded (`sudo modprobe nvidia`)".to_owned())
        }
        NvmlError::LibRmVersionMismatch => {
            SourceStatus::Broken("library and kernel module of NVIDIA's driver differ in version: reboot after the update".to_owned())
        }
        NvmlError::Unknown => SourceStatus::Broken(
            "NVML cannot reach the driver; in a container its devices may have been taken away: start the container again".to_owned(),
        ),
        other => of_call("NVML does not start", other),
    }
}

/// Why a call failed that everything depends on.
pub(super) fn of_call(what: &str, error: &NvmlError) -> SourceStatus {
    let reason = format!("{what}: {error}");
    match error {
        NvmlError::NoPermission => SourceStatus::NotPermitted { reason, fix: PERMISSION_FIX.to_owned() },
        _ => SourceStatus::Broken(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_it_is() {
        let status = |error: NvmlError| of_start(&error, None);
        assert!(matches!(status(NvmlError::DriverNotLoaded), SourceStatus::Broken(reason) if reason.contains("modprobe")));
        assert!(matches!(status(NvmlError::LibRmVersionMismatch), SourceStatus::Broken(reason) if reason.contains("reboot")));
        assert!(matches!(status(NvmlError::NoPermission), SourceStatus::NotPermitted { fix, .. } if fix.contains("/dev/nvidiactl")));
        assert!(matches!(status(NvmlError::GpuLost), SourceStatus::Broken(reason) if reason.contains("fell off the bus")));
    }
}
