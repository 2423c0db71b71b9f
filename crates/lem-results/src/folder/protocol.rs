//! The results folder as the rest of the workspace sees it.

use super::ResultsFolder;
use lem_domain::ExperimentId;
use lem_domain::protocol::{ResultsRepository, RunSetup, RunState, SeamError, StateStore};
use lem_domain::record::{HostRecord, ProcessRecord};

impl ResultsRepository for ResultsFolder {
    fn create(&self, id: &ExperimentId, setup: &RunSetup) -> Result<(), SeamError> {
        Ok(self.make(id, setup)?)
    }

    fn save_process(&self, id: &ExperimentId, record: &ProcessRecord) -> Result<(), SeamError> {
        Ok(self.keep_process(id, record)?)
    }

    fn save_host(&self, id: &ExperimentId, record: &HostRecord) -> Result<(), SeamError> {
        Ok(self.keep_host(id, record)?)
    }

    fn aggregate(&self, id: &ExperimentId) -> Result<(), SeamError> {
        Self::aggregate(self, id)?;
        Ok(())
    }

    fn seal(&self, id: &ExperimentId) -> Result<(), SeamError> {
        Ok(self.close(id)?)
    }
}

impl StateStore for ResultsFolder {
    fn save_state(&self, id: &ExperimentId, state: &RunState) -> Result<(), SeamError> {
        Ok(self.keep_state(id, state)?)
    }

    fn load_state(&self, id: &ExperimentId) -> Result<Option<RunState>, SeamError> {
        Ok(self.kept_state(id)?)
    }
}
