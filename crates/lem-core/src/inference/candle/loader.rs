//! The loader seam.

use super::CandleEngine;
use lem_domain::protocol::{InferenceEngine, ModelLoader, SeamError};
use lem_domain::spec::ExperimentSpec;

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
        Ok(Box::new(CandleEngine::load_as(&spec.model, &spec.weights, &spec.candle)?))
    }
}
