//! Running other programs from the workspace root: echoed first, with failures that name what ran.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};

static WORKSPACE_ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    // Cargo says at run time where the package lies; the compiled-in place serves a direct start of the binary.
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map(Path::to_path_buf).unwrap_or(package)
});

/// Folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> &'static Path {
    &WORKSPACE_ROOT
}

/// A program that will run in the workspace root.
///
/// What Cargo set to describe this package is taken out of the environment: build scripts such as ring's watch these
/// variables, and would rebuild themselves and all above them each time a build starts from here and then from a shell.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace_root());
    for (name, _) in env::vars_os() {
        if describes_this_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// The Cargo that runs this task, with `arguments`.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(arguments);
    command
}

/// Where Cargo puts what it builds.
pub(crate) fn target_folder() -> PathBuf {
    workspace_root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target")))
}

/// The release binary of lem, which a build step must have made. What it learns of the machine stays below the build
/// folder, apart from what the user's own runs have learnt.
pub(crate) fn lem() -> Command {
    let mut command = command(target_folder().join("release/lem"));
    command.env("LEM_DATA_DIR", target_folder().join("lem-data"));
    command
}

/// Echoes and runs a program; its output goes to the terminal.
///
/// # Errors
/// The program cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    echo(command);
    let status = command.status().with_context(|| cannot_start(command))?;
    ensure!(status.success(), "`{}` failed: {status}", shown(command));
    Ok(())
}

/// Like [`run`], and returns the last line of its standard error that contains `marker`.
///
/// # Errors
/// The program cannot be started or fails.
pub(crate) fn run_keeping_line(command: &mut Command, marker: &str) -> Result<Option<String>> {
    echo(command);
    let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| cannot_start(command))?;
    let mut kept = None;
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = line.with_context(|| format!("cannot read the output of `{}`", shown(command)))?;
            let line = String::from_utf8_lossy(&line);
            eprintln!("{line}");
            if line.contains(marker) {
                kept = Some(line.trim().to_owned());
            }
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{}`", shown(command)))?;
    ensure!(status.success(), "`{}` failed: {status}", shown(command));
    Ok(kept)
}

/// Runs a program quietly and returns its standard output.
///
/// # Errors
/// The program cannot be started, fails (its standard error is in the message), or prints something that is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if !output.status.success() {
        bail!("`{}` failed: {}\n{}", shown(command), output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{}` is not UTF-8", shown(command)))
}

/// Runs a program quietly, whatever its exit status.
///
/// # Errors
/// The program cannot be started.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))
}

/// Whether a program can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    capture(command).is_ok_and(|output| output.status.success())
}

/// The command line as a reader would type it, the program by its file name.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// An error and its causes, one per line.
pub(crate) fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("\n  caused by: {cause}"));
    }
    text
}

fn echo(command: &Command) {
    eprintln!("$ {}", shown(command));
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`; is it installed and on the PATH?", command.get_program().to_string_lossy())
}

fn describes_this_package(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.starts_with("CARGO_PKG_") || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PRIMARY_PACKAGE"].contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = run(&mut command("no-such-program-anywhere")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"), "{error}");
    }

    #[test]
    fn a_failure_names_the_command_and_its_status() {
        let error = run(&mut cargo(["no-such-subcommand"])).unwrap_err();
        assert!(error.to_string().contains("cargo no-such-subcommand` failed: exit status: 101"), "{error}");
    }

    #[test]
    fn causes_are_listed_below_the_error() {
        let error = anyhow::anyhow!("disk full").context("cannot write `a`");
        assert_eq!(render(&error), "error: cannot write `a`\n  caused by: disk full");
    }

    #[test]
    fn a_child_does_not_inherit_what_describes_this_package() {
        assert!(describes_this_package(OsStr::new("CARGO_PKG_NAME")));
        assert!(describes_this_package(OsStr::new("CARGO_MANIFEST_DIR")));
        assert!(!describes_this_package(OsStr::new("CARGO_HOME")));
        assert!(!describes_this_package(OsStr::new("CARGO_TARGET_DIR")));
    }
}
