//! Names inside a bundle. Only names made here are opened; none is ever taken from a file.

use crate::error::ResultsError;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the derived document.
pub(crate) const AGGREGATED: &str = "aggregated.json";

/// Name of the document of the host's meter, below the bundle.
pub(crate) const HOST: &str = "raw/host.json";

/// Name of the sensor samples, below the bundle.
pub(crate) const SAMPLES: &str = "raw/host.samples.parquet";

/// Documents that are written when the bundle is made and never again.
pub(crate) const SETUP: [&str; 3] = [CONFIG, PROVENANCE, ENVIRONMENT];

/// Name of the resolved configuration.
pub(crate) const CONFIG: &str = "config.yaml";

/// Name of the origins of its values.
pub(crate) const PROVENANCE: &str = "provenance.json";

/// Name of the description of the machine.
pub(crate) const ENVIRONMENT: &str = "environment.json";

const RAW: &str = "raw";

/// Name of the document of a process, below the bundle.
pub(crate) fn process(index: u32) -> String {
    format!("{RAW}/process_{index}.json")
}

/// Name of the events of a process, below the bundle.
pub(crate) fn events(index: u32) -> String {
    format!("{RAW}/process_{index}.events.parquet")
}

/// Paths of one bundle.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    folder: PathBuf,
}

impl Bundle {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn raw(&self) -> PathBuf {
        self.folder.join(RAW)
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join("manifest.json")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// A file by one of the names of this module.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Indices of the processes that left a complete record, in order. Other files, temporary ones among them, are
    /// passed over.
    ///
    /// # Errors
    /// When the raw folder is there and cannot be read.
    pub(crate) fn process_indices(&self) -> Result<Vec<u32>, ResultsError> {
        let raw = self.raw();
        let entries = match std::fs::read_dir(&raw) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ResultsError::reading(&raw, error)),
        };
        let mut indices = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| ResultsError::reading(&raw, error))?;
            indices.extend(entry.file_name().to_str().and_then(process_index));
        }
        indices.sort_unstable();
        Ok(indices)
    }
}

/// The index in the name of a process's document; `None` for any other name, `process_01.json` among them.
fn process_index(file_name: &str) -> Option<u32> {
    let index = file_name.strip_prefix("process_")?.strip_suffix(".json")?;
    index.parse().ok().filter(|parsed: &u32| parsed.to_string() == index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documents_of_processes_have_an_index() {
        assert_eq!(process_index("process_0.json"), Some(0));
        assert_eq!(process_index("process_12.json"), Some(12));
        for other in
            ["process_01.json", "process_+1.json", "process_.json", "process_0.events.parquet", ".process_0.json.x.tmp", "host.json"]
        {
            assert_eq!(process_index(other), None, "{other}");
        }
    }
}
