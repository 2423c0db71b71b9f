//! `lem config validate`.

use crate::args::ConfigArgs;
use crate::exit::Exit;
use crate::overlay;
use crate::render::{self, out};
use lem_config::{ConfigError, Resolved, Violation};
use lem_domain::Finding;
use serde_json::{Value, json};

/// Checks a configuration. As JSON, what is wrong with its settings is data, not an error; a file that cannot be read is
/// one either way.
pub(crate) fn validate(args: &ConfigArgs, as_json: bool) -> anyhow::Result<Exit> {
    match lem_config::resolve(&overlay::request(args)?) {
        Ok(resolved) if as_json => {
            out::json(&valid(&resolved))?;
            Ok(Exit::Ok)
        }
        Ok(resolved) => {
            render::findings::show(resolved.findings.iter().cloned());
            out::line(format_args!("valid: {} on {}", resolved.spec.model, resolved.spec.backend))?;
            Ok(Exit::Ok)
        }
        Err(ConfigError::Invalid { violations }) if as_json => {
            out::json(&json!({ "valid": false, "violations": violations.iter().map(violation).collect::<Vec<_>>() }))?;
            Ok(Exit::Usage)
        }
        Err(error) => Err(error.into()),
    }
}

fn valid(resolved: &Resolved) -> Value {
    json!({
        "valid": true,
        "model": resolved.spec.model,
        "backend": resolved.spec.backend.as_str(),
        "findings": resolved.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code.as_str(),
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "hint": finding.hint,
    })
}

fn violation(violation: &Violation) -> Value {
    json!({
        "code": violation.code.as_str(),
        "path": violation.path,
        "message": violation.message,
        "hint": violation.hint,
        "origin": violation.origin.to_string(),
        "line": violation.position.map(|position| position.line),
        "column": violation.position.map(|position| position.column),
    })
}
