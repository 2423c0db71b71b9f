//! The stand-in for NVML: built once per test program, copied with its settings beside it, so that each test has its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// One copy of the library in a folder of its own.
pub(crate) struct FakeNvml {
    folder: TempDir,
}

impl FakeNvml {
    /// A copy with these settings; `fake_nvml.c` says what there is.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The loader takes two paths to one file for one library: a copy is another file.
        fs::copy(built(), folder.path().join("libnvidia-ml.so.1")).expect("copied");
        let lines: Vec<_> = settings.iter().map(|(name, value)| format!("FAKE_NVML_{name}={value}\n")).collect();
        fs::write(folder.path().join("fake_nvml.conf"), lines.concat()).expect("written");
        Self { folder }
    }

    /// The library.
    pub(crate) fn library(&self) -> PathBuf {
        self.folder.path().join("libnvidia-ml.so.1")
    }
}

/// The library without settings, built when it is first asked for.
fn built() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("libnvidia-ml.so.1");
        // Tests of the crates beside this one use it as well.
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lem-energy/tests/fake_nvml/fake_nvml.c");
        let flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-Wl,-soname,libnvidia-ml.so.1"];
        let output =
            Command::new("cc").args(flags).arg("-o").arg(&library).arg(source).args(["-lm", "-ldl"]).output().expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (folder, library)
    });
    library
}
