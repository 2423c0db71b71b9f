//! From files to a decoder, with what results must name of them.

use super::file_digest::{self, FileDigest};
use super::target::{Placed, Target};
use super::weight_types::{WeightTypes, exceptions};
use super::{EngineError, memory};
use crate::inference::architecture::{Architecture, read};
use crate::inference::checkpoint::{Adapter, Changes, Checkpoint, Config, Format, Gguf, Names, Quantiser, Safetensors};
use crate::inference::executor::Executor;
use crate::model::{AdapterFiles, ModelFiles, ModelReference, ReferenceError, WeightFiles};
use crate::tokenizer::Tokenizer;
use lem_domain::record::{AdapterFacts, ModelFacts, QuantizationFacts};
use lem_domain::spec::{LoadQuantization, Precision};
use std::path::PathBuf;

/// A model, ready to run.
pub(super) struct Loaded {
    pub(super) executor: Box<dyn Executor>,
    pub(super) tokenizer: Tokenizer,
    /// Tokens that end a text.
    pub(super) ends: Vec<u32>,
    pub(super) facts: ModelFacts,
    /// What arithmetic runs, in words.
    pub(super) kernel: String,
}

/// What is done with weights on the way; by default nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Loading<'a> {
    /// An adapter, and the reference that led to it.
    pub(super) adapter: Option<&'a (&'a str, AdapterFiles)>,
    pub(super) quantization: Option<LoadQuantization>,
    pub(super) precision: Precision,
}

/// The files that the reference of a model, or of an adapter, leads to.
pub(super) fn resolve<T>(reference: &str, find: impl FnOnce(&ModelReference) -> Result<T, ReferenceError>) -> Result<T, EngineError> {
    let found = reference.parse::<ModelReference>().and_then(|parsed| find(&parsed));
    found.map_err(|source| EngineError::Reference { reference: reference.to_owned(), source })
}

/// Reads files and puts the model where it is to run; `reference` is what led to them.
pub(super) fn load(reference: &str, files: &ModelFiles, target: &Target, loading: Loading<'_>) -> Result<Loaded, EngineError> {
    // It takes as long as the rest; both read the same pages.
    let digest = FileDigest::start(files.weights.paths().to_vec());
    let (described, checkpoint, tokenizer) = open(files)?;
    memory::give_back_unused();
    let (architecture, names) = described;
    let stored = WeightTypes::stored(&*checkpoint);
    let quantiser = loading.quantization.map(|asked| Quantiser { asked });
    if let (Some(Quantiser { asked }), true) = (quantiser, stored.holds_blocks()) {
        return Err(EngineError::QuantisedAlready { asked, types: stored.to_string() });
    }
    let precision = format_of(loading.precision);
    if precision.is_some() && stored.holds_blocks() {
        return Err(EngineError::PrecisionOfBlocks { asked: loading.precision, types: stored.to_string() });
    }
    if loading.adapter.is_some() && matches!(files.weights, WeightFiles::Gguf(_)) {
        return Err(EngineError::AdapterOnGguf);
    }
    let adapter = loading.adapter.map(|(_, files)| Adapter::open(files)).transpose()?;
    let changes = Changes { adapter: adapter.as_ref(), quantiser, precision, threads: target.threads_for_changes() };
    let Placed { executor, changed, types, kernel } = target.place(architecture, &names, &*checkpoint, changes)?;
    drop(checkpoint);

    let architecture = executor.architecture();
    let in_vocabulary = 0..u32::try_from(architecture.vocabulary).expect("at most 2^20");
    let ends = in_vocabulary.filter(|&token| tokenizer.is_end(token)).collect();
    let facts = ModelFacts {
        reference: reference.to_owned(),
        name: architecture.name.clone(),
        architecture: architecture.family.clone(),
        revision: files.revision.clone(),
        weights_sha256: Some(digest.finish()?),
        tokenizer_sha256: Some(tokenizer.digest().to_owned()),
        weight_types: types.to_string(),
        adapter: loading.adapter.zip(adapter).map(|((reference, files), adapter)| facts_of(reference, files, &adapter)).transpose()?,
        quantization: quantiser.map(|quantiser| QuantizationFacts {
            asked: quantiser.asked,
            stored_types: stored.to_string(),
            exceptions: exceptions(&changed),
        }),
        parameters: Some(types.parameters()),
        shape: Some(architecture.shape),
    };
    Ok(Loaded { executor, tokenizer, ends, facts, kernel })
}

/// The format that is asked for; `None` leaves weights as they are stored.
fn format_of(precision: Precision) -> Option<Format> {
    match precision {
        Precision::Auto => None,
        Precision::F32 => Some(Format::F32),
        Precision::F16 => Some(Format::F16),
        Precision::Bf16 => Some(Format::Bf16),
    }
}

fn facts_of(reference: &str, files: &AdapterFiles, adapter: &Adapter) -> Result<AdapterFacts, EngineError> {
    Ok(AdapterFacts {
        reference: reference.to_owned(),
        revision: files.revision.clone(),
        weights_sha256: file_digest::of(std::slice::from_ref(&files.weights))?,
        config_sha256: file_digest::of(std::slice::from_ref(&files.config))?,
        matrices: u64::try_from(adapter.finish()?).expect("a count fits 64 bits"),
    })
}

type Opened = ((Architecture, Names), Box<dyn Checkpoint>, Tokenizer);

fn open(files: &ModelFiles) -> Result<Opened, EngineError> {
    match &files.weights {
        WeightFiles::Gguf(path) => {
            let file = Gguf::open(path)?;
            let described = read::gguf(&file)?;
            let tokenizer = match &files.tokenizer_json {
                Some(path) => Tokenizer::from_file(path)?.with_ends_of(file.values())?,
                None => Tokenizer::from_metadata(file.values())?,
            };
            Ok((described, Box::new(file), tokenizer))
        }
        WeightFiles::Safetensors { config, generation, shards } => {
            let config = Config::open(config)?;
            let described = read::config(&config)?;
            let mut ends = config.tokens("eos_token_id")?;
            if let Some(path) = generation {
                ends.extend(Config::open(path)?.tokens("eos_token_id")?);
            }
            let missing = || EngineError::NoTokenizer { weights: shards.first().map(PathBuf::from).unwrap_or_default() };
            let tokenizer = Tokenizer::from_file(files.tokenizer_json.as_deref().ok_or_else(missing)?)?.with_ends(ends)?;
            Ok((described, Box::new(Safetensors::open(shards)?), tokenizer))
        }
    }
}
