//! The texts of the licences of everything that is in the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Package;
use crate::process;

/// How files that hold a licence begin.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// Libraries that are no crates: where their files lie, from the root of the repository.
const VENDORED: &str = "crates/lem-results/src/report/page/vendor";

/// Each text once, below the packages that it came with.
pub(super) fn texts(packages: &[Package]) -> Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for package in packages.iter().filter(|package| package.source.is_some()) {
        let name = format!("{} {} ({})", package.name, package.version, package.license.as_deref().unwrap_or("see the text"));
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
        let mut files = licence_files(folder)?;
        files.extend(package.license_file.iter().map(|file| folder.join(file)).filter(|file| file.is_file()));
        files.dedup();
        if files.is_empty() {
            ensure!(package.license.is_some(), "{name} says neither its licence nor has a text of one");
            without.push(name);
            continue;
        }
        for file in files {
            by_text.entry(read(&file)?).or_default().push(name.clone());
        }
    }
    for (file, name) in [("d3.LICENSE", "d3"), ("plot.LICENSE", "@observablehq/plot")] {
        let file = process::workspace_root().join(VENDORED).join(file);
        by_text.entry(read(&file)?).or_default().push(format!("{name} (ISC), in reports"));
    }
    let mut list: Vec<(Vec<String>, String)> = by_text.into_iter().map(|(text, names)| (names, text)).collect();
    list.sort();
    let mut whole = String::from("lem is made with these libraries. Each text stands once, below the libraries that it came with.\n");
    for (names, text) in list {
        whole += &format!("\n{}\n{}\n\n{}\n", "=".repeat(80), names.join("\n"), text.trim_end());
    }
    whole += &format!(
        "\n{}\nThese come without a text; their licence is the one in brackets, whose text is above.\n{}\n",
        "=".repeat(80),
        without.join("\n")
    );
    Ok(whole)
}

fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read `{}`; `cargo fetch` gets the sources", folder.display()))?;
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start))
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_licence).collect();
    files.sort();
    Ok(files)
}

/// The text without what differs between copies of the same: ends of lines and space around.
fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    Ok(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned())
}
