//! One RAPL counter, whichever way it is read, and whether it moves.

use super::domain::{Domain, Part};
use super::perf_event::Event;
use crate::channel::ReadValue;
use crate::sysfs::Attribute;
use lem_domain::counter::CounterRange;
use lem_domain::units::{Joules, Watts};
use lem_domain::{Clock, HostClock};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A counter and how to reach it.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    pub(super) part: Part,
    pub(super) domain: Domain,
    pub(super) access: Access,
    pub(super) range: CounterRange,
    /// What the package may draw, where a limit is shown.
    pub(super) limit: Option<Watts>,
    pub(super) resolution: Joules,
    /// How it is read, in words.
    pub(super) source: String,
}

/// A way to a counter.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// A file that the kernel fills with the counter.
    File(Attribute),
    /// A perf event; the path is that of its description.
    Perf(Event, PathBuf),
}

impl Access {
    /// Opens the counter and reads it once.
    pub(super) fn open(&self) -> io::Result<ReadValue> {
        match self {
            Self::File(attribute) => attribute.open(),
            Self::Perf(event, _) => event.open(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(attribute) => attribute.path(),
            Self::Perf(_, path) => path,
        }
    }
}

/// RAPL updates each millisecond; a counter that stands still for a hundred updates does not count.
/// Khan et al., "RAPL in Action", ACM TOMPECS 3(2), 2018.
const STANDS_STILL_AFTER: Duration = Duration::from_millis(100);

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Which counters move. Real ones do within a few milliseconds; a virtual machine shows counters that never do.
pub(super) fn moving(values: &[ReadValue]) -> Vec<bool> {
    let clock = HostClock;
    let start = clock.now();
    let mut first: Vec<Option<f64>> = vec![None; values.len()];
    let mut moves = vec![false; values.len()];
    loop {
        for ((value, first), moves) in values.iter().zip(&mut first).zip(&mut moves) {
            let Some(now) = value() else { continue };
            *moves |= first.is_some_and(|first| first.to_bits() != now.to_bits());
            first.get_or_insert(now);
        }
        let now = clock.now();
        if moves.iter().all(|moves| *moves) || now > start.after(STANDS_STILL_AFTER) {
            return moves;
        }
        clock.sleep_until(now.after(POLL_INTERVAL));
    }
}
