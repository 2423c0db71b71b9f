//! The built program on a real model: measure, derive again, look at the result, and refuse what is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{model, process};

/// Exit code of a request that cannot be: wrong usage, wrong configuration, unknown id.
const EXIT_USAGE: i32 = 2;

/// Grades under which an energy figure has a value.
const GRADES_WITH_A_VALUE: [&str; 3] = ["measured", "derived", "estimated"];

/// Every request runs to its full length: a fast machine must not fall below the second that the processor estimate
/// needs because the model had little to say.
const FULL_LENGTH: [&str; 2] = ["--set", "min_output_tokens=32"];

/// Measures some prompts and checks what lies on disk and what the commands say about it.
pub(super) fn run() -> Result<String> {
    let model = model::fetch()?;
    let model = model.absolute.to_str().context("the path of the workspace is not UTF-8; move it")?;
    let results = fresh_folder()?;
    let folder = results.to_str().context("the path of the workspace is not UTF-8; move it")?;

    let printed = succeed(&[
        "experiment",
        "--preset",
        "quick-test",
        "--model",
        model,
        "-n",
        "30",
        "-y",
        "--json",
        "-o",
        folder,
        FULL_LENGTH[0],
        FULL_LENGTH[1],
    ])?;
    let facts = check_record(&parse(&printed, "lem experiment --json")?)?;

    let aggregated = results.join(&facts.id).join("aggregated.json");
    let stored = read(&aggregated)?;
    ensure!(stored == printed, "`lem experiment --json` printed something else than it stored in `{}`", aggregated.display());
    fs::remove_file(&aggregated).with_context(|| format!("cannot remove `{}`", aggregated.display()))?;
    succeed(&["aggregate", &facts.id, "-o", folder])?;
    ensure!(read(&aggregated)? == stored, "late aggregation wrote another `{}` than the run did", aggregated.display());

    let shown = succeed(&["results", "show", &facts.id, "--json", "-o", folder])?;
    ensure!(shown == stored, "`lem results show --json` differs from `{}`", aggregated.display());
    let listed = succeed(&["results", "list", "--json", "-o", folder])?;
    check_list(&parse(&listed, "lem results list --json")?, &facts.id)?;

    refuse(&["results", "show", "no-such-experiment", "-o", folder])?;
    refuse(&["experiment", "--preset", "no-such-preset", "--model", model, "-o", folder])?;
    refuse(&["experiment", "--preset", "quick-test", "--model", "no-such-model.gguf", "-y", "-o", folder])?;
    refuse(&["no-such-command"])?;

    fs::remove_dir_all(&results).with_context(|| format!("cannot remove `{}`", results.display()))?;
    Ok(format!("{} output tokens, energy {}", facts.output_tokens, facts.energy_grade))
}

/// What the checks need from a record.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    id: String,
    output_tokens: u64,
    energy_grade: String,
}

/// The record has an id, output tokens, and an energy figure with a grade.
fn check_record(record: &Value) -> Result<Facts> {
    let id = record.pointer("/experiment_id").and_then(Value::as_str).context("the record has no `experiment_id`")?;
    let tokens = record.pointer("/tokens/output").and_then(Value::as_u64).context("the record has no number at `tokens.output`")?;
    ensure!(tokens > 0, "the run produced no output token");
    let grade = record.pointer("/energy/total/grade").and_then(Value::as_str).context("the record has no `energy.total.grade`")?;
    ensure!(GRADES_WITH_A_VALUE.contains(&grade), "the energy of the run has grade `{grade}`, so it has no value");
    let energy = record.pointer("/energy/total/value").and_then(Value::as_f64);
    ensure!(energy.is_some_and(|joules| joules > 0.0), "the energy of the run is graded `{grade}` but is {energy:?}");
    Ok(Facts { id: id.to_owned(), output_tokens: tokens, energy_grade: grade.to_owned() })
}

/// The list holds this experiment and no other.
fn check_list(list: &Value, id: &str) -> Result<()> {
    let entries = list.as_array().context("`lem results list --json` is no array")?;
    let ids: Vec<Option<&str>> = entries.iter().map(|entry| entry.get("id").and_then(Value::as_str)).collect();
    ensure!(ids == [Some(id)], "`lem results list --json` names {ids:?} instead of only {id}");
    Ok(())
}

/// An empty results folder below `target/`.
fn fresh_folder() -> Result<PathBuf> {
    let folder = process::workspace_root().join("target").join(format!("end-to-end-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    Ok(folder)
}

/// Standard output of a command that must succeed.
fn succeed(arguments: &[&str]) -> Result<Vec<u8>> {
    expect_exit(arguments, 0).map(|output| output.stdout)
}

/// A command that must be refused as wrong usage, with nothing on standard output and a reason on standard error.
fn refuse(arguments: &[&str]) -> Result<()> {
    let output = expect_exit(arguments, EXIT_USAGE)?;
    ensure!(output.stdout.is_empty(), "`lem {}` was refused but printed data", arguments.join(" "));
    ensure!(!output.stderr.is_empty(), "`lem {}` was refused without a reason", arguments.join(" "));
    Ok(())
}

fn expect_exit(arguments: &[&str], code: i32) -> Result<Output> {
    let mut command = process::lem();
    command.args(arguments);
    eprintln!("$ {}", process::shown(&command));
    let output = process::capture(&mut command)?;
    if output.status.code() != Some(code) {
        bail!(
            "`{}` ended with {} instead of exit code {code}:\n{}",
            process::shown(&command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(output)
}

fn parse(json: &[u8], origin: &str) -> Result<Value> {
    serde_json::from_slice(json).with_context(|| format!("`{origin}` printed something that is not JSON"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(tokens: Value, grade: &str, joules: Value) -> Value {
        json!({ "experiment_id": "a", "tokens": { "output": tokens }, "energy": { "total": { "grade": grade, "value": joules } } })
    }

    fn check_refused(record: &Value, reason: &str) {
        let error = check_record(record).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_full_record_passes() {
        let facts = check_record(&record(json!(96), "estimated", json!(12.5))).unwrap();
        assert_eq!(facts, Facts { id: "a".to_owned(), output_tokens: 96, energy_grade: "estimated".to_owned() });
    }

    #[test]
    fn a_record_without_tokens_or_energy_is_refused() {
        check_refused(&record(json!(0), "measured", json!(1.0)), "no output token");
        check_refused(&record(Value::Null, "measured", json!(1.0)), "no number at `tokens.output`");
        check_refused(&record(json!(5), "unavailable", Value::Null), "grade `unavailable`");
        check_refused(&record(json!(5), "measured", json!(0.0)), "graded `measured` but is Some(0.0)");
        check_refused(&json!({ "experiment_id": "a" }), "tokens.output");
        check_refused(&json!({}), "experiment_id");
    }

    #[test]
    fn a_list_must_hold_exactly_the_one_experiment() {
        assert!(check_list(&json!([{ "id": "a" }]), "a").is_ok());
        assert!(check_list(&json!([]), "a").is_err());
        assert!(check_list(&json!([{ "id": "a" }, { "id": "b" }]), "a").is_err());
        assert!(check_list(&json!({ "id": "a" }), "a").is_err());
    }
}
