//! A server as an engine.

use super::ServerError;
use super::address::{Address, is_here};
use super::answer::Answer;
use super::body::BodyMaker;
use super::call::{HELD, Line};
use super::descriptors;
use super::dispatch::{Shape, dispatch};
use super::host::{Told, ask};
use super::key::Key;
use super::local::LocalModel;
use super::prompts::PromptMaker;
use super::settle::settle;
use super::transport::Transport;
use crate::inference::numbers::index;
use crate::inference::{arrivals, batching};
use hyper::body::Bytes;
use lem_domain::protocol::{
    InferenceEngine, ModelLoader, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError, ServerHost, ServerLauncher,
};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts, ServerFacts};
use lem_domain::spec::{BatchingStrategy, Endpoint, ExperimentSpec};
use lem_domain::token::{EventBuffer, RequestIndex, TokenCounts};
use lem_domain::{Finding, FindingCode, Severity};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// What an engine's version and device are called where nobody says.
const UNKNOWN: &str = "unknown";

/// Brings a server to run and connects to it.
pub struct ServerLoader {
    launcher: Box<dyn ServerLauncher>,
}

impl ServerLoader {
    /// A loader of whatever the launcher brings to run.
    #[must_use]
    pub fn new(launcher: Box<dyn ServerLauncher>) -> Self {
        Self { launcher }
    }
}

impl ModelLoader for ServerLoader {
    fn load(&self, spec: &ExperimentSpec) -> Result<Box<dyn InferenceEngine>, SeamError> {
        let host = self.launcher.launch(spec)?;
        Ok(Box::new(ServerEngine::connect(host, spec)?))
    }
}

/// A server that answers, and the model that it has.
pub struct ServerEngine {
    runtime: Runtime,
    transport: Transport,
    endpoint: Endpoint,
    host: Box<dyn ServerHost>,
    local: LocalModel,
    engine: EngineFacts,
    model: ModelFacts,
    server: ServerFacts,
    /// The run that ended last.
    answers: Vec<Answer>,
    /// What is known here of its prompts' tokens.
    prompts: Vec<TokenCounts>,
    read_early: u64,
}

impl ServerEngine {
    /// Asks a server that answers what it is, and makes ready to send requests to it.
    ///
    /// # Errors
    /// When the spec names no server, its address or its key is wrong, it does not answer, or it does not have the model.
    pub fn connect(host: Box<dyn ServerHost>, spec: &ExperimentSpec) -> Result<Self, ServerError> {
        let asked = spec.server.as_ref().ok_or(ServerError::NoServer { backend: spec.backend.as_str() })?;
        let key = asked.key_variable.as_deref().map(Key::from_variable).transpose()?;
        let transport = Transport::new(Address::parse(&host.endpoint().base_url)?, key)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(ServerError::Runtime)?;
        descriptors::raise_limit();
        let told = runtime.block_on(ask(&transport))?;
        let served_model = served_model(&told, host.endpoint().served_model.as_deref(), &spec.model)?;
        let local = LocalModel::of(&spec.model);
        let (facts, unknown) = (host.facts(), || UNKNOWN.to_owned());
        let version = facts.version.clone().or(told.version);
        let engine = EngineFacts {
            backend: spec.backend,
            version: version.clone().unwrap_or_else(unknown),
            device: facts.device.clone().unwrap_or_else(unknown),
            kernel: "of the server".to_owned(),
            threads: None,
        };
        let model = ModelFacts {
            reference: spec.model.clone(),
            name: local.name.clone().or_else(|| Some(served_model.clone())),
            architecture: local.family.clone().unwrap_or_else(unknown),
            revision: None,
            weights_sha256: None,
            tokenizer_sha256: local.tokenizer.as_ref().map(|tokenizer| tokenizer.digest().to_owned()),
            weight_types: "as the server holds them".to_owned(),
            adapter: None,
            quantization: None,
            parameters: told.parameters,
            shape: local.shape,
        };
        let server = ServerFacts {
            address: transport.address.shown(),
            endpoint: asked.endpoint,
            served_model,
            origin: facts.origin,
            command: facts.command.clone(),
            start: facts.start,
            version,
            device: facts.device.clone(),
            reported: facts.reported.iter().cloned().chain(told.reported).collect(),
            no_tokenizer: local.no_tokenizer.clone(),
        };
        let endpoint = asked.endpoint;
        let (answers, prompts) = (Vec::new(), Vec::new());
        Ok(Self { runtime, transport, endpoint, host, local, engine, model, server, answers, prompts, read_early: 0 })
    }

