//! Errors: what, why, and what to try next.

use anstyle::{AnsiColor, Style};
use lem_config::ConfigError;
use lem_domain::protocol::SeamError;
use lem_orchestration::ExperimentError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints an error with its causes and every hint on the way.
pub(crate) fn show(error: &anyhow::Error) {
    anstream::eprintln!("{ERROR}error{ERROR:#}: {error}");
    let mut shown = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // An error that repeats its cause in its own words would be read twice.
        if !shown.ends_with(&text) {
            anstream::eprintln!("  caused by: {text}");
        }
        shown = text;
    }
    for hint in hints(error) {
        anstream::eprintln!("{HINT}hint{HINT:#}: {hint}");
    }
}

/// An error with its causes in one line.
pub(crate) fn in_one_line(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(|cause| cause.to_string().split('\n').map(str::trim).collect::<Vec<_>>().join(" ")).collect();
    texts.join(": ")
}

fn hints(error: &anyhow::Error) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for cause in error.chain() {
        let hint = if let Some(error) = cause.downcast_ref::<ExperimentError>() {
            error.hint()
        } else if let Some(error) = cause.downcast_ref::<SeamError>() {
            error.hint.clone()
        } else {
            cause.downcast_ref::<ConfigError>().and_then(ConfigError::hint)
        };
        hints.extend(hint.filter(|hint| !hints.contains(hint)));
    }
    hints
}
