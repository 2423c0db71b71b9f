//! What a check of a bundle found. Printed, not stored.

use crate::record::name;
use crate::verify::ReasonCode;
use serde::Serialize;
use serde_json::Value;

/// What checking a bundle found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerificationRecord {
    /// The bundle.
    pub experiment_id: String,
    /// Whether nothing is wrong with it. That it was made by an honest program it cannot say: nothing is signed.
    pub is_sound: bool,
    /// Files whose digests were checked.
    pub files_checked: u64,
    /// Fields of the figures that were derived anew and compared.
    pub figures_checked: u64,
    /// What is wrong, in the order it was found.
    pub problems: Vec<ProblemRecord>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProblemRecord {
    /// Stable code.
    #[serde(serialize_with = "name::serialize")]
    pub code: ReasonCode,
    /// File, figure, process or sensor.
    pub place: String,
    /// What was seen.
    pub message: String,
    /// The stored figure; null where there is none.
    pub stored: Option<Value>,
    /// The derived figure; null where there is none.
    pub derived: Option<Value>,
}
