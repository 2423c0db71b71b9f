//! What can go wrong with the engine, by what a caller can do about it.

use crate::model::ReferenceError;
use crate::tokenizer::TokenizerError;
use lem_domain::protocol::{Fault, SeamError};
use std::path::PathBuf;

/// A failure of the candle engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The model reference leads nowhere.
    #[error("cannot resolve the model `{reference}`")]
    Reference {
        /// The reference as written.
        reference: String,
        /// Why.
        #[source]
        source: ReferenceError,
    },
    /// The weights file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The weights file is not a sound GGUF file: cut off, or not GGUF at all.
    #[error("`{}` is not a sound GGUF file: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong and where in the file.
        problem: String,
    },
    /// A metadata key is missing, of another type, or outside sane bounds.
    #[error("metadata `{key}` of the model {problem}")]
    Metadata {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor is missing, has another shape than the metadata says, or is of a type that cannot be read.
    #[error("tensor `{name}` of the model {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file holds a model of an architecture that this engine does not run.
    #[error("the model's architecture is `{found}`; the candle engine runs `llama`")]
    Architecture {
        /// `general.architecture` of the file.
        found: String,
    },
    /// The model is a llama with a part that this engine does not run; running it without would give wrong tokens.
    #[error("the candle engine does not run models with {feature}")]
    Unsupported {
        /// The part.
        feature: String,
    },
    /// The tokenizer cannot be built or failed on a prompt.
    #[error("the model's tokenizer failed")]
    Tokenizer(#[from] TokenizerError),
    /// More threads were asked for than candle lets matrix products use.
    #[error("{asked} threads were asked for, and candle uses at most {limit} here")]
    Threads {
        /// As asked.
        asked: usize,
        /// What candle allows: `RAYON_NUM_THREADS`, else the physical cores.
        limit: usize,
    },
    /// The pool of threads cannot be started.
    #[error("cannot start the engine's threads")]
    ThreadPool(#[source] rayon::ThreadPoolBuildError),
    /// The token limits do not fit the model.
    #[error("{asked} tokens per request (input and output) exceed the model's context of {context}")]
    Context {
        /// Largest input plus largest output, in tokens.
        asked: u64,
        /// The model's context, in tokens.
        context: u64,
    },
    /// A request that makes no token measures nothing.
    #[error("the output limit is 0 tokens")]
    NoOutput,
    /// A prompt is empty after tokenising, so there is nothing to continue.
    #[error("prompt `{prompt}` has no tokens")]
    EmptyPrompt {
        /// Identifier of the prompt.
        prompt: String,
    },
    /// A token lies outside the model's vocabulary: the tokenizer belongs to another model.
    #[error("token {token} lies outside the model's vocabulary of {vocabulary}")]
    TokenOutsideVocabulary {
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A workload needs more room for keys and values than was reserved: another engine prepared it.
    #[error("the workload was not prepared by this engine")]
    NotPrepared,
    /// A tensor operation failed.
    #[error("a tensor operation failed")]
    Compute(#[from] candle_core::Error),
}

impl From<EngineError> for SeamError {
    fn from(error: EngineError) -> Self {
        let what = error.to_string();
        let (fault, hint) = match error {
            EngineError::Reference { source, .. } => return source.into(),
            EngineError::Tokenizer(source) => return source.into(),
            EngineError::Read { source, .. } => {
                let fault = if source.kind() == std::io::ErrorKind::NotFound { Fault::Usage } else { Fault::Preflight };
                return Self::new(fault, what).because(source).with_hint("check the path and its permissions");
            }
            EngineError::ThreadPool(source) => return Self::new(Fault::Preflight, what).because(source),
            EngineError::Compute(source) => return Self::new(Fault::Run, what).because(source),
            EngineError::Damaged { .. } | EngineError::Metadata { .. } | EngineError::Tensor { .. } => {
                (Fault::Preflight, Some("fetch the file again and compare its SHA-256 with the publisher's".to_owned()))
            }
            EngineError::Architecture { .. } | EngineError::Unsupported { .. } => {
                (Fault::Preflight, Some("use a GGUF file whose `general.architecture` is `llama`, such as SmolLM2".to_owned()))
            }
            EngineError::Threads { asked, limit } => {
                (Fault::Usage, Some(format!("ask for at most {limit} threads, or start the program with RAYON_NUM_THREADS={asked}")))
            }
            EngineError::Context { context, .. } => {
                (Fault::Usage, Some(format!("lower `max_input_tokens` or `max_output_tokens` until they sum up to at most {context}")))
            }
            EngineError::NoOutput => (Fault::Usage, Some("set `max_output_tokens` to at least 1".to_owned())),
            EngineError::EmptyPrompt { .. } => (Fault::Usage, Some("remove the prompt, or give it some text".to_owned())),
            EngineError::TokenOutsideVocabulary { .. } => {
                (Fault::Preflight, Some("put the model's own tokenizer.json beside the weights, or remove the one there".to_owned()))
            }
            EngineError::NotPrepared => (Fault::Run, None),
        };
        Self { hint, ..Self::new(fault, what) }
    }
}
