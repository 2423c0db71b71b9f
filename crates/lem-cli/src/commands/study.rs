//! `lem study`: many experiments that are run as one.

mod cell;
mod file;
mod slurm;

pub(crate) use file::Load;
pub(crate) use slurm::Task;

use super::Voice;
use super::session::Session;
use crate::args::{StudyCellsArgs, StudyCommand, StudyFolderArgs, StudyRunArgs};
use crate::exit::Exit;
use crate::render;
use anyhow::Context;
use cell::Runner;
use lem_domain::HostClock;
use lem_domain::protocol::{Fault, SeamError, StudyStore};
use lem_domain::study::{CellState, CellStatus, StudyCell, StudyPlan};
use lem_orchestration::study::{Stopped, StudyTools, retried, run_study};
use lem_results::StudyFolder;
use std::path::Path;

/// Runs the command that was typed.
pub(crate) fn study(command: &StudyCommand, voice: Voice) -> anyhow::Result<Exit> {
    match command {
        StudyCommand::Run(args) => run(args, voice),
        StudyCommand::Status { folder, json } => status(folder, *json),
        StudyCommand::Retry(args) => change(args, |_| true, retried),
        StudyCommand::Skip(args) => change(args, |state| state.status == CellStatus::Waiting, skipped),
        StudyCommand::Submit(args) => slurm::submit(args, voice),
        StudyCommand::Cancel(args) => slurm::cancel(args),
        StudyCommand::RunCell { folder, index } => run_cell(folder, *index, voice),
    }
}

fn run(args: &StudyRunArgs, voice: Voice) -> anyhow::Result<Exit> {
    if args.dry_run {
        let drawn = file::draw_up(&args.study)?;
        return render::study::plan(&drawn.plan, drawn.load, args.json).map(|()| Exit::Ok).map_err(Into::into);
    }
    let (folder, plan) = open(&args.study, args.output_dir.as_deref(), voice)?;
    let cells: Vec<&StudyCell> = plan.cells.iter().filter(|cell| cell.left_out.is_none()).collect();
    let stopped = turns(&folder, &plan, &cells, false, args.no_lock, voice)?;
    let states = states(&folder, &plan)?;
    render::study::status(&folder, &plan, &states, &[], args.json)?;
    Ok(match stopped {
        Some((Stopped::Interrupted, exit)) => {
            told(voice, &format!("stopped; `lem study run {}` goes on", folder.root().display()));
            exit
        }
        Some((Stopped::Failures(count), _)) => {
            told(voice, &format!("stopped after {count} failures in a row; `lem study retry` and `run` go on"));
            Exit::Incomplete
        }
        Some((Stopped::TimeLimit, _)) => {
            told(voice, &format!("stopped at the time limit; `lem study run {}` goes on", folder.root().display()));
            Exit::Incomplete
        }
        None if lacking(&plan, &states) > 0 => Exit::Incomplete,
        None => Exit::Ok,
    })
}

/// One cell, all of its cycles. A task that Slurm has put back into its queue takes over what it left itself.
fn run_cell(args: &StudyFolderArgs, index: usize, voice: Voice) -> anyhow::Result<Exit> {
    let folder = StudyFolder::new(args.study.clone());
    let plan = folder.plan().map_err(SeamError::from)?;
    let cell = plan.cells.get(index).filter(|cell| cell.left_out.is_none()).with_context(|| format!("the study runs no cell {index}"))?;
    let is_restarted = std::env::var_os("SLURM_RESTART_COUNT").is_some_and(|count| count != "0");
    let stopped = turns(&folder, &plan, &[cell], is_restarted, false, voice)?;
    if let Some((Stopped::Interrupted, exit)) = stopped {
        return Ok(exit);
    }
    let state = folder.load_cell(&cell.name)?;
    Ok(if state.status == CellStatus::Completed { Exit::Ok } else { Exit::Incomplete })
}

