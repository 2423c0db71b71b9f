//! What one thread has spent, by both clocks that the kernel has for it, and a thread that only wakes.

#![expect(unsafe_code, reason = "getrusage of one thread and an absolute sleep are calls of the C library alone")]

use lem_domain::{Clock, HostClock, Timestamp};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What a thread has spent since it began, and when that was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadTime {
    at: Timestamp,
    rusage: f64,
    clock: f64,
    waits: i64,
}

impl ThreadTime {
    /// Of the calling thread.
    fn now() -> Self {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the pointer is to a whole structure of the type that the call fills, and zeroes are a value of it.
        let usage = unsafe {
            assert_eq!(libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()), 0, "Linux knows the calling thread");
            usage.assume_init()
        };
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a whole structure of the type that the call fills.
        assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0, "Linux has the clock");
        let seconds =
            |whole: i64, nanos: i64| Duration::new(u64::try_from(whole).expect("spent"), u32::try_from(nanos).expect("below a second"));
        let of_rusage = |time: libc::timeval| seconds(time.tv_sec, time.tv_usec * 1_000).as_secs_f64();
        Self {
            at: HostClock.now(),
            rusage: of_rusage(usage.ru_utime) + of_rusage(usage.ru_stime),
            clock: seconds(time.tv_sec, time.tv_nsec).as_secs_f64(),
            waits: usage.ru_nvcsw,
        }
    }
}

/// What a thread spent of a second, in per cent, and how often it waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) rusage: f64,
    pub(crate) clock: f64,
    pub(crate) wakes_per_second: f64,
}

impl Share {
    pub(crate) fn between(before: ThreadTime, after: ThreadTime) -> Self {
        let seconds = after.at.since(before.at).get();
        let waits = u32::try_from(after.waits - before.waits).expect("seconds hold few");
        Self {
            rusage: 100.0 * (after.rusage - before.rusage) / seconds,
            clock: 100.0 * (after.clock - before.clock) / seconds,
            wakes_per_second: f64::from(waits) / seconds,
        }
    }
}

/// What a thread spends that does nothing but wake at absolute deadlines.
pub(crate) fn wake(interval: Duration, length: Duration) -> Share {
    let waking = std::thread::spawn(move || {
        let (mut deadline, before) = (HostClock.now(), ThreadTime::now());
        let end = deadline.after(length);
        while deadline < end {
            deadline = deadline.after(interval);
            sleep_until(deadline);
        }
        Share::between(before, ThreadTime::now())
    });
    waking.join().expect("it only slept")
}

fn sleep_until(deadline: Timestamp) {
    let part = |nanos: u64| i64::try_from(nanos).expect("an uptime");
    let (second, nanos) = (part(deadline.as_nanos() / 1_000_000_000), part(deadline.as_nanos() % 1_000_000_000));
    let deadline = libc::timespec { tv_sec: second, tv_nsec: nanos };
    // SAFETY: the pointer is to a whole structure; the null one says that the remaining time is not wanted.
    unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &raw const deadline, ptr::null_mut()) };
}

/// The host's clock, which on demand tells what the thread that next looks at it has spent: only that thread can.
#[derive(Default)]
pub(crate) struct ProbedClock {
    asked: AtomicBool,
    answer: Mutex<Option<ThreadTime>>,
}

impl ProbedClock {
    /// What the sampler's thread has spent by its next look at the clock.
    pub(crate) fn probe(&self) -> ThreadTime {
        self.asked.store(true, Ordering::Release);
        loop {
            std::thread::sleep(Duration::from_millis(10));
            if let Some(answer) = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return answer;
            }
        }
    }
}

impl Clock for ProbedClock {
    fn now(&self) -> Timestamp {
        if self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Acquire) {
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(ThreadTime::now());
        }
        HostClock.now()
    }

    fn sleep_until(&self, deadline: Timestamp) {
        HostClock.sleep_until(deadline);
    }

    fn wall(&self) -> SystemTime {
        HostClock.wall()
    }
}
