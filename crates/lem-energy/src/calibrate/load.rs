//! The known step: something that draws power when it is told to.

use lem_domain::protocol::SeamError;
use std::time::Duration;

/// A load that goes on and off at once. Dropping it must leave nothing behind, whatever state it is in.
pub trait Load {
    /// What it is, in words, for the profile.
    fn label(&self) -> String;

    /// How long after it was first switched on it may take until it draws its power steadily.
    fn settling(&self) -> Duration;

    /// Switches it on, or starts it the first time.
    ///
    /// # Errors
    /// When it cannot be started, or has ended by itself.
    fn on(&mut self) -> Result<(), SeamError>;

    /// Switches it off; it stays ready to go on again.
    ///
    /// # Errors
    /// When it has ended by itself.
    fn off(&mut self) -> Result<(), SeamError>;
}
