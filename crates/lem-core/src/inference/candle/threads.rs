//! How many threads, and a pool of them.

use super::EngineError;
use crate::inference::cpu::Pool;
use crate::inference::numbers::index;
use lem_domain::spec::CandleSpec;
use std::thread::available_parallelism;

/// A pool of threads as asked for; where nobody says how many, one per physical core, or what `RAYON_NUM_THREADS` says.
///
/// Threads wait for each other after every product, spinning: more of them than may run at once would spend most of their
/// time on that.
pub(super) fn pool(spec: &CandleSpec) -> Result<Pool, EngineError> {
    let limit = limit();
    let threads = spec.threads.map_or_else(|| candle_core::utils::get_num_threads().min(limit), index);
    if threads > limit {
        return Err(EngineError::Threads { asked: threads, limit });
    }
    Pool::with(threads, spec.waiting, spec.pin_threads).map_err(EngineError::ThreadPool)
}

/// Threads that may run at once.
pub(super) fn limit() -> usize {
    available_parallelism().map_or(1, usize::from)
}
