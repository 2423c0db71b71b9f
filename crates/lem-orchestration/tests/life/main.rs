//! The life of a measurement on a laboratory of fakes, where every step leaves its time in a journal.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod idle;
mod kept;
mod lab;
mod monitor;
mod preflight;
mod watch;
