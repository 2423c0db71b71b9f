//! What a spec asks of the load, as a record keeps it.

use lem_domain::record::{LoadShape, OfferedLoad};
use lem_domain::spec::{BatchingStrategy, ExperimentSpec};

/// Requests come in batches unless somebody says otherwise: to a server by its traffic, to an engine of this process by
/// continuous batching, which alone looks at instants.
pub(crate) fn offered(spec: &ExperimentSpec) -> OfferedLoad {
    let traffic = &spec.traffic;
    let at_instants = traffic.arrival.is_some() || traffic.trace.is_some();
    let is_told = spec.backend.is_server() && (at_instants || traffic.concurrency.is_some());
    let one_by_one = is_told || spec.batching.strategy == BatchingStrategy::Continuous;
    let shape = match (&spec.traffic.trace, spec.traffic.arrival) {
        _ if !one_by_one => LoadShape::Batches,
        (Some(file), _) => LoadShape::Trace { file: file.display().to_string() },
        (None, Some(arrival)) => LoadShape::Open(arrival),
        (None, None) => LoadShape::Closed,
    };
    OfferedLoad { shape, cap: cap(spec), ramp: spec.traffic.ramp, objectives: spec.objectives }
}

/// Most requests in flight. Engines of this process have room for a batch; a server that requests come to at instants takes
/// what comes, unless somebody says otherwise.
fn cap(spec: &ExperimentSpec) -> Option<u32> {
    let at_instants = spec.traffic.arrival.is_some() || spec.traffic.trace.is_some();
    match (spec.backend.is_server(), spec.traffic.concurrency) {
        (true, Some(concurrency)) => Some(concurrency),
        (true, None) if at_instants => None,
        (true, None) | (false, _) => Some(spec.batching.size),
    }
}
