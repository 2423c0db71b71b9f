//! Saving and loading the raw records. What is parsed is the very bytes whose digest was checked.

use super::ResultsFolder;
use crate::atomic;
use crate::digest::sha256;
use crate::error::ResultsError;
use crate::json;
use crate::layout::{self, Bundle};
use crate::parquet::{StreamError, decode_events, decode_samples, encode_events, encode_samples};
use crate::record::FieldError;
use crate::record::document::{FileRecord, HostRecord, ProcessRecord, StreamRecord};
use lem_domain::ExperimentId;
use lem_domain::record::{self as domain, ExperimentRecord, RunRecord};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The raw records of one experiment as they lie on disk, for people to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RawFiles {
    /// Every raw file, streams included, cycle by cycle in the order: processes, host.
    pub files: Vec<PathBuf>,
    /// The documents of each cycle, in order.
    pub cycles: Vec<RawCycle>,
}

/// The documents of one cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RawCycle {
    /// Its index.
    pub cycle: u32,
    /// The documents of the processes, by index.
    pub processes: Vec<serde_json::Value>,
    /// The document of the host's meter; null when it was never saved.
    pub host: Option<serde_json::Value>,
}

impl ResultsFolder {
    /// The raw records of an experiment as they lie on disk; nothing but their JSON is checked.
    ///
    /// # Errors
    /// When there is no such experiment, it has no raw records, or they are no JSON.
    pub fn raw(&self, id: &ExperimentId) -> Result<RawFiles, ResultsError> {
        let bundle = self.bundle(id)?;
        let names = raw_names(&bundle)?;
        if names.is_empty() {
            return Err(ResultsError::MissingRaw { path: bundle.raw() });
        }
        let document = |name: &str| -> Result<Option<serde_json::Value>, ResultsError> {
            let path = bundle.file(name);
            json::read(&path)?.map(|bytes| json::parse_as(&path, &bytes)).transpose()
        };
        let mut cycles = Vec::new();
        for cycle in bundle.cycles()? {
            let mut processes = Vec::new();
            for index in bundle.process_indices(cycle)? {
                processes.extend(document(&layout::process(cycle, index))?);
            }
            cycles.push(RawCycle { cycle, processes, host: document(&layout::host(cycle))? });
        }
        Ok(RawFiles { files: names.iter().map(|name| bundle.file(name)).collect(), cycles })
    }

    /// Saves the record of a process: its events first, then the document whose presence says that both are there.
    pub(super) fn keep_process(&self, id: &ExperimentId, cycle: u32, process: &domain::ProcessRecord) -> Result<(), ResultsError> {
        let bundle = self.with_cycle(id, cycle)?;
        let stream_path = bundle.file(&layout::events(cycle, process.index));
        let stream = encode_events(&process.events).map_err(|error| unencodable(&stream_path, error))?;
        let path = bundle.file(&layout::process(cycle, process.index));
        let document = ProcessRecord::of(process, stream_record(process.events.len(), &stream))
            .map_err(|error| ResultsError::unrepresentable(&path, error))?;
        atomic::write(&stream_path, &stream)?;
        json::save(&path, &document)
    }

    /// Saves the record of the host: its samples first, then the document.
    pub(super) fn keep_host(&self, id: &ExperimentId, cycle: u32, host: &domain::HostRecord) -> Result<(), ResultsError> {
        let bundle = self.with_cycle(id, cycle)?;
        let stream_path = bundle.file(&layout::samples(cycle));
        let stream = encode_samples(&host.meter.samples).map_err(|error| unencodable(&stream_path, error))?;
        let path = bundle.file(&layout::host(cycle));
        let document = HostRecord::of(host, stream_record(host.meter.samples.len(), &stream))
            .map_err(|error| ResultsError::unrepresentable(&path, error))?;
        atomic::write(&stream_path, &stream)?;
        json::save(&path, &document)
    }

    /// The bundle, with a place for a cycle. Several processes may make it at once.
    fn with_cycle(&self, id: &ExperimentId, cycle: u32) -> Result<Bundle, ResultsError> {
        let bundle = self.bundle(id)?;
        let folder = bundle.file(&layout::cycle(cycle));
        match std::fs::create_dir(&folder) {
            Ok(()) => atomic::sync_folder(&bundle.raw())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(ResultsError::writing(&folder, error)),
        }
        Ok(bundle)
    }

    /// Loads all raw records, each file checked against the manifest of a sealed bundle.
    ///
    /// A cycle that was being recorded when the program ended is passed over, as long as an earlier one is complete.
    ///
    /// # Errors
    /// When raw records are missing, damaged or of an unknown version.
    pub fn load_record(&self, id: &ExperimentId) -> Result<ExperimentRecord, ResultsError> {
        let bundle = self.bundle(id)?;
        let sealed = Self::manifest_of(&bundle, id)?.and_then(|manifest| manifest.files);
        let complete = bundle.complete_cycles()?;
        let reader = RawReader { bundle, sealed };
        reader.refuse_losses()?;
        // The first cycle is read even if it is incomplete: what it lacks is then named.
        let last = complete.last().copied().unwrap_or(0);
        Ok(ExperimentRecord { cycles: (0..=last).map(|cycle| reader.cycle(cycle)).collect::<Result<_, _>>()? })
    }
}

