//! The engine against a server whose times and faults are known.

mod bodies;
mod faults;

use super::{Attach, ServerLoader};
use crate::mock_server::{MockPlan, MockServer};
use lem_domain::backend::Backend;
use lem_domain::derive::{RequestTimeline, timelines};
use lem_domain::protocol::{InferenceEngine, Interrupt, ModelLoader, PreparedWorkload, Prompt, RunControl, RunOutput, Silent};
use lem_domain::record::{RequestFailure, ServerOrigin};
use lem_domain::spec::{ArrivalShape, ArrivalSpec, Endpoint, ExperimentSpec, Launch, ServerSpec, TokenChoice, TokenLimits, TrafficSpec};
use lem_domain::token::{EventBuffer, FinishReason, TokenCounts};
use lem_domain::{Clock, HostClock};
use std::collections::BTreeMap;
use std::time::Duration;

/// Of so many requests at once, to a server of this address.
fn spec(url: &str, concurrency: Option<u32>) -> ExperimentSpec {
    let limits = TokenLimits { max_input: 64, max_output: 8, min_output: 0 };
    let server = ServerSpec {
        launch: Launch::Attach { url: url.to_owned() },
        startup_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(30),
        endpoint: Endpoint::Completions,
        key_variable: None,
        settings: BTreeMap::new(),
    };
    let traffic = TrafficSpec { concurrency, ..TrafficSpec::default() };
    ExperimentSpec { server: Some(server), traffic, ..ExperimentSpec::plain(Backend::Openai, "mock", limits, 2) }
}

fn quick() -> MockPlan {
    MockPlan { ttft: Duration::from_millis(4), itl: Duration::from_millis(1), ..MockPlan::default() }
}

struct Ran {
    workload: PreparedWorkload,
    output: RunOutput,
    timelines: Vec<RequestTimeline>,
}

impl Ran {
    fn failures(&self) -> Vec<Option<RequestFailure>> {
        self.output.served.iter().map(|served| served.failure).collect()
    }
}

fn prompts(count: usize) -> Vec<Prompt> {
    (0..count).map(|index| Prompt::text(index.to_string(), "one two three")).collect()
}

fn connect(spec: &ExperimentSpec) -> Box<dyn InferenceEngine> {
    ServerLoader::new(Box::new(Attach)).load(spec).expect("a server that answers")
}

fn run(spec: &ExperimentSpec, requests: usize, interrupt: &Interrupt) -> Ran {
    let mut engine = connect(spec);
    let workload = engine.prepare(&prompts(requests), spec).unwrap();
    // What warms up is prepared after the workload that is measured, and must not take its place.
    engine.prepare(&prompts(1), spec).unwrap();
    let mut events = EventBuffer::for_plan(requests, 8);
    let control = RunControl { clock: &HostClock, interrupt, progress: &Silent };
    let output = engine.run(&workload, spec, &mut events, control).unwrap();
    let output = engine.settle(output, &mut events).unwrap();
    assert!(!events.has_grown());
    let events = events.into_events();
    assert!(events.is_sorted_by_key(|event| event.at));
    Ran { timelines: timelines(&events, requests), workload, output }
}

fn most_at_once(timelines: &[RequestTimeline]) -> usize {
    let of = |at| {
        timelines
            .iter()
            .filter(|request| request.scheduled.is_some_and(|start| start <= at) && request.last_token().is_some_and(|end| end > at))
            .count()
    };
    timelines.iter().filter_map(|request| request.scheduled).map(of).max().unwrap_or(0)
}

#[test]
fn a_closed_loop_keeps_its_places_filled_and_times_are_those_of_the_server() {
    let mock = MockServer::start(MockPlan::default(), 0).unwrap();
    let ran = run(&spec(&mock.base_url(), Some(3)), 9, &Interrupt::new());
    assert_eq!(ran.output.finish, [Some(FinishReason::Length); 9]);
    assert_eq!(most_at_once(&ran.timelines), 3);
    for (request, served) in ran.timelines.iter().zip(&ran.output.served) {
        assert_eq!((request.output_tokens(), request.tokens.len()), (8, 8));
        // No token can come before its instant; how much later it comes is the machine's affair.
        assert!(request.service_ttft().unwrap().get() >= 0.020 && request.end_to_end().unwrap().get() >= 0.055 - 1e-4);
        assert!(request.ttft().unwrap() >= request.service_ttft().unwrap());
        let usage = |count| TokenCounts { usage: Some(count), ..TokenCounts::default() };
        assert_eq!((served.output, served.prompt, served.status, served.pieces), (usage(8), usage(3), Some(200), 8));
    }
    // A place is taken up again as soon as it falls free: three rounds of three, and hardly more.
    let mut starts: Vec<_> = ran.timelines.iter().map(|request| request.arrived.unwrap()).collect();
    let ends: Vec<_> = ran.timelines.iter().map(|request| request.last_token().unwrap()).collect();
    starts.sort();
    assert!(starts[3] >= *ends.iter().min().unwrap(), "the fourth waits for the first end");
}

