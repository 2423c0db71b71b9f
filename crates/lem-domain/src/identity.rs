//! Names that end up in paths and joins: checked once, here, and trusted afterwards.

use std::fmt;
use std::str::FromStr;

/// Identifier of one experiment and the name of its folder below the results folder.
///
/// Only letters, digits, `-`, `_` and `.`, not starting with a dot and at most 128 bytes: such a name cannot leave the
/// results folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(String);

/// Why a text is no [`ExperimentId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an experiment id: use letters, digits, `-`, `_` and `.`, not a leading dot")]
pub struct InvalidExperimentId {
    /// The refused text.
    pub text: String,
}

impl ExperimentId {
    const MAX_BYTES: usize = 128;

    /// The id as a folder name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExperimentId {
    type Err = InvalidExperimentId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let valid = !text.is_empty() && text.len() <= Self::MAX_BYTES && !text.starts_with('.') && text.bytes().all(allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidExperimentId { text: text.to_owned() }) }
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Identity of a physical device: a UUID where the hardware has one, never an index that a reboot may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    /// Wraps the identity a driver reports.
    #[must_use]
    pub fn new(identity: impl Into<String>) -> Self {
        Self(identity.into())
    }

    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the device is one of the virtual machine, of which nothing that a run finds holds for the next.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.0.starts_with("virtual-")
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_the_results_folder() {
        for escape in ["..", "../x", "a/b", "/etc", ".hidden", "", "a\0b", "a b", "ü", &"x".repeat(129)] {
            assert!(escape.parse::<ExperimentId>().is_err(), "{escape:?} must be refused");
        }
        for id in ["20261124T035644Z-3f9a1c20", "a", "my_run.2"] {
            assert_eq!(id.parse::<ExperimentId>().expect(id).as_str(), id);
        }
    }
}
