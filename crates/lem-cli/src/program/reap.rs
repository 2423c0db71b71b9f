//! How a program ended and what processor time it took: `wait4`, which neither std nor rustix offers.

#![expect(unsafe_code, reason = "one system call that fills two plain structures")]

use crate::exit::Exit;
use lem_results::record::document::ProgramEndRecord;
use rustix::process::Pid;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// A program that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    /// Processor time outside the kernel, of it and of those it started and waited for.
    pub(crate) user: Duration,
    /// The same inside the kernel.
    pub(crate) system: Duration,
}

impl Ended {
    /// Its own exit code, or 128 and the signal that ended it, as shells have it.
    pub(crate) fn exit(&self) -> Exit {
        let code = match self.end() {
            ProgramEndRecord::Exited { code } => code,
            ProgramEndRecord::Killed { signal } => 128 + signal,
        };
        Exit::Program(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// By itself, or by a signal.
    pub(crate) fn end(&self) -> ProgramEndRecord {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => ProgramEndRecord::Exited { code },
            (None, signal) => ProgramEndRecord::Killed { signal: signal.unwrap_or(0) },
        }
    }
}

/// Reaps a child of this process that has ended.
pub(super) fn reap(program: Pid) -> io::Result<Ended> {
    let mut status: libc::c_int = 0;
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    let usage = loop {
        // SAFETY: both pointers lead to live, writable memory of the types that wait4(2) fills; `program` is a child of this
        // process that nobody else reaps.
        let reaped = unsafe { libc::wait4(program.as_raw_nonzero().get(), &raw mut status, 0, usage.as_mut_ptr()) };
        if reaped >= 0 {
            // SAFETY: wait4 succeeded, and then it has filled the structure.
            break unsafe { usage.assume_init() };
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    Ok(Ended { status: ExitStatus::from_raw(status), user: duration(usage.ru_utime), system: duration(usage.ru_stime) })
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
