//! From a resolved configuration to raw records on disk.

use super::Voice;
use crate::exit::Exit;
use crate::progress::Bars;
use crate::{signals, wire};
use anyhow::Context;
use lem_config::Resolved;
use lem_core::dataset::{self, Selection};
use lem_domain::protocol::{Interrupt, RunSetup, SeamError};
use lem_domain::spec::RequiredGrade;
use lem_domain::{Clock, ExperimentId, HostClock};
use lem_orchestration::{Ending, Experiment, Tools};
use lem_results::ResultsFolder;
use serde_json::json;
use std::path::Path;

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

/// Runs the measurement.
pub(crate) fn record(resolved: &Resolved, selection: Selection, voice: Voice) -> anyhow::Result<Recorded> {
    let parts = wire::wire(&resolved.spec)?;
    let folder = ResultsFolder::new(resolved.results_dir.clone());
    let id = lem_results::new_experiment_id(HostClock.wall());
    let findings = [resolved.findings.clone(), selection.findings, parts.findings].concat();
    let experiment = Experiment {
        id: id.clone(),
        spec: resolved.spec.clone(),
        prompts: selection.prompts,
        dataset: selection.facts,
        setup: setup(resolved)?,
        findings,
    };
    let interrupt = Interrupt::new();
    let received = signals::listen(&interrupt, Some("stopping: what was recorded is being saved (once more to stop at once)"))?;
    let progress = Bars::new(!voice.quiet);
    let tools = Tools {
        clock: &*parts.clock,
        loader: &*parts.loader,
        meter: &*parts.meter,
        results: &folder,
        states: &folder,
        profiles: &*parts.profiles,
        progress: &progress,
        interrupt: &interrupt,
    };
    let ending = lem_orchestration::run(experiment, tools)?;
    let interrupted = match ending {
        Ending::Measured => None,
        Ending::Interrupted | Ending::Cancelled => Some(received.exit()),
    };
    Ok(Recorded { id, folder, interrupted, has_raw: ending != Ending::Cancelled, required: resolved.spec.energy.required })
}

fn setup(resolved: &Resolved) -> anyhow::Result<RunSetup> {
    let environment = json!({
        "tool": { "name": "lem", "version": env!("CARGO_PKG_VERSION") },
        "host": lem_energy::host::snapshot(Path::new("/"), &HostClock),
    });
    Ok(RunSetup {
        config_yaml: resolved.to_yaml().context("cannot write the configuration as YAML")?,
        provenance_json: pretty(&resolved.provenance_json())?,
        environment_json: pretty(&environment)?,
        spec_digest: lem_results::sha256(resolved.canonical_json().as_bytes()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: HostClock.wall(),
    })
}

fn pretty(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
