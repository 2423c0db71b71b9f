//! An engine whose every call takes the time it is told to.

use super::{LOAD, RUN, Shared};
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, ModelLoader, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::ExperimentSpec;
use lem_domain::token::{EventBuffer, FinishReason};
use std::sync::Arc;

pub(super) struct FakeLoader {
    pub(super) device: &'static str,
    pub(super) shared: Arc<Shared>,
}

impl ModelLoader for FakeLoader {
    fn hold_context(&self, _spec: &ExperimentSpec) -> Result<bool, SeamError> {
        self.shared.note("hold");
        Ok(self.device != "cpu")
    }

    fn load(&self, _spec: &ExperimentSpec) -> Result<Box<dyn InferenceEngine>, SeamError> {
        self.shared.note("load");
        self.shared.pass(LOAD);
        let engine = EngineFacts {
            backend: Backend::Virtual,
            version: "1".into(),
            device: self.device.into(),
            kernel: "none".into(),
            threads: None,
        };
        let model = ModelFacts {
            reference: "fake".into(),
            name: None,
            architecture: "fake".into(),
            revision: None,
            weights_sha256: None,
            tokenizer_sha256: None,
            weight_types: "none".into(),
            adapter: None,
            quantization: None,
            parameters: None,
            shape: None,
        };
        Ok(Box::new(FakeEngine { engine, model, shared: Arc::clone(&self.shared) }))
    }
}

struct FakeEngine {
    engine: EngineFacts,
    model: ModelFacts,
    shared: Arc<Shared>,
}

impl InferenceEngine for FakeEngine {
    fn engine(&self) -> &EngineFacts {
        &self.engine
    }

    fn model(&self) -> &ModelFacts {
        &self.model
    }

    fn memory(&self) -> MemoryFacts {
        MemoryFacts::default()
    }

    fn prepare(&mut self, prompts: &[Prompt], _spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError> {
        let request = |prompt: &Prompt| PreparedRequest::of(&prompt.id, vec![1, 2, 3]);
        Ok(PreparedWorkload {
            requests: prompts.iter().map(request).collect(),
            batches: std::iter::once(0..prompts.len()).collect(),
            ..PreparedWorkload::default()
        })
    }

    fn synchronize(&mut self) -> Result<(), SeamError> {
        Ok(())
    }

    fn run(
        &mut self,
        workload: &PreparedWorkload,
        _spec: &ExperimentSpec,
        _events: &mut EventBuffer,
        _control: RunControl<'_>,
    ) -> Result<RunOutput, SeamError> {
        self.shared.note("run");
        self.shared.pass(RUN);
        Ok(RunOutput { finish: vec![Some(FinishReason::Length); workload.requests.len()], ..RunOutput::default() })
    }
}
