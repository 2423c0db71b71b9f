//! Names inside a bundle. Only names made here are opened; none is ever taken from a file.

use crate::error::ResultsError;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the file that whoever runs an experiment keeps locked.
pub(crate) const LOCK: &str = ".lock";

/// Name of the derived document.
pub(crate) const AGGREGATED: &str = "aggregated.json";

/// Name of the identity of a bundle and the digests of its files.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Documents that are written when the bundle is made and never again.
pub(crate) const SETUP: [&str; 3] = [CONFIG, PROVENANCE, ENVIRONMENT];

/// Name of the resolved configuration.
pub(crate) const CONFIG: &str = "config.yaml";

/// Name of the origins of its values.
pub(crate) const PROVENANCE: &str = "provenance.json";

/// Name of the description of the machine.
pub(crate) const ENVIRONMENT: &str = "environment.json";

const RAW: &str = "raw";

/// Folder of what one cycle left, below the bundle.
///
/// The first one lies where the only one lay before there were several.
pub(crate) fn cycle(cycle: u32) -> String {
    if cycle == 0 { RAW.to_owned() } else { format!("{RAW}/{CYCLE}{cycle}") }
}

const CYCLE: &str = "cycle_";

/// Name of the document of the host's meter, below the bundle.
pub(crate) fn host(cycle: u32) -> String {
    format!("{}/host.json", self::cycle(cycle))
}

/// Name of the sensor samples, below the bundle.
pub(crate) fn samples(cycle: u32) -> String {
    format!("{}/host.samples.parquet", self::cycle(cycle))
}

/// Name of the document of a process, below the bundle.
pub(crate) fn process(cycle: u32, index: u32) -> String {
    format!("{}/process_{index}.json", self::cycle(cycle))
}

/// Name of the events of a process, below the bundle.
pub(crate) fn events(cycle: u32, index: u32) -> String {
    format!("{}/process_{index}.events.parquet", self::cycle(cycle))
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
        self.folder.join(MANIFEST)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    /// A file by one of the names of this module.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Indices of the processes that left a complete record of a cycle, in order. Other files, temporary ones among them,
    /// are passed over.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub(crate) fn process_indices(&self, cycle: u32) -> Result<Vec<u32>, ResultsError> {
        indices(&self.file(&self::cycle(cycle)), process_index)
    }

    /// Indices of the cycles that have a place, whatever lies there, in order.
    ///
    /// # Errors
    /// When the raw folder is there and cannot be read.
    pub(crate) fn cycles(&self) -> Result<Vec<u32>, ResultsError> {
        Ok([vec![0], indices(&self.raw(), cycle_index)?].concat())
    }

    /// Indices of the cycles whose host left its record, which it does last, in order.
    ///
    /// # Errors
    /// When the raw folder is there and cannot be read.
    pub(crate) fn complete_cycles(&self) -> Result<Vec<u32>, ResultsError> {
        Ok(self.cycles()?.into_iter().filter(|&cycle| self.file(&host(cycle)).is_file()).collect())
    }
}

/// The indices in the names of a folder, in order; none of a folder that is not there.
fn indices(folder: &Path, index: fn(&str) -> Option<u32>) -> Result<Vec<u32>, ResultsError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ResultsError::reading(folder, error)),
    };
    let mut indices = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| ResultsError::reading(folder, error))?;
        indices.extend(entry.file_name().to_str().and_then(index));
    }
    indices.sort_unstable();
    Ok(indices)
}

/// The index in the name of a cycle's folder; `None` for any other name, `cycle_0` among them.
fn cycle_index(file_name: &str) -> Option<u32> {
    number(file_name.strip_prefix(CYCLE)?).filter(|&index| index > 0)
}

/// The index in the name of a process's document; `None` for any other name, `process_01.json` among them.
fn process_index(file_name: &str) -> Option<u32> {
    number(file_name.strip_prefix("process_")?.strip_suffix(".json")?)
}

/// A number in its one spelling, without leading zeros.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|parsed: &u32| parsed.to_string() == text)
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

    #[test]
    fn the_first_cycle_lies_where_the_only_one_lay() {
        assert_eq!((host(0), process(0, 3)), ("raw/host.json".to_owned(), "raw/process_3.json".to_owned()));
        assert_eq!((host(12), events(12, 0)), ("raw/cycle_12/host.json".to_owned(), "raw/cycle_12/process_0.events.parquet".to_owned()));
        assert_eq!(cycle_index("cycle_12"), Some(12));
        for other in ["cycle_0", "cycle_01", "cycle_", "cycle_1.tmp", "process_1.json"] {
            assert_eq!(cycle_index(other), None, "{other}");
        }
    }
}
