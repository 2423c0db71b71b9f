//! The processor as the kernel describes it, and the settings that decide its frequency.

use super::read_line;
use crate::cpuinfo::{CpuIdentity, CpuInfo};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Processor and its frequency policy. Identifying numbers are those of CPUID on x86 and of MIDR on ARM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CpuEnvironment {
    /// The name it is sold under.
    pub model_name: Option<String>,
    /// Vendor as CPUID names it, or the implementer's code.
    pub vendor: Option<String>,
    /// Family; x86 only.
    pub family: Option<u32>,
    /// Model, or the part number of an ARM core.
    pub model: Option<u32>,
    /// Stepping; x86 only.
    pub stepping: Option<u32>,
    /// Hardware threads that are online.
    pub threads_online: Option<usize>,
    /// Sockets, where they are listed.
    pub sockets: Option<usize>,
    /// Whether the processor says that it belongs to a virtual machine; only x86 says.
    pub hypervisor: Option<bool>,
    /// Distinct frequency governors over all threads, in order of the alphabet.
    pub governors: Option<Vec<String>>,
    /// Whether frequencies above the nominal one are allowed.
    pub boost_enabled: Option<bool>,
    /// Whether two hardware threads share a core (SMT).
    pub smt_active: Option<bool>,
}

pub(super) fn look(root: &Path) -> CpuEnvironment {
    let info = CpuInfo::read(&root.join("proc")).unwrap_or_default();
    let named = CpuEnvironment {
        model_name: info.model_name,
        threads_online: (info.threads > 0).then_some(info.threads),
        sockets: info.sockets,
        hypervisor: info.hypervisor,
        governors: governors(root),
        boost_enabled: boost_enabled(root),
        smt_active: switch(root, "smt/active"),
        ..CpuEnvironment::default()
    };
    match info.identity {
        Some(CpuIdentity::X86 { vendor, family, model, stepping }) => {
            CpuEnvironment { vendor: Some(vendor), family: Some(family), model: Some(model), stepping: Some(stepping), ..named }
        }
        Some(CpuIdentity::Arm { implementer, part }) => {
            CpuEnvironment { vendor: Some(format!("{implementer:#04x}")), model: Some(part), ..named }
        }
        None => named,
    }
}

/// `None` where no thread has a governor, as in most virtual machines.
fn governors(root: &Path) -> Option<Vec<String>> {
    let threads = std::fs::read_dir(root.join("sys/devices/system/cpu")).ok()?;
    let governors: BTreeSet<String> =
        threads.filter_map(|thread| read_line(&thread.ok()?.path().join("cpufreq/scaling_governor"))).collect();
    (!governors.is_empty()).then(|| governors.into_iter().collect())
}

/// The switch of the generic driver, or of intel_pstate, which states the opposite.
fn boost_enabled(root: &Path) -> Option<bool> {
    switch(root, "cpufreq/boost").or_else(|| switch(root, "intel_pstate/no_turbo").map(|off| !off))
}

fn switch(root: &Path, path: &str) -> Option<bool> {
    match read_line(&root.join("sys/devices/system/cpu").join(path))?.as_str() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}
