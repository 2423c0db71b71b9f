//! Findings below a result, on stderr.

use anstyle::{AnsiColor, Style};

/// One finding as it is shown.
pub(crate) struct Shown<'a> {
    /// `info`, `warning` or `error`.
    pub(crate) severity: &'a str,
    /// Stable code.
    pub(crate) code: &'a str,
    /// What was seen.
    pub(crate) message: &'a str,
    /// What to try next.
    pub(crate) hint: Option<&'a str>,
}

/// Prints findings, the worst first.
pub(crate) fn show<'a>(findings: impl Iterator<Item = Shown<'a>>) {
    let mut findings: Vec<_> = findings.collect();
    findings.sort_by_key(|finding| match finding.severity {
        "error" => 0,
        "warning" => 1,
        _ => 2,
    });
    for finding in findings {
        let style = style(finding.severity);
        anstream::eprintln!("{style}{}{style:#}[{}]: {}", finding.severity, finding.code, finding.message);
        if let Some(hint) = finding.hint {
            anstream::eprintln!("  hint: {hint}");
        }
    }
}

fn style(severity: &str) -> Style {
    match severity {
        "error" => AnsiColor::Red.on_default().bold(),
        "warning" => AnsiColor::Yellow.on_default().bold(),
        _ => AnsiColor::Blue.on_default(),
    }
}
