//! The results folder as the rest of the workspace sees it.

use super::ResultsFolder;
use lem_domain::ExperimentId;
use lem_domain::protocol::{Held, RecordedCycle, ResultsRepository, RunSetup, RunState, SeamError, StateStore};
use lem_domain::record::{HostRecord, ProcessRecord};

impl ResultsRepository for ResultsFolder {
    fn create(&self, id: &ExperimentId, setup: &RunSetup) -> Result<(), SeamError> {
        Ok(self.make(id, setup)?)
    }

    fn save_process(&self, id: &ExperimentId, cycle: u32, record: &ProcessRecord) -> Result<(), SeamError> {
        Ok(self.keep_process(id, cycle, record)?)
    }

    fn save_host(&self, id: &ExperimentId, cycle: u32, record: &HostRecord) -> Result<(), SeamError> {
        Ok(self.keep_host(id, cycle, record)?)
    }

    fn recorded_cycles(&self, id: &ExperimentId) -> Result<Vec<RecordedCycle>, SeamError> {
        Ok(self.complete(id)?)
    }

    fn reopen(&self, id: &ExperimentId, first: u32) -> Result<(), SeamError> {
        Ok(self.open_again(id, first)?)
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

    fn hold(&self, id: &ExperimentId) -> Result<Held, SeamError> {
        Ok(Held::by(self.lock(id)?))
    }

    fn load_state(&self, id: &ExperimentId) -> Result<Option<RunState>, SeamError> {
        Ok(self.kept_state(id)?)
    }
}