/// Names of the raw files that are there, below the bundle; temporary and foreign files are passed over.
pub(super) fn raw_names(bundle: &Bundle) -> Result<Vec<String>, ResultsError> {
    let mut names = Vec::new();
    for cycle in bundle.cycles()? {
        let processes = bundle.process_indices(cycle)?.into_iter();
        let of_processes = processes.flat_map(|index| [layout::process(cycle, index), layout::events(cycle, index)]);
        let of_cycle = of_processes.chain([layout::host(cycle), layout::samples(cycle)]);
        names.extend(of_cycle.filter(|name| bundle.file(name).is_file()));
    }
    Ok(names)
}

/// Reads the raw files of one bundle.
struct RawReader {
    bundle: Bundle,
    sealed: Option<BTreeMap<String, FileRecord>>,
}

impl RawReader {
    /// Refuses a sealed bundle that lost a raw file: fewer processes would quietly give smaller figures.
    fn refuse_losses(&self) -> Result<(), ResultsError> {
        let lost = self.sealed.iter().flatten().map(|(name, _)| name).filter(|name| name.starts_with("raw/"));
        match lost.map(|name| self.bundle.file(name)).find(|path| !path.is_file()) {
            Some(path) => Err(ResultsError::MissingRaw { path }),
            None => Ok(()),
        }
    }

    fn cycle(&self, cycle: u32) -> Result<RunRecord, ResultsError> {
        let indices = self.bundle.process_indices(cycle)?;
        if indices.is_empty() {
            return Err(ResultsError::MissingRaw { path: self.bundle.file(&layout::cycle(cycle)) });
        }
        let processes = indices.into_iter().map(|index| self.process(cycle, index)).collect::<Result<_, _>>()?;
        Ok(RunRecord { processes, host: self.host(cycle)? })
    }

    fn process(&self, cycle: u32, index: u32) -> Result<domain::ProcessRecord, ResultsError> {
        let (path, bytes) = self.read(&layout::process(cycle, index))?;
        let document: ProcessRecord = json::parse(&path, &bytes)?;
        if document.index != index {
            let problem = format!("the file is named after process {index}, its content is of process {}", document.index);
            return Err(ResultsError::invalid(&path, FieldError::new("index", problem)));
        }
        let events = self.stream(&layout::events(cycle, index), &document.events, decode_events)?;
        document.with_events(events).map_err(|error| ResultsError::invalid(&path, error))
    }

    fn host(&self, cycle: u32) -> Result<domain::HostRecord, ResultsError> {
        let (path, bytes) = self.read(&layout::host(cycle))?;
        let document: HostRecord = json::parse(&path, &bytes)?;
        let samples = self.stream(&layout::samples(cycle), &document.samples, decode_samples)?;
        document.with_samples(samples).map_err(|error| ResultsError::invalid(&path, error))
    }

    fn stream<T>(
        &self,
        name: &str,
        expected: &StreamRecord,
        decode: impl FnOnce(&[u8]) -> Result<Vec<T>, StreamError>,
    ) -> Result<Vec<T>, ResultsError> {
        let (path, bytes) = self.read(name)?;
        if sha256(&bytes) != expected.sha256 {
            return Err(ResultsError::DigestMismatch { path });
        }
        decode(&bytes).map_err(|error| match error {
            StreamError::Codec(source) => ResultsError::Stream { path, source },
            StreamError::Column(error) => ResultsError::invalid(&path, error),
        })
    }

    /// The bytes of a raw file, unless they are not those that the bundle was sealed with.
    fn read(&self, name: &str) -> Result<(PathBuf, Vec<u8>), ResultsError> {
        let path = self.bundle.file(name);
        let Some(bytes) = json::read(&path)? else { return Err(ResultsError::MissingRaw { path }) };
        match self.sealed.as_ref().map(|files| files.get(name)) {
            Some(None) => Err(ResultsError::Unlisted { path }),
            Some(Some(file)) if *file != FileRecord::of(&bytes) => Err(ResultsError::DigestMismatch { path }),
            Some(Some(_)) | None => Ok((path, bytes)),
        }
    }
}

fn stream_record(rows: usize, bytes: &[u8]) -> StreamRecord {
    StreamRecord { rows: rows as u64, sha256: sha256(bytes) }
}

fn unencodable(path: &Path, error: StreamError) -> ResultsError {
    match error {
        StreamError::Codec(source) => ResultsError::Stream { path: path.to_owned(), source },
        StreamError::Column(error) => ResultsError::unrepresentable(path, error),
    }
}
