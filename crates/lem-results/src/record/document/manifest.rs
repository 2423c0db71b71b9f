//! `manifest.json`: identity of a bundle from its creation on, and the digests of its files once it is sealed.

use super::EngineRecord;
use crate::digest::sha256;
use crate::record::field::wall_time;
use crate::record::{FieldError, SchemaVersion};
use lem_domain::ExperimentId;
use lem_domain::protocol::RunSetup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Identity of a bundle and digests of its files.
///
/// `aggregated.json` is derived and `state.json` changes while the run lives, so neither is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRecord {
    /// Version of the bundle.
    pub schema_version: SchemaVersion,
    /// Name of the bundle's folder.
    pub experiment_id: String,
    /// When the run was created, wall time in UTC, RFC 3339; a label.
    pub created_at: String,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// SHA-256 over the canonical resolved configuration, hexadecimal.
    pub spec_digest: String,
    /// What ran the model; null until the bundle is sealed.
    pub engine: Option<EngineRecord>,
    /// Files by their path below the bundle, `/` between names; null until the bundle is sealed.
    pub files: Option<BTreeMap<String, FileRecord>>,
}

/// One file as it was when the bundle was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
}

impl ManifestRecord {
    /// The manifest of a bundle that has just been made.
    pub(crate) fn of(id: &ExperimentId, setup: &RunSetup) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            experiment_id: id.as_str().to_owned(),
            created_at: wall_time("created_at", setup.created_at)?,
            tool_version: setup.tool_version.clone(),
            spec_digest: setup.spec_digest.clone(),
            engine: None,
            files: None,
        })
    }

    /// Refuses a manifest of another bundle and one that lists paths outside its own folder.
    pub(crate) fn check(&self, id: &ExperimentId) -> Result<(), FieldError> {
        if self.experiment_id != id.as_str() {
            return Err(FieldError::new("experiment_id", format!("it belongs to the bundle `{}`", self.experiment_id)));
        }
        match self.files.iter().flatten().map(|(path, _)| path).find(|path| !is_inside(path)) {
            Some(path) => Err(FieldError::new("files", format!("`{path}` is not a path inside the bundle"))),
            None => Ok(()),
        }
    }
}

impl FileRecord {
    /// The record of a file with this content.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { sha256: sha256(bytes), bytes: bytes.len() as u64 }
    }
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_path_cannot_leave_the_bundle() {
        for inside in ["config.yaml", "raw/process_0.json"] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in ["", "/etc/passwd", "../other/config.yaml", "raw/../../x", "./config.yaml"] {
            assert!(!is_inside(outside), "{outside}");
        }
    }
}
