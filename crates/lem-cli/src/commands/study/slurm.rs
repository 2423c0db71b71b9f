//! Cells as tasks of a Slurm job array, on a folder that every node sees. Slurm schedules; each task runs one cell, and the
//! study's own files say what came of it.

use super::{chosen, open, skipped};
use crate::args::{Executor, StudyCellsArgs, SubmitArgs};
use crate::commands::Voice;
use crate::exit::Exit;
use crate::render::out;
use anyhow::Context;
use lem_domain::protocol::{Fault, SeamError, StudyStore};
use lem_domain::study::{CellStatus, StudyPlan};
use lem_results::StudyFolder;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A task as Slurm sees it.
pub(crate) struct Task {
    /// Position of the cell in the plan.
    pub(crate) cell: usize,
    /// Its state by Slurm's name, such as `PENDING`.
    pub(crate) state: String,
}

/// Job arrays of a study, one id a line, in the order they were submitted.
const JOBS: &str = "slurm.jobs";

/// Submits every cell that waits and has no task.
pub(super) fn submit(args: &SubmitArgs, voice: Voice) -> anyhow::Result<Exit> {
    let Executor::Slurm = args.executor;
    let (folder, plan) = open(&args.study, args.output_dir.as_deref(), voice)?;
    let root = folder.root().canonicalize().context("cannot find the folder of the study")?;
    let active: Vec<usize> = tasks(&folder).into_iter().map(|task| task.cell).collect();
    let mut waiting = Vec::new();
    for (position, cell) in plan.cells.iter().enumerate().filter(|(_, cell)| cell.left_out.is_none()) {
        let state = folder.load_cell(&cell.name)?;
        if matches!(state.status, CellStatus::Waiting | CellStatus::Running) && !active.contains(&position) {
            waiting.push(position.to_string());
        }
    }
    if waiting.is_empty() {
        return Err(SeamError::new(Fault::Usage, "no cell is left to be submitted")
            .with_hint("`lem study retry` lets failed ones run again")
            .into());
    }
    let script = root.join("task.sh");
    std::fs::write(&script, task_script(&root)?).with_context(|| format!("cannot write `{}`", script.display()))?;
    let most = args.parallel.map_or_else(String::new, |parallel| format!("%{parallel}"));
    let mut command = Command::new("sbatch");
    // A task that is put back into the queue adds to its output.
    command.args(["--parsable", "--open-mode=append", "--requeue", "--job-name", &plan.name]);
    command.arg(format!("--array={}{most}", waiting.join(","))).arg("--output").arg(root.join("task-%a.log"));
    // Python's and the shell's ways to pass settings on are the user's own; a task needs those of the one who submits.
    command.arg("--export=ALL").args(args.partition.iter().map(|partition| format!("--partition={partition}")));
    command.args(&args.options).arg(&script);
    let printed = answered(&mut command)?;
    // `id`, or `id;cluster`.
    let job = printed.trim().split(';').next().unwrap_or_default().to_owned();
    let mut jobs = jobs(&folder);
    jobs.push(job.clone());
    std::fs::write(folder.root().join(JOBS), jobs.join("\n") + "\n").context("cannot write which job it is")?;
    out::line(&job)?;
    super::told(
        voice,
        &format!("{} cells submitted; `lem study status {}` shows how far they are", waiting.len(), folder.root().display()),
    );
    Ok(Exit::Ok)
}

/// Cancels the tasks of cells, which are left out from then on.
pub(super) fn cancel(args: &StudyCellsArgs) -> anyhow::Result<Exit> {
    let folder = StudyFolder::new(args.folder.study.clone());
    let plan = folder.plan().map_err(SeamError::from)?;
    for cell in chosen(&plan, &args.cells)? {
        let position = position(&plan, &cell.name);
        for job in jobs(&folder) {
            answered(Command::new("scancel").arg(format!("{job}_{position}")))?;
        }
        let state = folder.load_cell(&cell.name)?;
        if matches!(state.status, CellStatus::Waiting | CellStatus::Running) {
            folder.save_cell(&cell.name, &skipped(state))?;
        }
    }
    Ok(Exit::Ok)
}

