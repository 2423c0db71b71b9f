//! The tools that the checks need, and the optional git hook.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process;

/// The test runner, at the version that `.config/nextest.toml` was written for.
const NEXTEST_VERSION: &str = "0.9.143";

/// Cheap enough to run on every commit.
const PRE_COMMIT_HOOK: &str = "#!/bin/sh
# Installed by `cargo xtask setup --hook`; delete this file to be rid of it.
set -eu
cargo fmt --all --check
cargo xtask layers
";

/// Options of `setup`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also install a pre-commit hook that checks formatting and layers
    #[arg(long)]
    hook: bool,
}

/// Installs what is missing, and the hook if asked.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    install_missing_tools()?;
    if arguments.hook {
        install_hook()?;
    }
    eprintln!("setup: everything that the checks need is installed");
    Ok(())
}

/// Installs rustfmt, clippy and cargo-nextest where they are missing; silent when they are not.
pub(crate) fn install_missing_tools() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds(&mut process::cargo([subcommand, "--version"])) {
            process::run(process::command("rustup").args(["component", "add", component]))
                .with_context(|| format!("`{component}` is missing; install it for the toolchain named in rust-toolchain.toml"))?;
        }
    }
    if !process::succeeds(&mut process::cargo(["nextest", "--version"])) {
        eprintln!("setup: building cargo-nextest once, which takes 3 to 15 minutes; a ready-made one on the PATH serves as well");
        process::run(&mut process::cargo(["install", "cargo-nextest", "--locked", "--version", NEXTEST_VERSION]))
            .context("cannot install cargo-nextest; https://nexte.st has other ways to install it")?;
    }
    Ok(())
}

fn install_hook() -> Result<()> {
    let place = process::read(process::command("git").args(["rev-parse", "--git-path", "hooks/pre-commit"]))
        .context("a hook needs a git checkout of the repository")?;
    let path = process::workspace_root().join(place.trim_end());
    write_hook(&path)?;
    eprintln!("setup: installed {}", path.display());
    Ok(())
}

fn write_hook(path: &Path) -> Result<()> {
    match fs::read_to_string(path) {
        Ok(existing) if existing != PRE_COMMIT_HOOK => {
            bail!("`{}` exists and is not ours; add these lines to it by hand:\n{PRE_COMMIT_HOOK}", path.display())
        }
        _ => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    fs::write(path, PRE_COMMIT_HOOK).with_context(|| format!("cannot write `{}`", path.display()))?;
    make_executable(path)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(|| format!("cannot make `{}` executable", path.display()))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_written_twice_without_complaint_but_never_over_a_foreign_one() {
        let folder = std::env::temp_dir().join(format!("xtask-hook-{}", std::process::id()));
        let path = folder.join("hooks/pre-commit");
        write_hook(&path).unwrap();
        write_hook(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), PRE_COMMIT_HOOK);

        fs::write(&path, "#!/bin/sh\nmake lint\n").unwrap();
        let error = write_hook(&path).unwrap_err();
        assert!(error.to_string().contains("is not ours"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nmake lint\n");
        fs::remove_dir_all(&folder).unwrap();
    }
}
