//! From a resolved configuration to raw records on disk.

use super::Voice;
use super::session::Session;
use crate::exit::Exit;
use crate::launch::EngineLauncher;
use crate::progress::Bars;
use crate::wire;
use anyhow::Context;
use lem_config::Resolved;
use lem_core::dataset::{self, Selection};
use lem_domain::protocol::{RunSetup, SeamError};
use lem_domain::spec::RequiredGrade;
use lem_domain::{Clock, ExperimentId, Finding, FindingCode, HostClock, Severity};
use lem_energy::host::HostEnvironment;
use lem_orchestration::locks::{self, Claim};
use lem_orchestration::{Ending, Experiment, Start, Tools};
use lem_results::ResultsFolder;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A measurement that left raw records.
pub(crate) struct Recorded {
    pub(crate) id: ExperimentId,
    pub(crate) folder: ResultsFolder,
    /// The exit that a signal asks for, when one ended the run.
    pub(crate) interrupted: Option<Exit>,
    /// Whether there are raw records; a signal may have come before there was anything to record.
    pub(crate) has_raw: bool,
    /// The worst energy grade that was accepted.
    pub(crate) required: RequiredGrade,
}

/// Loads and chooses the prompts of a configuration.
pub(crate) fn prompts(resolved: &Resolved) -> anyhow::Result<Selection> {
    Ok(dataset::load(&resolved.spec.prompts, resolved.spec.seed).map_err(SeamError::from)?)
}

/// Which run this is, and how far it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// The one that goes on; `None` begins a new one.
    pub(crate) taken_up: Option<ExperimentId>,
    /// The cycle before which it stops; `None` is after the last.
    pub(crate) until: Option<u32>,
    /// Whether the measurement locks are left out.
    pub(crate) no_lock: bool,
}

/// Runs the measurement.
pub(crate) fn record(
    resolved: &Resolved,
    selection: Selection,
    course: Course,
    session: &Session,
    voice: Voice,
) -> anyhow::Result<Recorded> {
    let claims = locks::claims(&resolved.spec);
    let _locks = if course.no_lock { None } else { Some(locks::take(&lock_folder(), &claims)?) };
    let folder = ResultsFolder::new(resolved.results_dir.clone());
    let id = course.taken_up.clone().unwrap_or_else(|| lem_results::new_experiment_id(HostClock.wall()));
    let launcher = EngineLauncher { folder: folder.path(&id).join("server"), interrupt: session.interrupt.clone() };
    let parts = wire::wire(&resolved.spec, launcher)?;
    let host = lem_energy::host::snapshot(Path::new("/"), &HostClock);
    let of_host = without_lock(&course, &claims).into_iter().chain(busy(&host, &claims));
    let findings = [resolved.findings.clone(), selection.findings, parts.findings, of_host.collect()].concat();
    let start = if course.taken_up.is_some() { Start::Resumed } else { Start::Fresh(setup(resolved, &host)?) };
    let cycles = resolved.spec.repetition.cycles;
    let experiment = Experiment {
        id: id.clone(),
        spec: resolved.spec.clone(),
        prompts: selection.prompts,
        dataset: selection.facts,
        start,
        until: course.until.unwrap_or(cycles).min(cycles),
        findings,
    };
    let progress = Bars::new(!voice.quiet);
    let tools = Tools {
        clock: &*parts.clock,
        loader: &*parts.loader,
        meter: &*parts.meter,
        results: &folder,
        states: &folder,
        profiles: &*parts.profiles,
        progress: &progress,
        interrupt: &session.interrupt,
    };
    let ending = lem_orchestration::run(experiment, tools)?;
    let interrupted = match ending {
        Ending::Measured | Ending::Paused => None,
        Ending::Interrupted | Ending::Cancelled => Some(session.received.exit()),
    };
    Ok(Recorded { id, folder, interrupted, has_raw: ending != Ending::Cancelled, required: resolved.spec.energy.required })
}

/// Where measurement locks are: a folder that all users of the host share, unless `LEM_RUNTIME_DIR` names another one.
fn lock_folder() -> PathBuf {
    let named = std::env::var_os("LEM_RUNTIME_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| {
        let shared = Path::new("/run/lock");
        if shared.is_dir() { shared.join("lem") } else { std::env::temp_dir().join("lem-locks") }
    })
}

fn without_lock(course: &Course, claims: &[Claim]) -> Option<Finding> {
    (course.no_lock && !claims.is_empty()).then(|| {
        let message = "the measurement locks were left out: another run may have been measured on the same devices";
        Finding::new(FindingCode::MeasuredWithoutLock, Severity::Warning, message).with_hint("leave `--no-lock` out")
    })
}

/// Other work takes time from the model and energy from the sockets; a run that reads neither is not told of it.
fn busy(host: &HostEnvironment, claims: &[Claim]) -> Option<Finding> {
    /// Share of the hardware threads that others may keep busy.
    const TOLERANCE: f64 = 0.25;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = host.load_average_1m.filter(|_| !claims.is_empty())?;
    #[expect(clippy::cast_precision_loss, reason = "a host has far fewer threads than 2^53")]
    let share = load / threads as f64;
    (share > TOLERANCE).then(|| {
        let message = format!("{load:.1} tasks wanted the {threads} hardware threads in the minute before the run");
        Finding::new(FindingCode::HostBusy, Severity::Warning, message).with_hint("end what else runs here, or wait until it has ended")
    })
}

fn setup(resolved: &Resolved, host: &HostEnvironment) -> anyhow::Result<RunSetup> {
    let environment = json!({
        "tool": { "name": "lem", "version": env!("CARGO_PKG_VERSION") },
        "host": host,
    });
    Ok(RunSetup {
        config_yaml: resolved.to_yaml().context("cannot write the configuration as YAML")?,
        provenance_json: pretty(&resolved.provenance_json())?,
        environment_json: pretty(&environment)?,
        spec_digest: digest(resolved),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: HostClock.wall(),
    })
}

/// What identifies the experiment, whatever it is called and wherever its results go.
pub(crate) fn digest(resolved: &Resolved) -> String {
    lem_results::sha256(resolved.canonical_json().as_bytes())
}

fn pretty(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
