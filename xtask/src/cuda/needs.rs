//! Libraries that a binary needs where it runs.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process;

/// Names of the libraries, from the dynamic section of the file.
pub(super) fn of(binary: &Path) -> Result<Vec<String>> {
    let section = process::read(process::command("readelf").arg("-d").arg(binary)).context("readelf comes with binutils")?;
    Ok(parse(&section))
}

/// Lines such as ` 0x0000000000000001 (NEEDED)  Shared library: [libc.so.6]`.
fn parse(section: &str) -> Vec<String> {
    let needed = section.lines().filter(|line| line.contains("(NEEDED)"));
    needed.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

/// Where a library comes from.
pub(super) fn source(library: &str) -> &'static str {
    let starts = |names: &[&str]| names.iter().any(|name| library.starts_with(name));
    if starts(&["libcuda.so"]) {
        "the driver of the GPU"
    } else if starts(&["libcu", "libnv"]) {
        "a CUDA toolkit or the wheels of NVIDIA, on LD_LIBRARY_PATH"
    } else {
        "the system"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_libraries_are_found_and_told_apart() {
        let section = "\nDynamic section at offset 0x1 contains 35 entries:\n  Tag        Type                         Name/Value\n \
                       0x0000000000000001 (NEEDED)             Shared library: [libcuda.so.1]\n \
                       0x0000000000000001 (NEEDED)             Shared library: [libcublas.so.13]\n \
                       0x000000000000000f (RPATH)              Library rpath: [/opt]\n \
                       0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n";
        let libraries = parse(section);
        assert_eq!(libraries, ["libcuda.so.1", "libcublas.so.13", "libc.so.6"]);
        let sources: Vec<_> = libraries.iter().map(|library| source(library)).collect();
        assert!(sources[0].contains("driver") && sources[1].contains("LD_LIBRARY_PATH") && sources[2] == "the system", "{sources:?}");
    }
}
