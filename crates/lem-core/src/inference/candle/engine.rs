//! A loaded model and the engine seam.

use super::EngineError;
use super::config::DecoderConfig;
use super::decoder::Decoder;
use super::generation::Generation;
use super::gguf::GgufFile;
use super::index::index;
use super::kv_cache::KvCache;
use super::weights::{Weights, kernel};
use super::{file_digest, memory, threads};
use crate::inference::batching;
use crate::model::{ModelFiles, ModelReference, ReferenceError};
use crate::tokenizer::Tokenizer;
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::{ExperimentSpec, TokenLimits};
use lem_domain::token::EventBuffer;
use lem_domain::units::Bytes;

/// Version of candle-core; a test holds it to the lock file.
pub(super) const CANDLE_VERSION: &str = "0.11.1";

/// A llama on the CPU.
#[derive(Debug)]
pub struct CandleEngine {
    pub(super) decoder: Decoder,
    pub(super) pool: rayon::ThreadPool,
    tokenizer: Tokenizer,
    /// Tokens that end a text.
    ends: Vec<u32>,
    /// Reserved by [`InferenceEngine::prepare`].
    cache: Option<KvCache>,
    engine: EngineFacts,
    model: ModelFacts,
}

impl CandleEngine {
    /// Loads the model behind a reference: a `.gguf` file, a folder that holds one, or a name on the hub. `threads`
    /// as in [`lem_domain::spec::CandleSpec`].
    ///
    /// # Errors
    /// When the reference leads nowhere, the file is damaged or describes a model that this engine does not run, its
    /// tokenizer cannot be built, or that many threads cannot be used.
    pub fn load(reference: &str, threads: Option<u32>) -> Result<Self, EngineError> {
        let unresolved = |source: ReferenceError| EngineError::Reference { reference: reference.to_owned(), source };
        let files = reference.parse::<ModelReference>().and_then(|parsed| parsed.resolve()).map_err(unresolved)?;
        Self::from_files(reference, &files, threads)
    }

