//! The engine's threads.
//!
//! A decode step is hundreds of products of some ten microseconds each. Waking threads for each of them would cost more
//! than the products, so between two jobs a thread spins for a while before it sleeps.
//!
//! A job borrows from the caller's stack, which outlives it because the caller waits for every thread.

mod processors;

use lem_domain::spec::ThreadWaiting;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Rounds of spinning before a thread offers its processor to others: some tens of microseconds, longer than what lies
/// between two products of one step.
const SPINS: u32 = 2_000;

/// Offers before it sleeps. Where another program wants the processor, the thread that is waited for may be waiting for
/// just this one; where none does, an offer takes less than a microsecond.
const OFFERS: u32 = 200;

/// Waits a little for something to become true; gives whether it did.
fn briefly(waiting: ThreadWaiting, until: impl Fn() -> bool) -> bool {
    let (spins, offers) = match waiting {
        ThreadWaiting::Spin => (SPINS, OFFERS),
        ThreadWaiting::Yield => (0, OFFERS),
        ThreadWaiting::Sleep => (0, 0),
    };
    for _ in 0..spins {
        if until() {
            return true;
        }
        std::hint::spin_loop();
    }
    for _ in 0..offers {
        if until() {
            return true;
        }
        thread::yield_now();
    }
    until()
}

/// Threads that all run the same job, the caller's among them.
#[derive(Debug)]
pub(crate) struct Pool {
    crew: Arc<Crew>,
    workers: Vec<JoinHandle<()>>,
}

