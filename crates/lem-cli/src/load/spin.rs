//! The processor as its own load: threads that compute while they are told to.

use lem_domain::protocol::{Fault, SeamError};
use lem_energy::calibrate::Load;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const OFF: u8 = 0;
const ON: u8 = 1;
const END: u8 = 2;

/// Frequencies and voltages follow within some ten milliseconds.
const SETTLING: Duration = Duration::from_millis(500);

/// Operations between two looks at the state: some ten microseconds, far below any lag that is looked for.
const BURST: u32 = 20_000;

/// Threads on all processors but one, which is left to the sampler: late reads would blur what is looked for. They end
/// with this value.
pub(crate) struct SpinLoad {
    state: Arc<AtomicU8>,
    threads: Vec<JoinHandle<()>>,
}

impl SpinLoad {
    /// Starts the threads, which wait.
    ///
    /// # Errors
    /// When the operating system refuses one.
    pub(crate) fn new() -> Result<Self, SeamError> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let state = Arc::new(AtomicU8::new(OFF));
        let start = |number: usize| {
            let state = Arc::clone(&state);
            std::thread::Builder::new().name(format!("spin-{number}")).spawn(move || spin(&state))
        };
        let threads: Result<Vec<_>, _> = (0..processors.saturating_sub(1).max(1)).map(start).collect();
        let threads = threads.map_err(|error| SeamError::new(Fault::Preflight, "cannot start the threads that spin").because(error))?;
        Ok(Self { state, threads })
    }

    fn switch(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
        self.threads.iter().for_each(|thread| thread.thread().unpark());
    }
}

fn spin(state: &AtomicU8) {
    loop {
        match state.load(Ordering::Relaxed) {
            END => return,
            ON => burst(),
            // An unpark that comes first makes this return at once.
            _ => std::thread::park(),
        }
    }
}

/// Independent multiplications and additions: they keep the arithmetic units busy, which waiting loops do not.
fn burst() {
    let mut lanes = [1.000_1_f64, 1.000_2, 1.000_3, 1.000_4, 1.000_5, 1.000_6, 1.000_7, 1.000_8];
    for _ in 0..BURST {
        for lane in &mut lanes {
            *lane = *lane * 0.999_9 + 1e-4;
        }
    }
    black_box(lanes);
}

impl Load for SpinLoad {
    fn label(&self) -> String {
        format!("spin on {} thread{}", self.threads.len(), if self.threads.len() == 1 { "" } else { "s" })
    }

    fn settling(&self) -> Duration {
        SETTLING
    }

    fn on(&mut self) -> Result<(), SeamError> {
        self.switch(ON);
        Ok(())
    }

    fn off(&mut self) -> Result<(), SeamError> {
        self.switch(OFF);
        Ok(())
    }
}

impl Drop for SpinLoad {
    fn drop(&mut self) {
        self.switch(END);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::{Clock, HostClock};

    /// Processor time of this process, all threads together.
    fn cpu_time() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(u64::try_from(time.tv_sec).expect("counts up"), u32::try_from(time.tv_nsec).expect("below a second"))
    }

    fn used_in(length: Duration) -> Duration {
        let before = cpu_time();
        HostClock.sleep_until(HostClock.now().after(length));
        cpu_time().saturating_sub(before)
    }

    #[test]
    fn it_computes_while_it_is_on_and_ends_with_its_value() {
        let length = Duration::from_millis(400);
        let mut load = SpinLoad::new().expect("threads");
        load.on().expect("cannot fail");
        let on = used_in(length);
        load.off().expect("cannot fail");
        let off = used_in(length);
        // Other tests of this process run beside it, and other programs on this machine.
        assert!(on > length / 8, "{on:?} on, {off:?} off");
        let threads = load.threads.len();
        assert!(load.label().starts_with(&format!("spin on {threads} thread")));
        drop(load);
    }
}