    fn prepare_workload(&self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, ServerError> {
        let bodies = BodyMaker::new(spec, &self.server.served_model)?;
        let mut maker = PromptMaker::new(self.local.tokenizer.as_ref(), spec, self.endpoint);
        let made = prompts.iter().map(|prompt| maker.make(prompt)).collect::<Result<Vec<_>, _>>()?;
        // Where nobody can tell tokens, words are their best measure.
        let length = |(request, sent): &(lem_domain::protocol::PreparedRequest, super::body::Sent)| match sent {
            super::body::Sent::Text(text) if request.tokens.is_empty() => text.split_whitespace().count(),
            _ => request.tokens.len(),
        };
        let lengths: Vec<_> = made.iter().map(length).collect();
        let plan = batching::plan(&lengths, &spec.batching, spec.limits.max_input);
        let (mut requests, sent): (Vec<_>, Vec<_>) = plan.order.iter().map(|&request| made[request].clone()).unzip();
        arrivals::assign(&spec.traffic, spec.limits.max_output, &mut requests)?;
        for (request, sent) in requests.iter_mut().zip(&sent) {
            request.message = Some(Arc::from(bodies.body(sent, request.max_output)?));
        }
        let findings = maker.findings(self.local.no_tokenizer.as_deref());
        Ok(PreparedWorkload { requests, batches: plan.batches, template: None, findings })
    }

    fn send(&mut self, workload: &PreparedWorkload, spec: &ExperimentSpec, control: RunControl<'_>) -> Result<(), ServerError> {
        let timeout = spec.server.as_ref().map_or(Duration::MAX, |server| server.request_timeout);
        let messages = workload.requests.iter().map(|request| request.message.clone().map(Bytes::from_owner));
        let messages: Vec<Bytes> = messages.collect::<Option<_>>().ok_or(ServerError::NotPrepared)?;
        let pieces = index(spec.limits.max_output);
        let room = HELD / 4 / messages.len().max(1);
        let answers: Vec<_> = messages.iter().map(|_| RefCell::new(Answer::with_room(pieces, room))).collect();
        let path = self.transport.address.path(self.endpoint.path());
        let line = Line {
            transport: &self.transport,
            path: &path,
            timeout,
            retries: spec.traffic.retries,
            clock: control.clock,
            held: Cell::new(0),
            read_early: Cell::new(0),
        };
        let start = |request: usize, meant| {
            let (line, answer, message) = (&line, &answers[request], messages[request].clone());
            async move {
                answer.borrow_mut().arrived = Some(meant);
                line.call(message, answer).await;
                answer.borrow().ended.unwrap_or_default()
            }
        };
        let shape = shape(workload, spec);
        let ended = self.runtime.block_on(dispatch(&shape, messages.len(), control, start));
        self.read_early = line.read_early.get();
        self.answers = answers.into_iter().map(RefCell::into_inner).collect();
        self.prompts = workload.requests.iter().map(|request| prompt_counts(&request.tokens, self.local.tokenizer.is_some())).collect();
        ended.map_err(ServerError::Runtime)
    }

    /// What a reader must know of the run that ended last.
    fn findings(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.transport.places().iter().any(|&place| is_here(place)) {
            let message = format!("the server at {} runs on another machine, whose energy was not read", self.server.address);
            findings.push(Finding::new(FindingCode::EnergyElsewhere, Severity::Warning, message).with_hint("run `lem` beside it"));
        }
        if let Err(ended) = self.host.check_alive() {
            findings.push(Finding::new(FindingCode::ServerEnded, Severity::Error, ended.to_string()));
        }
        if self.read_early > 0 {
            let message =
                format!("{} answers were read inside the window: together they hold more than {} MiB", self.read_early, HELD >> 20);
            findings.push(Finding::new(FindingCode::AnswersReadEarly, Severity::Info, message));
        }
        findings
    }
}

impl InferenceEngine for ServerEngine {
    fn engine(&self) -> &EngineFacts {
        &self.engine
    }

