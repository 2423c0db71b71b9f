//! A core for the sampler alone: only when the engine is known to leave one over.

use crate::machine::Machine;
use crate::sysfs::read_number;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::collections::BTreeSet;

/// The number of a processor, in the kernel's order, that the sampler may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpareCpu(usize);

impl SpareCpu {
    /// Keeps the calling thread on this processor. Where the kernel refuses, the scheduler keeps its say, and a deadline
    /// that is missed for it is counted as any other.
    pub(super) fn take_calling_thread(self) {
        let mut only = CpuSet::new();
        only.set(self.0);
        let _ = sched_setaffinity(None, &only);
    }
}

/// A processor for the sampler, when this process may run on more physical cores than the engine has threads. A number of
/// threads that is not known may be all cores.
pub(crate) fn spare_cpu(machine: &Machine, engine_threads: Option<u32>) -> Option<SpareCpu> {
    let threads = engine_threads?;
    let allowed = sched_getaffinity(None).ok()?;
    choose(machine, (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)), threads)
}

/// The last of the processors, because engines and interrupts begin with the first ones; none when a core's topology is
/// not told, because two threads of one core are not a core to spare.
fn choose(machine: &Machine, allowed: impl Iterator<Item = usize>, threads: u32) -> Option<SpareCpu> {
    let mut cores = BTreeSet::new();
    let mut last = None;
    for cpu in allowed {
        cores.insert(core(machine, cpu)?);
        last = Some(SpareCpu(cpu));
    }
    last.filter(|_| u32::try_from(cores.len()).is_ok_and(|cores| cores > threads))
}

/// Package and core of a processor: numbers of cores are unique in their package only. A virtual machine may say −1.
fn core(machine: &Machine, cpu: usize) -> Option<(u32, u32)> {
    let topology = machine.path(&format!("sys/devices/system/cpu/cpu{cpu}/topology"));
    Some((read_number(&topology.join("physical_package_id"))?, read_number(&topology.join("core_id"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written_tree::Tree;

    /// Processors by package and core.
    fn machine(cpus: &[(u32, u32)]) -> Tree {
        let tree = Tree::of(&[]);
        for (cpu, (package, core)) in cpus.iter().enumerate() {
            let topology = format!("sys/devices/system/cpu/cpu{cpu}/topology");
            tree.write(&format!("{topology}/physical_package_id"), &package.to_string());
            tree.write(&format!("{topology}/core_id"), &core.to_string());
        }
        tree
    }

    #[test]
    fn only_a_whole_core_beyond_the_engines_threads_is_spare() {
        let check = |cpus: &[(u32, u32)], allowed: &[usize], threads, expected: Option<usize>| {
            let found = choose(&machine(cpus).machine(), allowed.iter().copied(), threads);
            assert_eq!(found, expected.map(SpareCpu), "{cpus:?}, {allowed:?}, {threads} threads");
        };
        let two_cores_of_two_threads = [(0, 0), (0, 1), (0, 0), (0, 1)];
        check(&two_cores_of_two_threads, &[0, 1, 2, 3], 1, Some(3));
        check(&two_cores_of_two_threads, &[0, 1, 2, 3], 2, None);
        // A mask that leaves one core of two.
        check(&two_cores_of_two_threads, &[0, 2], 1, None);
        check(&two_cores_of_two_threads, &[0, 1], 1, Some(1));
        // Two packages number their cores alike.
        check(&[(0, 0), (1, 0)], &[0, 1], 1, Some(1));
        // The second processor's topology is not told.
        check(&[(0, 0)], &[0, 1], 0, None);
        check(&[], &[], 0, None);
    }

    #[test]
    fn without_a_known_number_of_threads_nothing_is_spare() {
        let many: Vec<_> = (0..64).map(|core| (0, core)).collect();
        let tree = machine(&many);
        assert_eq!(spare_cpu(&tree.machine(), None), None);
        assert_eq!(spare_cpu(&tree.machine(), Some(64)), None);
    }

    #[test]
    fn a_thread_stays_on_the_processor_it_took() {
        let allowed = sched_getaffinity(None).expect("Linux");
        let cpu = (0..CpuSet::MAX_CPU).rfind(|&cpu| allowed.is_set(cpu)).expect("this thread runs somewhere");
        let taken = std::thread::spawn(move || {
            SpareCpu(cpu).take_calling_thread();
            sched_getaffinity(None).expect("Linux")
        });
        let taken = taken.join().expect("ends");
        assert!(taken.count() == 1 && taken.is_set(cpu));
    }
}