type Job<'a> = &'a (dyn Fn(usize) + Sync + 'a);

#[derive(Debug)]
struct Crew {
    /// Counts jobs; a change is the start signal.
    started: AtomicU32,
    /// Points to the `Job` of the present count, on the caller's stack.
    job: AtomicPtr<()>,
    /// Workers that have not finished the present job.
    running: AtomicUsize,
    /// The caller, when it sleeps until the last worker is done.
    caller: Mutex<Option<Thread>>,
    caller_sleeps: AtomicBool,
    /// Per worker: whether it sleeps.
    asleep: Vec<AtomicBool>,
    panicked: AtomicBool,
    stop: AtomicBool,
    waiting: ThreadWaiting,
}

impl Pool {
    /// A pool of `threads` threads, at least one; one of them is whoever calls [`Self::run`].
    ///
    /// # Errors
    /// When the system has no more threads.
    #[cfg(test)]
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        Self::with(threads, ThreadWaiting::Spin, false)
    }

    /// As [`Self::new`], with threads that wait for each other like this, and are kept each on a processor of its own where
    /// that is asked for: all but the caller's, which belongs to the caller.
    ///
    /// # Errors
    /// When the system has no more threads, or keeps one from its processor.
    pub(crate) fn with(threads: usize, waiting: ThreadWaiting, pinned: bool) -> std::io::Result<Self> {
        let count = threads.max(1) - 1;
        let processors = if pinned { processors::of_this_process()? } else { Vec::new() };
        let crew = Arc::new(Crew {
            started: AtomicU32::new(0),
            job: AtomicPtr::new(std::ptr::null_mut()),
            running: AtomicUsize::new(0),
            caller: Mutex::new(None),
            caller_sleeps: AtomicBool::new(false),
            asleep: (0..count).map(|_| AtomicBool::new(false)).collect(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            waiting,
        });
        // Dropping it stops the threads that did start.
        let (reports, arrived) = std::sync::mpsc::channel();
        let mut pool = Self { crew, workers: Vec::with_capacity(count) };
        for worker in 0..count {
            let crew = Arc::clone(&pool.crew);
            let name = format!("lem-candle-{}", worker + 1);
            // The first processor is left to the caller.
            let processor = processors.get(worker + 1).copied();
            let reports = reports.clone();
            let run = move || {
                // Whoever waits for this has gone only when another thread was refused.
                let _ = reports.send(processor.map_or(Ok(()), processors::stay_on));
                // The wait is over when no thread can report any more.
                drop(reports);
                crew.work(worker);
            };
            pool.workers.push(thread::Builder::new().name(name).spawn(run)?);
        }
        drop(reports);
        arrived.into_iter().collect::<std::io::Result<()>>()?;
        Ok(pool)
    }

    /// Number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `job` once on every thread, with the thread's number, and waits until all are done.
    ///
    /// # Panics
    /// When the job panicked on any thread.
    pub(crate) fn run(&mut self, job: impl Fn(usize) + Sync) {
        if self.workers.is_empty() {
            return job(0);
        }
        let job: Job<'_> = &job;
        let crew = &*self.crew;
        crew.job.store((&raw const job).cast::<()>().cast_mut(), Ordering::Relaxed);
        crew.running.store(self.workers.len(), Ordering::Relaxed);
        // Sequentially consistent, as the look at `asleep` is: either a worker sees the new count before it sleeps, or this
        // thread sees that it sleeps.
        crew.started.fetch_add(1, Ordering::SeqCst);
        for (worker, asleep) in self.workers.iter().zip(&crew.asleep) {
            if asleep.swap(false, Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| job(0)));
        crew.wait_for_workers();
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
        assert!(!crew.panicked.swap(false, Ordering::Relaxed), "a thread of the engine panicked");
    }

    /// Runs `job` for parts of `0..count` of at most `part` each, with the number of the thread; threads take the next
    /// part when they are done with one, so that one that is held up does not hold up the others.
    pub(crate) fn split(&mut self, count: usize, part: usize, job: impl Fn(usize, Range<usize>) + Sync) {
        let part = part.max(1);
        if self.workers.is_empty() || count <= part {
            return job(0, 0..count);
        }
        let next = AtomicUsize::new(0);
        self.run(|thread| {
            loop {
                let start = next.fetch_add(part, Ordering::Relaxed);
                if start >= count {
                    break;
                }
                job(thread, start..count.min(start + part));
            }
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.crew.stop.store(true, Ordering::SeqCst);
        self.crew.started.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker catches what its jobs panic with.
            drop(worker.join());
        }
    }
}

impl Crew {
    fn work(&self, worker: usize) {
        let mut seen = 0;
        loop {
            seen = self.next_job(worker, seen);
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let job = self.job.load(Ordering::Relaxed).cast::<Job<'_>>().cast_const();
            // SAFETY: `Pool::run` put it there before it changed the count that was seen, and does not return before
            // `running` is zero, which this worker's share of it keeps from happening.
            let job = unsafe { *job };
            if catch_unwind(AssertUnwindSafe(|| job(worker + 1))).is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            if self.running.fetch_sub(1, Ordering::SeqCst) == 1
                && self.caller_sleeps.load(Ordering::SeqCst)
                && let Some(caller) = &*self.caller.lock().unwrap_or_else(PoisonError::into_inner)
            {
                caller.unpark();
            }
        }
    }

    /// Waits until the count is another than `seen`, and gives it.
    fn next_job(&self, worker: usize, seen: u32) -> u32 {
        loop {
            if briefly(self.waiting, || self.started.load(Ordering::Acquire) != seen) {
                return self.started.load(Ordering::Acquire);
            }
            self.asleep[worker].store(true, Ordering::SeqCst);
            if self.started.load(Ordering::SeqCst) == seen {
                thread::park();
            }
            self.asleep[worker].store(false, Ordering::SeqCst);
        }
    }

    fn wait_for_workers(&self) {
        let done = || self.running.load(Ordering::SeqCst) == 0;
        if briefly(self.waiting, done) {
            return;
        }
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while !done() {
            thread::park();
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_every_job_once() {
        for threads in [1, 2, 5] {
            let mut pool = Pool::new(threads).unwrap();
            let counts: Vec<_> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..500 {
                pool.run(|thread| {
                    counts[thread].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 500));
        }
    }

    #[test]
    fn however_threads_wait_and_wherever_they_stay_jobs_are_done() {
        for waiting in [ThreadWaiting::Spin, ThreadWaiting::Yield, ThreadWaiting::Sleep] {
            for pinned in [false, true] {
                let mut pool = Pool::with(3, waiting, pinned).unwrap();
                let count = AtomicUsize::new(0);
                for _ in 0..200 {
                    pool.run(|_| {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert_eq!(count.into_inner(), 600, "{waiting:?}, {pinned}");
            }
        }
    }

    #[test]
    fn a_pinned_thread_has_one_processor_and_the_caller_keeps_all() {
        let allowed = processors::of_this_process().unwrap();
        let mut pool = Pool::with(2, ThreadWaiting::Spin, true).unwrap();
        let found = Mutex::new(vec![Vec::new(); 2]);
        pool.run(|thread| found.lock().unwrap()[thread] = processors::of_this_process().unwrap());
        let found = found.into_inner().unwrap();
        assert_eq!(found[0], allowed);
        match allowed.get(1) {
            Some(&second) => assert_eq!(found[1], [second]),
            None => assert_eq!(found[1], allowed, "there is none of its own"),
        }
    }

    #[test]
    fn a_pool_that_fell_asleep_wakes_again() {
        let mut pool = Pool::new(3).unwrap();
        let count = AtomicUsize::new(0);
        for _ in 0..5 {
            thread::sleep(std::time::Duration::from_millis(20));
            pool.run(|thread| {
                // The caller waits for the others, long enough to sleep.
                if thread > 0 {
                    thread::sleep(std::time::Duration::from_millis(5));
                }
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(count.into_inner(), 15);
    }

    #[test]
    fn parts_cover_everything_once() {
        let mut pool = Pool::new(4).unwrap();
        for (count, part) in [(0, 1), (1, 1), (7, 3), (1000, 1), (1000, 7), (5, 100)] {
            let seen: Vec<_> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            pool.split(count, part, |_, range| {
                for at in range {
                    seen[at].fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == 1), "{count} in parts of {part}");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let mut pool = Pool::new(2).unwrap();
        for panicking in [0, 1] {
            let outcome = catch_unwind(AssertUnwindSafe(|| pool.run(|thread| assert_ne!(thread, panicking))));
            assert!(outcome.is_err());
        }
        let count = AtomicUsize::new(0);
        pool.run(|_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 2);
    }
}