/// The tasks that Slurm still has; none where there is no Slurm, or nothing was submitted.
pub(super) fn tasks(folder: &StudyFolder) -> Vec<Task> {
    let jobs = jobs(folder);
    if jobs.is_empty() {
        return Vec::new();
    }
    let mut command = Command::new("squeue");
    command.args(["--json", "--array", "--jobs", &jobs.join(",")]);
    let printed = answered(&mut command).unwrap_or_default();
    let queue: Value = serde_json::from_str(&printed).unwrap_or_default();
    queue["jobs"].as_array().into_iter().flatten().flat_map(of_record).collect()
}

/// Slurm's names of the states of a task that is not over.
const ACTIVE: [&str; 7] = ["PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD"];

/// The tasks of one record: a task that has been started has its own, those that wait share one.
fn of_record(job: &Value) -> Vec<Task> {
    // A word, or since 23.02 a list of words; a number, or likewise an object that holds it.
    let state = job["job_state"].as_str().or_else(|| job["job_state"][0].as_str()).unwrap_or_default();
    let one = || job["array_task_id"].as_u64().or_else(|| job["array_task_id"]["number"].as_u64());
    let cells = match job["array_task_string"].as_str() {
        Some(waiting) if !waiting.is_empty() => positions(waiting),
        _ => one().and_then(|id| usize::try_from(id).ok()).into_iter().collect(),
    };
    if !ACTIVE.contains(&state) {
        return Vec::new();
    }
    cells.into_iter().map(|cell| Task { cell, state: state.to_owned() }).collect()
}

/// Positions from a list such as `0-3,7%2`; what stands behind the percent sign is how many may run at once.
fn positions(list: &str) -> Vec<usize> {
    let list = list.split('%').next().unwrap_or_default();
    let range = |part: &str| -> Option<Vec<usize>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.parse().ok()?..=last.parse().ok()?).collect())
    };
    list.split(',').filter_map(range).flatten().collect()
}

fn jobs(folder: &StudyFolder) -> Vec<String> {
    let text = std::fs::read_to_string(folder.root().join(JOBS)).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn position(plan: &StudyPlan, name: &str) -> usize {
    plan.cells.iter().position(|cell| cell.name == name).expect("the cell is one of the plan")
}

fn task_script(root: &Path) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let here: PathBuf = std::env::current_dir().context("cannot find the folder this runs in")?;
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    // exec: the signals of a cancellation reach the program itself, which saves what it has.
    Ok(format!("#!/bin/sh\ncd {}\nexec {} study run-cell {} \"$SLURM_ARRAY_TASK_ID\"\n", quoted(&here), quoted(&program), quoted(root)))
}

fn answered(command: &mut Command) -> Result<String, SeamError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        SeamError::new(Fault::Preflight, format!("cannot run `{program}`")).because(error).with_hint("Slurm's programs have to be in PATH")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(SeamError::new(Fault::Preflight, format!("`{program}` refused: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tasks_of_both_forms_are_told() {
        let check = |job: Value, expected: &[usize]| {
            let cells: Vec<usize> = of_record(&job).into_iter().map(|task| task.cell).collect();
            assert_eq!(cells, expected, "{job}");
        };
        check(json!({ "job_state": "PENDING", "array_task_id": null, "array_task_string": "1-3,5%2" }), &[1, 2, 3, 5]);
        check(json!({ "job_state": "RUNNING", "array_task_id": 4, "array_task_string": "" }), &[4]);
        check(json!({ "job_state": ["RUNNING"], "array_task_id": { "set": true, "number": 4 }, "array_task_string": "" }), &[4]);
        check(json!({ "job_state": "CANCELLED", "array_task_id": 4, "array_task_string": "" }), &[]);
    }

    #[test]
    fn a_task_runs_where_it_was_submitted_whatever_folders_are_called() {
        let script = task_script(Path::new("/shared/it's here")).expect("this program is somewhere");
        assert!(script.ends_with("study run-cell '/shared/it'\\''s here' \"$SLURM_ARRAY_TASK_ID\"\n"), "{script}");
    }
}
