//! The other end of a pipe to a contestant.
//!
//! Every contestant is a process of its own that lives through all rounds. Once its model is loaded it prints one JSON
//! object on a line, its [`Facts`]. Then it answers every line of standard input, `BATCH PROMPT STEPS`, with one JSON
//! object on a line: what the prompts took, up to the first token of each, and what the passes after them took. Token ids
//! of the prompts come from a file that all share, row after row from its start; the tokens after them are the likeliest.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a contestant says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Engine and libraries, each with its version.
    pub(super) version: String,
    /// Arithmetic that runs.
    pub(super) kernel: String,
    /// Types of the stored weights and how many tensors have each.
    pub(super) weights: String,
    /// Bytes that its weights take in memory, all of which a decode step reads once.
    pub(super) weight_bytes: Option<f64>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) prefill_s: f64,
    pub(super) decode_s: f64,
}

/// A running process. Dropping it closes its input, which ends it.
pub(super) struct Driver {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Holds what the process wrote to standard error.
    log: PathBuf,
}

impl Driver {
    /// Starts it and waits for its first line.
    ///
    /// # Errors
    /// It cannot be started, or ends before it is ready: then with what it said last.
    pub(super) fn start<F: DeserializeOwned>(name: String, mut command: Command, logs: &Path) -> Result<(Self, F)> {
        let log = logs.join(format!("{}.log", name.replace(' ', "-")));
        let stderr = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().context("the output is a pipe")?);
        let mut driver = Self { name, child, input, output: BufReader::new(output), log };
        let facts = driver.answer()?;
        Ok((driver, facts))
    }

    /// Sends one line and waits for the answer to it.
    ///
    /// # Errors
    /// The process ended, or said something else than was expected.
    pub(super) fn ask<A: DeserializeOwned>(&mut self, line: &str) -> Result<A> {
        let input = self.input.as_mut().context("the input is open until the end")?;
        // A process that has ended says why in its log, which the missing answer leads to.
        let _ = writeln!(input, "{line}").and_then(|()| input.flush());
        self.answer()
    }

    fn answer<A: DeserializeOwned>(&mut self) -> Result<A> {
        let mut line = String::new();
        self.output.read_line(&mut line).with_context(|| format!("cannot read what {} printed", self.name))?;
        if line.is_empty() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            bail!("{} ended: {}", self.name, log.trim_end().lines().last().unwrap_or("it did not say why"));
        }
        serde_json::from_str(&line).with_context(|| format!("{} printed {:?}", self.name, line.trim_end()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends by itself, and how no longer matters: all its answers are in.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> Result<(Driver, Facts)> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let logs = std::env::temp_dir();
        Driver::start(format!("sh {}", script.len()), command, &logs)
    }

    const READY: &str = r#"echo '{"version": "1", "kernel": "k", "weights": "F32 ×1", "weight_bytes": null}'"#;

    #[test]
    fn every_line_gets_its_answer() {
        let script = format!("{READY}; while read b p s; do echo \"{{\\\"prefill_s\\\": $p, \\\"decode_s\\\": $s}}\"; done");
        let (mut driver, facts) = start(&script).unwrap();
        assert_eq!((facts.version.as_str(), facts.weight_bytes), ("1", None));
        for prompt in [512, 128] {
            let Times { prefill_s, decode_s } = driver.ask(&format!("1 {prompt} 64")).unwrap();
            assert_eq!((prefill_s.to_string(), decode_s.to_string()), (prompt.to_string(), "64".to_owned()));
        }
    }

    #[test]
    fn one_that_cannot_load_says_why() {
        let error = start("echo 'unknown type of weights' >&2; exit 1").err().unwrap();
        assert!(error.to_string().ends_with("ended: unknown type of weights"), "{error}");
    }

    #[test]
    fn one_that_dies_between_rounds_is_an_error_and_not_an_endless_wait() {
        let (mut driver, _) = start(&format!("{READY}; echo gone >&2")).unwrap();
        assert!(driver.ask::<Times>("1 512 64").unwrap_err().to_string().ends_with("ended: gone"));
    }

    #[test]
    fn talk_that_is_no_answer_is_shown() {
        let error = start("echo loading").err().unwrap();
        assert!(error.to_string().ends_with("printed \"loading\""), "{error}");
    }
}
