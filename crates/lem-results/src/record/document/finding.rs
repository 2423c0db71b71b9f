//! Findings as written.

use crate::record::name;
use lem_domain::{Finding, FindingCode, Severity};
use serde::{Deserialize, Serialize};

/// What a reader must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Stable code.
    #[serde(with = "name")]
    pub code: FindingCode,
    /// How much it matters: `info`, `warning` or `error`.
    #[serde(with = "name")]
    pub severity: Severity,
    /// What was seen, with the figures.
    pub message: String,
    /// What to try next.
    pub hint: Option<String>,
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> Self {
        Self { code: finding.code, severity: finding.severity, message: finding.message.clone(), hint: finding.hint.clone() }
    }
}

impl From<FindingRecord> for Finding {
    fn from(record: FindingRecord) -> Self {
        Self { code: record.code, severity: record.severity, message: record.message, hint: record.hint }
    }
}