    fn model(&self) -> &ModelFacts {
        &self.model
    }

    fn server(&self) -> Option<&ServerFacts> {
        Some(&self.server)
    }

    /// The memory of this process is not that of the server.
    fn memory(&self) -> MemoryFacts {
        MemoryFacts::default()
    }

    fn prepare(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError> {
        Ok(self.prepare_workload(prompts, spec)?)
    }

    /// A request is over when its answer is.
    fn synchronize(&mut self) -> Result<(), SeamError> {
        Ok(())
    }

    /// Sends the requests and keeps the answers, which [`Self::settle`] reads.
    fn run(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        _events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, SeamError> {
        self.send(workload, spec, control)?;
        Ok(RunOutput::default())
    }

    fn settle(&mut self, mut output: RunOutput, events: &mut EventBuffer) -> Result<RunOutput, SeamError> {
        let answers = std::mem::take(&mut self.answers);
        for (position, (mut answer, prompt)) in answers.into_iter().zip(std::mem::take(&mut self.prompts)).enumerate() {
            let request = RequestIndex(u32::try_from(position).expect("a workload has fewer than 2^32 requests"));
            let settled = settle(request, &mut answer, prompt, self.local.tokenizer.as_ref(), events);
            output.finish.push(settled.finish);
            output.tokens.push(settled.tokens);
            output.padding.push(0);
            output.served.push(settled.served);
            output.log_probability_sums.push(settled.log_probability);
        }
        events.sort();
        output.findings.extend(self.findings());
        Ok(output)
    }
}

/// Prompt tokens as they are known here: listed where tokens are sent, else the text tokenised.
fn prompt_counts(tokens: &[u32], is_known: bool) -> TokenCounts {
    TokenCounts { retokenised: (is_known && !tokens.is_empty()).then_some(tokens.len() as u64), ..TokenCounts::default() }
}

/// A server groups requests itself; what is said of batches says when they are sent.
fn shape(workload: &PreparedWorkload, spec: &ExperimentSpec) -> Shape {
    let concurrency = spec.traffic.concurrency.map(index);
    if workload.requests.iter().any(|request| request.arrival.is_some()) {
        let instants = workload.requests.iter().map(|request| request.arrival.unwrap_or_default()).collect();
        return Shape::Open { instants, places: concurrency };
    }
    let ramp = spec.traffic.ramp.unwrap_or_default();
    match (concurrency, spec.batching.strategy) {
        (Some(places), _) => Shape::Closed { places, ramp },
        (None, BatchingStrategy::Continuous) => Shape::Closed { places: index(spec.batching.size), ramp },
        (None, _) => Shape::Batches(workload.batches.clone()),
    }
}

/// The name by which a server knows the model: the one it was started with, the one that was asked for, or its only one.
fn served_model(told: &Told, started_with: Option<&str>, asked: &str) -> Result<String, ServerError> {
    let wanted = started_with.unwrap_or(asked);
    match told.models.as_slice() {
        [] => Ok(wanted.to_owned()),
        models if models.iter().any(|model| model == wanted) => Ok(wanted.to_owned()),
        [only] => Ok(only.clone()),
        models => Err(ServerError::NoSuchModel { asked: wanted.to_owned(), served: models.to_vec() }),
    }
}
