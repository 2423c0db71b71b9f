//! lem and its peers on one fake board whose truth is known: error, processor time, and whether an error bar is given.
//!
//! Needs a C compiler, Python 3 with `venv`, and a package index; everything lands below the build folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::process;

/// Waveforms in the words of `fake_nvml.c`; none has its period in step with the 100 ms of the sensors.
const WAVES: [(&str, &str); 4] = [
    ("square", "square:100:600:1.37"),
    ("ramp", "ramp:150:1.5"),
    ("prefill-decode", "prefill-decode:650:0.43:340:2.11:90:0.57"),
    ("bursts", "bursts:90:500:0.93:0.3"),
];

/// Lengths of the windows in seconds.
const LENGTHS: [f64; 3] = [2.0, 5.0, 10.0];

/// A tool by the name of its row; those that are no peers of `measure.py` have `None`.
const TOOLS: [(&str, Option<&str>); 4] = [
    ("lem", None),
    ("zeus 0.16.0", Some("zeus")),
    ("codecarbon 3.3.2", Some("codecarbon")),
    ("`PowerUsage` every 100 ms", Some("polling")),
];

/// Options of `bench peers`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Windows of each length, for each tool and waveform
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// One window by one tool, as the tools print it.
#[derive(Deserialize)]
struct Window {
    length_s: f64,
    energy_j: f64,
    truth_j: f64,
    /// 95 % half-width of what is random, where the tool tells one.
    half_width_j: Option<f64>,
    processor_s: f64,
    took_s: f64,
}

/// Runs every tool on every waveform, all at once: each sleeps most of the time.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    process::run(&mut process::cargo(["build", "--release", "--package", "lem-energy", "--example", "windows"]))?;
    let place = Place::prepare()?;
    let mut running = Vec::new();
    for (seed, (_, wave)) in WAVES.iter().enumerate() {
        for (tool, peer) in TOOLS {
            let child = place.command(peer, arguments.rounds, seed).env("FAKE_NVML_WAVE", wave).stdout(Stdio::piped()).spawn();
            running.push((tool, child.with_context(|| format!("cannot start {tool}"))?));
        }
    }
    let mut windows: BTreeMap<&str, Vec<Window>> = BTreeMap::new();
    for (tool, child) in running {
        windows.entry(tool).or_default().extend(printed(tool, child)?);
    }
    let names: Vec<_> = WAVES.iter().map(|(name, _)| *name).collect();
    println!("{} windows of each length per tool, pooled over {}:\n", arguments.rounds as usize * WAVES.len(), names.join(", "));
    print!("{}", table(&windows)?);
    Ok(())
}

/// Where the tools run: an environment of Python, the fake library, and a program by the name of `nvidia-smi`.
struct Place {
    python: PathBuf,
    folder: PathBuf,
    origin_ns: u64,
}

impl Place {
    fn prepare() -> Result<Self> {
        let folder = process::target_folder().join("peers");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (environment, requirements) = (folder.join("venv"), process::workspace_root().join("xtask/peers/requirements.txt"));
        let python = environment.join("bin/python");
        if !python.exists() {
            process::run(process::command("python3").args(["-m", "venv"]).arg(&environment))?;
        }
        process::run(process::command(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
        let (library, source) = (folder.join("libnvidia-ml.so.1"), "crates/lem-energy/tests/fake_nvml/fake_nvml.c");
        let flags = ["-shared", "-fPIC", "-O2", "-Wl,-soname,libnvidia-ml.so.1", "-o"];
        process::run(process::command("cc").args(flags).arg(&library).args([source, "-lm", "-ldl"]))?;
        // codecarbon takes a machine for one of NVIDIA's when this program can be run.
        let program = folder.join("nvidia-smi");
        fs::write(&program, "#!/bin/sh\n").with_context(|| format!("cannot write {}", program.display()))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(Self { python, folder, origin_ns: uptime_ns()? })
    }

    fn command(&self, peer: Option<&str>, rounds: u32, seed: usize) -> Command {
        let lengths = LENGTHS.map(|length| length.to_string()).join(",");
        let (rounds, seed) = (rounds.to_string(), seed.to_string());
        let mut command = match peer {
            None => process::command(process::target_folder().join("release/examples/windows")),
            Some(peer) => {
                let mut command = process::command(&self.python);
                command.arg(process::workspace_root().join("xtask/peers/measure.py")).arg(peer);
                command
            }
        };
        match peer {
            None => command.args([lengths, rounds, seed]),
            Some(_) => command.args(["--lengths", &lengths, "--rounds", &rounds, "--seed", &seed]),
        };
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.folder.display())).env("LD_LIBRARY_PATH", &self.folder);
        // What the tools say of themselves would only bury the table.
        command.env("FAKE_NVML_ORIGIN_NS", self.origin_ns.to_string()).stderr(Stdio::null());
        command
    }
}

