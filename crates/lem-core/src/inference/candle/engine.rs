//! A loaded model and the engine seam.

use super::EngineError;
use super::draft::Draft;
use super::generation::{Admission, BeamSearch, DraftModel, Drafter, Generation, Journal, Method};
use super::index::index;
use super::load::{Loaded, Loading, load};
use super::plan::Plan;
use super::{memory, threads};
use crate::inference::batching;
use crate::inference::cpu::{Decoder, Level, Pool, Room, RoomSize, Session};
use crate::inference::sampling::SamplingRules;
use crate::model::{AdapterFiles, ModelReference, ReferenceError};
use crate::tokenizer::{TokenBytes, Tokenizer};
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::{CandleSpec, ExperimentSpec, SpeculationMethod, TokenChoice, TokenLimits, WeightsSpec};
use lem_domain::token::EventBuffer;
use lem_domain::units::Bytes;
use std::cell::RefCell;

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
    /// Guesses tokens.
    draft: Option<Draft>,
    /// Read by [`InferenceEngine::prepare`] when there are stop strings.
    token_bytes: Option<TokenBytes>,
    engine: EngineFacts,
    model: ModelFacts,
}

impl CandleEngine {
    /// Loads the model behind a reference: a `.gguf` file, a folder that holds a model, or a name on the hub. `threads`
    /// as in [`lem_domain::spec::CandleSpec`].
    ///
    /// # Errors
    /// When the reference leads nowhere, a file is damaged or describes a model that this engine does not run, its
    /// tokenizer cannot be built, or that many threads cannot be started.
    pub fn load(reference: &str, threads: Option<u32>) -> Result<Self, EngineError> {
        Self::load_with(reference, &WeightsSpec::default(), &CandleSpec { threads, ..CandleSpec::default() })
    }

    /// As [`Self::load`], with weights that are changed on the way, and threads as a specification says. A draft model is
    /// not loaded: [`Self::with_draft`] does.
    ///
    /// # Errors
    /// As [`Self::load`], and when the weights cannot be changed so.
    pub fn load_with(reference: &str, weights: &WeightsSpec, spec: &CandleSpec) -> Result<Self, EngineError> {
        let unresolved = |source: ReferenceError| EngineError::Reference { reference: reference.to_owned(), source };
        let files = reference.parse::<ModelReference>().and_then(|parsed| parsed.resolve()).map_err(unresolved)?;
        let pool = threads::pool(spec)?;
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
        Ok(Self { decoder, pool, tokenizer, ends, room: None, draft: None, token_bytes: None, engine, model: facts })
    }

    /// Lets a smaller model guess tokens in runs that ask for it; `reference` as in [`Self::load`].
    ///
    /// # Errors
    /// As [`Self::load`], and when the two models have different tokens.
    pub fn with_draft(mut self, reference: &str) -> Result<Self, EngineError> {
        self.draft = Some(Draft::load(reference, &self.model, self.decoder.architecture().vocabulary, self.pool.threads())?);
        Ok(self)
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
        self.reserve(Plan::of(&workload, spec)?);
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
        Ok(PreparedRequest { prompt_id: prompt.id.clone(), tokens, truncated_from, arrival: None })
    }

    pub(super) fn check_tokens(&self, tokens: &[u32]) -> Result<(), EngineError> {
        let vocabulary = self.decoder.architecture().vocabulary;
        match tokens.iter().copied().find(|&token| index(token) >= vocabulary) {
            Some(token) => Err(EngineError::TokenOutsideVocabulary { token, vocabulary }),
            None => Ok(()),
        }
    }

    /// Makes room for what runs at once; memory that is there already and suffices is kept.
    fn reserve(&mut self, plan: Plan) {
        reserve(&mut self.decoder, &mut self.room, plan.room, self.pool.threads());
        if let Some(draft) = self.draft.as_mut().filter(|_| plan.guesses > 0) {
            reserve(&mut draft.decoder, &mut draft.room, plan.draft_room(), self.pool.threads());
        }
    }

    fn run_workload(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, EngineError> {
        let plan = Plan::of(workload, spec)?;
        let token_bytes = self.token_bytes.as_ref();
        if token_bytes.is_none() && !spec.sampling.stop.is_empty() {
            return Err(EngineError::NotPrepared);
        }
        let rules = SamplingRules { spec: &spec.sampling, limits: spec.limits, seed: spec.seed, ends: &self.ends, token_bytes };
        let pool = RefCell::new(&mut self.pool);
        let mut session = session(&self.decoder, &pool, self.room.as_mut(), plan.room)?;
        let admission = Admission::new(workload, spec.batching.strategy, plan.requests, plan.pass);
        let journal = Journal::new(workload, index(spec.limits.max_output), events, control);
        if let TokenChoice::Beams(beams) = spec.sampling.choice {
            return BeamSearch::new(&mut session, (rules, beams), workload, admission, journal).run();
        }
        let mut guessing = match &mut self.draft {
            Some(draft) if plan.guesses > 0 => Some(self::session(&draft.decoder, &pool, draft.room.as_mut(), plan.draft_room())?),
            _ => None,
        };
        let method = match spec.candle.speculation.as_ref().map(|speculation| &speculation.method) {
            None => None,
            Some(SpeculationMethod::PromptLookup { ngram }) => Some(Method::PromptLookup { ngram: index(*ngram) }),
            Some(SpeculationMethod::DraftModel(_)) => {
                let model = guessing.as_mut().ok_or(EngineError::NoDraft)?;
                Some(Method::Model(DraftModel::new(model, plan.draft_room().tokens)))
            }
        };
        let drafter = method.map(|method| Drafter::new(method, plan.guesses));
        Generation::new(&mut session, drafter, rules, workload, admission, journal).run()
    }
}

/// Makes room where there is too little.
fn reserve(decoder: &mut Decoder, room: &mut Option<Room>, size: RoomSize, threads: usize) {
    if !room.as_ref().is_some_and(|room| room.fits(size, decoder.architecture().vocabulary)) {
        // The old memory goes before the new comes.
        *room = None;
        *room = Some(Room::new(decoder, size, threads));
    }
}

/// A decoder with the room that was reserved for it.
fn session<'a>(
    decoder: &'a Decoder,
    pool: &'a RefCell<&'a mut Pool>,
    room: Option<&'a mut Room>,
    size: RoomSize,
) -> Result<Session<'a>, EngineError> {
    let room = room.filter(|room| room.fits(size, decoder.architecture().vocabulary)).ok_or(EngineError::NotPrepared)?;
    Ok(Session::new(decoder, pool, room))
}

impl InferenceEngine for CandleEngine {
    fn engine(&self) -> &EngineFacts {
        &self.engine
    }

    fn model(&self) -> &ModelFacts {
        &self.model
    }

    fn draft(&self) -> Option<&ModelFacts> {
        self.draft.as_ref().map(|draft| &draft.facts)
    }

    /// With what the smaller model takes that guesses tokens.
    fn memory(&self) -> MemoryFacts {
        let draft = self.draft.as_ref();
        let rooms = self.room.iter().chain(draft.and_then(|draft| draft.room.as_ref()));
        MemoryFacts {
            model: Some(bytes(self.decoder.bytes() + draft.map_or(0, |draft| draft.decoder.bytes()))),
            kv_cache: self.room.as_ref().map(|_| bytes(rooms.map(|room| room.cache.bytes()).sum())),
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

fn bytes(count: usize) -> Bytes {
    Bytes::new(u64::try_from(count).expect("memory of this process fits 64 bits"))
}
