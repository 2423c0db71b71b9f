//! Servers that speak OpenAI's protocol: requests over HTTP, answers as streams of tokens.
//!
//! Inside the window an answer's bytes are stamped as they arrive and kept; what they say is read after it has closed. Each
//! request has a connection of its own, because servers close connections that they promised to keep. A request that fails
//! is an outcome with a name, not an end of the run. Start at [`ServerLoader`].

mod address;
pub(crate) mod alarm;
mod answer;
mod attach;
mod body;
mod call;
pub(crate) mod descriptors;
mod dispatch;
mod engine;
mod error;
mod event;
mod host;
mod key;
mod local;
mod prompts;
mod settle;
mod sse;
#[cfg(test)]
mod tests;
mod transport;

pub use attach::Attach;
pub use engine::{ServerEngine, ServerLoader};
pub use error::ServerError;
