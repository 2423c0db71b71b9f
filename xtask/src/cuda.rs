//! `lem` with the feature `cuda`, built on a machine that need have neither a GPU nor a CUDA toolkit.
//!
//! [`toolkit`] brings what the build needs, all of it below the build folder; nothing here is part of the usual checks.

mod needs;
mod toolkit;

use std::fs;

use anyhow::{Context, Result};

use crate::process;

/// Options of `build-cuda`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Oldest GPU that the binary runs on, as its compute capability without the point; drivers compile for newer ones
    #[arg(long, value_name = "CAPABILITY", default_value_t = 80, value_parser = clap::value_parser!(u32).range(80..=121))]
    compute_cap: u32,
}

/// Builds, and says what the binary is and what it needs where it runs.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = process::target_folder().join("cuda");
    let toolkit = toolkit::prepare(&folder)?;

    let mut build = process::cargo(["build", "--release", "--locked", "--package", "lem-cli", "--bin", "lem", "--features", "cuda"]);
    toolkit.apply(&mut build)?;
    // Kernels that are linked in are made for this capability alone; with PTX beside it, drivers can make others.
    let virtual_architecture = format!("compute_{}", arguments.compute_cap);
    build
        .env("CARGO_TARGET_DIR", &folder)
        .env("CUDA_COMPUTE_CAP", arguments.compute_cap.to_string())
        .env("NVCC_APPEND_FLAGS", format!("-gencode=arch={virtual_architecture},code={virtual_architecture}"));
    process::run(&mut build).context("the kernels take minutes each and some gigabytes of memory: was the build killed?")?;

    let binary = folder.join("release/lem");
    // A library that is missing would be met by the loader, before `lem` could say anything.
    process::read(process::command(&binary).arg("--version").env("LD_LIBRARY_PATH", toolkit.library_path()))
        .context("the binary does not start")?;
    let bytes = fs::metadata(&binary).with_context(|| format!("cannot read `{}`", binary.display()))?.len();
    println!("{}", binary.display());
    println!("{} MB; at run time it needs", bytes / 1_000_000);
    for library in needs::of(&binary)? {
        println!("  {:<18} {}", library, needs::source(&library));
    }
    Ok(())
}
