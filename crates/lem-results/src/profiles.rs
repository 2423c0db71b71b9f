//! What is known of this machine's sensors between runs: a file per board, and one of idle levels.

use crate::atomic;
use crate::error::ResultsError;
use crate::json;
use crate::record::FieldError;
use crate::record::document::{IdleLevelsRecord, ProfileKeyRecord, ProfileRecord};
use lem_domain::idle::IdleLevel;
use lem_domain::profile::{BoardProfile, ProfileKey};
use lem_domain::protocol::{ProfileStore, SeamError};
use std::io;
use std::path::{Path, PathBuf};

/// A folder of profiles and idle levels. Making this value touches no file; the folder is made with its first file.
#[derive(Clone, Debug)]
pub struct ProfileFolder {
    root: PathBuf,
}

impl ProfileFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file in which the profile of a board is kept, whether it is there or not.
    #[must_use]
    pub fn profile_path(&self, key: &ProfileKey) -> PathBuf {
        self.profiles().join(format!("{}.json", ProfileKeyRecord::from(key).file_stem()))
    }

    /// The document of a profile, as it is kept.
    ///
    /// # Errors
    /// When a figure is no finite number.
    pub fn document(&self, profile: &BoardProfile) -> Result<ProfileRecord, ResultsError> {
        ProfileRecord::of(profile).map_err(|error| ResultsError::unrepresentable(&self.profile_path(&profile.key), error))
    }

    fn profiles(&self) -> PathBuf {
        self.root.join("profiles")
    }

    fn idle(&self) -> PathBuf {
        self.root.join("idle.json")
    }

    fn read_profiles(&self) -> Result<Vec<BoardProfile>, ResultsError> {
        let folder = self.profiles();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ResultsError::reading(&folder, error)),
        };
        let mut profiles = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| ResultsError::reading(&folder, error))?;
            // Whatever else lies there, a temporary file among it, is passed over.
            let name = entry.file_name();
            let Some(stem) = name.to_str().and_then(profile_stem) else { continue };
            profiles.extend(read_profile(&entry.path(), stem)?);
        }
        profiles.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(profiles)
    }

    fn write_profile(&self, profile: &BoardProfile) -> Result<(), ResultsError> {
        let record = self.document(profile)?;
        make(&self.profiles())?;
        json::save(&self.profile_path(&profile.key), &record)?;
        atomic::sync_folder(&self.root)
    }

    fn read_idle(&self) -> Result<Vec<IdleLevel>, ResultsError> {
        let path = self.idle();
        let Some(record) = json::load::<IdleLevelsRecord>(&path)? else { return Ok(Vec::new()) };
        record.levels().map_err(|error| ResultsError::invalid(&path, error))
    }

    fn write_idle(&self, levels: &[IdleLevel]) -> Result<(), ResultsError> {
        let path = self.idle();
        let record = IdleLevelsRecord::of(levels).map_err(|error| ResultsError::unrepresentable(&path, error))?;
        make(&self.root)?;
        json::save(&path, &record)
    }
}

impl ProfileStore for ProfileFolder {
    fn load_profiles(&self) -> Result<Vec<BoardProfile>, SeamError> {
        self.read_profiles().map_err(seam)
    }

    fn save_profile(&self, profile: &BoardProfile) -> Result<(), SeamError> {
        self.write_profile(profile).map_err(seam)
    }

    fn load_idle(&self) -> Result<Vec<IdleLevel>, SeamError> {
        self.read_idle().map_err(seam)
    }

    fn save_idle(&self, levels: &[IdleLevel]) -> Result<(), SeamError> {
        self.write_idle(levels).map_err(seam)
    }
}

/// The profile at `path`; `None` when it was removed since the folder was listed.
fn read_profile(path: &Path, stem: &str) -> Result<Option<BoardProfile>, ResultsError> {
    let Some(record) = json::load::<ProfileRecord>(path)? else { return Ok(None) };
    // A copied file would else stand for a board of which there is a profile already.
    if record.key.file_stem() != stem {
        let problem = format!("the file is not named after the board `{}`, of which it speaks", record.key.board);
        return Err(ResultsError::invalid(path, FieldError::new("key", problem)));
    }
    record.profile().map(Some).map_err(|error| ResultsError::invalid(path, error))
}

/// The part of a file's name that is made of a key; `None` for a name that no profile has.
fn profile_stem(file_name: &str) -> Option<&str> {
    let stem = file_name.strip_suffix(".json")?;
    let is_digits = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    is_digits.then_some(stem)
}

fn make(folder: &Path) -> Result<(), ResultsError> {
    std::fs::create_dir_all(folder).map_err(|error| ResultsError::writing(folder, error))
}

/// The failure with a hint of its own where that of a bundle would lead astray: unlike a bundle these files can be lost.
fn seam(error: ResultsError) -> SeamError {
    let hint = match &error {
        ResultsError::Malformed { .. } | ResultsError::Invalid { .. } => Some("delete it; what it held is found again"),
        ResultsError::UnknownVersion { .. } => Some("use the version of the program that wrote it, or delete it"),
        ResultsError::Unwritable { .. } | ResultsError::Unreadable { .. } => Some("check the permissions of the folder that holds it"),
        ResultsError::DiskFull { .. } => Some("free some space"),
        _ => None,
    };
    let seam = SeamError::from(error);
    match hint {
        Some(hint) => seam.with_hint(hint),
        None => seam,
    }
}
