//! Checks: status, name and what was found on a line; what helps on the next, where it copies well.

use anstyle::{AnsiColor, Style};
use lem_energy::doctor::{Check, CheckStatus};
use serde::Serialize;

/// What `lem doctor --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The best grade that an energy read here can have.
    pub(crate) best_grade: &'static str,
    /// The checks.
    pub(crate) checks: Vec<Check>,
}

/// The checks as text.
pub(crate) fn lines(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let style = style(check.status);
        let (status, name) = (check.status.as_str(), check.name.replace('_', " "));
        text += &format!("{style}{status:<6}{style:#}  {name:<width$}  {}\n", check.found);
        if let Some(fix) = &check.fix {
            text += &format!("        {:<width$}  fix: {fix}\n", "");
        }
    }
    text
}

fn style(status: CheckStatus) -> Style {
    match status {
        CheckStatus::Ok => AnsiColor::Green.on_default(),
        CheckStatus::Warn => AnsiColor::Yellow.on_default().bold(),
        CheckStatus::Fail => AnsiColor::Red.on_default().bold(),
        CheckStatus::Absent => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        vec![
            Check::new("rapl", CheckStatus::Fail, "perf: denied").with_fix("sudo sysctl kernel.perf_event_paranoid=0"),
            Check::new("cpu_governor", CheckStatus::Warn, "powersave: frequencies follow the load").with_fix("sudo cpupower …"),
            Check::new("turbo", CheckStatus::Ok, "off"),
            Check::new("nvml", CheckStatus::Absent, "there is no NVIDIA driver"),
        ]
    }

    #[test]
    fn a_check_is_a_line_and_its_fix_another() {
        let plain = anstream::adapter::strip_str(&lines(&checks())).to_string();
        let expected = "\
fail    rapl          perf: denied
                      fix: sudo sysctl kernel.perf_event_paranoid=0
warn    cpu governor  powersave: frequencies follow the load
                      fix: sudo cpupower …
ok      turbo         off
absent  nvml          there is no NVIDIA driver
";
        assert_eq!(plain, expected);
    }

    #[test]
    fn json_names_are_stable() {
        let report = Report { best_grade: "estimated", checks: checks() };
        let json = serde_json::to_value(&report).expect("plain data");
        let first = serde_json::json!({
            "name": "rapl", "status": "fail", "found": "perf: denied", "fix": "sudo sysctl kernel.perf_event_paranoid=0"
        });
        assert_eq!((&json["best_grade"], &json["checks"][0]), (&"estimated".into(), &first));
        assert_eq!((&json["checks"][2]["status"], &json["checks"][2]["fix"]), (&"ok".into(), &serde_json::Value::Null));
    }
}
