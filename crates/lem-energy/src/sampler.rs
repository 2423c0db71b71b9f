//! Sampling on the host's time: one thread that reads every sensor at absolute deadlines.

mod latency;
mod recorder;

use crate::error::EnergyError;
use crate::source::Sensor;
use lem_domain::protocol::{EnergySession, SeamError};
use lem_domain::sensor::{SamplerCost, SensorRecord, SourceStatus, SourceVerdict};
use lem_domain::{Clock, Timestamp};
use recorder::Recorder;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A sampler at work. Dropping it without [`EnergySession::stop`] ends its thread as well.
pub(crate) struct ThreadedSession {
    shared: Arc<Shared>,
    /// `None` once joined.
    thread: Option<JoinHandle<Duration>>,
    sources: Vec<SourceVerdict>,
}

/// What the sampler's thread and the session share.
struct Shared {
    clock: Arc<dyn Clock>,
    interval: Duration,
    state: Mutex<State>,
    /// Wakes the thread when it shall end, so that stopping never waits for a deadline.
    stopped: Condvar,
}

struct State {
    recorder: Recorder,
    stopping: bool,
}

impl ThreadedSession {
    /// Reads every sensor once, then leaves the rest to a thread of its own.
    pub(crate) fn start(
        sensors: Vec<Box<dyn Sensor>>,
        sources: Vec<SourceVerdict>,
        clock: Arc<dyn Clock>,
        interval: Duration,
    ) -> Result<Self, EnergyError> {
        let mut recorder = Recorder::new(sensors, interval);
        let started = clock.now();
        recorder.tick(&*clock);
        let shared = Arc::new(Shared { clock, interval, state: Mutex::new(State { recorder, stopping: false }), stopped: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("lem-sampler".to_owned())
            .spawn(move || for_thread.sample_until_stopped(started))
            .map_err(|source| EnergyError::ThreadRefused { source })?;
        Ok(Self { shared, thread: Some(thread), sources })
    }

    /// Ends the thread and gives the processor time it took.
    fn join(&mut self) -> Option<std::thread::Result<Duration>> {
        let thread = self.thread.take()?;
        self.shared.lock().stopping = true;
        self.shared.stopped.notify_all();
        Some(thread.join())
    }
}

impl EnergySession for ThreadedSession {
    fn read_edge(&mut self) {
        // Waits for at most one round of reads: the thread holds the lock for no longer.
        self.shared.lock().recorder.read_all(&*self.shared.clock);
    }

    fn stop(mut self: Box<Self>) -> Result<SensorRecord, SeamError> {
        let ended = self.join();
        let mut state = self.shared.lock();
        if let Some(Err(_)) = ended {
            // What was recorded until then is kept. Whatever made the thread panic is not called again.
            let status = SourceStatus::Broken("its thread died, and sampling ended there".to_owned());
            self.sources.push(SourceVerdict { source: "sampler".to_owned(), status });
        } else {
            state.recorder.read_all(&*self.shared.clock);
        }
        let cpu_time = ended.and_then(Result::ok);
        let recorded = state.recorder.take();
        Ok(SensorRecord {
            sensors: recorded.sensors,
            samples: recorded.samples,
            sources: std::mem::take(&mut self.sources),
            cost: SamplerCost { cpu_time, ..recorded.cost },
            interval: self.shared.interval,
        })
    }
}

impl Drop for ThreadedSession {
    fn drop(&mut self) {
        // A panic of the thread has nowhere to go from here, and the record is given up anyway.
        let _ = self.join();
    }
}

impl Shared {
    /// A panic while reading poisons the lock; the session learns of it when it joins the thread.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: reads at `started` + n × interval for n ≥ 1. A deadline that has passed before it could be kept is
    /// skipped and counted, so that lateness never accumulates.
    fn sample_until_stopped(&self, started: Timestamp) -> Duration {
        let mut deadline = started.after(self.interval);
        let mut state = self.lock();
        loop {
            let now = self.clock.now();
            if state.stopping {
                return thread_cpu_time();
            }
            if now < deadline {
                let wait = Duration::from_nanos(deadline.as_nanos() - now.as_nanos());
                state = self.stopped.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.recorder.tick(&*self.clock);
            let missed = missed_deadlines(deadline, self.clock.now(), self.interval);
            state.recorder.skip(missed);
            deadline = nth_deadline(deadline, self.interval, missed + 1);
        }
    }
}

/// Deadlines after `kept` that have come by `now`.
fn missed_deadlines(kept: Timestamp, now: Timestamp, interval: Duration) -> u64 {
    let late = u128::from(now.as_nanos().saturating_sub(kept.as_nanos()));
    u64::try_from(late / interval.as_nanos().max(1)).unwrap_or(u64::MAX)
}

fn nth_deadline(from: Timestamp, interval: Duration, n: u64) -> Timestamp {
    let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    Timestamp::from_nanos(from.as_nanos().saturating_add(interval.saturating_mul(n)))
}

/// Processor time of the calling thread since it began.
fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("processor time counts up from zero");
    let nanos = u32::try_from(time.tv_nsec).expect("the kernel keeps tv_nsec in 0..1e9");
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests;