/// Where CLOCK_MONOTONIC is, nearly: the waves begin there, and a ramp must not have climbed since the machine started.
fn uptime_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/uptime").context("cannot read /proc/uptime")?;
    let seconds: f64 = text.split(' ').next().unwrap_or_default().parse().context("/proc/uptime holds no number")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an uptime")]
    let nanos = (seconds * 1e9) as u64;
    Ok(nanos)
}

fn printed(tool: &str, mut child: Child) -> Result<Vec<Window>> {
    let mut text = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut text).with_context(|| format!("cannot read what {tool} printed"))?;
    }
    let status = child.wait()?;
    ensure!(status.success(), "{tool} failed: {status}");
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("{tool} printed {line:?}"))).collect()
}

/// One row per tool: mean absolute error for each length, processor time over all windows, and what its bar held.
fn table(windows: &BTreeMap<&str, Vec<Window>>) -> Result<String> {
    let mut table = "| tool |".to_owned();
    for length in LENGTHS {
        table += &format!(" {length} s |");
    }
    table += " processor | error bar |\n|---|---|---|---|---|---|\n";
    for (tool, _) in TOOLS {
        let windows = windows.get(tool).filter(|windows| !windows.is_empty()).with_context(|| format!("{tool} measured nothing"))?;
        table += &format!("| {tool} |");
        for length in LENGTHS {
            let errors = windows.iter().filter(|window| (window.length_s - length).abs() < 1e-9).map(Window::error_percent);
            table += &format!(" {:.2} % |", mean(errors));
        }
        let processor: f64 = windows.iter().map(|window| window.processor_s).sum();
        let took: f64 = windows.iter().map(|window| window.took_s).sum();
        table += &format!(" {:.2} % | {} |\n", 100.0 * processor / took, bar(windows));
    }
    Ok(table)
}

/// What share of the windows the stated interval holds the truth of.
fn bar(windows: &[Window]) -> String {
    let stated: Vec<_> =
        windows.iter().filter_map(|window| Some(window.half_width_j? >= (window.energy_j - window.truth_j).abs())).collect();
    if stated.is_empty() {
        return "none".to_owned();
    }
    format!("holds {} of {}", stated.iter().filter(|holds| **holds).count(), stated.len())
}

impl Window {
    fn error_percent(&self) -> f64 {
        100.0 * ((self.energy_j - self.truth_j) / self.truth_j).abs()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    sum / n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(length_s: f64, energy_j: f64, half_width_j: Option<f64>) -> Window {
        Window { length_s, energy_j, truth_j: 100.0, half_width_j, processor_s: 0.01, took_s: 2.0 }
    }

    #[test]
    fn errors_are_pooled_by_length_and_a_bar_is_held_against_the_truth() {
        let of_lem = [98.0, 104.0].map(|energy| window(2.0, energy, Some(3.0)));
        let others = LENGTHS.map(|length| window(length, 101.0, None));
        let mut windows: BTreeMap<&str, Vec<Window>> = BTreeMap::new();
        for (tool, peer) in TOOLS {
            let rest = LENGTHS[1..].iter().map(|&length| window(length, 100.5, Some(3.0)));
            let of_tool: Vec<_> = if peer.is_none() {
                of_lem.iter().map(|one| window(2.0, one.energy_j, Some(3.0))).chain(rest).collect()
            } else {
                others.iter().map(|one| window(one.length_s, one.energy_j, None)).collect()
            };
            windows.insert(tool, of_tool);
        }
        let table = table(&windows).unwrap();
        assert!(table.contains("| lem | 3.00 % | 0.50 % | 0.50 % | 0.50 % | holds 3 of 4 |"), "{table}");
        assert!(table.contains("| zeus 0.16.0 | 1.00 % | 1.00 % | 1.00 % | 0.50 % | none |"), "{table}");
    }

    #[test]
    fn a_tool_that_measured_nothing_is_named() {
        let error = table(&BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "lem measured nothing");
    }
}