#[test]
fn batches_wait_for_each_other() {
    let mock = MockServer::start(quick(), 0).unwrap();
    let ran = run(&spec(&mock.base_url(), None), 5, &Interrupt::new());
    assert_eq!(ran.workload.batches, [0..2, 2..4, 4..5]);
    for pair in ran.workload.batches.windows(2) {
        let last = ran.timelines[pair[0].clone()].iter().filter_map(RequestTimeline::last_token).max();
        let first = ran.timelines[pair[1].clone()].iter().filter_map(|request| request.scheduled).min();
        assert!(last <= first);
    }
}

#[test]
fn an_open_loop_starts_requests_at_their_instants() {
    let mock = MockServer::start(MockPlan { ttft: Duration::from_millis(200), ..quick() }, 0).unwrap();
    let arrival = Some(ArrivalSpec { shape: ArrivalShape::Constant, rate: 100.0, seed: 1 });
    let mut spec = spec(&mock.base_url(), None);
    spec.traffic.arrival = arrival;
    let ran = run(&spec, 5, &Interrupt::new());
    let first = ran.timelines[0].arrived.unwrap();
    let meant: Vec<_> = ran.timelines.iter().map(|request| (request.arrived.unwrap().as_nanos() - first.as_nanos()) / 1_000_000).collect();
    assert_eq!(meant, [0, 10, 20, 30, 40]);
    assert!(ran.timelines.iter().all(|request| request.scheduled >= request.arrived));
    assert_eq!(most_at_once(&ran.timelines), 5, "nobody waits for an answer");

    spec.traffic.concurrency = Some(1);
    let ran = run(&spec, 2, &Interrupt::new());
    assert!(ran.timelines[1].dispatch_delay().unwrap().get() > 0.15, "a limit holds back, and that is seen");
}

#[test]
fn a_conversation_begins_with_its_first_word() {
    let mock = MockServer::start(quick(), 0).unwrap();
    let mut spec = spec(&mock.base_url(), Some(2));
    spec.server.as_mut().unwrap().endpoint = Endpoint::Chat;
    let ran = run(&spec, 2, &Interrupt::new());
    assert_eq!(ran.output.finish, [Some(FinishReason::Length); 2]);
    assert!(ran.timelines.iter().all(|request| request.tokens.len() == 8 && request.service_ttft().unwrap().get() >= 0.004));
    assert_eq!(ran.output.served[0].prompt.usage, Some(3));
}

#[test]
fn an_interrupt_keeps_what_there_is() {
    let mock = MockServer::start(MockPlan { itl: Duration::from_secs(60), ..quick() }, 0).unwrap();
    let interrupt = Interrupt::new();
    let raised = interrupt.clone();
    let raising = std::thread::spawn(move || {
        HostClock.sleep_until(HostClock.now().after(Duration::from_millis(150)));
        raised.raise();
    });
    let ran = run(&spec(&mock.base_url(), Some(2)), 3, &interrupt);
    raising.join().unwrap();
    assert_eq!(ran.output.finish, [Some(FinishReason::Interrupted), Some(FinishReason::Interrupted), None]);
    assert_eq!(ran.failures()[0], Some(RequestFailure::Cancelled));
    assert_eq!(ran.timelines[0].tokens.len(), 1, "the token that had come");
}

#[test]
fn a_server_is_asked_what_it_is() {
    let mock = MockServer::start(quick(), 0).unwrap();
    let mut asked = spec(&mock.base_url(), Some(1));
    asked.model = "a name that it does not know".to_owned();
    let engine = connect(&asked);
    let server = engine.server().unwrap();
    assert_eq!((server.served_model.as_str(), server.origin), ("mock", ServerOrigin::Attached));
    assert!(server.version.as_ref().unwrap().starts_with("mock ") && server.no_tokenizer.is_some());
    assert_eq!(server.reported, [("owned_by".to_owned(), "lem".to_owned())]);
    assert_eq!(engine.model().reference, "a name that it does not know");
}

#[test]
fn a_server_that_is_not_there_is_an_error_at_once() {
    let address = { MockServer::start(quick(), 0).unwrap().base_url() };
    let error = ServerLoader::new(Box::new(Attach)).load(&spec(&address, None)).err().expect("nobody answers");
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[test]
fn requests_are_greedy_where_nothing_is_drawn() {
    let greedy = spec("http://127.0.0.1:1/v1", None);
    assert_eq!(greedy.sampling.choice, TokenChoice::Greedy);
    let body = super::body::BodyMaker::new(&greedy, "mock").unwrap().body(&super::body::Sent::Text("a".into()), None).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["temperature"], 0.0);
}
