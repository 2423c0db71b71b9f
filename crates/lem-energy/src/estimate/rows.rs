//! The power table: data only, a citation in every row. How a row is chosen stands in `power_table`.
//!
//! Intel models after `arch/x86/include/asm/intel-family.h` of Linux; AMD families and models after the revision
//! guides of the processors; ARM parts after the technical reference manuals of the cores.

use crate::cpuinfo::CpuIdentity;
use lem_domain::units::Watts;
use std::ops::RangeInclusive;

/// Watts per hardware thread of a kind of processor.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) processors: &'static [Processor],
    pub(crate) idle: Watts,
    pub(crate) max: Watts,
    pub(crate) citation: &'static str,
}

/// Numbers that identify a kind of processor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Processor {
    /// Family 6 of Intel: model and steppings.
    Intel(u32, RangeInclusive<u32>),
    /// Family and model of AMD.
    Amd(u32, u32),
    /// Part number of a core designed by ARM.
    Arm(u32),
}

impl Processor {
    pub(crate) fn matches(&self, identity: &CpuIdentity) -> bool {
        match (self, identity) {
            (Self::Intel(model, steppings), CpuIdentity::X86 { vendor, family: 6, model: found, stepping }) => {
                vendor == "GenuineIntel" && model == found && steppings.contains(stepping)
            }
            (Self::Amd(family, model), CpuIdentity::X86 { vendor, family: found, model: found_model, .. }) => {
                vendor == "AuthenticAMD" && family == found && model == found_model
            }
            (Self::Arm(part), CpuIdentity::Arm { implementer: 0x41, part: found }) => part == found,
            _ => false,
        }
    }
}

const fn intel(model: u32) -> Processor {
    Processor::Intel(model, 0..=u32::MAX)
}

const fn row(name: &'static str, processors: &'static [Processor], idle_w: f64, max_w: f64, citation: &'static str) -> Row {
    Row { name, processors, idle: Watts::new(idle_w), max: Watts::new(max_w), citation }
}

/// Mean power at active idle and at 100 % load of the servers of SPECpower_ssj2008 with processors of the kind, divided
/// by their threads. It is the power of whole servers at the wall, so an energy from it covers the host and not the
/// sockets alone.
const SPECPOWER: &str = "mean of SPECpower_ssj2008 results (spec.org/power_ssj2008) per thread, whole servers, as averaged by Cloud Carbon \
                         Footprint (cloud-carbon-footprint/ccf-coefficients, results of 2026-03-09)";

/// Used for every processor that is in no row.
pub(crate) const GENERIC: Row = row(
    "generic",
    &[],
    0.74,
    3.5,
    "MIN_WATTS_AVG and MAX_WATTS_AVG of AWS_CLOUD_CONSTANTS in Cloud Carbon Footprint (Apache-2.0, 2021), a mean over server families",
);

/// Known processors. One whose numbers are shared by parts that differ by more than the bound is left out.
pub(crate) const ROWS: &[Row] = &[
    row("Sandy Bridge", &[intel(0x2a), intel(0x2d)], 2.21, 8.63, SPECPOWER),
    row("Ivy Bridge", &[intel(0x3a), intel(0x3e)], 1.71, 5.56, SPECPOWER),
    row("Haswell", &[intel(0x3c), intel(0x3f)], 1.86, 5.60, SPECPOWER),
    row("Broadwell", &[intel(0x4f), intel(0x56)], 0.71, 3.69, SPECPOWER),
    row("Skylake (Client)", &[intel(0x5e)], 1.82, 5.86, SPECPOWER),
    row("Skylake (Server)", &[Processor::Intel(0x55, 0..=4)], 0.55, 4.01, SPECPOWER),
    row("Cascade Lake", &[Processor::Intel(0x55, 5..=7)], 0.69, 4.06, SPECPOWER),
    // Kaby Lake and Coffee Lake for desktops share model 9Eh.
    row("Coffee Lake", &[intel(0x9e)], 1.14, 5.42, SPECPOWER),
    row("Ice Lake", &[intel(0x6a), intel(0x6c)], 0.77, 3.76, SPECPOWER),
    row("Sapphire Rapids", &[intel(0x8f)], 1.04, 4.16, SPECPOWER),
    row("Emerald Rapids", &[intel(0xcf)], 0.81, 4.48, SPECPOWER),
    row("Granite Rapids", &[intel(0xad)], 0.58, 2.53, SPECPOWER),
    row("EPYC 2nd Gen", &[Processor::Amd(0x17, 0x31)], 0.47, 1.69, SPECPOWER),
    row("EPYC 3rd Gen", &[Processor::Amd(0x19, 0x01)], 0.46, 1.96, SPECPOWER),
    row("EPYC 4th Gen", &[Processor::Amd(0x19, 0x11), Processor::Amd(0x19, 0xa0)], 0.74, 2.28, SPECPOWER),
    row("Neoverse N1", &[Processor::Arm(0xd0c)], 0.74, 1.71, SPECPOWER),
];
