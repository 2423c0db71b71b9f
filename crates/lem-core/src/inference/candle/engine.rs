//! A loaded model and the engine seam.

use super::EngineError;
use super::draft::Draft;
use super::generation::{Admission, BeamSearch, DraftModel, Drafter, Generation, Journal, Method};
use super::load::{Loaded, Loading, load, resolve};
use super::memory;
use super::plan::Plan;
use super::requests::RequestMaker;
use super::target::Target;
use crate::inference::executor::{DeviceError, Executor, Extent};
use crate::inference::numbers::index;
use crate::inference::sampling::SamplingRules;
use crate::inference::{arrivals, batching};
use crate::model::{ModelFiles, ModelReference};
use crate::tokenizer::{TokenBytes, Tokenizer};
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::{CandleSpec, DeviceChoice, ExperimentSpec, SpeculationMethod, TokenChoice, WeightsSpec};
use lem_domain::token::EventBuffer;
use lem_domain::units::Bytes;

/// A model, on the processor or a GPU.
#[derive(Debug)]
pub struct CandleEngine {
    target: Target,
    pub(super) executor: Box<dyn Executor>,
    tokenizer: Tokenizer,
    /// Tokens that end a text.
    ends: Vec<u32>,
    /// Where the model lies, for its chat template.
    files: ModelFiles,
    /// Guesses tokens.
    draft: Option<Draft>,
    /// Read by [`InferenceEngine::prepare`] when there are stop strings.
    token_bytes: Option<TokenBytes>,
    engine: EngineFacts,
    model: ModelFacts,
}

impl CandleEngine {
    /// Loads the model behind a reference onto the processor: a `.gguf` file, a folder that holds a model, or a name on
    /// the hub. `threads` as in [`CandleSpec`].
    ///
    /// # Errors
    /// When the reference leads nowhere, a file is damaged or describes a model that this engine does not run, its
    /// tokenizer cannot be built, or that many threads cannot be started.
    pub fn load(reference: &str, threads: Option<u32>) -> Result<Self, EngineError> {
        let candle = CandleSpec { device: DeviceChoice::Cpu, threads, ..CandleSpec::default() };
        Self::load_as(reference, &WeightsSpec::default(), &candle)
    }

    /// As [`Self::load`], with weights that are changed on the way, on the device, with the threads and with the draft model
    /// that are asked for.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::with_draft`], when the weights cannot be changed so, the device is not there, or this
    /// program was built without what runs it.
    pub fn load_as(reference: &str, weights: &WeightsSpec, candle: &CandleSpec) -> Result<Self, EngineError> {
        let engine = Self::open(reference, weights, Target::new(candle)?)?;
        match candle.speculation.as_ref().map(|speculation| &speculation.method) {
            Some(SpeculationMethod::DraftModel(draft)) => engine.with_draft(draft),
            Some(SpeculationMethod::PromptLookup { .. }) | None => Ok(engine),
        }
    }

    pub(super) fn open(reference: &str, weights: &WeightsSpec, target: Target) -> Result<Self, EngineError> {
        let files = resolve(reference, ModelReference::resolve)?;
        let adapter = weights.adapter.as_deref();
        let adapter = adapter.map(|adapter| Ok::<_, EngineError>((adapter, resolve(adapter, ModelReference::resolve_adapter)?)));
        let adapter = adapter.transpose()?;
        let loading = Loading { adapter: adapter.as_ref(), quantization: weights.quantization, precision: weights.precision };
        let Loaded { executor, tokenizer, ends, facts, kernel } = load(reference, &files, &target, loading)?;
        let engine = EngineFacts {
            backend: Backend::Candle,
            version: format!("lem {}", env!("CARGO_PKG_VERSION")),
            device: target.name()?,
            kernel,
            threads: target.threads().and_then(|threads| u32::try_from(threads).ok()),
        };
        Ok(Self { target, executor, tokenizer, ends, files, draft: None, token_bytes: None, engine, model: facts })
    }

