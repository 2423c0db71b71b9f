//! The seams: traits that lower crates implement and `lem-orchestration` drives.
//!
//! A trait stands where there is a real seam — hardware, engine, storage, a terminal — and each has a fake. Metrics
//! are no seam: they are the pure functions of [`crate::derive`].

mod energy;
mod engine;
mod error;
mod interrupt;
mod progress;
mod server;
mod storage;

pub use energy::{EnergyBackend, EnergySession};
pub use engine::{InferenceEngine, ModelLoader, PreparedRequest, PreparedWorkload, Prompt, PromptContent, RunControl, RunOutput};
pub use error::{BoxError, Fault, SeamError};
pub use interrupt::Interrupt;
pub use progress::{Progress, Silent, Stage};
pub use server::{HostFacts, ServerEndpoint, ServerHost, ServerLauncher};
pub use storage::{Forgetful, ProfileStore, RecordedCycle, ResultsRepository, RunPhase, RunSetup, RunState, StateStore};
