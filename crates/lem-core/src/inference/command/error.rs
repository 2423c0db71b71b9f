//! Why there is no command.

use lem_domain::backend::Backend;
use lem_domain::protocol::{Fault, SeamError};

/// A spec from which no command can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The backend is no server that is started here.
    #[error("`backend: {backend}` is not started as it is configured")]
    NotStarted {
        /// The backend.
        backend: Backend,
    },
    /// The engine reads no file of settings.
    #[error("the server of `backend: {backend}` reads no file of settings")]
    NoFile {
        /// The backend.
        backend: Backend,
    },
    /// A setting has a value that cannot be handed over.
    #[error("`{path}` cannot be handed to the server: {problem}")]
    Setting {
        /// Dotted path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<CommandError> for SeamError {
    fn from(error: CommandError) -> Self {
        let hint = match &error {
            CommandError::NotStarted { backend } => format!("set `{backend}.server.launcher` to `process` or `docker`"),
            CommandError::NoFile { backend } => format!("leave out what goes into a file, or write it as flags in `{backend}.extra`"),
            CommandError::Setting { path, .. } => format!("check the value of `{path}`"),
        };
        Self::new(Fault::Usage, error.to_string()).with_hint(hint)
    }
}
