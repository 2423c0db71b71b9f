//! `perf_event_open(2)`, which no safe wrapper among the dependencies offers. The one place of this source with `unsafe`.

#![expect(unsafe_code, reason = "a system call without a wrapper: its one argument that points is checked below")]

use crate::channel::ReadValue;
use lem_domain::units::Joules;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A counting event of a unit outside the cores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Event {
    /// The unit's number, from its file `type`.
    pub(super) kind: u32,
    /// The event's number.
    pub(super) config: u64,
    /// The processor that reads for its socket.
    pub(super) processor: u32,
    /// Energy of one count.
    pub(super) step: Joules,
}

/// The first published form of `perf_event_attr`, which every kernel accepts (`PERF_ATTR_SIZE_VER0`).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    config1: u64,
}

const _: () = assert!(size_of::<Attributes>() == 64);

/// `PERF_FLAG_FD_CLOEXEC`.
const CLOSE_ON_EXEC: libc::c_ulong = 1 << 3;

impl Event {
    /// Starts counting and reads once. What the kernel counted before does not show: the counter starts at zero.
    pub(super) fn open(&self) -> io::Result<ReadValue> {
        let descriptor = open(self)?;
        let (file, step) = (File::from(descriptor), self.step);
        count(&file)?;
        Ok(Box::new(move || count(&file).ok().map(|count| Joules::from_counts(count, step).get())))
    }
}

fn count(mut file: &File) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

fn open(event: &Event) -> io::Result<OwnedFd> {
    // Everything that is left zero means: count at once, everything, without samples.
    let size = u32::try_from(size_of::<Attributes>()).expect("64");
    let attributes = Attributes { kind: event.kind, size, config: event.config, ..Attributes::default() };
    let processor = libc::c_int::try_from(event.processor).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let (every_process, no_group): (libc::pid_t, libc::c_int) = (-1, -1);
    // SAFETY: the kernel reads `size` bytes from the pointer, which is that of a live value of exactly that size without
    // padding, and keeps no pointer. The other arguments are plain numbers of the types that the manual page gives.
    let result =
        unsafe { libc::syscall(libc::SYS_perf_event_open, &raw const attributes, every_process, processor, no_group, CLOSE_ON_EXEC) };
    let descriptor = RawFd::try_from(result).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so the number is an open descriptor that was made just now and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_does_not_exist_is_refused_by_the_kernel() {
        let nowhere = Event { kind: u32::MAX - 1, config: 0, processor: 0, step: Joules::new(1.0) };
        assert!(nowhere.open().is_err());
    }

    /// Runs the whole call wherever the kernel lets this user count: the software unit exists on every machine.
    #[test]
    fn the_kernels_own_clock_event_counts_where_permitted() {
        // PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK: nanoseconds.
        let clock = Event { kind: 1, config: 0, processor: 0, step: Joules::from_counts(1, Joules::new(1e-9)) };
        match clock.open() {
            Ok(read) => {
                let first = read().expect("counts");
                std::thread::sleep(std::time::Duration::from_millis(5));
                let grown = read().expect("counts") - first;
                assert!(grown >= 0.004, "{grown} s in 5 ms");
            }
            Err(error) => assert!(
                matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported | io::ErrorKind::NotFound),
                "{error:?}"
            ),
        }
    }
}
