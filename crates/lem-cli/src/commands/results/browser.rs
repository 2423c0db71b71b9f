//! Opening something in the user's browser.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// What opens a file or an address in the program that the user chose for it.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens it, or says that nothing could.
pub(super) fn open(target: &OsStr) {
    let started = Command::new(OPENER).arg(target).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        anstream::eprintln!("cannot open {}: `{OPENER}`: {error}", target.to_string_lossy());
    }
}
