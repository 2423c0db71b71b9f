//! Waiting for an instant, to some tens of microseconds: timers of the runtime come to whole milliseconds.

use lem_domain::Timestamp;
use rustix::fd::OwnedFd;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
use std::io;
use tokio::io::unix::AsyncFd;

/// A timer of the system on the clock that stamps everything else.
#[derive(Debug)]
pub(crate) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    /// A timer that is not set. Must be called within a runtime.
    #[expect(deprecated, reason = "it is sound for a descriptor that is owned; what replaces it is unsafe for all of them")]
    pub(crate) fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self(AsyncFd::new(timer)?))
    }

    /// Returns once an instant of the host's monotonic clock has come. Only one may wait at a time.
    pub(crate) async fn wait_until(&self, at: Timestamp) -> io::Result<()> {
        const NANOS: u64 = 1_000_000_000;
        // An instant of 0 would disarm the timer.
        let nanos = at.as_nanos().max(1);
        let seconds = i64::try_from(nanos / NANOS).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: seconds, tv_nsec: i64::try_from(nanos % NANOS).expect("below 10^9") };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        // Setting a timer forgets what an earlier setting left unread.
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &once)?;
        loop {
            let mut guard = self.0.readable().await?;
            let mut count = [0; 8];
            match guard.try_io(|timer| rustix::io::read(timer.get_ref(), &mut count).map_err(io::Error::from)) {
                Ok(read) => return read.map(|_| ()),
                Err(_would_block) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::{Clock, HostClock};
    use std::time::Duration;

    #[test]
    fn it_rings_at_its_instant_and_not_before() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let alarm = Alarm::new().unwrap();
            for millis in [3, 0, 2] {
                let at = HostClock.now().after(Duration::from_millis(millis));
                alarm.wait_until(at).await.unwrap();
                assert!(HostClock.now() >= at);
            }
            alarm.wait_until(Timestamp::from_nanos(0)).await.unwrap();
        });
    }
}