    fn from_files(reference: &str, files: &ModelFiles, threads: Option<u32>) -> Result<Self, EngineError> {
        let pool = threads::pool(threads)?;
        let mut file = GgufFile::open(&files.weights)?;
        let config = DecoderConfig::of(&file)?;
        let tokenizer = tokenizer(files, &file)?;
        let weights = Weights::read(&mut file, &config, pool.current_num_threads())?;

        let in_vocabulary = 0..u32::try_from(config.vocabulary).expect("read as 32 bits");
        let ends = in_vocabulary.filter(|&token| tokenizer.is_end(token)).collect();
        let engine = EngineFacts {
            backend: Backend::Candle,
            version: format!("candle {CANDLE_VERSION}"),
            device: "cpu".to_owned(),
            kernel: kernel(&file),
            threads: u32::try_from(pool.current_num_threads()).ok(),
        };
        let model = ModelFacts {
            reference: reference.to_owned(),
            name: config.name.clone(),
            architecture: config.architecture.clone(),
            revision: files.revision.clone(),
            weights_sha256: Some(file_digest::sha256(file.path())?),
            tokenizer_sha256: Some(tokenizer.digest().to_owned()),
            weight_types: file.weight_types(),
            parameters: Some(file.parameters()),
            shape: Some(config.shape),
        };
        Ok(Self { decoder: Decoder::new(config, weights)?, pool, tokenizer, ends, cache: None, engine, model })
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn prepare_workload(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, EngineError> {
        self.check_limits(spec.limits)?;
        let max_input = index(spec.limits.max_input);
        let requests = prompts.iter().map(|prompt| self.request(prompt, max_input)).collect::<Result<Vec<_>, _>>()?;
        let lengths: Vec<_> = requests.iter().map(|request| request.tokens.len()).collect();
        let plan = batching::plan(&lengths, &spec.batching, spec.limits.max_input);
        let requests = plan.order.iter().map(|&request| requests[request].clone()).collect();
        let workload = PreparedWorkload { requests, batches: plan.batches };
        self.reserve(&workload, spec.limits)?;
        Ok(workload)
    }

    fn check_limits(&self, limits: TokenLimits) -> Result<(), EngineError> {
        let asked = u64::from(limits.max_input) + u64::from(limits.max_output);
        let context = u64::from(self.decoder.config().shape.max_context);
        if asked > context {
            return Err(EngineError::Context { asked, context });
        }
        if limits.max_output == 0 { Err(EngineError::NoOutput) } else { Ok(()) }
    }

    fn request(&self, prompt: &Prompt, max_input: usize) -> Result<PreparedRequest, EngineError> {
        let mut tokens = self.tokenizer.encode(&prompt.text)?;
        let length = tokens.len();
        tokens.truncate(max_input);
        if tokens.is_empty() {
            return Err(EngineError::EmptyPrompt { prompt: prompt.id.clone() });
        }
        self.check_tokens(&tokens)?;
        let truncated_from = (length > tokens.len()).then(|| u64::try_from(length).expect("a length fits 64 bits"));
        Ok(PreparedRequest { prompt_id: prompt.id.clone(), tokens, truncated_from })
    }

    pub(super) fn check_tokens(&self, tokens: &[u32]) -> Result<(), EngineError> {
        let vocabulary = self.decoder.config().vocabulary;
        match tokens.iter().copied().find(|&token| index(token) >= vocabulary) {
            Some(token) => Err(EngineError::TokenOutsideVocabulary { token, vocabulary }),
            None => Ok(()),
        }
    }

    /// Makes room for the largest batch; memory that is there already and suffices is kept.
    fn reserve(&mut self, workload: &PreparedWorkload, limits: TokenLimits) -> Result<(), EngineError> {
        let (rows, capacity) = room(workload, limits);
        if !self.cache.as_ref().is_some_and(|cache| cache.fits(rows, capacity)) {
            // The old memory goes before the new comes.
            self.cache = None;
            self.cache = Some(self.decoder.reserve(rows, capacity)?);
        }
        Ok(())
    }

    fn run_workload(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, EngineError> {
        let (rows, capacity) = room(workload, spec.limits);
        let cache = self.cache.as_mut().filter(|cache| cache.fits(rows, capacity)).ok_or(EngineError::NotPrepared)?;
        let generation = Generation::new(&self.decoder, cache, &self.ends, (workload, spec), events, control);
        self.pool.install(|| generation.run())
    }
}

impl InferenceEngine for CandleEngine {
    fn engine(&self) -> &EngineFacts {
        &self.engine
    }

    fn model(&self) -> &ModelFacts {
        &self.model
    }

    fn memory(&self) -> MemoryFacts {
        MemoryFacts {
            model: Some(bytes(self.decoder.bytes())),
            kv_cache: self.cache.as_ref().map(|cache| bytes(cache.bytes())),
            peak_host: memory::peak_resident(),
            peak_device: None,
        }
    }

    fn prepare(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError> {
        Ok(self.prepare_workload(prompts, spec)?)
    }

    /// Products on the CPU are done when they return.
    fn synchronize(&mut self) -> Result<(), SeamError> {
        Ok(())
    }

    fn run(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, SeamError> {
        Ok(self.run_workload(workload, spec, events, control)?)
    }
}

/// The tokenizer that came with the weights, else the one inside them.
fn tokenizer(files: &ModelFiles, file: &GgufFile) -> Result<Tokenizer, EngineError> {
    match &files.tokenizer_json {
        Some(path) => Ok(Tokenizer::from_file(path)?.with_ends_of(file.metadata())?),
        None => Ok(Tokenizer::from_metadata(file.metadata())?),
    }
}

/// Rows and tokens per row that a workload needs; the last output token is never run.
fn room(workload: &PreparedWorkload, limits: TokenLimits) -> (usize, usize) {
    let rows = workload.batches.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    let longest = workload.requests.iter().map(|request| request.tokens.len()).max().unwrap_or(0);
    (rows, longest + index(limits.max_output.saturating_sub(1)))
}

fn bytes(count: usize) -> Bytes {
    Bytes::new(u64::try_from(count).expect("memory of this process fits 64 bits"))
}
