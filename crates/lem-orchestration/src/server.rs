//! Servers that run a model: started, waited for, watched, and gone without a trace when the run is over.
//!
//! Between `lem` and the server stands a keeper, the program re-executed, which outlives `lem` by as long as it takes to
//! end whatever the server started. Start at [`Supervisor::start`].

mod keeper;
mod kept;
mod log;
mod processes;
mod readiness;
mod segments;
mod supervisor;

pub use keeper::{Keeper, Wisher};
pub use supervisor::{ServerPlan, Supervised, Supervisor};