fn turns(
    folder: &StudyFolder,
    plan: &StudyPlan,
    cells: &[&StudyCell],
    takes_over: bool,
    no_lock: bool,
    voice: Voice,
) -> anyhow::Result<Option<(Stopped, Exit)>> {
    let session = Session::listen()?;
    let mut runner = Runner::new(folder, plan.cycles, &session, no_lock, voice);
    let tools = StudyTools { store: folder, clock: &HostClock, interrupt: &session.interrupt, takes_over };
    let stopped = run_study(plan, cells, &mut runner, &tools)?;
    Ok(stopped.map(|stopped| (stopped, session.received.exit())))
}

/// The study of a folder, or a new one from a file.
fn open(study: &Path, output: Option<&Path>, voice: Voice) -> anyhow::Result<(StudyFolder, StudyPlan)> {
    if study.is_dir() {
        let folder = StudyFolder::new(study.to_owned());
        let plan = folder.plan().map_err(SeamError::from)?;
        return Ok((folder, plan));
    }
    let drawn = file::draw_up(study)?;
    let root = output.map_or_else(|| Path::new("studies").join(&drawn.plan.name), Path::to_owned);
    let folder = StudyFolder::new(root);
    if folder.exists() {
        let kept = folder.plan().map_err(SeamError::from)?;
        if kept != drawn.plan {
            let what = format!("`{}` holds a study of another plan", folder.root().display());
            return Err(SeamError::new(Fault::Usage, what).with_hint("name another folder with `-o`").into());
        }
        told(voice, &format!("going on with the study in {}", folder.root().display()));
        return Ok((folder, kept));
    }
    if !voice.quiet {
        render::study::announce(&drawn.plan, drawn.load);
    }
    folder.create(&drawn.plan, &drawn.configurations()).map_err(SeamError::from)?;
    Ok((folder, drawn.plan))
}

fn status(args: &StudyFolderArgs, json: bool) -> anyhow::Result<Exit> {
    let folder = StudyFolder::new(args.study.clone());
    let plan = folder.plan().map_err(SeamError::from)?;
    let states = states(&folder, &plan)?;
    render::study::status(&folder, &plan, &states, &slurm::tasks(&folder), json)?;
    Ok(if lacking(&plan, &states) > 0 { Exit::Incomplete } else { Exit::Ok })
}

fn change(args: &StudyCellsArgs, concerns: impl Fn(&CellState) -> bool, change: impl Fn(CellState) -> CellState) -> anyhow::Result<Exit> {
    let folder = StudyFolder::new(args.folder.study.clone());
    let plan = folder.plan().map_err(SeamError::from)?;
    for cell in chosen(&plan, &args.cells)? {
        let state = folder.load_cell(&cell.name)?;
        if concerns(&state) {
            folder.save_cell(&cell.name, &change(state))?;
        }
    }
    Ok(Exit::Ok)
}

/// Cells by their names; all that are run where none is named.
fn chosen<'a>(plan: &'a StudyPlan, names: &[String]) -> Result<Vec<&'a StudyCell>, SeamError> {
    let run = || plan.cells.iter().filter(|cell| cell.left_out.is_none());
    if names.is_empty() {
        return Ok(run().collect());
    }
    let named = |name: &String| {
        run().find(|cell| cell.name == *name).ok_or_else(|| {
            SeamError::new(Fault::Usage, format!("the study runs no cell `{name}`")).with_hint("`lem study status` names its cells")
        })
    };
    names.iter().map(named).collect()
}

fn skipped(state: CellState) -> CellState {
    CellState { status: CellStatus::Skipped, ..state }
}

fn states(folder: &StudyFolder, plan: &StudyPlan) -> Result<Vec<CellState>, SeamError> {
    plan.cells.iter().map(|cell| folder.load_cell(&cell.name)).collect()
}

/// Cells without a valid result that should have one: those that mean the same as another have its.
fn lacking(plan: &StudyPlan, states: &[CellState]) -> usize {
    let is_run = |cell: &StudyCell| cell.left_out.is_none();
    plan.cells.iter().zip(states).filter(|(cell, state)| is_run(cell) && state.status != CellStatus::Completed).count()
}

fn told(voice: Voice, line: &str) {
    if !voice.quiet {
        anstream::eprintln!("{line}");
    }
}
