//! Where a machine's sensors are looked for: the real file systems, or a tree on disk that stands for them.

use std::path::{Path, PathBuf};

/// A machine as seen through its files, libraries and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Folder that holds `proc`, `sys` and `dev`.
    pub root: PathBuf,
    /// NVML library; `None` leaves the search to the loader.
    pub nvml_library: Option<PathBuf>,
    /// amd-smi library; `None` leaves the search to the loader.
    pub amd_library: Option<PathBuf>,
    /// Value of `CUDA_VISIBLE_DEVICES`, where set.
    pub visible_devices: Option<String>,
}

impl Machine {
    /// The machine that this program runs on.
    #[must_use]
    pub fn this() -> Self {
        let visible_devices = std::env::var("CUDA_VISIBLE_DEVICES").ok();
        Self { root: PathBuf::from("/"), nvml_library: None, amd_library: None, visible_devices }
    }

    /// A machine made of files below a folder, whose vendor libraries do not exist.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        let nowhere = root.join("no-library");
        Self { root: root.to_owned(), nvml_library: Some(nowhere.clone()), amd_library: Some(nowhere), visible_devices: None }
    }

    /// Whether this is the real machine, whose kernel may be asked by system call.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.root == Path::new("/")
    }

    /// A path of the machine, such as `sys/class/powercap`.
    pub(crate) fn path(&self, below_root: &str) -> PathBuf {
        self.root.join(below_root)
    }
}
