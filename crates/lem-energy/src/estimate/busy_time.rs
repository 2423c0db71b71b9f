//! Busy time of all online hardware threads, from `/proc/stat`.

use crate::EnergyError;
use lem_domain::units::Seconds;
use rustix::param::clock_ticks_per_second;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Room for one `cpuN` line with ten numbers; the buffer grows when a machine needs more.
const BYTES_PER_THREAD: usize = 128;

/// Room for the first lines of what follows the processors.
const BYTES_BESIDE_THREADS: usize = 512;

/// A counter of busy thread-seconds that only grows.
///
/// Busy is `user + nice + system + irq + softirq`. `guest` and `guest_nice` are counted inside `user` and `nice` by the
/// kernel; `idle`, `iowait` (which may even run backwards) and `steal` are not work of this machine. See proc_stat(5).
#[derive(Debug)]
pub(crate) struct BusyTime {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    /// Highest busy ticks seen per thread number; `None` for a number that was never seen.
    last: Vec<Option<u64>>,
    /// Sum of all growth. The line of a thread that goes offline disappears, and what it has done stays counted; a
    /// thread that comes online later counts from then on. So the sum neither falls nor jumps.
    total: u64,
    online: u32,
    ticks_per_second: u64,
}

impl BusyTime {
    /// Opens `stat` below a `proc` folder and reads it once.
    ///
    /// # Errors
    /// When it cannot be read or names no thread.
    pub(crate) fn open(proc: &Path) -> Result<Self, EnergyError> {
        let path = proc.join("stat");
        let unreadable = |source| EnergyError::Unreadable { path: path.clone(), source };
        let file = File::open(&path).map_err(unreadable)?;
        let mut busy = Self {
            path: path.clone(),
            file,
            buffer: vec![0; BYTES_PER_THREAD + BYTES_BESIDE_THREADS],
            last: Vec::new(),
            total: 0,
            online: 0,
            ticks_per_second: clock_ticks_per_second(),
        };
        busy.read().map_err(unreadable)?;
        // Thread-seconds since boot of what is online now: the figure that other tools show.
        busy.total = busy.last.iter().flatten().sum();
        if busy.online == 0 {
            return Err(EnergyError::Malformed { path: busy.path, expected: "line of a hardware thread (`cpu0 …`)" });
        }
        Ok(busy)
    }

    /// Hardware threads that were online at the last read.
    pub(crate) fn threads(&self) -> u32 {
        self.online
    }

    /// The kernel's unit of accounting, 10 ms on common kernels.
    pub(crate) fn tick(&self) -> Duration {
        Duration::from_secs(1) / u32::try_from(self.ticks_per_second).expect("the kernel ticks a few hundred times per second")
    }

    /// Thread-seconds of work, over all threads. Allocates only when more threads come online than ever before.
    pub(crate) fn read(&mut self) -> io::Result<Seconds> {
        let filled = self.fill()?;
        self.online = 0;
        for line in self.buffer[..filled].split(|&byte| byte == b'\n') {
            let Some((thread, ticks)) = parse_line(line) else { continue };
            if thread >= self.last.len() {
                self.last.resize(thread + 1, None);
            }
            let last = self.last[thread].unwrap_or(ticks);
            self.total += ticks.saturating_sub(last);
            self.last[thread] = Some(ticks.max(last));
            self.online += 1;
        }
        Ok(in_seconds(self.total, self.ticks_per_second))
    }

    /// Reads from the start until the lines of the processors are complete, and gives the number of bytes.
    fn fill(&mut self) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let offset = u64::try_from(filled).expect("a usize fits");
            match self.file.read_at(&mut self.buffer[filled..], offset) {
                Ok(0) => return Ok(filled),
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if past_the_processors(&self.buffer[..filled]) {
                return Ok(filled);
            }
        }
    }
}

/// Whether a line that is none of a processor has begun, so that all before it is whole.
fn past_the_processors(text: &[u8]) -> bool {
    let last_line = text.iter().rposition(|&byte| byte == b'\n').map_or(text, |newline| &text[newline + 1..]);
    // The lines of processors come first, so the last line that has begun tells.
    last_line.len() >= 3 && !last_line.starts_with(b"cpu")
}

/// Thread number and busy ticks of a `cpuN` line; `None` for the sum line `cpu ` and for every other line.
fn parse_line(line: &[u8]) -> Option<(usize, u64)> {
    let mut fields = line.strip_prefix(b"cpu")?.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    if line.get(3)? == &b' ' {
        return None;
    }
    let thread = usize::try_from(parse_number(fields.next()?)?).ok()?;
    let mut number = || parse_number(fields.next()?);
    let (user, nice, system) = (number()?, number()?, number()?);
    let (_idle, _iowait) = (number()?, number()?);
    let (irq, softirq) = (number()?, number()?);
    Some((thread, user + nice + system + irq + softirq))
}

