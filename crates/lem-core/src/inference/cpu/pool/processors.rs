//! Processors to keep threads on.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::path::Path;

/// Processors that this process may run on: one of each core first, then those that share a core with one of them.
pub(super) fn of_this_process() -> std::io::Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    let allowed = (0..CpuSet::MAX_CPU).filter(|&processor| allowed.is_set(processor));
    Ok(cores_first(allowed.map(|processor| (processor, core(Path::new("/sys/devices/system/cpu"), processor))).collect()))
}

/// Keeps the calling thread on a processor.
pub(super) fn stay_on(processor: usize) -> std::io::Result<()> {
    let mut only = CpuSet::new();
    only.set(processor);
    Ok(sched_setaffinity(None, &only)?)
}

/// What the processors of one core have in common; `None` where the kernel does not say.
fn core(root: &Path, processor: usize) -> Option<String> {
    std::fs::read_to_string(root.join(format!("cpu{processor}/topology/thread_siblings_list"))).ok()
}

/// Processors by how many before them are of the same core; one whose core is not known counts as a core of its own.
fn cores_first(processors: Vec<(usize, Option<String>)>) -> Vec<usize> {
    let of_one_core = |number: usize| {
        let (before, rest) = processors.split_at(number);
        before.iter().filter(|(_, core)| core.is_some() && *core == rest[0].1).count()
    };
    let mut order: Vec<usize> = (0..processors.len()).collect();
    order.sort_by_key(|&number| of_one_core(number));
    order.into_iter().map(|number| processors[number].0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cores: &[(usize, &str)], expected: &[usize]) {
        let processors = cores.iter().map(|&(processor, core)| (processor, (!core.is_empty()).then(|| core.to_owned()))).collect();
        assert_eq!(cores_first(processors), expected, "{cores:?}");
    }

    #[test]
    fn siblings_come_last() {
        check(&[(0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3")], &[0, 2, 1, 3]);
        check(&[(0, "0,2"), (1, "1,3"), (2, "0,2"), (3, "1,3")], &[0, 1, 2, 3]);
        check(&[(4, ""), (5, ""), (6, "6-7"), (7, "6-7")], &[4, 5, 6, 7]);
        check(&[], &[]);
    }

    #[test]
    fn the_kernel_says_what_shares_a_core() {
        let folder = tempfile::tempdir().unwrap();
        let topology = folder.path().join("cpu3/topology");
        std::fs::create_dir_all(&topology).unwrap();
        std::fs::write(topology.join("thread_siblings_list"), "2-3\n").unwrap();
        assert_eq!(core(folder.path(), 3).as_deref(), Some("2-3\n"));
        assert_eq!(core(folder.path(), 2), None);
    }
}
