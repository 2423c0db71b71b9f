//! The virtual world: a machine whose physics is known, so that every derived figure has a truth to be held against.
//!
//! [`World`] is the ground truth that the virtual engine writes and the virtual sensors read. On a [`VirtualClock`]
//! a run takes no real time; on the host's clock the same world is played back.

mod ledger;
mod virtual_clock;
mod waveform;

pub use ledger::World;
pub use virtual_clock::VirtualClock;
pub use waveform::{Noise, Waveform};
