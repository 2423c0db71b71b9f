//! How the server of an engine comes to run: the same for all of them.

use super::within;
use crate::section::section;
use crate::value::{Choice, LauncherKind, Quantity, TextList, Variables};
use std::time::Duration;
use validator::ValidationError;

section! {
    /// How the server comes to run.
    Server from RawServer {
        /// `process`: on this machine. `docker`: in a container. `attach`: it runs already.
        launcher: Choice<LauncherKind> = Choice(LauncherKind::Process),
        /// The program and its first arguments, a text or a list. Left out: the engine's own, found by `PATH`.
        command: TextList,
        /// Image of the container. Left out: the one that the engine's makers publish.
        #[validate(length(min = 1, max = 4096))]
        image: String,
        /// Where it runs already, such as `http://127.0.0.1:8000`; goes with `attach`.
        #[validate(url)]
        url: String,
        /// How long it may take until it answers, 1s to 24h.
        #[validate(custom(function = "patience"))]
        startup_timeout: Quantity<Duration> = Quantity(Duration::from_secs(600)),
        /// How long a request may take, 1s to 24h.
        #[validate(custom(function = "patience"))]
        request_timeout: Quantity<Duration> = Quantity(Duration::from_secs(600)),
        /// Variables of its environment, beside those that `lem` itself has. They are recorded: keys do not belong here.
        environment: Variables = Variables::default(),
    }
}

/// Bounds of every time that a server is waited for.
pub(super) fn patience(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::from_secs(1), Duration::from_secs(86_400))
}
