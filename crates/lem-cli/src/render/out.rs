//! stdout: data, and nothing but data.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes text as it is. A reader that went away, as `head` does, wants no more; that is no error.
pub(crate) fn text(text: impl Display) -> io::Result<()> {
    try_text(text).map(drop)
}

/// The same, and whether anyone still reads.
pub(crate) fn try_text(text: impl Display) -> io::Result<bool> {
    let mut stdout = anstream::stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes bytes that need not be text. A reader that went away is no error.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes one line.
pub(crate) fn line(line: impl Display) -> io::Result<()> {
    text(format_args!("{line}\n"))
}

/// Writes a document as indented JSON, just as records are stored.
pub(crate) fn json(document: &impl serde::Serialize) -> io::Result<()> {
    line(serde_json::to_string_pretty(document)?)
}
