//! The one error that crosses a seam: its cause is opaque, what to do about it is typed.

/// An error of any type, for `#[source]`.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whose fault a failure is; the command line maps it to an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for cannot be: a wrong reference, an empty prompt file.
    Usage,
    /// The run could not start here: an unreadable model, an unwritable folder, a missing sensor.
    Preflight,
    /// The run started and failed.
    Run,
}

/// A failure at a seam.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SeamError {
    /// Whose fault it is.
    pub fault: Fault,
    /// What failed, with the place.
    pub what: String,
    /// What to try next.
    pub hint: Option<String>,
    /// Why it failed.
    #[source]
    pub source: Option<BoxError>,
}

impl SeamError {
    /// A failure without a cause below it.
    #[must_use]
    pub fn new(fault: Fault, what: impl Into<String>) -> Self {
        Self { fault, what: what.into(), hint: None, source: None }
    }

    /// The same failure with its cause.
    #[must_use]
    pub fn because(self, source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same failure with what to try next.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
