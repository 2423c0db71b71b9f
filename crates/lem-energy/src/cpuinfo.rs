//! `/proc/cpuinfo`: which processor this is, by the numbers it identifies itself with.

use std::collections::BTreeSet;
use std::path::Path;

/// What `/proc/cpuinfo` says of the processor; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuInfo {
    /// The name it is sold under. It labels; it identifies nothing.
    pub(crate) model_name: Option<String>,
    /// How it identifies itself.
    pub(crate) identity: Option<CpuIdentity>,
    /// Distinct `physical id`s.
    pub(crate) sockets: Option<usize>,
    /// Online hardware threads: `processor` entries.
    pub(crate) threads: usize,
    /// Revision of the microcode, as x86 prints it.
    pub(crate) microcode: Option<String>,
    /// Whether the `hypervisor` flag is set; `None` where flags are not listed (ARM).
    pub(crate) hypervisor: Option<bool>,
}

/// The numbers by which processors identify themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CpuIdentity {
    /// CPUID of x86, in decimal as Linux prints it.
    X86 {
        /// `GenuineIntel`, `AuthenticAMD`, …
        vendor: String,
        /// Display family.
        family: u32,
        /// Display model.
        model: u32,
        /// Stepping, which alone tells Skylake-SP from Cascade Lake.
        stepping: u32,
    },
    /// MIDR of ARM.
    Arm {
        /// Who designed the core.
        implementer: u32,
        /// Which core.
        part: u32,
    },
}

impl CpuInfo {
    /// Reads `cpuinfo` below a `proc` folder; `None` when it cannot be read.
    pub(crate) fn read(proc: &Path) -> Option<Self> {
        std::fs::read_to_string(proc.join("cpuinfo")).ok().map(|text| Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let fields = || text.lines().filter_map(|line| line.split_once(':')).map(|(key, value)| (key.trim(), value.trim()));
        let values = |wanted: &'static str| fields().filter(move |&(key, _)| key == wanted).map(|(_, value)| value);
        let first = |wanted| values(wanted).next();
        let sockets: BTreeSet<_> = values("physical id").collect();
        Self {
            model_name: first("model name").map(str::to_owned),
            identity: x86(first).or_else(|| arm(first)),
            sockets: (!sockets.is_empty()).then_some(sockets.len()),
            threads: values("processor").count(),
            microcode: first("microcode").map(str::to_owned),
            hypervisor: first("flags").map(|flags| flags.split_ascii_whitespace().any(|flag| flag == "hypervisor")),
        }
    }
}

fn x86<'a>(first: impl Fn(&'static str) -> Option<&'a str>) -> Option<CpuIdentity> {
    Some(CpuIdentity::X86 {
        vendor: first("vendor_id")?.to_owned(),
        family: first("cpu family")?.parse().ok()?,
        model: first("model")?.parse().ok()?,
        stepping: first("stepping")?.parse().ok()?,
    })
}

fn arm<'a>(first: impl Fn(&'static str) -> Option<&'a str>) -> Option<CpuIdentity> {
    let hexadecimal = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    Some(CpuIdentity::Arm { implementer: hexadecimal(first("CPU implementer")?)?, part: hexadecimal(first("CPU part")?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_SOCKETS: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n\
        model name\t: Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz\nstepping\t: 7\nphysical id\t: 0\nflags\t\t: fpu vme sse2\n\n\
        processor\t: 1\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nstepping\t: 7\nphysical id\t: 1\nflags\t\t: fpu\n";

    const ARM: &str = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\
        CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n";

    #[test]
    fn two_sockets_of_x86() {
        let info = CpuInfo::parse(TWO_SOCKETS);
        let identity = CpuIdentity::X86 { vendor: "GenuineIntel".into(), family: 6, model: 85, stepping: 7 };
        assert_eq!((info.threads, info.sockets, info.hypervisor), (2, Some(2), Some(false)));
        assert_eq!(info.identity, Some(identity));
        assert_eq!(info.model_name.as_deref(), Some("Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz"));
    }

    #[test]
    fn arm_has_numbers_but_no_name_no_sockets_and_no_flags() {
        let info = CpuInfo::parse(ARM);
        assert_eq!(info.identity, Some(CpuIdentity::Arm { implementer: 0x41, part: 0xd0c }));
        assert_eq!((info.threads, info.sockets, info.hypervisor, info.model_name), (1, None, None, None));
    }

    #[test]
    fn a_virtual_machine_shows_its_flag_and_an_empty_file_shows_nothing() {
        assert_eq!(CpuInfo::parse("flags\t\t: sse2 hypervisor lahf_lm\n").hypervisor, Some(true));
        assert_eq!(CpuInfo::parse(""), CpuInfo::default());
    }
}
