//! Memory of a run, from that of its processes.

use crate::record::{MemoryFacts, ProcessRecord};
use crate::units::Bytes;

pub(super) fn memory(processes: &[ProcessRecord]) -> MemoryFacts {
    let collect = |of: fn(&MemoryFacts) -> Option<Bytes>| processes.iter().map(|process| of(&process.memory)).collect::<Option<Vec<_>>>();
    let sum = |of| collect(of).filter(|parts| !parts.is_empty()).map(|parts| parts.into_iter().sum());
    let max = |of| collect(of).and_then(|parts| parts.into_iter().max());
    MemoryFacts {
        model: sum(|memory| memory.model),
        kv_cache: sum(|memory| memory.kv_cache),
        peak_host: max(|memory| memory.peak_host),
        peak_device: max(|memory| memory.peak_device),
    }
}
