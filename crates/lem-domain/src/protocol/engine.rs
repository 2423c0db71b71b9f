//! The seam to whatever runs a model.

use super::{Interrupt, Progress, SeamError};
use crate::clock::Clock;
use crate::finding::Finding;
use crate::flops::FlopsBreakdown;
use crate::record::{EngineFacts, MemoryFacts, ModelFacts, ServedFacts, ServerFacts, TemplateFacts};
use crate::spec::ExperimentSpec;
use crate::token::{EventBuffer, FinishReason, SpeculationCounts, TokenLogProbability};
use crate::traffic::MemoryTraffic;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// One prompt of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Identifier in its data set.
    pub id: String,
    /// What the model is given.
    pub content: PromptContent,
}

/// What a model is given as a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptContent {
    /// A text, around which the spec's template is written.
    Text(String),
    /// Tokens without a meaning of their own, which the engine makes.
    Synthetic {
        /// How many, with those that the tokenizer puts before every text.
        tokens: NonZeroU32,
        /// Stream of the run's seed that they are drawn from.
        stream: u64,
    },
}

impl Prompt {
    /// A prompt that is a text.
    #[must_use]
    pub fn text(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), content: PromptContent::Text(text.into()) }
    }
}

/// Loads the model that a spec names.
pub trait ModelLoader {
    /// Takes hold of the device without a model, so that the state can be watched in which a process holds a context and
    /// nothing else. Gives whether there is such a state; an engine on the processor has none.
    ///
    /// # Errors
    /// When the device cannot be had.
    fn hold_context(&self, _spec: &ExperimentSpec) -> Result<bool, SeamError> {
        Ok(false)
    }

    /// Loads it, ready to run.
    ///
    /// # Errors
    /// When the reference leads nowhere, the file is damaged, or the architecture is not supported.
    fn load(&self, spec: &ExperimentSpec) -> Result<Box<dyn InferenceEngine>, SeamError>;
}

/// A prompt made ready before the window opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedRequest {
    /// Identifier of the prompt.
    pub prompt_id: String,
    /// Token ids of the prompt, cut to the input limit; empty where a server tokenises it and nobody here can.
    pub tokens: Vec<u32>,
    /// Length before the cut, when there was one.
    pub truncated_from: Option<u64>,
    /// When it is meant to start, after the window opens; `None` as soon as there is a place. Only continuous batching
    /// looks at it, and servers do.
    pub arrival: Option<Duration>,
    /// Most output tokens, where the request has a limit of its own, no higher than that of all.
    pub max_output: Option<u32>,
    /// What is sent for it, where a server runs it.
    pub message: Option<Arc<[u8]>>,
}

impl PreparedRequest {
    /// A request that is run as soon as there is a place, with the limits that all have.
    #[must_use]
    pub fn of(prompt_id: impl Into<String>, tokens: Vec<u32>) -> Self {
        Self { prompt_id: prompt_id.into(), tokens, truncated_from: None, arrival: None, max_output: None, message: None }
    }
}

/// Requests in the order they will run, grouped into batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreparedWorkload {
    /// The requests; token events refer to their positions.
    pub requests: Vec<PreparedRequest>,
    /// Consecutive groups that run together; continuous batching takes requests one by one instead.
    pub batches: Vec<Range<usize>>,
    /// The chat template that was written around the prompts.
    pub template: Option<TemplateFacts>,
    /// What a reader of the result must know of how the prompts were made ready.
    pub findings: Vec<Finding>,
}

/// What an engine needs from outside while it runs.
#[derive(Clone, Copy)]
pub struct RunControl<'a> {
    /// Stamps every event.
    pub clock: &'a dyn Clock,
    /// Looked at between tokens.
    pub interrupt: &'a Interrupt,
    /// One step per finished request.
    pub progress: &'a dyn Progress,
}

/// What an engine knows after a run, beside the events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunOutput {
    /// Per request: why it ended, or `None` when it never started.
    pub finish: Vec<Option<FinishReason>>,
    /// Per request: the output tokens, end-of-sequence included.
    pub tokens: Vec<Vec<u32>>,
    /// Padding tokens run, per request.
    pub padding: Vec<u64>,
    /// Arithmetic executed, where the engine counts it.
    pub executed: Option<FlopsBreakdown>,
    /// Bytes that passes moved, where the engine counts them.
    pub traffic: Option<MemoryTraffic>,
    /// How guessed tokens fared; `None` without speculative decoding.
    pub speculation: Option<SpeculationCounts>,
    /// Per request and output token: how probable it was; `None` unless asked for.
    pub log_probabilities: Option<Vec<Vec<TokenLogProbability>>>,
    /// Per request: natural logarithm of the probability of the whole output, where the engine gives no more; may be empty.
    pub log_probability_sums: Vec<Option<f64>>,
    /// Per request: what a server answered; empty for an engine of this process.
    pub served: Vec<ServedFacts>,
    /// What a reader must know of how it went.
    pub findings: Vec<Finding>,
}

impl RunOutput {
    /// Natural logarithm of the probability of all output of a request, where probabilities were kept and none was 0.
    #[must_use]
    pub fn log_probability(&self, request: usize) -> Option<f64> {
        let Some(kept) = &self.log_probabilities else { return self.log_probability_sums.get(request).copied().flatten() };
        let tokens = kept.get(request)?;
        let sum: f64 = tokens.iter().map(|token| token.log_probability).sum();
        (!tokens.is_empty() && sum.is_finite()).then_some(sum)
    }
}

/// A loaded model.
pub trait InferenceEngine {
    /// What runs.
    fn engine(&self) -> &EngineFacts;

    /// Which model.
    fn model(&self) -> &ModelFacts;

    /// The smaller model that guesses tokens for it, if one does.
    fn draft(&self) -> Option<&ModelFacts> {
        None
    }

    /// The server that runs the model, if one does.
    fn server(&self) -> Option<&ServerFacts> {
        None
    }

    /// Memory as of now.
    fn memory(&self) -> MemoryFacts;

    /// Does everything that need not happen in the window: tokenises, cuts, sorts, groups, reserves memory.
    ///
    /// # Errors
    /// When a prompt cannot be tokenised or the limits do not fit the model's context.
    fn prepare(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError>;

    /// Waits until the device has done all submitted work; called at both edges of the window.
    ///
    /// # Errors
    /// When the device failed.
    fn synchronize(&mut self) -> Result<(), SeamError>;

    /// Runs the workload, recording events and nothing else. An interrupt ends it early and is no error.
    ///
    /// # Errors
    /// When the engine failed as a whole.
    fn run(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, SeamError>;

    /// Works out what need not be known inside the window, after it has closed: it completes the account and the events of the
    /// run that ended last. An engine that knows everything by then has nothing to do.
    ///
    /// # Errors
    /// When the account cannot be completed.
    fn settle(&mut self, output: RunOutput, _events: &mut EventBuffer) -> Result<RunOutput, SeamError> {
        Ok(output)
    }
}
