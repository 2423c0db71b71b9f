//! Stored figures against derived ones, number by number.

use super::{Problems, ReasonCode};
use crate::record::document::{ProblemRecord, SummaryRecord};
use lem_domain::FindingCode;
use serde_json::Value;

/// Relative difference that the order of a sum may make.
const ROUNDING: f64 = 1e-9;

/// Ratio of two sensors of one device beyond which no gain explains it.
const CONTRADICTION: f64 = 1.5;

/// Compares every field; how many there were.
pub(super) fn compare(stored: &SummaryRecord, derived: &SummaryRecord, problems: &mut Problems) -> u64 {
    let as_value = |summary: &SummaryRecord| serde_json::to_value(summary).unwrap_or(Value::Null);
    let mut comparison = Comparison { problems, fields: 0 };
    comparison.values("", &as_value(stored), &as_value(derived));
    let fields = comparison.fields;
    if derived.findings.iter().any(|finding| finding.code == FindingCode::ArithmeticShort) {
        problems.add(ReasonCode::ArithmeticShort, "arithmetic.executed", "the engine counted less than these tokens need");
    }
    for path in derived.paths.iter().filter(|path| path.ratio > CONTRADICTION || path.ratio < 1.0 / CONTRADICTION) {
        let place = format!("{}, {}", path.device, path.boundary);
        let message = format!("`{}` tells {:.3} times the energy of `{}`", path.first, path.ratio, path.second);
        problems.add(ReasonCode::PathsContradict, place, message);
    }
    fields
}

struct Comparison<'a> {
    problems: &'a mut Problems,
    fields: u64,
}

impl Comparison<'_> {
    fn values(&mut self, path: &str, stored: &Value, derived: &Value) {
        match (stored, derived) {
            (Value::Object(stored), Value::Object(derived)) => {
                let names: std::collections::BTreeSet<&String> = stored.keys().chain(derived.keys()).collect();
                for name in names {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let of = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or(Value::Null);
                    self.values(&path, &of(stored), &of(derived));
                }
            }
            (Value::Array(stored), Value::Array(derived)) if stored.len() == derived.len() => {
                for (position, (stored, derived)) in stored.iter().zip(derived).enumerate() {
                    self.values(&format!("{path}[{position}]"), stored, derived);
                }
            }
            _ => {
                self.fields += 1;
                // Another version of this program writes another version of the document; the figures are what counts.
                if path != "schema_version" && !agree(stored, derived) {
                    self.problems.0.push(ProblemRecord {
                        code: code_of(path),
                        place: path.to_owned(),
                        message: "the stored figure is not the one that the raw records give".to_owned(),
                        stored: Some(stored.clone()),
                        derived: Some(derived.clone()),
                    });
                }
            }
        }
    }
}

fn agree(stored: &Value, derived: &Value) -> bool {
    match (stored.as_f64(), derived.as_f64()) {
        // Counts of operations pass 2⁵³ and are compared digit by digit.
        (Some(one), Some(other)) if stored.is_f64() || derived.is_f64() => (one - other).abs() <= ROUNDING * one.abs().max(other.abs()),
        _ => stored == derived,
    }
}

/// The code of a field, by where it stands.
fn code_of(path: &str) -> ReasonCode {
    const GRADES: [&str; 6] = [".grade", ".validity", ".validity_reason", ".boundary", ".source", ".absence"];
    let is_in = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
    if is_in(&["experiment_id", "model", "engine", "dataset"]) {
        ReasonCode::IdentityDiffers
    } else if is_in(&["findings"]) {
        ReasonCode::FindingsDiffer
    } else if path.contains("impact") {
        ReasonCode::ImpactDiffers
    } else if is_in(&["certainty"]) {
        ReasonCode::CertaintyDiffers
    } else if GRADES.iter().any(|end| path.ends_with(end)) {
        ReasonCode::GradeDiffers
    } else if path.contains("energy") || is_in(&["readings", "paths", "idle"]) {
        ReasonCode::EnergyDiffers
    } else if path.contains("tokens") || path.contains("requests") || path == "processes" {
        ReasonCode::TokensDiffer
    } else if path.contains("throughput") || path.contains("window_s") || path.contains("mean_power") {
        ReasonCode::RateDiffers
    } else if is_in(&["latency"]) {
        ReasonCode::LatencyDiffers
    } else if is_in(&["arithmetic", "memory_traffic"]) {
        ReasonCode::ArithmeticDiffers
    } else {
        ReasonCode::FigureDiffers
    }
}
