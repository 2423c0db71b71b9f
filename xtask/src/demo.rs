//! The shortest way from a fresh checkout to a measurement of a real model.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{model, process};

/// Thirty prompts of exactly 32 output tokens: seconds of work, yet long enough for the processor estimate on any machine.
const USUAL_ARGUMENTS: [&str; 4] = ["-n", "30", "--set", "min_output_tokens=32"];

/// Where the demo keeps its results, whatever the environment says.
const RESULTS: &str = "results";

/// Options of `demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure: a .gguf file or `org/name`; without it, the small model that `model` fetches
    #[arg(long, value_name = "REF")]
    model: Option<String>,
    /// Arguments for `lem experiment`, in place of the usual thirty prompts of 32 output tokens
    #[arg(last = true, value_name = "LEM ARGUMENTS")]
    extra: Vec<String>,
}

/// Fetches the model, builds lem, measures, writes a report, and says where both lie.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let model = match &arguments.model {
        Some(reference) if !model::is_pinned(reference) => PathBuf::from(reference),
        _ => model::fetch()?.relative,
    };
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;

    let results = process::workspace_root().join(RESULTS);
    let before = bundles(&results);
    let mut command = process::lem();
    command.args(["experiment", "--preset", "quick-test", "-y", "-o", RESULTS, "--model"]).arg(model);
    if arguments.extra.is_empty() {
        command.args(USUAL_ARGUMENTS);
    } else {
        command.args(&arguments.extra);
    }
    process::run(&mut command)?;

    for id in bundles(&results).difference(&before) {
        let report = format!("{RESULTS}/{id}.html");
        process::run(process::lem().args(["-q", "results", "report", id, "--results-dir", RESULTS, "-o", &report]))?;
        eprint!("{}", next_steps(id, &report));
    }
    Ok(())
}

/// Names of the result folders; none when there are no results yet.
fn bundles(results: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(results).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn next_steps(id: &str, report: &str) -> String {
    format!(
        "
The report on it is {report}; open it in a browser.
The result lies in results/{id}/. Try next:
  target/release/lem results list
  target/release/lem results show {id}
  target/release/lem results serve        # all results in the browser
  target/release/lem aggregate {id}    # derives every figure again from the raw streams
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_results_folder_means_no_bundles() {
        assert!(bundles(Path::new("no/such/folder")).is_empty());
    }

    #[test]
    fn every_command_that_is_suggested_names_the_new_result() {
        let text = next_steps("20261124T035644.123Z-abc", "results/20261124T035644.123Z-abc.html");
        assert!(text.contains("results show 20261124T035644.123Z-abc\n"), "{text}");
        assert!(text.contains("results/20261124T035644.123Z-abc/"), "{text}");
        assert!(text.contains("results/20261124T035644.123Z-abc.html"), "{text}");
    }
}
