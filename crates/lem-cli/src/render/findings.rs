//! Findings below a result, on stderr.

use anstyle::{AnsiColor, Style};
use lem_domain::{Finding, Severity};
use lem_results::record::document::FindingRecord;

/// Prints findings, the worst first.
pub(crate) fn show(findings: impl Iterator<Item = Finding>) {
    let mut findings: Vec<_> = findings.collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        let style = style(finding.severity);
        anstream::eprintln!("{style}{}{style:#}[{}]: {}", finding.severity.as_str(), finding.code, finding.message);
        if let Some(hint) = finding.hint {
            anstream::eprintln!("  hint: {hint}");
        }
    }
}

/// Prints the findings of a stored result.
pub(crate) fn show_stored(findings: &[FindingRecord]) {
    show(findings.iter().cloned().map(Finding::from));
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Info => AnsiColor::Blue.on_default(),
    }
}
