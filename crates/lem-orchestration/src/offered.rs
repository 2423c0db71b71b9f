//! What a spec asks of the load, as a record keeps it.

use lem_domain::record::{LoadShape, OfferedLoad};
use lem_domain::spec::{BatchingStrategy, ExperimentSpec};

/// A server takes requests one by one, whatever is said of batches, as continuous batching does in this process.
pub(crate) fn offered(spec: &ExperimentSpec) -> OfferedLoad {
    let one_by_one = spec.backend.is_server() || spec.batching.strategy == BatchingStrategy::Continuous;
    let shape = match spec.traffic.arrival {
        _ if !one_by_one => LoadShape::Batches,
        Some(arrival) => LoadShape::Open(arrival),
        None => LoadShape::Closed,
    };
    OfferedLoad { shape, cap: cap(spec), ramp: None, objectives: spec.objectives }
}

/// Most requests in flight. Engines of this process have room for a batch; a server that requests come to at instants takes
/// what comes, unless somebody says otherwise.
fn cap(spec: &ExperimentSpec) -> Option<u32> {
    match (spec.backend.is_server(), spec.traffic.concurrency, spec.traffic.arrival) {
        (false, ..) => Some(spec.batching.size),
        (true, Some(concurrency), _) => Some(concurrency),
        (true, None, None) => Some(spec.batching.size),
        (true, None, Some(_)) => None,
    }
}
