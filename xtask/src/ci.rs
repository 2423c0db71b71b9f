//! Every check in order, as a maintainer and the continuous integration run them.
//!
//! All steps build with the release profile, so that heavy dependencies compile once for lints, tests and the real run.

mod browser;
mod end_to_end;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::stopwatch::Stopwatch;
use crate::{dist, docs, layers, model, process, release, setup};

/// Options of `ci`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Optional parts that need more than Rust, a C compiler, Python and git (there is none yet)
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    with: Vec<String>,
    /// Go on after a step that failed, and say at the end which did
    #[arg(long)]
    keep_going: bool,
}

/// One check.
struct Step {
    name: &'static str,
    /// Does the work, and returns what the summary says about it; often nothing.
    run: fn() -> Result<String>,
}

/// In order: what is quick and often wrong comes first.
const STEPS: [Step; 18] = [
    Step { name: "tools", run: || silent(setup::install_missing_tools()) },
    Step { name: "format", run: || silent(process::run(&mut process::cargo(["fmt", "--all", "--check"]))) },
    Step { name: "layers", run: || silent(layers::run()) },
    Step { name: "documents", run: || silent(docs::check()) },
    Step { name: "lints", run: || silent(process::run(&mut process::cargo(LINT_ARGUMENTS))) },
    Step { name: "reference", run: || silent(docs::build_reference()) },
    Step { name: "build", run: || silent(process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))) },
    Step { name: "references", run: || silent(docs::check_references()) },
    Step { name: "model", run: || model::fetch().map(|model| model.relative.display().to_string()) },
    Step { name: "tests", run: tests },
    Step { name: "model tests", run: model_tests },
    Step { name: "doctests", run: doctests },
    Step { name: "example", run: example },
    Step { name: "end to end", run: end_to_end::run },
    Step { name: "slurm", run: slurm },
    Step { name: "browser", run: browser::run },
    Step { name: "release", run: release::check },
    Step { name: "dist", run: || dist::build(Path::new("target/dist")).map(|archive| archive.display().to_string()) },
];

const LINT_ARGUMENTS: [&str; 7] = ["clippy", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"];

/// Names the file of the model for the tests that need a real one; without it they say so and are skipped.
const MODEL_VARIABLE: &str = "LEM_TEST_MODEL";

/// Runs every step.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(part) = arguments.with.first() {
        bail!("`{part}` is no optional part of ci: there is none yet, leave `--with` out");
    }
    let outcomes = run_steps(&STEPS, arguments.keep_going);
    eprint!("\n{}", table(&outcomes));
    let failed: Vec<&str> = outcomes.iter().filter(|outcome| matches!(outcome.end, End::Failed(_))).map(|outcome| outcome.name).collect();
    if !failed.is_empty() {
        bail!("ci failed: {}", failed.join(", "));
    }
    Ok(())
}

fn tests() -> Result<String> {
    let summary = nextest(&[])?;
    eprint!("{}", ignored()?);
    Ok(summary)
}

/// The tests that a plain run skips, each with its reason, which nextest does not tell.
fn ignored() -> Result<String> {
    let mut command = process::command("git");
    command.args(["grep", "-n", "-E", r"^ *#\[ignore", "--", "*.rs"]);
    let found = String::from_utf8(process::capture(&mut command)?.stdout)?;
    let skipped = found.lines().filter_map(|line| {
        let (place, attribute) = line.split_once("#[ignore")?;
        let reason = attribute.split('"').nth(1).unwrap_or("no reason given");
        Some(format!("skipped: {}: {reason}\n", place.trim().trim_end_matches(':')))
    });
    Ok(skipped.collect())
}

/// The tests that a plain run skips because they need the model; that of Gemma stays skipped unless somebody has it, as
/// nothing fetches it.
fn model_tests() -> Result<String> {
    let which = if std::env::var_os("LEM_TEST_GEMMA").is_some() { "package(lem-tests)" } else { "package(lem-tests) and not test(gemma)" };
    nextest(&["--run-ignored", "only", "-E", which])
}

fn nextest(which: &[&str]) -> Result<String> {
    let mut command = process::cargo(["nextest", "run", "--workspace", "--cargo-profile", "release", "--profile", "ci"]);
    command.args(which).env(MODEL_VARIABLE, model::fetch()?.absolute);
    Ok(process::run_keeping_line(&mut command, "Summary [")?.unwrap_or_default())
}

