//! The clients: how each is installed, started and read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::mock::{Mock, children_s};
use super::{CONCURRENCY, REQUESTS, TOKENS};
use crate::process;
use crate::stopwatch::Stopwatch;

/// A load generator.
#[derive(Clone, Copy)]
pub(super) enum Client {
    Lem,
    Aiperf,
    Guidellm,
}

/// What one run of a client gave.
pub(super) struct Measured {
    pub(super) completed: u32,
    /// As the client tells it: from the first request to the last answer.
    pub(super) run_s: Option<f64>,
    /// From the start of the program to its end.
    pub(super) wall_s: f64,
    pub(super) processor_s: f64,
    pub(super) server_s: f64,
    pub(super) ttft_p50_s: Option<f64>,
    pub(super) itl_p50_s: Option<f64>,
    pub(super) delay_p50_s: Option<f64>,
    pub(super) delay_p99_s: Option<f64>,
}

impl Client {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lem => "lem",
            Self::Aiperf => "aiperf 0.13.0",
            Self::Guidellm => "guidellm 0.8.1",
        }
    }

    /// The package of a peer, and its program.
    fn package(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Lem => None,
            Self::Aiperf => Some(("aiperf==0.13.0", "aiperf")),
            Self::Guidellm => Some(("guidellm==0.8.1", "guidellm")),
        }
    }

    /// Makes an environment of its own for a peer, and the tokenizer that it wants to count with.
    pub(super) fn install(self, folder: &Path) -> Result<()> {
        let Some((package, program)) = self.package() else { return Ok(()) };
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let environment = folder.join(program);
        let python = environment.join("bin/python");
        if !python.exists() {
            process::run(process::command("python3").args(["-m", "venv"]).arg(&environment))?;
        }
        process::run(process::command(&python).args(["-m", "pip", "install", "--quiet", package]))?;
        let script = process::workspace_root().join("xtask/load/tokenizer.py");
        process::run(process::command(&python).arg(script).arg(tokenizer(folder)))
    }

    /// Runs it once.
    pub(super) fn measure(self, folder: &Path, mock: &Mock) -> Result<Measured> {
        match self {
            Self::Lem => lem(mock, REQUESTS, TOKENS, &["--concurrency", &CONCURRENCY.to_string()]),
            Self::Aiperf => aiperf(folder, mock),
            Self::Guidellm => guidellm(folder, mock),
        }
    }
}

/// Where the tokenizer of the peers lies.
fn tokenizer(folder: &Path) -> PathBuf {
    folder.join("tokenizer")
}

/// Runs a client; gives how long it took, what it computed, what the server did, and what it printed.
fn timed(command: &mut Command, mock: &Mock) -> Result<(f64, f64, f64, String)> {
    let (children, server) = (children_s()?, mock.processor_s()?);
    let stopwatch = Stopwatch::start();
    let printed = process::read(command)?;
    let wall_s = stopwatch.elapsed().as_secs_f64();
    Ok((wall_s, children_s()? - children, mock.processor_s()? - server, printed))
}

/// lem with so many requests of so many tokens; `load` says when they come.
pub(super) fn lem(mock: &Mock, requests: u32, tokens: u32, load: &[&str]) -> Result<Measured> {
    let results = process::target_folder().join("load-peers/lem");
    let mut command = process::lem();
    command.args(["-q", "experiment", "--json", "--yes", "--model", "mock", "--url", &mock.url, "--endpoint", "chat"]);
    command.args(["--max-tokens", &tokens.to_string(), "-o"]).arg(results).args(load);
    let prompts = ["prompts.source=synthetic", "prompts.synthetic.tokens=64", "energy.backend=none", "warmup.requests=0"];
    for setting in prompts.iter().map(ToString::to_string).chain([format!("prompts.sample_size={requests}")]) {
        command.args(["--set", &setting]);
    }
    let (wall_s, processor_s, server_s, printed) = timed(&mut command, mock)?;
    let summary: Value = serde_json::from_str(&printed).context("lem printed no document")?;
    let number = |path: &str| summary.pointer(path).and_then(Value::as_f64);
    let completed = summary.pointer("/requests/completed").and_then(Value::as_u64).context("lem counted no requests")?;
    Ok(Measured {
        completed: u32::try_from(completed)?,
        run_s: number("/window_s"),
        wall_s,
        processor_s,
        server_s,
        ttft_p50_s: number("/latency/service_ttft_s/p50"),
        itl_p50_s: number("/latency/itl_s/p50"),
        delay_p50_s: number("/latency/dispatch_delay_s/p50"),
        delay_p99_s: number("/latency/dispatch_delay_s/p99"),
    })
}

