//! Traffic between memory and what computes (MEASUREMENT.md §5).

use crate::quantity::{Grade, Quantity};
use crate::record::ProcessRecord;
use crate::traffic::MemoryTraffic;
use crate::units::{BytesPerSecond, Seconds};

/// Bytes moved in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficSummary {
    /// By phase, all processes together; `None` when one of them does not count.
    pub moved: Option<MemoryTraffic>,
    /// Bytes of passes of output tokens alone ÷ time in which nothing but decode ran. Divided by the bandwidth of the
    /// memory it is the MBU.
    pub decode_rate: Quantity<BytesPerSecond>,
}

pub(super) fn traffic(processes: &[&ProcessRecord], decode_time: Seconds) -> TrafficSummary {
    let moved = processes.iter().map(|process| process.traffic).sum::<Option<MemoryTraffic>>().filter(|_| !processes.is_empty());
    let decode_rate = match moved {
        None => Quantity::unavailable("the engine does not count what it moves"),
        Some(moved) => BytesPerSecond::of(moved.decode.bytes(), decode_time).map_or_else(
            || Quantity::unavailable("no time in which nothing but decode ran"),
            |rate| Quantity::present(rate, Grade::Derived, "weights, keys and values of decode passes ÷ time in which decode ran"),
        ),
    };
    TrafficSummary { moved, decode_rate }
}
