//! Files against the digests that the bundle was sealed with.

use super::{Problems, ReasonCode};
use crate::digest::sha256;
use crate::error::ResultsError;
use crate::folder::ResultsFolder;
use crate::json;
use crate::layout;
use lem_domain::ExperimentId;
use std::collections::BTreeMap;

/// Checks every file; how many there were.
pub(super) fn check(folder: &ResultsFolder, id: &ExperimentId, problems: &mut Problems) -> Result<u64, ResultsError> {
    let present = folder.raw_names(id)?;
    let manifest = match folder.manifest(id) {
        Ok(manifest) => manifest,
        Err(ResultsError::MissingDocument { .. }) => {
            problems.add(ReasonCode::ManifestMissing, layout::MANIFEST, "there is no manifest");
            return Ok(0);
        }
        Err(error @ ResultsError::UnknownExperiment { .. }) => return Err(error),
        Err(error) => {
            problems.noting::<()>(Err(error));
            return Ok(0);
        }
    };
    let Some(listed) = manifest.files else {
        problems.add(ReasonCode::NotSealed, layout::MANIFEST, "the manifest lists no digests");
        return Ok(0);
    };
    for (name, expected) in &listed {
        let path = folder.path(id).join(name);
        match json::read(&path) {
            Ok(Some(bytes)) if bytes.len() as u64 == expected.bytes && sha256(&bytes) == expected.sha256 => {}
            Ok(Some(_)) => problems.add(ReasonCode::FileChanged, name, "its SHA-256 is not the one in the manifest"),
            Ok(None) => problems.add(ReasonCode::FileMissing, name, "the manifest lists it, and it is not there"),
            Err(error) => problems.add(ReasonCode::FileUnreadable, name, error.to_string()),
        }
    }
    unlisted(&present, &listed, problems);
    Ok(listed.len() as u64)
}

fn unlisted<T>(present: &[String], listed: &BTreeMap<String, T>, problems: &mut Problems) {
    for name in present.iter().filter(|name| !listed.contains_key(*name)) {
        problems.add(ReasonCode::FileUnlisted, name, "it is not in the manifest");
    }
}
