//! What RAPL counts: domains of a socket, and the platform that holds the sockets.

use lem_domain::units::Joules;
use lem_domain::{Boundary, DeviceId};

/// A part of the machine with a counter of its own. psys ⊃ package ⊃ cores, uncore; dram stands beside its package
/// (MEASUREMENT.md §4). Nested domains have boundaries of their own, so nothing adds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Domain {
    Package,
    Dram,
    Cores,
    Uncore,
    Platform,
}

impl Domain {
    /// The domain of a sub-zone of powercap.
    pub(super) fn of_zone(name: &str) -> Option<Self> {
        match name {
            "dram" => Some(Self::Dram),
            "core" => Some(Self::Cores),
            "uncore" => Some(Self::Uncore),
            _ => None,
        }
    }

    /// The domain of a perf event.
    pub(super) fn of_event(name: &str) -> Option<Self> {
        match name {
            "energy-pkg" => Some(Self::Package),
            "energy-ram" => Some(Self::Dram),
            "energy-cores" => Some(Self::Cores),
            "energy-gpu" => Some(Self::Uncore),
            "energy-psys" => Some(Self::Platform),
            _ => None,
        }
    }

    /// The name of its sensor.
    pub(super) fn sensor(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Dram => "dram",
            Self::Cores => "cores",
            Self::Uncore => "uncore",
            Self::Platform => "platform",
        }
    }

    pub(super) fn boundary(self) -> Boundary {
        match self {
            Self::Package => Boundary::CpuPackage,
            Self::Dram => Boundary::Dram,
            Self::Cores => Boundary::CpuCores,
            Self::Uncore => Boundary::CpuUncore,
            Self::Platform => Boundary::Platform,
        }
    }
}

/// The device that a counter belongs to. All domains of a socket are sensors of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// A socket, or one die of it where each die has counters of its own (Cascade Lake-AP).
    Package { package: u32, die: Option<u32> },
    /// The platform, by number: a machine of several sockets can show several.
    Platform(u32),
}

impl Part {
    /// From the name of a top-level zone: `package-0`, `package-0-die-1`, `psys`, `psys-1`.
    pub(super) fn of_zone(name: &str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("psys") {
            return match rest.strip_prefix('-') {
                None => rest.is_empty().then_some(Self::Platform(0)),
                Some(number) => number.parse().ok().map(Self::Platform),
            };
        }
        let rest = name.strip_prefix("package-")?;
        let (package, die) = match rest.split_once("-die-") {
            Some((package, die)) => (package, Some(die.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self::Package { package: package.parse().ok()?, die })
    }

    /// The same without its die: dies of a package that all show the whole package.
    pub(super) fn whole(self) -> Self {
        match self {
            Self::Package { package, .. } => Self::Package { package, die: None },
            platform @ Self::Platform(_) => platform,
        }
    }

    /// Sockets are numbered by the hardware, which no reboot changes.
    pub(super) fn id(self) -> DeviceId {
        DeviceId::new(match self {
            Self::Package { package, die: None } => format!("cpu-package-{package}"),
            Self::Package { package, die: Some(die) } => format!("cpu-package-{package}-die-{die}"),
            Self::Platform(0) => "platform".to_owned(),
            Self::Platform(number) => format!("platform-{number}"),
        })
    }

    /// What it is called, given the name of the processor.
    pub(super) fn name(self, processor: &str) -> String {
        match self {
            Self::Package { .. } => processor.to_owned(),
            Self::Platform(_) => format!("platform of {processor}"),
        }
    }

    /// Its number in the order of the hardware.
    pub(super) fn index(self) -> u32 {
        match self {
            Self::Package { package, .. } => package,
            Self::Platform(number) => number,
        }
    }
}

/// The unit that the counters commonly count in, 2⁻¹⁴ J; `energy_uj` rounds it to whole microjoules.
/// Intel, Software Developer's Manual vol. 3B, "RAPL Interfaces", `MSR_RAPL_POWER_UNIT`. Server DRAM and AMD count finer.
pub(super) fn energy_unit() -> Joules {
    Joules::new(1.0 / f64::from(1u32 << 14))
}
