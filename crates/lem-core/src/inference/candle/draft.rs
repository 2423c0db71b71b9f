//! The smaller model that guesses tokens.

use super::EngineError;
use super::load::{Loaded, Loading, load};
use crate::inference::cpu::{Decoder, Level, Room};
use crate::model::ModelReference;
use lem_domain::record::ModelFacts;

/// See the module.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) decoder: Decoder,
    pub(super) facts: ModelFacts,
    /// Reserved when a workload is prepared.
    pub(super) room: Option<Room>,
}

impl Draft {
    /// Loads the model behind a reference, to guess for the model of `facts` with this vocabulary; `threads` read it.
    ///
    /// Its tokens must be those of the other model: both have the same tokenizer. Rows of logits may differ in length, as
    /// families pad their vocabularies differently.
    pub(super) fn load(reference: &str, facts: &ModelFacts, vocabulary: usize, threads: usize) -> Result<Self, EngineError> {
        let loading = Loading { adapter: None, quantization: None, level: Level::best(), threads };
        let unresolved = |source| EngineError::Reference { reference: reference.to_owned(), source };
        let files = reference.parse::<ModelReference>().and_then(|parsed| parsed.resolve()).map_err(unresolved)?;
        let Loaded { decoder, facts: draft, .. } = load(reference, &files, loading)?;
        let other = decoder.architecture().vocabulary;
        if draft.tokenizer_sha256 != facts.tokenizer_sha256 || other > vocabulary {
            return Err(EngineError::DraftVocabulary { draft: reference.to_owned(), model: facts.reference.clone() });
        }
        Ok(Self { decoder, facts: draft, room: None })
    }
}
