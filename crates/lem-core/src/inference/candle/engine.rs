//! A loaded model and the engine seam.

use super::EngineError;
use super::generation::{Generation, PREFILL_CHUNK};
use super::index::index;
use super::load::{Loaded, Loading, load};
use super::{memory, threads};
use crate::inference::batching;
use crate::inference::cpu::{Decoder, KvCache, Level, Pool, Workspace};
use crate::inference::sampling::SamplingRules;
use crate::model::{AdapterFiles, ModelReference, ReferenceError};
use crate::tokenizer::{TokenBytes, Tokenizer};
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::{ExperimentSpec, TokenLimits, WeightsSpec};
use lem_domain::token::EventBuffer;
use lem_domain::units::Bytes;

/// A model on the processor.
#[derive(Debug)]
pub struct CandleEngine {
    pub(super) decoder: Decoder,
    pub(super) pool: Pool,
    tokenizer: Tokenizer,
    /// Tokens that end a text.
    ends: Vec<u32>,
    /// Reserved by [`InferenceEngine::prepare`].
    room: Option<Room>,
    /// Read by [`InferenceEngine::prepare`] when there are stop strings.
    token_bytes: Option<TokenBytes>,
    engine: EngineFacts,
    model: ModelFacts,
}

/// Memory of running requests.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) cache: KvCache,
    pub(super) workspace: Workspace,
}

impl CandleEngine {
    /// Loads the model behind a reference: a `.gguf` file, a folder that holds a model, or a name on the hub. `threads`
    /// as in [`lem_domain::spec::CandleSpec`].
    ///
    /// # Errors
    /// When the reference leads nowhere, a file is damaged or describes a model that this engine does not run, its
    /// tokenizer cannot be built, or that many threads cannot be started.
    pub fn load(reference: &str, threads: Option<u32>) -> Result<Self, EngineError> {
        Self::load_changed(reference, &WeightsSpec::default(), threads)
    }

    /// As [`Self::load`], with weights that are changed on the way.
    ///
    /// # Errors
    /// As [`Self::load`], and when the weights cannot be changed so.
    pub fn load_changed(reference: &str, weights: &WeightsSpec, threads: Option<u32>) -> Result<Self, EngineError> {
        let unresolved = |source: ReferenceError| EngineError::Reference { reference: reference.to_owned(), source };
        let files = reference.parse::<ModelReference>().and_then(|parsed| parsed.resolve()).map_err(unresolved)?;
        let pool = threads::pool(threads)?;
        let adapter = weights.adapter.as_deref().map(adapter_files).transpose()?;
        let loading =
            Loading { adapter: adapter.as_ref(), quantization: weights.quantization, level: Level::best(), threads: pool.threads() };
        let Loaded { decoder, tokenizer, ends, facts, kernel } = load(reference, &files, loading)?;
        let engine = EngineFacts {
            backend: Backend::Candle,
            version: format!("lem {}", env!("CARGO_PKG_VERSION")),
            device: EngineFacts::PROCESSOR.to_owned(),
            kernel,
            threads: u32::try_from(pool.threads()).ok(),
        };
        Ok(Self { decoder, pool, tokenizer, ends, room: None, token_bytes: None, engine, model: facts })
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
        if !spec.sampling.stop.is_empty() && self.token_bytes.is_none() {
            self.token_bytes = Some(self.tokenizer.token_bytes()?);
        }
        Ok(workload)
    }

    fn check_limits(&self, limits: TokenLimits) -> Result<(), EngineError> {
        let asked = u64::from(limits.max_input) + u64::from(limits.max_output);
        let context = u64::from(self.decoder.architecture().shape.max_context);
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
        let vocabulary = self.decoder.architecture().vocabulary;
        match tokens.iter().copied().find(|&token| index(token) >= vocabulary) {
            Some(token) => Err(EngineError::TokenOutsideVocabulary { token, vocabulary }),
            None => Ok(()),
        }
    }

    /// Makes room for the largest batch; memory that is there already and suffices is kept.
    fn reserve(&mut self, workload: &PreparedWorkload, limits: TokenLimits) -> Result<(), EngineError> {
        let (rows, capacity) = room(workload, limits);
        if !self.room.as_ref().is_some_and(|room| room.fits(rows, capacity)) {
            // The old memory goes before the new comes.
            self.room = None;
            self.room = Some(self.make_room(rows, capacity, rows));
        }
        Ok(())
    }

    /// Room for `rows` requests of `capacity` tokens, with logits of `positions` tokens of a pass.
    pub(super) fn make_room(&mut self, rows: usize, capacity: usize, positions: usize) -> Room {
        let cache = self.decoder.reserve(rows, capacity);
        let tokens = PREFILL_CHUNK.min(rows * capacity).max(rows);
        let workspace = Workspace::new(self.decoder.architecture(), tokens, positions, self.pool.threads());
        Room { cache, workspace }
    }

    fn run_workload(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, EngineError> {
        let (rows, capacity) = room(workload, spec.limits);
        let room = self.room.as_mut().filter(|room| room.fits(rows, capacity)).ok_or(EngineError::NotPrepared)?;
        let token_bytes = self.token_bytes.as_ref();
        if token_bytes.is_none() && !spec.sampling.stop.is_empty() {
            return Err(EngineError::NotPrepared);
        }
        let rules = SamplingRules { spec: &spec.sampling, limits: spec.limits, seed: spec.seed, ends: &self.ends, token_bytes };
        let generation = Generation::new((&self.decoder, &mut self.pool, room), rules, workload, events, control);
        Ok(generation.run())
    }
}

impl Room {
    fn fits(&self, rows: usize, capacity: usize) -> bool {
        self.cache.fits(rows, capacity) && self.workspace.fits(rows, rows)
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
            kv_cache: self.room.as_ref().map(|room| bytes(room.cache.bytes())),
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

/// Files of an adapter, with the reference that led to them.
fn adapter_files(reference: &str) -> Result<(&str, AdapterFiles), EngineError> {
    let unresolved = |source: ReferenceError| EngineError::Reference { reference: reference.to_owned(), source };
    let files = reference.parse::<ModelReference>().and_then(|parsed| parsed.resolve_adapter()).map_err(unresolved)?;
    Ok((reference, files))
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
