//! The threads of tensor work: a pool of the engine's own, so that the asked number is the number that runs.

use super::EngineError;
use candle_core::utils::get_num_threads;

/// A pool of `asked` threads; `None` leaves the number to candle, which takes `RAYON_NUM_THREADS`, else the physical
/// cores.
///
/// candle's products split into as many jobs as [`get_num_threads`] says and run them in whatever pool is current. So
/// a smaller pool limits them, and a larger one would leave threads idle in silence: that is an error instead.
pub(super) fn pool(asked: Option<u32>) -> Result<rayon::ThreadPool, EngineError> {
    let limit = get_num_threads();
    let threads = asked.map_or(limit, |asked| usize::try_from(asked).unwrap_or(usize::MAX).max(1));
    if threads > limit {
        return Err(EngineError::Threads { asked: threads, limit });
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("lem-candle-{index}"))
        .build()
        .map_err(EngineError::ThreadPool)
}
