//! Whether the workspace is ready to be released, and how.

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::dist::shipped;
use crate::{docs, process};

/// Options of `release`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check everything and say what a release would do; nothing else is done by this version
    #[arg(long, required = true)]
    dry_run: bool,
}

/// Checks version, changelog, documents and schemas.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let version = check()?;
    if arguments.dry_run {
        eprintln!("release: {version} is ready. To release it:");
        eprintln!("  1. rename `## Unreleased` in CHANGELOG.md to `## {version}`, and commit");
        eprintln!("  2. cargo xtask ci && cargo xtask dist");
        eprintln!("  3. git tag v{version}, and publish the archive and SHA256SUMS of target/dist");
    }
    Ok(())
}

/// The version that would be released.
pub(crate) fn check() -> Result<String> {
    let packages = shipped()?;
    let own: Vec<_> = packages.iter().filter(|package| package.source.is_none()).collect();
    let version = own.first().context("the workspace has no package")?.version.clone();
    if let Some(other) = own.iter().find(|package| package.version != version) {
        bail!("{} has version {}, the others {version}", other.name, other.version);
    }
    let tag = format!("refs/tags/v{version}");
    ensure!(
        !process::succeeds(process::command("git").args(["rev-parse", "--verify", "--quiet", &tag])),
        "v{version} has been released already; raise `workspace.package.version` in Cargo.toml"
    );
    let changelog = fs::read_to_string(process::workspace_root().join("CHANGELOG.md")).context("cannot read CHANGELOG.md")?;
    ensure!(entries_of_unreleased(&changelog)? > 0, "CHANGELOG.md says nothing below `## Unreleased`");
    docs::check()?;
    docs::check_references()?;
    Ok(version)
}

fn entries_of_unreleased(changelog: &str) -> Result<usize> {
    let (_, after) = changelog.split_once("\n## Unreleased\n").context("CHANGELOG.md has no `## Unreleased`")?;
    let section = after.split("\n## ").next().unwrap_or_default();
    Ok(section.lines().filter(|line| line.starts_with("- ")).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unreleased_counts() {
        assert_eq!(entries_of_unreleased("# C\n\n## Unreleased\n\n- a\n- b\n\n## 0.1.0\n\n- c\n").unwrap(), 2);
        assert_eq!(entries_of_unreleased("# C\n\n## Unreleased\n\n## 0.1.0\n\n- c\n").unwrap(), 0);
        assert!(entries_of_unreleased("# C\n\n## 0.1.0\n\n- c\n").is_err());
    }
}