fn aiperf(folder: &Path, mock: &Mock) -> Result<Measured> {
    let artifacts = folder.join("aiperf-artifacts");
    let _ = fs::remove_dir_all(&artifacts);
    let mut command = process::command(folder.join("aiperf/bin/aiperf"));
    command.args(["profile", "--model", "mock", "--url", mock.root(), "--endpoint-type", "chat", "--streaming", "--tokenizer"]);
    command.arg(tokenizer(folder)).args(["--concurrency", &CONCURRENCY.to_string(), "--request-count", &REQUESTS.to_string()]);
    command.args(["--synthetic-input-tokens-mean", "64", "--synthetic-input-tokens-stddev", "0"]);
    command.args(["--output-tokens-mean", &TOKENS.to_string(), "--output-tokens-stddev", "0"]);
    command.args(["--extra-inputs", "ignore_eos:true", "--ui", "none", "--no-server-metrics", "--artifact-dir"]).arg(&artifacts);
    let (wall_s, processor_s, server_s, _) = timed(&mut command, mock)?;
    let report = document(&found(&artifacts, "profile_export_aiperf.json")?)?;
    let milliseconds = |name: &str| report.pointer(&format!("/{name}/p50")).and_then(Value::as_f64).map(|value| value / 1e3);
    let completed = report.pointer("/request_count/avg").and_then(Value::as_f64).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let completed = completed as u32;
    Ok(Measured {
        completed,
        run_s: report.pointer("/benchmark_duration/avg").and_then(Value::as_f64),
        wall_s,
        processor_s,
        server_s,
        ttft_p50_s: milliseconds("time_to_first_token"),
        itl_p50_s: milliseconds("inter_token_latency"),
        delay_p50_s: None,
        delay_p99_s: None,
    })
}

fn guidellm(folder: &Path, mock: &Mock) -> Result<Measured> {
    let path = folder.join("guidellm.json");
    let _ = fs::remove_file(&path);
    let mut command = process::command(folder.join("guidellm/bin/guidellm"));
    command.args(["run", "--backend", &format!("kind=openai_http,target={},model=mock", mock.root())]);
    command.args(["--profile", &format!("kind=concurrent,streams={CONCURRENCY}")]);
    command.args(["--constraint", &format!("kind=max_requests,count={REQUESTS}")]);
    command.args(["--data", &format!("kind=synthetic_text,prompt_tokens=64,output_tokens={TOKENS}")]);
    command.args(["--tokenizer", &format!("kind=hf_auto,model={}", tokenizer(folder).display())]);
    command.args(["--output", &format!("kind=json,path={}", path.display()), "--disable-console-interactive"]);
    let (wall_s, processor_s, server_s, _) = timed(&mut command, mock)?;
    let report = document(&path)?;
    let benchmark = report.pointer("/benchmarks/0").context("guidellm reports no benchmark")?;
    let median = |name: &str| {
        benchmark.pointer(&format!("/metrics/{name}/successful/percentiles/p50")).and_then(Value::as_f64).map(|value| value / 1e3)
    };
    let completed = benchmark.pointer("/metrics/request_totals/successful").and_then(Value::as_u64).unwrap_or(0);
    Ok(Measured {
        completed: u32::try_from(completed)?,
        run_s: benchmark.pointer("/duration").and_then(Value::as_f64),
        wall_s,
        processor_s,
        server_s,
        ttft_p50_s: median("time_to_first_token_ms"),
        itl_p50_s: median("inter_token_latency_ms"),
        delay_p50_s: None,
        delay_p99_s: None,
    })
}

/// A file of this name below a folder.
fn found(folder: &Path, name: &str) -> Result<PathBuf> {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return Ok(path);
            }
        }
    }
    anyhow::bail!("there is no {name} below {}", folder.display())
}

fn document(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!text.is_empty(), "{} is empty", path.display());
    serde_json::from_str(&text).with_context(|| format!("{} holds no document", path.display()))
}
