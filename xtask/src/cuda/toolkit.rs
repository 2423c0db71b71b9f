//! A CUDA toolkit out of NVIDIA's wheels: one tree, as a build expects it, and a stand-in for the driver's library.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

/// Compiler and libraries. They stay at 13.0: candle hands PTX to the driver, and a driver reads none that is newer than
/// itself.
const WHEELS: [&str; 8] = [
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cccl==13.0.85",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-nvrtc==13.0.88",
    "nvidia-curand==10.4.0.35",
    "nvidia-cublas==13.1.0.3",
];

/// Libraries by the names that a linker looks for, which the wheels lack.
const UNVERSIONED: [(&str, &str); 5] = [
    ("libcudart.so", "libcudart.so.13"),
    ("libcublas.so", "libcublas.so.13"),
    ("libcublasLt.so", "libcublasLt.so.13"),
    ("libcurand.so", "libcurand.so.10"),
    ("libnvrtc.so", "libnvrtc.so.13"),
];

/// What every function of the stand-in returns: `CUDA_ERROR_NO_DEVICE` of cuda.h.
const NO_DEVICE: u32 = 100;

/// A toolkit that is in place.
pub(super) struct Toolkit {
    root: PathBuf,
}

/// Puts the toolkit below `folder`; instant when it is there.
pub(super) fn prepare(folder: &Path) -> Result<Toolkit> {
    let toolkit = Toolkit { root: folder.join("toolkit") };
    let marker = toolkit.root.join("made-of");
    let bindings = bindings()?;
    // The path of cudarc's bindings names its version.
    let made_of = format!("{}\n{}\n", WHEELS.join("\n"), bindings.display());
    if fs::read_to_string(&marker).is_ok_and(|found| found == made_of) {
        return Ok(toolkit);
    }
    let wheels = fetch(folder)?;
    // What an interrupted call has left is not worth mending.
    let _ = fs::remove_dir_all(&toolkit.root);
    toolkit.link(&wheels)?;
    toolkit.stand_in_for_the_driver(&bindings)?;
    fs::write(&marker, made_of).with_context(|| format!("cannot write `{}`", marker.display()))?;
    Ok(toolkit)
}

/// Installs the wheels and says where their tree lies.
fn fetch(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("venv");
    eprintln!("build-cuda: fetching NVIDIA's compiler and libraries (1.2 GB unpacked) once");
    process::run(process::command("python3").args(["-m", "venv"]).arg(&environment))
        .context("Python 3 with venv brings the toolkit, such as by `apt-get install python3-venv`")?;
    // Wheels are only unpacked; a source package would be executed.
    process::run(
        process::command(environment.join("bin/pip")).args(["install", "--quiet", "--no-deps", "--only-binary", ":all:"]).args(WHEELS),
    )
    .context("cannot install NVIDIA's wheels; check the network and pip's index")?;
    let library = environment.join("lib");
    let pythons = fs::read_dir(&library).with_context(|| format!("cannot read `{}`", library.display()))?;
    let trees = pythons.flatten().map(|python| python.path().join("site-packages/nvidia/cu13"));
    trees.into_iter().find(|tree| tree.is_dir()).with_context(|| format!("the wheels left no tree below `{}`", library.display()))
}

impl Toolkit {
    /// Makes a command find the toolkit.
    pub(super) fn apply(&self, command: &mut Command) -> Result<()> {
        let mut path = vec![self.root.join("bin")];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command.env("CUDA_HOME", &self.root).env("PATH", env::join_paths(path).context("a folder on the PATH has a `:` in its name")?);
        Ok(())
    }

    /// Where the loader finds the libraries on a machine without a driver.
    pub(super) fn library_path(&self) -> OsString {
        let mut path = self.root.join("lib").into_os_string();
        path.push(":");
        path.push(self.stubs());
        path
    }

    fn stubs(&self) -> PathBuf {
        self.root.join("lib/stubs")
    }

    fn link(&self, wheels: &Path) -> Result<()> {
        let library = self.root.join("lib");
        fs::create_dir_all(self.stubs()).with_context(|| format!("cannot create `{}`", self.stubs().display()))?;
        for folder in ["bin", "include", "nvvm"] {
            link(&wheels.join(folder), &self.root.join(folder))?;
        }
        link(Path::new("lib"), &self.root.join("lib64"))?;
        let files = fs::read_dir(wheels.join("lib")).with_context(|| format!("`{}` holds no libraries", wheels.display()))?;
        for file in files.flatten() {
            link(&file.path(), &library.join(file.file_name()))?;
        }
        for (name, versioned) in UNVERSIONED {
            link(Path::new(versioned), &library.join(name))?;
        }
        Ok(())
    }

    /// Builds a library with the driver's functions, which say that there is no GPU. The real one comes with the driver
    /// and in no package; cudarc links to it, so its own bindings say which functions there must be.
    fn stand_in_for_the_driver(&self, bindings: &Path) -> Result<()> {
        let text = fs::read_to_string(bindings).with_context(|| format!("cannot read `{}`", bindings.display()))?;
        let names = driver_functions(&text);
        if names.is_empty() {
            bail!("`{}` declares no function of the driver", bindings.display());
        }
        let source: String = names.iter().map(|name| format!("int cu{name}(void) {{ return {NO_DEVICE}; }}\n")).collect();
        let (source_path, library) = (self.stubs().join("driver.c"), self.stubs().join("libcuda.so"));
        fs::write(&source_path, source).with_context(|| format!("cannot write `{}`", source_path.display()))?;
        let mut compile = process::command("cc");
        compile.args(["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o"]).arg(&library).arg(&source_path);
        process::run(&mut compile).context("a C compiler is needed, such as by `apt-get install gcc`")?;
        link(Path::new("libcuda.so"), &self.stubs().join("libcuda.so.1"))
    }
}

fn link(target: &Path, place: &Path) -> Result<()> {
    symlink(target, place).with_context(|| format!("cannot make `{}` a link to `{}`", place.display(), target.display()))
}

/// The file in which cudarc declares the driver's functions.
fn bindings() -> Result<PathBuf> {
    let mut metadata = process::cargo(["metadata", "--format-version", "1", "--locked", "--features", "lem-cli/cuda"]);
    metadata.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let metadata: Value = serde_json::from_str(&process::read(&mut metadata)?).context("cargo's metadata is not JSON")?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let manifest = packages.iter().find(|package| package["name"] == "cudarc").and_then(|package| package["manifest_path"].as_str());
    let folder = manifest.map(Path::new).and_then(Path::parent).context("the feature `cuda` brings no cudarc")?;
    Ok(folder.join("src/driver/sys/mod.rs"))
}

/// Names of functions that bindings declare, each once and without their `cu`: `Init`, ….
fn driver_functions(bindings: &str) -> Vec<&str> {
    let names = bindings.split("fn cu").skip(1).filter_map(|rest| {
        let length = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
        let name = &rest[..length];
        name.starts_with(|letter: char| letter.is_ascii_uppercase()).then_some(name)
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::driver_functions;

    #[test]
    fn functions_of_the_driver_are_named_once() {
        let bindings = "pub unsafe fn cuInit(Flags: c_uint) -> CUresult {\n extern \"C\" { fn cuInit(Flags: c_uint) -> CUresult; }\n}\n\
                        pub unsafe fn cuMemAlloc_v2(dptr: *mut CUdeviceptr) -> CUresult {}\nfn culib() -> &'static Library {}";
        assert_eq!(driver_functions(bindings), ["Init", "MemAlloc_v2"]);
    }
}
