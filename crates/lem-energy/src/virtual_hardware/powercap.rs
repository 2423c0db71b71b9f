//! A powercap tree on disk whose counters grow on the real clock as a known power tells: RAPL through the files that the
//! kernel would show.

use lem_domain::units::{Joules, Watts};
use lem_domain::world::Waveform;
use lem_domain::{Clock, HostClock, Timestamp};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two updates, as real registers have it. Khan et al., "RAPL in Action", ACM TOMPECS 3(2), 2018.
const UPDATE_PERIOD: Duration = Duration::from_millis(1);

/// The registers count in steps of 2⁻¹⁴ J, which the kernel shows in whole microjoules.
/// Intel, Software Developer's Manual vol. 3B, "RAPL Interfaces", `MSR_RAPL_POWER_UNIT`.
const STEPS_PER_JOULE: f64 = 16_384.0;

/// A zone of the tree and what its counter counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Its folder in the class folder, such as `intel-rapl:0:1`.
    pub folder: String,
    /// What it says it is: `package-0`, `core`, `dram`, `psys`, …
    pub name: String,
    /// Its power over time, counted from the origin.
    pub power: Waveform,
    /// What it shows at the origin.
    pub start: Joules,
    /// Where it starts over from zero.
    pub wraps_at: Joules,
    /// The power limit that is shown, which tells a wrap from a reset; `None` shows none.
    pub limit: Option<Watts>,
}

impl Zone {
    /// A zone with the range of a server's 32-bit register and no limit, that starts at zero.
    #[must_use]
    pub fn new(folder: &str, name: &str, power: Waveform) -> Self {
        let wraps_at = Joules::new(f64::from(u32::MAX) / STEPS_PER_JOULE);
        Self { folder: folder.to_owned(), name: name.to_owned(), power, start: Joules::new(0.0), wraps_at, limit: None }
    }

    /// What the counter shows that long after the origin, in joules.
    #[must_use]
    pub fn shown(&self, since: Timestamp) -> Joules {
        let counted = (self.start + self.power.energy_to(since)).get() % self.wraps_at.get();
        Joules::new((counted * STEPS_PER_JOULE).floor() / STEPS_PER_JOULE)
    }
}

/// Zones whose counters grow until this is dropped or paused.
pub struct PowercapTree {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PowercapTree {
    /// Writes the zones into a folder that stands for `/sys/class/powercap`, and lets them grow from `origin` on.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn grow(class_folder: &Path, zones: Vec<Zone>, origin: Timestamp) -> io::Result<Self> {
        let counters = zones.into_iter().map(|zone| GrowingCounter::write(class_folder, zone)).collect::<io::Result<Vec<_>>>()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        counters.iter().try_for_each(|counter| counter.update(HostClock.now(), origin))?;
        let thread = std::thread::Builder::new().name("virtual-rapl".to_owned()).spawn(move || {
            let mut next = HostClock.now();
            while !stopped.load(Ordering::Relaxed) {
                let now = HostClock.now();
                // A folder that is gone has no reader either.
                if counters.iter().any(|counter| counter.update(now, origin).is_err()) {
                    return;
                }
                // What the scheduler made late is not caught up with.
                next = next.after(UPDATE_PERIOD).max(now);
                HostClock.sleep_until(next);
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Leaves every counter where it is: files that are still there and no longer cost processor time.
    pub fn pause(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the writer shows as counters that stand still.
            let _ = thread.join();
        }
    }
}

impl Drop for PowercapTree {
    fn drop(&mut self) {
        self.pause();
    }
}

struct GrowingCounter {
    file: File,
    zone: Zone,
}

impl GrowingCounter {
    fn write(class_folder: &Path, zone: Zone) -> io::Result<Self> {
        let folder = class_folder.join(&zone.folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("name"), format!("{}\n", zone.name))?;
        fs::write(folder.join("max_energy_range_uj"), format!("{}\n", zone.wraps_at.whole_microjoules()))?;
        if let Some(limit) = zone.limit {
            fs::write(folder.join("constraint_0_power_limit_uw"), format!("{}\n", limit.whole_microwatts()))?;
        }
        let file = File::options().write(true).create(true).truncate(false).open(folder.join("energy_uj"))?;
        Ok(Self { file, zone })
    }

    /// Shows what the counter has counted by `now`. Allocates nothing, because tests count allocations around it.
    fn update(&self, now: Timestamp, origin: Timestamp) -> io::Result<()> {
        let since = Timestamp::from_nanos(now.as_nanos().saturating_sub(origin.as_nanos()));
        // At full width and in place, so that a reader never sees a part of it.
        let mut line = [0; 21];
        writeln!(&mut line[..], "{:020}", self.zone.shown(since).whole_microjoules())?;
        self.file.write_all_at(&line, 0)
    }
}