fn doctests() -> Result<String> {
    let mut command = process::cargo(["test", "--doc", "--workspace", "--release"]);
    silent(process::run(command.env(MODEL_VARIABLE, model::fetch()?.absolute)))
}

/// The model in a program of one's own, as the README of lem-core shows it.
fn example() -> Result<String> {
    process::run(&mut process::cargo(["build", "--workspace", "--release", "--example", "generate"]))?;
    let mut command = process::command(process::target_folder().join("release/examples/generate"));
    silent(process::run(command.arg(model::fetch()?.absolute)))
}

/// A study on a real Slurm of one node, where one can be installed; the script says why it is skipped elsewhere.
fn slurm() -> Result<String> {
    let mut command = process::command(process::workspace_root().join("tests/slurm/run.sh"));
    command.arg(process::target_folder().join("release/lem"));
    let told = process::read(&mut command)?;
    eprint!("{told}");
    Ok(told.lines().last().unwrap_or_default().to_owned())
}

fn silent(result: Result<()>) -> Result<String> {
    result.map(|()| String::new())
}

/// How a step ended.
struct Outcome {
    name: &'static str,
    took: Duration,
    end: End,
}

enum End {
    /// With what the summary says about it.
    Passed(String),
    Failed(anyhow::Error),
    NotRun,
}

fn run_steps(steps: &[Step], keep_going: bool) -> Vec<Outcome> {
    let mut stopped = false;
    let mut outcomes = Vec::with_capacity(steps.len());
    for step in steps {
        if stopped {
            outcomes.push(Outcome { name: step.name, took: Duration::ZERO, end: End::NotRun });
            continue;
        }
        eprintln!("\n== {} ==", step.name);
        let stopwatch = Stopwatch::start();
        let end = match (step.run)() {
            Ok(note) => End::Passed(note),
            Err(error) => {
                eprintln!("{}", process::render(&error));
                stopped = !keep_going;
                End::Failed(error)
            }
        };
        let took = stopwatch.elapsed();
        eprintln!("== {} took {:.1} s ==", step.name, took.as_secs_f64());
        outcomes.push(Outcome { name: step.name, took, end });
    }
    outcomes
}

fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for Outcome { name, took, end } in outcomes {
        let seconds = format!("{:.1} s", took.as_secs_f64());
        let (result, seconds, note) = match end {
            End::Passed(note) => ("ok", seconds, note.clone()),
            // The whole error stands at its step; its first line reminds.
            End::Failed(error) => ("FAILED", seconds, error.to_string().lines().next().unwrap_or_default().to_owned()),
            End::NotRun => ("not run", "-".to_owned(), String::new()),
        };
        text.push_str(format!("{name:<12}{result:<9}{seconds:>9}  {note}").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step { name: "passes", run: || Ok("3 checked".to_owned()) };
    const FAILS: Step = Step { name: "fails", run: || Err(anyhow::anyhow!("one thing is wrong\nwith details")) };

    fn check(steps: &[Step], keep_going: bool, expected: &str) {
        let mut outcomes = run_steps(steps, keep_going);
        for outcome in &mut outcomes {
            outcome.took = Duration::from_millis(1500);
        }
        assert_eq!(table(&outcomes), expected);
    }

    #[test]
    fn the_first_failure_stops_the_run_and_the_rest_is_marked() {
        check(
            &[PASSES, FAILS, PASSES],
            false,
            "passes      ok           1.5 s  3 checked\nfails       FAILED       1.5 s  one thing is wrong\npasses      not run          -\n",
        );
    }

    #[test]
    fn keep_going_runs_what_comes_after_a_failure() {
        check(&[FAILS, PASSES], true, "fails       FAILED       1.5 s  one thing is wrong\npasses      ok           1.5 s  3 checked\n");
    }

    #[test]
    fn a_part_that_does_not_exist_is_refused_before_anything_runs() {
        let arguments = Arguments { with: vec!["servers".to_owned()], keep_going: false };
        let error = run(&arguments).unwrap_err().to_string();
        assert!(error.contains("`servers` is no optional part"), "{error}");
    }
}
