//! Memory of a run, from that of its processes.

use crate::record::{MemoryFacts, ProcessRecord};
use crate::units::Bytes;

/// The greatest of what each cycle took; what lies in memory over several of them lies there once.
pub(super) fn memory<'a>(cycles: impl Iterator<Item = &'a [ProcessRecord]>) -> MemoryFacts {
    cycles.map(of_cycle).reduce(greatest).unwrap_or_default()
}

fn greatest(a: MemoryFacts, b: MemoryFacts) -> MemoryFacts {
    let greater = |a: Option<Bytes>, b: Option<Bytes>| a.zip(b).map(|(a, b)| a.max(b));
    MemoryFacts {
        model: greater(a.model, b.model),
        kv_cache: greater(a.kv_cache, b.kv_cache),
        peak_host: greater(a.peak_host, b.peak_host),
        peak_device: greater(a.peak_device, b.peak_device),
    }
}

fn of_cycle(processes: &[ProcessRecord]) -> MemoryFacts {
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