fn parse_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[expect(clippy::cast_precision_loss, reason = "2^53 ticks of 10 ms are 2.8 million years")]
fn in_seconds(ticks: u64, per_second: u64) -> Seconds {
    Seconds::new(ticks as f64 / per_second as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn with(stat: &str) -> Self {
            let tree = Self(tempfile::tempdir().expect("a folder"));
            tree.write(stat);
            tree
        }

        fn write(&self, stat: &str) {
            fs::write(self.0.path().join("stat"), stat).expect("written");
        }

        fn open(&self) -> BusyTime {
            BusyTime::open(self.0.path()).expect("usable")
        }
    }

    /// Busy ticks, whatever a second holds here.
    fn ticks(busy: &mut BusyTime) -> u64 {
        busy.read().expect("readable");
        busy.total
    }

    #[test]
    fn only_work_is_counted_and_each_only_once() {
        // user 100 (of which guest 40), nice 20, system 30, idle 5000, iowait 600, irq 4, softirq 6, steal 77.
        let tree = Tree::with("cpu  1 1 1 1 1 1 1 1 1 1\ncpu0 100 20 30 5000 600 4 6 77 40 10\nintr 9 0 0\n");
        let mut busy = tree.open();
        assert_eq!(ticks(&mut busy), 160);
        let seconds = busy.read().expect("readable").get();
        assert!((seconds - 160.0 * busy.tick().as_secs_f64()).abs() < 1e-9);
    }

    #[test]
    fn threads_of_all_sockets_add_up() {
        let tree = Tree::with("cpu  0\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 2 0 0 0 0 0 0 0 0 0\ncpu64 4 0 0 0 0 0 0 0 0 0\nintr 1\n");
        let mut busy = tree.open();
        assert_eq!((ticks(&mut busy), busy.threads()), (7, 3));
    }

    #[test]
    fn a_thread_that_goes_offline_takes_no_work_back() {
        let tree = Tree::with("cpu0 10 0 0 0 0 0 0 0 0 0\ncpu1 50 0 0 0 0 0 0 0 0 0\nintr 1\n");
        let mut busy = tree.open();
        assert_eq!((ticks(&mut busy), busy.threads()), (60, 2));
        tree.write("cpu0 15 0 0 0 0 0 0 0 0 0\nintr 1\n");
        assert_eq!((ticks(&mut busy), busy.threads()), (65, 1));
        tree.write("cpu0 16 0 0 0 0 0 0 0 0 0\ncpu1 52 0 0 0 0 0 0 0 0 0\nintr 1\n");
        assert_eq!((ticks(&mut busy), busy.threads()), (68, 2));
    }

    #[test]
    fn a_thread_that_comes_online_brings_no_past_work_into_the_window() {
        let tree = Tree::with("cpu0 10 0 0 0 0 0 0 0 0 0\nintr 1\n");
        let mut busy = tree.open();
        tree.write("cpu0 11 0 0 0 0 0 0 0 0 0\ncpu1 9000 0 0 0 0 0 0 0 0 0\nintr 1\n");
        assert_eq!(ticks(&mut busy), 11);
        tree.write("cpu0 12 0 0 0 0 0 0 0 0 0\ncpu1 9005 0 0 0 0 0 0 0 0 0\nintr 1\n");
        assert_eq!(ticks(&mut busy), 17);
    }

    #[test]
    fn iowait_that_runs_backwards_changes_nothing() {
        let tree = Tree::with("cpu0 10 0 0 100 90 0 0 0 0 0\nintr 1\n");
        let mut busy = tree.open();
        tree.write("cpu0 10 0 0 101 80 0 0 0 0 0\nintr 1\n");
        assert_eq!(ticks(&mut busy), 10);
    }

    #[test]
    fn a_machine_larger_than_the_buffer_is_read_whole() {
        let lines: String = (0..512).map(|thread| format!("cpu{thread} 1000000 0 0 0 0 0 0 0 0 0\n")).collect();
        let tree = Tree::with(&format!("cpu  0 0 0\n{lines}intr 1 2 3\n"));
        let mut busy = tree.open();
        assert_eq!((ticks(&mut busy), busy.threads()), (512_000_000, 512));
    }

    #[test]
    fn lines_that_are_no_thread_are_passed_over() {
        for line in ["cpu  1 2 3 4 5 6 7", "intr 5", "", "cpu0", "cpu0 1 2 3", "cpux 1 2 3 4 5 6 7", "cpu0 1 2 3 4 5 x 7"] {
            assert_eq!(parse_line(line.as_bytes()), None, "{line:?}");
        }
        // Kernels before 2.6.33 print fewer columns.
        assert_eq!(parse_line(b"cpu3 1 2 3 4 5 6 7"), Some((3, 19)));
    }

    #[test]
    fn this_machines_own_file_is_understood() {
        let mut busy = BusyTime::open(Path::new("/proc")).expect("Linux");
        let before = busy.read().expect("readable");
        assert!(busy.threads() > 0 && before.get() > 0.0);
        assert!(busy.read().expect("readable") >= before);
    }
}