    /// Lets a smaller model guess tokens in runs that ask for it, on the same device; `reference` as in [`Self::load`].
    ///
    /// # Errors
    /// As [`Self::load`], and when the two models have different tokens.
    pub fn with_draft(mut self, reference: &str) -> Result<Self, EngineError> {
        self.draft = Some(Draft::load(reference, &self.model, &self.target)?);
        Ok(self)
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn prepare_workload(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, EngineError> {
        self.check_limits(spec)?;
        let making = RequestMaker::new(&self.tokenizer, &self.files, spec)?;
        let requests = prompts.iter().map(|prompt| self.request(&making, prompt)).collect::<Result<Vec<_>, _>>()?;
        let (template, findings) = making.finish();
        let lengths: Vec<_> = requests.iter().map(|request| request.tokens.len()).collect();
        let plan = batching::plan(&lengths, &spec.batching, spec.limits.max_input);
        let mut requests: Vec<_> = plan.order.iter().map(|&request| requests[request].clone()).collect();
        arrivals::assign(&spec.traffic, spec.limits.max_output, &mut requests)?;
        let workload = PreparedWorkload { requests, batches: plan.batches, template, findings };
        self.reserve(Plan::of(&workload, spec)?).map_err(EngineError::Device)?;
        if !spec.sampling.stop.is_empty() && self.token_bytes.is_none() {
            self.token_bytes = Some(self.tokenizer.token_bytes()?);
        }
        Ok(workload)
    }

    /// The limits of output and input against the contexts of all models that run.
    fn check_limits(&self, spec: &ExperimentSpec) -> Result<(), EngineError> {
        let limits = spec.limits;
        let asked = u64::from(limits.max_input) + u64::from(limits.max_output);
        let drafts = spec.candle.speculation.is_some();
        let models = self.draft.iter().filter(|_| drafts).map(|draft| &draft.executor).chain([&self.executor]);
        let contexts = models.map(|executor| u64::from(executor.architecture().shape.max_context));
        let context = contexts.min().expect("one model at least");
        if asked > context {
            return Err(EngineError::Context { asked, context });
        }
        if limits.max_output == 0 { Err(EngineError::NoOutput) } else { Ok(()) }
    }

    fn request(&self, making: &RequestMaker<'_>, prompt: &Prompt) -> Result<PreparedRequest, EngineError> {
        let request = making.request(prompt)?;
        self.check_tokens(&request.tokens)?;
        Ok(request)
    }

    pub(super) fn check_tokens(&self, tokens: &[u32]) -> Result<(), EngineError> {
        let vocabulary = self.executor.architecture().vocabulary;
        match tokens.iter().copied().find(|&token| index(token) >= vocabulary) {
            Some(token) => Err(EngineError::TokenOutsideVocabulary { token, vocabulary }),
            None => Ok(()),
        }
    }

    /// Makes room for what runs at once; memory that is there already and suffices is kept.
    fn reserve(&mut self, plan: Plan) -> Result<(), DeviceError> {
        reserve(&mut *self.executor, plan.extent)?;
        match self.draft.as_mut().filter(|_| plan.guesses > 0) {
            Some(draft) => reserve(&mut *draft.executor, plan.draft_extent()),
            None => Ok(()),
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
        let lacks_bytes = token_bytes.is_none() && !spec.sampling.stop.is_empty();
        if lacks_bytes || !self.executor.fits(plan.extent) {
            return Err(EngineError::NotPrepared);
        }
        let rules = SamplingRules { spec: &spec.sampling, limits: spec.limits, seed: spec.seed, ends: &self.ends, token_bytes };
        let admission = Admission::new(workload, spec.batching.strategy, plan.requests, plan.pass);
        let journal = Journal::new(workload, index(spec.limits.max_output), events, control);
        if let TokenChoice::Beams(beams) = spec.sampling.choice {
            let search = BeamSearch::new(&mut *self.executor, (rules, beams), workload, admission, journal);
            return search.run().map_err(EngineError::Device);
        }
        let method = match spec.candle.speculation.as_ref().map(|speculation| &speculation.method) {
            None => None,
            Some(SpeculationMethod::PromptLookup { ngram }) => Some(Method::PromptLookup { ngram: index(*ngram) }),
            Some(SpeculationMethod::DraftModel(_)) => {
                let vocabulary = self.executor.architecture().vocabulary;
                let Draft { executor, .. } = self.draft.as_mut().ok_or(EngineError::NoDraft)?;
                let extent = plan.draft_extent();
                if !executor.fits(extent) {
                    return Err(EngineError::NotPrepared);
                }
                Some(Method::Model(DraftModel::new(&mut **executor, extent.tokens, vocabulary)))
            }
        };
        let drafter = method.map(|method| Drafter::new(method, plan.guesses));
        Generation::new(&mut *self.executor, drafter, rules, workload, admission, journal).run().map_err(EngineError::Device)
    }
}

/// Makes room where there is too little.
fn reserve(executor: &mut dyn Executor, extent: Extent) -> Result<(), DeviceError> {
    if executor.fits(extent) { Ok(()) } else { executor.reserve(extent) }
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
        let draft = self.draft.as_ref().map(|draft| &*draft.executor);
        let draft_cache = draft.and_then(Executor::cache_bytes).unwrap_or(0);
        MemoryFacts {
            model: Some(bytes(self.executor.weight_bytes() + draft.map_or(0, Executor::weight_bytes))),
            kv_cache: self.executor.cache_bytes().map(|cache| bytes(cache + draft_cache)),
            peak_host: memory::peak_resident(),
            peak_device: None,
        }
    }

    fn prepare(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError> {
        Ok(self.prepare_workload(prompts, spec)?)
    }

    fn synchronize(&mut self) -> Result<(), SeamError> {
        Ok(self.executor.synchronize().map_err(EngineError::Device)?)
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

fn bytes(count: usize) -> Bytes {
    Bytes::new(u64::try_from(count).expect("memory of this process fits 64 bits"))
}
