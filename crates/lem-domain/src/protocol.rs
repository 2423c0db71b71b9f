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
mod state;
mod storage;
mod study;

pub use energy::{EnergyBackend, EnergySession};
pub use engine::{InferenceEngine, ModelLoader, PreparedRequest, PreparedWorkload, Prompt, PromptContent, RunControl, RunOutput};
pub use error::{BoxError, Fault, SeamError};
pub use interrupt::Interrupt;
pub use progress::{Progress, Silent, Stage};
pub use server::{HostFacts, ServerEndpoint, ServerHost, ServerLauncher};
pub use state::{Held, RunOwner, RunPhase, RunState, StateStore};
pub use storage::{Forgetful, ProfileStore, RecordedCycle, ResultsRepository, RunSetup};
pub use study::StudyStore;
