//! The server of the comparison: `lem mock-server`, in a process of its own, so that its cost is known apart.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::process;

/// Ticks of the kernel's accounting per second, on every Linux that Rust supports.
const TICKS: f64 = 100.0;

/// A server that ends when it is dropped.
pub(super) struct Mock {
    child: Child,
    /// Its address up to the version.
    pub(super) url: String,
}

impl Mock {
    pub(super) fn start(ttft_ms: u32, itl_ms: u32) -> Result<Self> {
        let mut command = process::lem();
        command.args(["mock-server", "--ttft", &format!("{ttft_ms}ms"), "--itl", &format!("{itl_ms}ms")]);
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start the mock server")?;
        let mut line = String::new();
        let output = child.stdout.take().context("the mock server has no output")?;
        BufReader::new(output).read_line(&mut line).context("cannot read the address of the mock server")?;
        Ok(Self { child, url: line.trim().to_owned() })
    }

    /// The address without the version.
    pub(super) fn root(&self) -> &str {
        self.url.trim_end_matches("/v1")
    }

    /// Seconds that it has computed.
    pub(super) fn processor_s(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).context("the mock server has ended")?;
        Ok(ticks(&stat, 13)? + ticks(&stat, 14)?)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds that children of this process, and theirs, have computed that were waited for.
pub(super) fn children_s() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("cannot read what children took")?;
    Ok(ticks(&stat, 15)? + ticks(&stat, 16)?)
}

/// A field of `/proc/<pid>/stat`, counted from 0, in seconds. The name of the program may hold anything but `)`.
fn ticks(stat: &str, field: usize) -> Result<f64> {
    let (_, rest) = stat.rsplit_once(')').context("/proc/<pid>/stat has no name")?;
    let value = rest.split_whitespace().nth(field - 2).context("/proc/<pid>/stat is short")?;
    Ok(value.parse::<f64>().context("/proc/<pid>/stat holds no number")? / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_number_of_the_process() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 20 30 0";
        assert!((ticks(stat, 13).unwrap() - 1.5).abs() < 1e-9 && (ticks(stat, 16).unwrap() - 0.3).abs() < 1e-9);
        assert!(ticks("42 (a) S", 13).is_err());
    }
}
