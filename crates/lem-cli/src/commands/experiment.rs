//! `lem experiment` and `lem run`.

use super::Voice;
use super::record::{self, Course, Recorded};
use super::session::Session;
use super::unfinished;
use crate::args::{ExperimentArgs, RunArgs};
use crate::exit::Exit;
use crate::overlay;
use crate::render::{self, out};
use lem_config::Resolved;
use lem_core::dataset::Selection;
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::spec::RequiredGrade;
use lem_domain::{Finding, Severity};
use lem_results::ResultsFolder;
use lem_results::record::document::SummaryRecord;
use std::io::{BufRead, IsTerminal, Write};

/// Measures, derives the figures, shows them.
pub(crate) fn experiment(args: &ExperimentArgs, voice: Voice) -> anyhow::Result<Exit> {
    let recorded = match &args.resume {
        Some(id) => Some(resume(id, &args.run, voice)?),
        None => prepare_and_record(&args.run, if args.fresh { Beginning::Anew } else { Beginning::Offered }, voice)?,
    };
    let Some(recorded) = recorded else { return Ok(Exit::Ok) };
    if !recorded.has_raw {
        return Ok(nothing_recorded(&recorded, voice));
    }
    let (summary, exit) = super::aggregate::derive_and_show(&recorded.folder, &recorded.id, args.run.json, voice)?;
    if let Some(exit) = recorded.interrupted {
        if !voice.quiet {
            anstream::eprintln!("`{}` goes on where it stopped", unfinished::command(recorded.folder.root(), &recorded.id));
        }
        return Ok(exit);
    }
    require_grade(recorded.required, &summary)?;
    Ok(exit)
}

/// Goes on with an experiment that did not finish.
fn resume(text: &str, args: &RunArgs, voice: Voice) -> anyhow::Result<Recorded> {
    let folder = unfinished::results_folder(args);
    let id = folder.resolve(text).map_err(SeamError::from)?;
    let resolved = unfinished::resolved(&folder, &id, args.config.force)?;
    let prompts = record::prompts(&resolved)?;
    unfinished::same_prompts(&folder, &id, &prompts)?;
    if !voice.quiet {
        render::summary::plan(&resolved, &prompts);
    }
    let course = Course { taken_up: Some(id), until: None, no_lock: args.no_lock };
    record::record(&resolved, prompts, course, &Session::listen()?, voice)
}

/// Whether an unfinished run of the same experiment is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Anew,
    Offered,
}

/// Measures and leaves the raw records.
pub(crate) fn run(args: &RunArgs, voice: Voice) -> anyhow::Result<Exit> {
    let Some(recorded) = prepare_and_record(args, Beginning::Anew, voice)? else { return Ok(Exit::Ok) };
    if !recorded.has_raw {
        return Ok(nothing_recorded(&recorded, voice));
    }
    let Recorded { id, folder, interrupted, .. } = recorded;
    if args.json {
        out::json(&serde_json::json!({ "experiment_id": id.as_str(), "path": folder.path(&id) }))?;
    } else {
        out::line(&id)?;
        if !voice.quiet {
            anstream::eprintln!("raw records in {}; `lem aggregate {id}` derives the figures", folder.path(&id).display());
        }
    }
    Ok(interrupted.unwrap_or(Exit::Ok))
}

/// Says that a signal came before there was anything to record.
fn nothing_recorded(recorded: &Recorded, voice: Voice) -> Exit {
    if !voice.quiet {
        anstream::eprintln!("nothing was recorded: the run was stopped before the model was loaded");
    }
    recorded.interrupted.unwrap_or(Exit::Interrupted)
}

/// Everything up to the raw records; `None` after a dry run.
fn prepare_and_record(args: &RunArgs, beginning: Beginning, voice: Voice) -> anyhow::Result<Option<Recorded>> {
    let resolved = lem_config::resolve(&overlay::request(&args.config)?)?;
    let prompts = record::prompts(&resolved)?;
    if args.dry_run {
        out::text(resolved.to_yaml()?)?;
        return Ok(None);
    }
    if !voice.quiet {
        render::summary::plan(&resolved, &prompts);
    }
    accept_warnings(&resolved, &prompts, args.yes)?;
    let folder = ResultsFolder::new(resolved.results_dir.clone());
    let taken_up = if beginning == Beginning::Offered { unfinished::offered(&folder, &resolved, voice) } else { None };
    if let Some(id) = &taken_up {
        unfinished::same_prompts(&folder, id, &prompts)?;
    }
    let course = Course { taken_up, until: None, no_lock: args.no_lock };
    record::record(&resolved, prompts, course, &Session::listen()?, voice).map(Some)
}

/// Sensors that promise a grade may still not reach it: a window can be too short, a sensor can be lost.
fn require_grade(required: RequiredGrade, summary: &SummaryRecord) -> Result<(), SeamError> {
    let Some(worst) = required.worst_accepted() else { return Ok(()) };
    let total = &summary.energy.total;
    if total.value.is_some() && total.grade <= worst {
        return Ok(());
    }
    let reason = total.absence.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    Err(SeamError::new(Fault::Preflight, format!("the energy of the run is {}, which `--require` does not accept{reason}", total.grade))
        .with_hint("the record is kept; run more prompts or longer outputs, or accept what there is with `--require any`"))
}

/// Shows what is already known to be wrong and lets the user decide.
fn accept_warnings(resolved: &Resolved, prompts: &Selection, yes: bool) -> Result<(), SeamError> {
    let known = resolved.findings.iter().chain(&prompts.findings);
    let warnings: Vec<&Finding> = known.filter(|finding| finding.severity >= Severity::Warning).collect();
    if warnings.is_empty() || yes {
        return Ok(());
    }
    render::findings::show(warnings.into_iter().cloned());
    let refusal = || SeamError::new(Fault::Usage, "the warnings above were not accepted").with_hint("`--yes` accepts them without asking");
    if !std::io::stdin().is_terminal() {
        return Err(refusal());
    }
    anstream::eprint!("run all the same? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    let accepted = read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes");
    if accepted { Ok(()) } else { Err(refusal()) }
}
