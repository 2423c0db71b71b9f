//! A study on disk: its plan, a configuration and a state for each cell, and a results folder of its own.
//!
//! ```text
//! <study>/study.json          the plan, written once
//! <study>/cells/<cell>.yaml   what the cell runs
//! <study>/cells/<cell>.json   how far it has come
//! <study>/results/            the bundles
//! ```

use crate::atomic;
use crate::error::ResultsError;
use crate::folder::ResultsFolder;
use crate::json;
use crate::record::document::{CellRecord, StudyRecord};
use lem_domain::protocol::{SeamError, StudyStore};
use lem_domain::study::{CellState, StudyPlan};
use std::fs;
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Clone, Debug)]
pub struct StudyFolder {
    root: PathBuf,
}

impl StudyFolder {
    /// The study at `root`. Making this value touches no file.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a study is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.plan_path().is_file()
    }

    /// Where the bundles of its cells are.
    #[must_use]
    pub fn results(&self) -> ResultsFolder {
        ResultsFolder::new(self.root.join("results"))
    }

    /// The configuration of a cell.
    #[must_use]
    pub fn config(&self, cell: &str) -> PathBuf {
        self.cells().join(format!("{cell}.yaml"))
    }

    /// Makes a study of a plan and the configurations of those of its cells that are run. The plan comes last: a folder
    /// without one was being made when the program was killed, and is made anew.
    ///
    /// # Errors
    /// When a study is there already, or the folder cannot be written.
    pub fn create(&self, plan: &StudyPlan, configurations: &[(&str, String)]) -> Result<(), ResultsError> {
        if self.exists() {
            return Err(ResultsError::Exists { path: self.root.clone() });
        }
        let cells = self.cells();
        fs::create_dir_all(&cells).map_err(|error| ResultsError::writing(&cells, error))?;
        for (cell, yaml) in configurations {
            let path = self.config(cell);
            // They can be made again from the study's file, so none is flushed by itself.
            fs::write(&path, yaml).map_err(|error| ResultsError::writing(&path, error))?;
        }
        atomic::sync_folder(&cells)?;
        json::save(&self.plan_path(), &StudyRecord::of(plan))
    }

    /// The plan.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of an unknown version.
    pub fn plan(&self) -> Result<StudyPlan, ResultsError> {
        let path = self.plan_path();
        let record = json::load::<StudyRecord>(&path)?.ok_or_else(|| ResultsError::MissingDocument { path: path.clone() })?;
        record.plan().map_err(|error| ResultsError::invalid(&path, error))
    }

    fn plan_path(&self) -> PathBuf {
        self.root.join("study.json")
    }

    fn cells(&self) -> PathBuf {
        self.root.join("cells")
    }

    fn state_path(&self, cell: &str) -> PathBuf {
        self.cells().join(format!("{cell}.json"))
    }
}

impl StudyStore for StudyFolder {
    fn load_cell(&self, cell: &str) -> Result<CellState, SeamError> {
        let path = self.state_path(cell);
        let Some(record) = json::load::<CellRecord>(&path)? else { return Ok(CellState::default()) };
        Ok(record.state().map_err(|error| ResultsError::invalid(&path, error))?)
    }

    fn save_cell(&self, cell: &str, state: &CellState) -> Result<(), SeamError> {
        Ok(json::save(&self.state_path(cell), &CellRecord::from(state))?)
    }
}
