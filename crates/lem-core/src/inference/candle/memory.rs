//! Peak memory of the process, from the kernel.

use lem_domain::units::Bytes;

/// Peak resident set of this process; `None` where the kernel does not say.
pub(super) fn peak_resident() -> Option<Bytes> {
    parse_peak(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Reads `VmHWM` of a `/proc/<pid>/status` text; see proc(5).
fn parse_peak(status: &str) -> Option<Bytes> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Bytes::from_kibibytes(kibibytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_and_never_guessed() {
        assert_eq!(parse_peak("Name:\tlem\nVmPeak:\t  90 kB\nVmHWM:\t    1234 kB\n"), Some(Bytes::new(1234 * 1024)));
        assert_eq!(parse_peak("Name:\tlem\n"), None);
        assert_eq!(parse_peak("VmHWM:\t many kB\n"), None);
    }
}
