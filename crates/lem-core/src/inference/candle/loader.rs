//! The loader seam.

use super::CandleEngine;
use lem_domain::protocol::{InferenceEngine, ModelLoader, SeamError};
use lem_domain::spec::{ExperimentSpec, SpeculationMethod};

/// Loads models for the candle engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct CandleLoader;

impl CandleLoader {
    /// A loader; it holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl ModelLoader for CandleLoader {
    fn load(&self, spec: &ExperimentSpec) -> Result<Box<dyn InferenceEngine>, SeamError> {
        let engine = CandleEngine::load_with(&spec.model, &spec.weights, &spec.candle)?;
        let speculation = spec.candle.speculation.as_ref().map(|speculation| &speculation.method);
        Ok(Box::new(match speculation {
            Some(SpeculationMethod::DraftModel(draft)) => engine.with_draft(draft)?,
            Some(SpeculationMethod::PromptLookup { .. }) | None => engine,
        }))
    }
}
