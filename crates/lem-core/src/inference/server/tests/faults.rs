//! Whatever goes wrong with a request has a name, and the others are none the worse for it.

use super::{quick, run, spec};
use crate::mock_server::{Fault, FaultRule, MockPlan, MockServer};
use lem_domain::protocol::Interrupt;
use lem_domain::record::RequestFailure;
use lem_domain::token::FinishReason;
use std::time::Duration;

/// Every second of six requests is hit.
fn check(fault: Fault, expected: RequestFailure, tokens: usize) {
    let mock = MockServer::start(MockPlan { faults: vec![FaultRule { fault, every: 2 }], ..quick() }, 0).unwrap();
    let mut spec = spec(&mock.base_url(), Some(6));
    spec.server.as_mut().unwrap().request_timeout = Duration::from_secs(2);
    let ran = run(&spec, 6, &Interrupt::new());
    let failed: Vec<_> = (0..6).filter(|&request| ran.output.finish[request] == Some(FinishReason::Failed)).collect();
    assert_eq!(failed.len(), 3, "{fault:?}: {:?}", ran.failures());
    for request in 0..6 {
        let (served, timeline) = (&ran.output.served[request], &ran.timelines[request]);
        assert_eq!(timeline.finish, ran.output.finish[request], "{fault:?}");
        if failed.contains(&request) {
            assert_eq!(served.failure, Some(expected), "{fault:?}: {:?}", served.reason);
            assert!(served.reason.as_ref().is_some_and(|reason| !reason.is_empty()), "{fault:?}");
            assert_eq!(timeline.tokens.len(), tokens, "{fault:?}: what came before is kept");
        } else {
            assert_eq!((served.failure, timeline.output_tokens()), (None, 8), "{fault:?}");
        }
    }
}

#[test]
fn every_fault_has_a_name() {
    check(Fault::Status(503), RequestFailure::Status, 0);
    check(Fault::Reset(3), RequestFailure::Reset, 3);
    check(Fault::Short(2), RequestFailure::Reset, 2);
    check(Fault::Malformed(2), RequestFailure::Malformed, 2);
    check(Fault::Error(1), RequestFailure::Reported, 1);
    check(Fault::Oversized(1), RequestFailure::Oversized, 1);
    check(Fault::Empty, RequestFailure::NoOutput, 0);
}

#[test]
fn a_stall_is_told_from_a_server_that_is_slow() {
    check(Fault::Stall(2), RequestFailure::Stalled, 2);
    check(Fault::Slow(Duration::from_secs(30)), RequestFailure::TimedOut, 0);
}

#[test]
fn an_answer_may_end_without_saying_so() {
    let mock = MockServer::start(MockPlan { faults: vec![FaultRule { fault: Fault::NoDone, every: 1 }], ..quick() }, 0).unwrap();
    let ran = run(&spec(&mock.base_url(), Some(2)), 2, &Interrupt::new());
    assert_eq!(ran.output.finish, [Some(FinishReason::Length); 2]);
}

/// Tokens per event of the first request.
fn counts(fault: Fault) -> (Vec<u32>, Option<u64>) {
    let mock = MockServer::start(MockPlan { faults: vec![FaultRule { fault, every: 1 }], ..quick() }, 0).unwrap();
    let ran = run(&spec(&mock.base_url(), Some(1)), 1, &Interrupt::new());
    assert_eq!(ran.output.finish, [Some(FinishReason::Length)]);
    let counts = ran.timelines[0].tokens.iter().map(|&(_, count)| count).collect();
    (counts, ran.output.served[0].output.headline().map(|(count, _)| count))
}

#[test]
fn pieces_are_never_a_count() {
    assert_eq!(counts(Fault::Bundle(4)), (vec![4, 4], Some(8)));
    assert_eq!(counts(Fault::NoUsage), (vec![0; 8], None));
    let (wrong, total) = counts(Fault::Usage(8));
    assert_eq!((wrong, total), (vec![2; 8], Some(16)));
    let (fewer, total) = counts(Fault::Usage(-2));
    assert_eq!((fewer.iter().sum::<u32>(), fewer.len(), total), (6, 8, Some(6)));
}

#[test]
fn a_request_is_sent_again_where_that_is_asked_for() {
    let mock = MockServer::start(MockPlan { faults: vec![FaultRule { fault: Fault::Status(503), every: 2 }], ..quick() }, 0).unwrap();
    let mut spec = spec(&mock.base_url(), Some(1));
    spec.traffic.retries = 1;
    let ran = run(&spec, 1, &Interrupt::new());
    assert_eq!((ran.output.finish[0], ran.output.served[0].retries), (Some(FinishReason::Length), 1));
    assert_eq!(ran.timelines[0].output_tokens(), 8);
}
