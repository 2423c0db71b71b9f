//! Machines written down in a temporary folder, for tests, and what is read of them. Counters of a real machine advance;
//! [`Tree::advance`] does it here.

use crate::machine::Machine;
use crate::source::{Probe, Reader, Reading};
use lem_domain::Timestamp;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A machine made of files.
pub(crate) struct Tree(tempfile::TempDir);

impl Tree {
    /// The files of a machine, by path below its root. Each gets the end of its line.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// Writes one line.
    pub(crate) fn write(&self, path: &str, line: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, format!("{line}\n")).expect("written");
    }

    /// Writes a counter at full width, in place, so that a reader never sees a part of it.
    pub(crate) fn count(&self, path: &str, value: u64) {
        put(&self.root().join(path), value);
    }

    /// The folder that stands for `/`.
    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The machine.
    pub(crate) fn machine(&self) -> Machine {
        Machine::below(self.root())
    }

    /// Lets counters grow by a thousand each millisecond until the returned guard goes.
    pub(crate) fn advance(&self, paths: &[&str]) -> Advancing {
        let mut counters: Vec<_> = paths
            .iter()
            .map(|path| {
                let path = self.root().join(path);
                let value: u64 = fs::read_to_string(&path).expect("there").trim().parse().expect("a number");
                (path, value)
            })
            .collect();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for (path, value) in &mut counters {
                    *value += 1_000;
                    put(path, *value);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Advancing { stop, thread: Some(thread) }
    }
}

/// `device sensor boundary` of everything that can be read.
pub(crate) fn readable(probe: &Probe) -> Vec<String> {
    let sensors = probe.devices.iter().flat_map(|device| &device.sensors);
    sensors.map(|sensor| format!("{} {} {}", sensor.device.as_str(), sensor.name, sensor.boundary)).collect()
}

/// The readers of a source that works.
pub(crate) fn readers(probe: &Probe) -> Vec<Box<dyn Reader>> {
    probe.source.as_ref().expect("works").readers().expect("opens")
}

/// What a reader says once.
pub(crate) fn read(reader: &mut dyn Reader) -> Vec<Option<f64>> {
    let mut slots: Vec<Option<Reading>> = vec![None; reader.descriptors().len()];
    reader.read(Timestamp::default(), &mut slots);
    slots.into_iter().map(|slot| slot.map(|reading| reading.value)).collect()
}

fn put(path: &Path, value: u64) {
    fs::create_dir_all(path.parent().expect("below the root")).expect("made");
    let file = File::options().write(true).create(true).truncate(false).open(path).expect("opened");
    file.write_all_at(format!("{value:020}\n").as_bytes(), 0).expect("written");
}

/// Counters that grow until this is dropped.
pub(crate) struct Advancing {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Advancing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
