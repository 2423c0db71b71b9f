//! Version of the documents.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of the documents and streams of a bundle and of what is kept of sensors between runs, written as `"3.0"`.
///
/// A minor version only adds fields, which older readers pass over. Whatever an older reader would misread — a changed
/// meaning, a removed field, a new name in a closed list — is a new major version.
///
/// Documents of every major version since 1 are read. What they lack is filled in where they say it otherwise, and absent
/// where they do not.
///
/// # Changelog
/// - 3.0: an experiment has cycles. The first one lies where the only one lay; `raw/cycle_<c>/` holds every other one with
///   the same names, so that a reader of 2.x would take the figures of the first cycle for those of all. `aggregated.json`
///   holds `cycles`, and its other figures are over all of them. `state.json` names the `owner` of a run instead of its
///   `owner_pid`, and more phases; there are more codes of findings. New documents, outside of bundles: the plan of a study and the state of its
///   cells.
/// - 2.0: more boundaries, `gauge` among the kinds of sensor, `stop_string` among the reasons why a request ended and new
///   codes of findings. `interval_ns` and `stamp` stand with each sensor; before, all sensors shared the `interval_ns` of
///   `raw/host.json` and every sample was stamped by its read. `raw/host.json` holds `idle`, `kept_idle` and `multipliers`.
///   `aggregated.json` holds `idle`, `paths`, `gauges`, `energy.marginal` and `energy.impact`. `model` may hold
///   `adapter` and `quantization`; `dataset` may hold what was taken of it, where on a hub it lies and the chat template,
///   and its `available` may be null. Speculative decoding and the probabilities of outputs stand in `raw/process_<i>.json`
///   and `aggregated.json` where a run had them, `memory_traffic` in both. A server, its
///   answers and the load that was offered stand in `raw/process_<i>.json`, whose `prompt_tokens` may be null;
///   `load` and `steady` in `aggregated.json`. New documents, outside of bundles: profiles,
///   idle levels, measurements of programs and lines of live power.
/// - 1.0: the first version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SchemaVersion {
    /// Differs where readers must differ.
    pub major: u32,
    /// Grows with fields that older readers pass over.
    pub minor: u32,
}

impl SchemaVersion {
    /// The version this crate writes.
    pub const CURRENT: Self = Self { major: 3, minor: 0 };

    /// The oldest major version that this crate reads.
    pub const OLDEST_MAJOR: u32 = 1;

    /// Whether this crate understands documents of this version.
    #[must_use]
    pub fn is_readable(self) -> bool {
        (Self::OLDEST_MAJOR..=Self::CURRENT.major).contains(&self.major)
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl From<SchemaVersion> for String {
    fn from(version: SchemaVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for SchemaVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let (major, minor) = parts.ok_or_else(|| format!("`{text}` is not a schema version such as `{}`", Self::CURRENT))?;
        Ok(Self { major, minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_back_and_only_an_unknown_major_is_refused() {
        let check = |text: &str, readable: bool| {
            let version: SchemaVersion = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!((version.to_string(), version.is_readable()), (text.to_owned(), readable));
        };
        check("1.0", true);
        check("1.7", true);
        check("2.0", true);
        check("2.7", true);
        check("3.0", true);
        check("4.0", false);
        check("0.9", false);
        for wrong in ["\"1\"", "\"one.two\"", "1.0", "null", "\"\""] {
            assert!(serde_json::from_str::<SchemaVersion>(wrong).is_err(), "{wrong}");
        }
    }
}
