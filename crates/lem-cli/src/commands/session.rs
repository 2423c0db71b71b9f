//! The wish to stop, heard once for everything that a command runs.

use crate::signals::{self, Received};
use lem_domain::protocol::Interrupt;

/// From here on signals are heard.
pub(crate) struct Session {
    pub(crate) interrupt: Interrupt,
    pub(crate) received: Received,
}

impl Session {
    /// Begins to listen.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let interrupt = Interrupt::new();
        let received = signals::listen(&interrupt, Some("stopping: what was recorded is being saved (once more to stop at once)"))?;
        Ok(Self { interrupt, received })
    }
}
