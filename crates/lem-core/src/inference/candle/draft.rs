//! The smaller model that guesses tokens.

use super::EngineError;
use super::load::{Loaded, Loading, load, resolve};
use super::target::Target;
use crate::inference::executor::Executor;
use crate::model::ModelReference;
use lem_domain::record::ModelFacts;

/// See the module.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) executor: Box<dyn Executor>,
    pub(super) facts: ModelFacts,
}

impl Draft {
    /// Loads the model behind a reference, to guess for the model of `facts`, where that one runs.
    ///
    /// Its tokens must be those of the other model: both have the same tokenizer. Rows of logits may differ in length, as
    /// families pad their vocabularies differently.
    pub(super) fn load(reference: &str, facts: &ModelFacts, target: &Target) -> Result<Self, EngineError> {
        let files = resolve(reference, ModelReference::resolve)?;
        let Loaded { executor, facts: draft, .. } = load(reference, &files, target, Loading::default())?;
        if draft.tokenizer_sha256 != facts.tokenizer_sha256 {
            return Err(EngineError::DraftVocabulary { draft: reference.to_owned(), model: facts.reference.clone() });
        }
        Ok(Self { executor, facts: draft })
    }
}
