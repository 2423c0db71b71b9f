//! What a study of a thousand cells costs beside what it measures, on the simulated machine, whose windows take no time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::stopwatch::Stopwatch;

const CELLS: usize = 1_000;

const BASE: &str = "\
model_name: virtual
backend: virtual
warmup: { requests: 0 }
prompts: { source: file, path: prompts.txt, sample_size: all }
energy: { baseline: { duration: 0s } }
";

/// A hundred lengths by ten prompt files, of which one is not there.
const STUDY: &str = "\
base: base.yaml
vary:
  - max_output_tokens=1..100
  - prompts.path=0.txt,1.txt,2.txt,3.txt,4.txt,5.txt,6.txt,7.txt,8.txt,missing.txt
";

/// What was seen of the program while it ran.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    cpu_ticks: u64,
    resident_kib: u64,
}

/// Clock ticks of a second: `USER_HZ`, which is 100 wherever Linux runs programs; see time(7).
const TICKS_PER_SECOND: f64 = 100.0;

/// Runs it and prints its figures.
pub(super) fn run() -> Result<()> {
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;
    let folder = process::target_folder().join("bench/study");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).with_context(|| format!("cannot write `{name}`"));
    put("base.yaml", BASE)?;
    put("sweep.yaml", STUDY)?;
    for file in 0..9 {
        put(&format!("{file}.txt"), &format!("one two three {file}\n"))?;
    }
    let flush = flush(&folder)?;

    let mut command = process::lem();
    command.current_dir(&folder).args(["--quiet", "study", "run", "sweep.yaml", "--json"]);
    let stopwatch = Stopwatch::start();
    let mut child = command.stdout(fs::File::create(folder.join("status.json"))?).spawn().context("cannot start lem")?;
    let (mut last, mut early) = (Seen::default(), None);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        last = seen(child.id()).unwrap_or(last);
        let done = fs::read_dir(folder.join("studies/sweep/results")).map_or(0, Iterator::count);
        if early.is_none() && done >= CELLS / 10 {
            early = Some(last);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let took = stopwatch.elapsed();
    let text = fs::read_to_string(folder.join("status.json"))?;
    let count = |status: &str| text.matches(&format!("\"status\": \"{status}\"")).count();
    ensure!(status.code() == Some(4), "a study with poisoned cells ended with {status}");
    ensure!(
        (count("completed"), count("failed")) == (CELLS - CELLS / 10, CELLS / 10),
        "{} completed, {} failed",
        count("completed"),
        count("failed")
    );
    #[expect(clippy::cast_precision_loss, reason = "a few thousand ticks and cells")]
    let (ticks, cells) = (last.cpu_ticks as f64, CELLS as f64);
    let (cpu_ms, took_ms) = (1e3 * ticks / TICKS_PER_SECOND / cells, 1e3 * took.as_secs_f64() / cells);
    println!("study of {CELLS} cells, one in ten poisoned: {cpu_ms:.2} ms of processor time and {took_ms:.1} ms of time a cell");
    println!("one write that is flushed takes {:.2} ms here", 1e3 * flush.as_secs_f64());
    println!(
        "resident memory: {} KiB after a tenth of the cells, {} KiB at the end",
        early.unwrap_or_default().resident_kib,
        last.resident_kib
    );
    Ok(())
}

/// Processor time and memory of a process, as proc_pid_stat(5) and proc_pid_status(5) tell them.
fn seen(pid: u32) -> Option<Seen> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<u64>().ok();
    let cpu_ticks = ticks(fields.next())? + ticks(fields.next())?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(Seen { cpu_ticks, resident_kib: resident.trim().trim_end_matches(" kB").trim().parse().ok()? })
}

/// Median time of a small write that is flushed to the disk, as every document of a bundle is.
fn flush(folder: &Path) -> Result<Duration> {
    let path = folder.join("flushed");
    let mut times = Vec::new();
    for _ in 0..21 {
        let stopwatch = Stopwatch::start();
        let mut file = fs::File::create(&path)?;
        std::io::Write::write_all(&mut file, b"{}")?;
        file.sync_all()?;
        times.push(stopwatch.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
