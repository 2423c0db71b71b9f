//! Stores in memory, of which the one for profiles can be made to fail.

use super::Shared;
use lem_domain::ExperimentId;
use lem_domain::idle::IdleLevel;
use lem_domain::profile::BoardProfile;
use lem_domain::protocol::{Fault, Held, ProfileStore, RecordedCycle, ResultsRepository, RunSetup, RunState, SeamError, StateStore};
use lem_domain::record::{HostRecord, ProcessRecord};

impl ResultsRepository for Shared {
    fn create(&self, _id: &ExperimentId, _setup: &RunSetup) -> Result<(), SeamError> {
        Ok(())
    }

    fn save_process(&self, _id: &ExperimentId, _cycle: u32, record: &ProcessRecord) -> Result<(), SeamError> {
        *self.process.lock().unwrap() = Some(record.clone());
        Ok(())
    }

    fn save_host(&self, _id: &ExperimentId, cycle: u32, record: &HostRecord) -> Result<(), SeamError> {
        assert_eq!(self.hosts.lock().unwrap().len(), usize::try_from(cycle).unwrap(), "one after the other");
        self.hosts.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn recorded_cycles(&self, _id: &ExperimentId) -> Result<Vec<RecordedCycle>, SeamError> {
        Ok((0..).zip(self.hosts.lock().unwrap().iter()).map(|(index, _)| RecordedCycle { index, is_whole: true }).collect())
    }

    fn reopen(&self, _id: &ExperimentId, first: u32) -> Result<(), SeamError> {
        self.hosts.lock().unwrap().truncate(usize::try_from(first).unwrap());
        Ok(())
    }

    fn aggregate(&self, _id: &ExperimentId) -> Result<(), SeamError> {
        Ok(())
    }

    fn seal(&self, _id: &ExperimentId) -> Result<(), SeamError> {
        Ok(())
    }
}

impl StateStore for Shared {
    fn save_state(&self, _id: &ExperimentId, state: &RunState) -> Result<(), SeamError> {
        let mut phases = self.phases.lock().unwrap();
        // A state is also kept when something else of it changes.
        if phases.last() != Some(&state.phase) {
            phases.push(state.phase);
        }
        Ok(())
    }

    fn hold(&self, _id: &ExperimentId) -> Result<Held, SeamError> {
        Ok(Held::by(()))
    }

    fn load_state(&self, _id: &ExperimentId) -> Result<Option<RunState>, SeamError> {
        Ok(None)
    }
}

impl Shared {
    fn called(&self, call: &'static str) -> Result<(), SeamError> {
        if self.broken.lock().unwrap().contains(&call) {
            return Err(SeamError::new(Fault::Run, "cannot use `idle.json`").because("it is damaged").with_hint("delete `idle.json`"));
        }
        self.note(call);
        Ok(())
    }
}

impl ProfileStore for Shared {
    fn load_profiles(&self) -> Result<Vec<BoardProfile>, SeamError> {
        Ok(Vec::new())
    }

    fn save_profile(&self, _profile: &BoardProfile) -> Result<(), SeamError> {
        Ok(())
    }

    fn load_idle(&self) -> Result<Vec<IdleLevel>, SeamError> {
        self.called("load levels")?;
        Ok(self.levels.lock().unwrap().clone())
    }

    fn save_idle(&self, levels: &[IdleLevel]) -> Result<(), SeamError> {
        self.called("save levels")?;
        *self.levels.lock().unwrap() = levels.to_vec();
        Ok(())
    }
}
