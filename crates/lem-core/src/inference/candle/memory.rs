//! Memory of the process: its peak, from the kernel, and what the allocator holds on to.

use lem_domain::units::Bytes;

/// Peak resident set of this process; `None` where the kernel does not say.
pub(super) fn peak_resident() -> Option<Bytes> {
    parse_peak(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Gives memory that the allocator holds but nobody uses back to the system. A tokenizer is read through more
/// memory than it keeps, in pieces too small to hold weights afterwards.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "a function of the C library that the standard library does not offer")]
pub(super) fn give_back_unused() {
    // SAFETY: malloc_trim(3) takes any number, locks what it touches and leaves memory in use alone.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // Whether something was given back is of no interest.
    let _ = malloc_trim(0);
}

/// Other allocators decide for themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn give_back_unused() {}

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
