//! What can go wrong with the engine, by what a caller can do about it.

use crate::chat_template::TemplateError;
use crate::inference::arrivals::TraceError;
use crate::inference::checkpoint::CheckpointError;
use crate::model::ReferenceError;
use crate::tokenizer::TokenizerError;
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::spec::{LoadQuantization, Precision};
use std::path::PathBuf;

/// A failure of the candle engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The reference of the model or of its adapter leads nowhere.
    #[error("cannot resolve `{reference}`")]
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
    /// The files are damaged, or hold a model that this engine does not run.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Weights are to be quantised and are in blocks already: a second rounding would add to the first.
    #[error("the weights are quantised already ({types}), so they cannot be quantised to {asked} at load")]
    QuantisedAlready {
        /// What was asked for.
        asked: LoadQuantization,
        /// Types of the stored weights.
        types: String,
    },
    /// A floating-point type is asked for, and weights are in blocks of codes.
    #[error("the weights are quantised ({types}), so they cannot be held in {asked}")]
    PrecisionOfBlocks {
        /// What was asked for.
        asked: Precision,
        /// Types of the stored weights.
        types: String,
    },
    /// An adapter names the parts of a model as safetensors checkpoints do, and GGUF files name and order them otherwise.
    #[error("an adapter cannot be merged into a .gguf file")]
    AdapterOnGguf,
    /// Weights came without a tokenizer.
    #[error("there is no tokenizer.json beside `{}`", weights.display())]
    NoTokenizer {
        /// A file of the weights.
        weights: PathBuf,
    },
    /// The tokenizer cannot be built or failed on a prompt.
    #[error("the model's tokenizer failed")]
    Tokenizer(#[from] TokenizerError),
    /// The chat template is not there, or failed on a prompt.
    #[error("the chat template failed")]
    Template(#[from] TemplateError),
    /// More threads were asked for than may run at once.
    #[error("{asked} threads were asked for, and {limit} may run at once here")]
    Threads {
        /// As asked.
        asked: usize,
        /// Processors that this process may use.
        limit: usize,
    },
    /// The threads cannot be started.
    #[error("cannot start the engine's threads")]
    ThreadPool(#[source] std::io::Error),
    /// Something about threads was asked for, and a GPU, which has no use for them.
    #[error("`{setting}` has no effect on a GPU")]
    ThreadsOnGpu {
        /// What was asked for.
        setting: &'static str,
    },
    /// A GPU was asked for, and this program was built without what runs one.
    #[error("this program was built without CUDA")]
    WithoutCuda,
    /// A device is not there, or its driver does not run what this program was built for.
    #[error("cannot open `{device}`")]
    NoDevice {
        /// The device, as CUDA names it.
        device: String,
        /// Why, in the driver's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A device failed while it ran.
    #[error("the device failed")]
    Device(#[source] Box<dyn std::error::Error + Send + Sync>),
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
    /// The recorded load that is to be repeated cannot be.
    #[error(transparent)]
    Trace(#[from] TraceError),
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
    /// A beam search was asked for together with something that it has no part in.
    #[error("a beam search does not go together with {other}")]
    BesideBeams {
        /// What else was asked for.
        other: &'static str,
    },
    /// A draft model has other tokens than the model it is to guess for.
    #[error("the draft model `{draft}` has another tokenizer than `{model}`")]
    DraftVocabulary {
        /// Reference of the smaller model.
        draft: String,
        /// Reference of the model.
        model: String,
    },
    /// A run asks for a draft model, and the engine was loaded without one.
    #[error("no draft model is loaded")]
    NoDraft,
    /// A workload needs more room for keys and values than was reserved: another engine prepared it.
    #[error("the workload was not prepared by this engine")]
    NotPrepared,
}

impl From<EngineError> for SeamError {
    fn from(error: EngineError) -> Self {
        let what = error.to_string();
        let (fault, hint) = match error {
            EngineError::Reference { source, .. } => return source.into(),
            EngineError::Tokenizer(source) => return source.into(),
            EngineError::Trace(source) => return source.into(),
            EngineError::Template(source) => return source.into(),
            EngineError::Read { source, .. } => {
                let fault = if source.kind() == std::io::ErrorKind::NotFound { Fault::Usage } else { Fault::Preflight };
                return Self::new(fault, what).because(source).with_hint("check the path and its permissions");
            }
            EngineError::ThreadPool(source) => {
                return Self::new(Fault::Preflight, what).because(source).with_hint("ask for fewer with `candle.threads`");
            }
            EngineError::Threads { limit, .. } => (Fault::Usage, Some(format!("ask for at most {limit} threads with `candle.threads`"))),
            EngineError::Checkpoint(source) => return source.into(),
            EngineError::QuantisedAlready { .. } => {
                let hint = "leave `quantization` out, or name a checkpoint in F32, F16 or BF16";
                (Fault::Usage, Some(hint.to_owned()))
            }
            EngineError::PrecisionOfBlocks { .. } => {
                let hint = "leave `fp_precision` at `auto`, or name a checkpoint in F32, F16 or BF16";
                (Fault::Usage, Some(hint.to_owned()))
            }
            EngineError::AdapterOnGguf => {
                let hint = "name the model's safetensors checkpoint; `quantization` makes it as small, after the adapter was merged";
                (Fault::Usage, Some(hint.to_owned()))
            }
            EngineError::NoTokenizer { .. } => {
                (Fault::Usage, Some("put the model's tokenizer.json into the folder of its weights".to_owned()))
            }
            EngineError::ThreadsOnGpu { .. } => (Fault::Usage, Some("leave it out, or set `candle.device: cpu`".to_owned())),
            EngineError::WithoutCuda => {
                (Fault::Usage, Some("build one that has it with `cargo xtask build-cuda`, or set `candle.device: cpu`".to_owned()))
            }
            EngineError::NoDevice { source, .. } => {
                return Self::new(Fault::Preflight, what)
                    .because(source)
                    .with_hint("`nvidia-smi` lists GPUs and the driver's version; `candle.device: cpu` does without them");
            }
            EngineError::Device(source) => {
                return Self::new(Fault::Run, what).because(source).with_hint(
                    "where memory ran out, lower `batching.batch_size` or the token limits; `nvidia-smi` says what else uses it",
                );
            }
            EngineError::Context { context, .. } => {
                (Fault::Usage, Some(format!("lower `max_input_tokens` or `max_output_tokens` until they sum up to at most {context}")))
            }
            EngineError::NoOutput => (Fault::Usage, Some("set `max_output_tokens` to at least 1".to_owned())),
            EngineError::EmptyPrompt { .. } => (Fault::Usage, Some("remove the prompt, or give it some text".to_owned())),
            EngineError::TokenOutsideVocabulary { .. } => {
                (Fault::Preflight, Some("put the model's own tokenizer.json beside the weights, or remove the one there".to_owned()))
            }
            EngineError::BesideBeams { .. } => (Fault::Usage, Some("leave one of the two out".to_owned())),
            EngineError::DraftVocabulary { .. } => {
                (Fault::Usage, Some("take a smaller model of the same family, or `candle.speculative.method: prompt_lookup`".to_owned()))
            }
            EngineError::NoDraft | EngineError::NotPrepared => (Fault::Run, None),
        };
        Self { hint, ..Self::new(fault, what) }
    }
}
