//! Shared memory that processes left behind: files below `/dev/shm`, which nothing removes when their makers are killed.

use super::processes;
use rustix::process::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Names below [`FOLDER`].
pub(super) type Segments = BTreeSet<String>;

const FOLDER: &str = "/dev/shm";

/// What is there now.
pub(super) fn all() -> Segments {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// What some processes have open or mapped.
pub(super) fn of(processes: &[Pid]) -> Segments {
    let mut found = Segments::new();
    for pid in processes {
        let folder = format!("/proc/{}", pid.as_raw_nonzero());
        let maps = fs::read_to_string(format!("{folder}/maps")).unwrap_or_default();
        found.extend(maps.lines().filter_map(named_in));
        let open = fs::read_dir(format!("{folder}/fd")).into_iter().flatten().flatten();
        found.extend(open.filter_map(|entry| named_in(fs::read_link(entry.path()).ok()?.to_str()?)));
    }
    found
}

/// Removes segments that nobody uses any more.
pub(super) fn remove<'a>(segments: impl Iterator<Item = &'a String>) {
    let segments: Vec<&String> = segments.collect();
    if segments.is_empty() {
        return;
    }
    let in_use = of(&processes::all());
    for segment in segments.into_iter().filter(|segment| !in_use.contains(*segment)) {
        // It may be gone already: whoever ended in order has removed its own.
        let _ = fs::remove_file(Path::new(FOLDER).join(segment));
    }
}

/// The segment at the end of a line of `maps`, or of a link in `fd`.
fn named_in(line: &str) -> Option<String> {
    let (_, name) = line.split_once("/dev/shm/")?;
    let name = name.strip_suffix(" (deleted)").unwrap_or(name);
    (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_named_by_a_map_and_by_a_link() {
        let map = "7f3c8e000000-7f3c8e100000 rw-s 00000000 00:1a 42                         /dev/shm/psm_1a2b";
        assert_eq!(named_in(map).as_deref(), Some("psm_1a2b"));
        assert_eq!(named_in("/dev/shm/psm_1a2b (deleted)").as_deref(), Some("psm_1a2b"));
        assert_eq!(named_in("/usr/lib/libc.so.6"), None);
        assert_eq!(named_in("/dev/shm/folder/file"), None, "a file in a folder of somebody's is no segment");
    }
}
