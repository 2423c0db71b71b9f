//! The simulated engine: known times and a known energy, so that every figure derived from a run has a truth.
//!
//! # The law
//! The rows of a batch run in lock-step. A batch starts at the instant *S* that the clock shows; then, with the `ttft`
//! and `itl` of the spec,
//!
//! - all its requests arrive and are scheduled at *S*;
//! - output token *k* = 1, 2, … `max_output` of every request is known at *S* + ttft + (*k* − 1) · itl, which is also
//!   the time stamp of its event;
//! - the requests finish with their last token, and the next batch starts.
//!
//! Making token *k* is one step. Step 1 is the prefill and lasts ttft; each other step lasts itl. A step spends its
//! energy evenly over its duration, on top of the static power that always flows: for `R` rows with prompts of
//! *p₁ … p_R* tokens and the law's coefficients
//!
//! - step *k* spends `output_token` · R + `context_token` · Σᵣ (*pᵣ* + *k* − 1),
//! - and step 1 spends `prefill_token` · Σᵣ *pᵣ* besides.
//!
//! A prompt has as many tokens as words between white space, cut to the input limit. An interrupt is looked at before
//! each step: rows that had started end with [`Interrupted`] at the end of the last step, batches that
//! had not started leave no event.
//!
//! [`Interrupted`]: lem_domain::token::FinishReason::Interrupted

mod engine;
mod error;

pub use error::SimulationError;

use engine::{Pace, VirtualEngine};
use lem_domain::protocol::{InferenceEngine, ModelLoader, SeamError};
use lem_domain::spec::ExperimentSpec;
use lem_domain::world::World;
use std::sync::Arc;

/// Makes the simulated engine; there is no model to load.
#[derive(Clone, Debug)]
pub struct VirtualLoader {
    world: Arc<World>,
}

impl VirtualLoader {
    /// A loader of engines that spend their energy in `world`, by its law.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world }
    }
}

impl ModelLoader for VirtualLoader {
    /// The virtual board draws its static power in every idle state, also in this one.
    fn hold_context(&self, _spec: &ExperimentSpec) -> Result<bool, SeamError> {
        Ok(true)
    }

    fn load(&self, spec: &ExperimentSpec) -> Result<Box<dyn InferenceEngine>, SeamError> {
        let pace = Pace::new(spec.virtual_machine)?;
        Ok(Box::new(VirtualEngine::new(Arc::clone(&self.world), pace, &spec.model)))
    }
}

#[cfg(test)]
mod tests;
