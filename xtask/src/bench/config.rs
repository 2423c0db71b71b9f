//! What configurations cost: a grid of ten thousand, and checking one.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{RUNS, WARMUP_RUNS, describe};
use crate::process;
use crate::stopwatch::Stopwatch;

/// Grids that are written.
const GRIDS: usize = 5;

/// Cells of each: two settings of a hundred values.
const CELLS: usize = 10_000;

const BASE: &str = "model_name: model.gguf\nprompts:\n  sample_size: 10\ndecoder:\n  preset: deterministic\n";

/// Runs both and prints their figures.
pub(super) fn run() -> Result<()> {
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;
    let folder = process::target_folder().join("bench/config");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let base = folder.join("base.yaml");
    fs::write(&base, BASE).context("cannot write the base")?;

    let mut grids = Vec::with_capacity(GRIDS);
    for number in 0..GRIDS {
        let target = folder.join(format!("grid-{number}"));
        let mut command = process::lem();
        command.args(["--quiet", "config", "generate-grid"]).arg(&base).arg("-o").arg(&target);
        grids.push(timed(command.args(["--vary", "batch_size=1..100", "--vary", "max_output_tokens=1..100"]))?);
        let cells = fs::read_dir(&target).context("the grid left no folder")?.flatten().filter(|entry| entry.path().is_file()).count();
        ensure!(cells == CELLS, "{cells} cells were written");
    }
    println!("{}", describe("grid of 10,000, resolved, checked and written", &mut grids));
    println!("{}", describe("`lem config validate`", &mut validations(&base)?));
    Ok(())
}

fn validations(base: &Path) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(RUNS);
    for number in 0..WARMUP_RUNS + RUNS {
        let mut command = process::lem();
        let time = timed(command.args(["config", "validate"]).arg(base))?;
        if number >= WARMUP_RUNS {
            times.push(time);
        }
    }
    Ok(times)
}

/// Time from start to end of a command that must succeed.
fn timed(command: &mut Command) -> Result<Duration> {
    let stopwatch = Stopwatch::start();
    let output = process::capture(command)?;
    let time = stopwatch.elapsed();
    ensure!(output.status.success(), "`{}` failed: {}", process::shown(command), String::from_utf8_lossy(&output.stderr));
    Ok(time)
}
