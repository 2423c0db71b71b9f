//! From files to a decoder, with what results must name of them.

use super::EngineError;
use super::weight_types::{WeightTypes, exceptions};
use crate::digest::hexadecimal;
use crate::inference::architecture::{Architecture, read};
use crate::inference::checkpoint::{Assembled, Checkpoint, Config, Gguf, Names, Quantiser, Safetensors, assemble};
use crate::inference::cpu::{Decoder, Level};
use crate::model::{ModelFiles, WeightFiles};
use crate::tokenizer::Tokenizer;
use lem_domain::record::{ModelFacts, QuantizationFacts};
use lem_domain::spec::WeightsSpec;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::PathBuf;
use std::thread;

/// A model, ready to run.
pub(super) struct Loaded {
    pub(super) decoder: Decoder,
    pub(super) tokenizer: Tokenizer,
    /// Tokens that end a text.
    pub(super) ends: Vec<u32>,
    pub(super) facts: ModelFacts,
    /// What arithmetic runs, in words.
    pub(super) kernel: String,
}

/// How files become a decoder.
#[derive(Clone, Copy)]
pub(super) struct Loading<'a> {
    pub(super) weights: &'a WeightsSpec,
    pub(super) level: Level,
    /// Threads that quantise.
    pub(super) threads: usize,
}

/// Reads files; `reference` is what led to them.
pub(super) fn load(reference: &str, files: &ModelFiles, loading: Loading<'_>) -> Result<Loaded, EngineError> {
    let paths = files.weights.paths().to_vec();
    // The digest takes as long as the rest; both read the same pages.
    let digest = thread::spawn(move || sha256(&paths));
    let (described, checkpoint, tokenizer) = open(files)?;
    let (architecture, names) = described;
    let stored = WeightTypes::stored(&*checkpoint);
    let quantiser = loading.weights.quantization.map(|asked| Quantiser { asked, threads: loading.threads });
    if let (Some(Quantiser { asked, .. }), true) = (quantiser, stored.holds_blocks()) {
        return Err(EngineError::QuantisedAlready { asked, types: stored.to_string() });
    }
    let Assembled { weights, quantised } = assemble(&architecture, &names, &*checkpoint, quantiser)?;
    let types = WeightTypes::after(&*checkpoint, &quantised);
    drop(checkpoint);

    let in_vocabulary = 0..u32::try_from(architecture.vocabulary).expect("at most 2^20");
    let ends = in_vocabulary.filter(|&token| tokenizer.is_end(token)).collect();
    let facts = ModelFacts {
        reference: reference.to_owned(),
        name: architecture.name.clone(),
        architecture: architecture.family.clone(),
        revision: files.revision.clone(),
        weights_sha256: Some(digest.join().expect("a digest does not panic")?),
        tokenizer_sha256: Some(tokenizer.digest().to_owned()),
        weight_types: types.to_string(),
        quantization: quantiser.map(|quantiser| QuantizationFacts {
            asked: quantiser.asked,
            stored_types: stored.to_string(),
            exceptions: exceptions(&quantised),
        }),
        parameters: Some(types.parameters()),
        shape: Some(architecture.shape),
    };
    let kernel = types.kernel(loading.level);
    Ok(Loaded { decoder: Decoder::new(architecture, weights, loading.level), tokenizer, ends, facts, kernel })
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
            let missing = || EngineError::NoTokenizer { folder: shards.first().map(PathBuf::from).unwrap_or_default() };
            let tokenizer = Tokenizer::from_file(files.tokenizer_json.as_deref().ok_or_else(missing)?)?.with_ends(ends)?;
            Ok((described, Box::new(Safetensors::open(shards)?), tokenizer))
        }
    }
}

/// SHA-256 of the bytes of files, one after the other, in hexadecimal.
fn sha256(paths: &[PathBuf]) -> Result<String, EngineError> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    for path in paths {
        let failed = |source| EngineError::Read { path: path.clone(), source };
        let mut file = std::fs::File::open(path).map_err(failed)?;
        loop {
            match file.read(&mut chunk).map_err(failed)? {
                0 => break,
                length => hasher.update(&chunk[..length]),
            }
        }
    }
    Ok(hexadecimal(hasher))
}
