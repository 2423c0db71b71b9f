//! Sampling on the host's time: one thread that reads every sensor at absolute deadlines.

mod latency;
mod pinning;
mod recorder;
mod schedule;
mod timetable;

pub(crate) use pinning::{SpareCpu, spare_cpu};
pub(crate) use recorder::Recorder;
pub(crate) use schedule::Schedule;

use crate::error::EnergyError;
use crate::source::Reader;
use lem_domain::Clock;
use lem_domain::protocol::{EnergySession, SeamError};
use lem_domain::sensor::{SamplerCost, SensorRecord, SourceStatus, SourceVerdict};
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
    state: Mutex<State>,
    /// Wakes the thread when it shall end, so that stopping never waits for a deadline.
    stopped: Condvar,
}

struct State {
    recorder: Recorder,
    stopping: bool,
}

impl ThreadedSession {
    /// Reads every sensor once, then leaves the rest to a thread of its own, on the spare processor where there is one.
    pub(crate) fn start(
        readers: Vec<Box<dyn Reader>>,
        sources: Vec<SourceVerdict>,
        clock: Arc<dyn Clock>,
        spare_cpu: Option<SpareCpu>,
    ) -> Result<Self, EnergyError> {
        let mut recorder = Recorder::new(readers, clock.now());
        recorder.tick(&*clock);
        let shared = Arc::new(Shared { clock, state: Mutex::new(State { recorder, stopping: false }), stopped: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("lem-sampler".to_owned())
            .spawn(move || {
                if let Some(cpu) = spare_cpu {
                    cpu.take_calling_thread();
                }
                for_thread.sample_until_stopped()
            })
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
        // Whatever made the thread panic is not called again.
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return;
        }
        // Waits for at most one round of reads: the thread holds the lock for no longer.
        self.shared.lock().recorder.read_all(&*self.shared.clock);
    }

    fn margin(&self) -> Duration {
        self.shared.lock().recorder.margin()
    }

    fn drain(&mut self, record: &mut SensorRecord) {
        // The buffer is made ready before the lock is taken, so that no tick waits for memory.
        record.samples.clear();
        let capacity = self.shared.lock().recorder.capacity();
        record.samples.reserve_exact(capacity);
        let mut state = self.shared.lock();
        state.recorder.exchange(&mut record.samples);
        record.cost = state.recorder.cost();
        if record.sensors.is_empty() {
            record.sensors = state.recorder.sensors();
        }
        drop(state);
        if record.sources != self.sources {
            record.sources.clone_from(&self.sources);
        }
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

    /// The thread: reads what is due, waits for the next deadline, until it is told to stop.
    fn sample_until_stopped(&self) -> Duration {
        let mut state = self.lock();
        let mut now = self.clock.now();
        while !state.stopping {
            let Some(deadline) = state.recorder.next_deadline() else {
                state = self.stopped.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if now < deadline {
                let wait = Duration::from_nanos(deadline.as_nanos() - now.as_nanos());
                state = self.stopped.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
                if state.stopping {
                    break;
                }
            }
            // Reads nothing where the wake-up came early.
            now = state.recorder.tick(&*self.clock);
        }
        thread_cpu_time()
    }
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
