//! From files to a decoder, with what results must name of them.

use super::EngineError;
use crate::digest::hexadecimal;
use crate::inference::architecture::{Architecture, read};
use crate::inference::checkpoint::{Checkpoint, Config, Format, Gguf, Names, Safetensors, assemble};
use crate::inference::cpu::{Decoder, Level};
use crate::model::{ModelFiles, WeightFiles};
use crate::tokenizer::Tokenizer;
use lem_domain::record::ModelFacts;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
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

/// Reads files; `reference` is what led to them.
pub(super) fn load(reference: &str, files: &ModelFiles, level: Level) -> Result<Loaded, EngineError> {
    let paths = files.weights.paths().to_vec();
    // The digest takes as long as the rest; both read the same pages.
    let digest = thread::spawn(move || sha256(&paths));
    let (described, checkpoint, tokenizer) = open(files)?;
    let (architecture, names) = described;
    let kinds = Kinds::of(&*checkpoint);
    let weights = assemble(&architecture, &names, &*checkpoint)?;
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
        weight_types: kinds.to_string(),
        parameters: Some(kinds.parameters),
        shape: Some(architecture.shape),
    };
    Ok(Loaded { decoder: Decoder::new(architecture, weights, level), tokenizer, ends, facts, kernel: kinds.kernel(level) })
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

/// Formats of a checkpoint's tensors.
struct Kinds {
    /// Tensors of each format, and matrices among them.
    counts: BTreeMap<Format, (usize, usize)>,
    parameters: u64,
}

impl Kinds {
    fn of(checkpoint: &dyn Checkpoint) -> Self {
        let mut kinds = Self { counts: BTreeMap::new(), parameters: 0 };
        for tensor in checkpoint.names().filter_map(|name| checkpoint.get(name)) {
            let (tensors, matrices) = kinds.counts.entry(tensor.format).or_default();
            *tensors += 1;
            *matrices += usize::from(tensor.shape.len() > 1);
            kinds.parameters += tensor.shape.iter().map(|&size| wide(size)).product::<u64>();
        }
        kinds
    }

    /// Which products run: their arithmetic follows from how the matrices are stored.
    fn kernel(&self, level: Level) -> String {
        let matrices = self.counts.iter().filter(|(_, (_, matrices))| *matrices > 0).map(|(format, _)| *format);
        let (floats, blocks): (Vec<_>, Vec<_>) = matrices.partition(|format| format.is_float());
        let list = |formats: &[Format]| formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !blocks.is_empty() {
            parts.push(format!("int8 dot products with {} weights", list(&blocks)));
        }
        if !floats.is_empty() {
            parts.push(format!("f32 multiply-add with {} weights", list(&floats)));
        }
        format!("{}: {}", level.name(), parts.join("; "))
    }
}

/// Formats with their number, most frequent first, such as `Q4_1 ×210, F32 ×61`.
impl std::fmt::Display for Kinds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut counts: Vec<_> = self.counts.iter().map(|(format, (tensors, _))| (format.name(), *tensors)).collect();
        counts.sort_by(|(first_name, first), (second_name, second)| second.cmp(first).then_with(|| first_name.cmp(second_name)));
        let counts: Vec<_> = counts.into_iter().map(|(name, count)| format!("{name} ×{count}")).collect();
        formatter.write_str(&counts.join(", "))
    }
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).expect("a size of a tensor in a file fits 64 bits")
}
