//! The seam between whoever starts a server and whoever sends requests to it.

use super::SeamError;
use crate::record::ServerOrigin;
use crate::spec::ExperimentSpec;
use crate::time::TimeWindow;

/// Where a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEndpoint {
    /// Its address up to the version, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// The name by which it serves the model; `None` takes the only one it serves, or the reference of the spec.
    pub served_model: Option<String>,
}

/// What is known of a server before the first request, by whoever started it: the part of
/// [`ServerFacts`](crate::record::ServerFacts) that requests do not tell, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// How it came to run.
    pub origin: ServerOrigin,
    /// The words that it was started with, without those that may be a key; empty where it ran already.
    pub command: Vec<String>,
    /// From its start to its first answer; `None` where it ran already.
    pub start: Option<TimeWindow>,
    /// Its version, in its own words.
    pub version: Option<String>,
    /// Device that it runs on, such as `cpu`; `None` where only the server knows.
    pub device: Option<String>,
    /// What it says of itself, by name.
    pub reported: Vec<(String, String)>,
}

/// A server that answers. Dropping it stops it, where it was started here.
pub trait ServerHost {
    /// Where it answers.
    fn endpoint(&self) -> &ServerEndpoint;

    /// What is known of it.
    fn facts(&self) -> &HostFacts;

    /// Whether it still runs.
    ///
    /// # Errors
    /// When it does not, with what it said last.
    fn check_alive(&mut self) -> Result<(), SeamError>;

    /// Stops it, where it was started here.
    ///
    /// # Errors
    /// When it does not stop.
    fn stop(&mut self) -> Result<(), SeamError>;
}

/// Brings a server to run that has the model of a spec.
pub trait ServerLauncher {
    /// Returns once it answers.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not answer in time.
    fn launch(&self, spec: &ExperimentSpec) -> Result<Box<dyn ServerHost>, SeamError>;
}
