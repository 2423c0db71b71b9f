//! From a `config.json` to a description, family by family.
//!
//! Keys and defaults: `configuration_*.py` of each model in <https://github.com/huggingface/transformers>; what a family
//! does with them: `modeling_*.py` beside it.

mod common;
mod falcon;
mod gemma;
mod gpt;
mod granite;
mod llama;
mod olmo;
mod phi;
mod qwen;
mod stablelm;

use super::Architecture;
use crate::inference::checkpoint::{CheckpointError, Config, Names};

type Result<T> = std::result::Result<T, CheckpointError>;
type Reader = fn(&Config, &str) -> Result<(Architecture, Names)>;

/// Families by `model_type`.
const FAMILIES: &[(&str, Reader)] = &[
    ("falcon", falcon::describe),
    ("gemma", gemma::first),
    ("gemma2", gemma::second),
    ("gemma3", gemma::third),
    ("gemma3_text", gemma::third),
    ("gpt2", gpt::second),
    ("gpt_neox", gpt::neox),
    ("granite", granite::describe),
    ("llama", llama::llama),
    ("mistral", llama::mistral),
    ("mixtral", llama::mixtral),
    ("olmo", olmo::first),
    ("olmo2", olmo::second),
    ("phi", phi::second),
    ("phi3", phi::third),
    ("qwen2", qwen::second),
    ("qwen2_moe", qwen::second_mixture),
    ("qwen3", qwen::third),
    ("qwen3_moe", qwen::third_mixture),
    ("stablelm", stablelm::describe),
];

fn supported() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, _)| *name).collect()
}

/// Reads and checks a configuration; gives what the family calls its tensors as well.
///
/// # Errors
/// When the family is none that is run, or a key is missing, out of bounds, or asks for something that is not run.
pub(crate) fn describe(config: &Config) -> Result<(Architecture, Names)> {
    let family = config.text("model_type")?.ok_or_else(|| CheckpointError::metadata("model_type", "is missing"))?;
    let reader = FAMILIES.iter().find(|(name, _)| *name == family);
    let (_, reader) = reader.ok_or_else(|| CheckpointError::Architecture { found: family.to_owned(), supported: supported() })?;
    if config.section("quantization_config")?.is_some() {
        return Err(CheckpointError::unsupported("weights quantised by another tool (`quantization_config`)"));
    }
    let (architecture, names) = reader(config, family)?;
    // Where the key is missing, families differ in what it means; then the checkpoint decides.
    let head_is_own = !config.switch_or("tie_word_embeddings", true)?;
    Ok((architecture, Names { head_is_own, ..names }))
}
