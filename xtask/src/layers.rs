//! Dependencies between crates point down only, and heavy libraries stay in the crate that owns them.
//!
//! A new crate of the workspace needs one row in [`CRATES`]; the layers are explained in `ARCHITECTURE.md`.

use std::fmt;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process;

/// Where a crate of the workspace stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// Counted from the bottom.
    Numbered(u8),
    /// Beside the layers: nothing depends on it.
    Side,
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered(number) => write!(formatter, "layer {number}"),
            Self::Side => formatter.write_str("side"),
        }
    }
}

/// Every crate of the workspace, its layer, and the crates that it may depend on in any way, tests included.
const CRATES: &[(&str, Layer, &[&str])] = &[
    ("lem-domain", Layer::Numbered(0), &[]),
    ("lem-config", Layer::Numbered(1), &["lem-domain"]),
    ("lem-core", Layer::Numbered(1), &["lem-domain"]),
    ("lem-energy", Layer::Numbered(1), &["lem-domain"]),
    ("lem-results", Layer::Numbered(1), &["lem-domain"]),
    ("lem-orchestration", Layer::Numbered(2), &["lem-domain"]),
    ("lem-cli", Layer::Numbered(3), ALL_LAYERS_BELOW_THE_COMMAND_LINE),
    ("lem-tests", Layer::Side, ALL_LAYERS),
    ("xtask", Layer::Side, &[]),
];

const ALL_LAYERS_BELOW_THE_COMMAND_LINE: &[&str] =
    &["lem-domain", "lem-config", "lem-core", "lem-energy", "lem-results", "lem-orchestration"];

const ALL_LAYERS: &[&str] = &["lem-domain", "lem-config", "lem-core", "lem-energy", "lem-results", "lem-orchestration", "lem-cli"];

/// Libraries by the beginning of their name, the crates that may use them, and why only those.
const OWNED_LIBRARIES: &[(&str, &[&str], &str)] = &[
    ("polars", &["lem-results"], "it is most of the build, and only the store writes tables"),
    ("candle-", &["lem-core"], "only the engine computes tensors"),
    ("tokenizers", &["lem-core"], "only the engine sees tokens as text"),
    ("hf-hub", &["lem-core"], "only the engine fetches models"),
    ("nvml-wrapper", &["lem-energy"], "only the meters read sensors"),
    ("clap", &["lem-cli", "xtask"], "only the command line parses arguments"),
    ("indicatif", &["lem-cli", "xtask"], "only the command line prints"),
    ("anyhow", &["lem-cli", "xtask", "lem-tests"], "libraries say with types what can go wrong"),
];

/// One crate of the workspace depends on another crate, in the workspace or outside, for its build or its tests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dependency {
    from: String,
    to: String,
    /// Whether `to` is a crate of the workspace.
    within_workspace: bool,
}

/// Checks the workspace.
pub(crate) fn run() -> Result<()> {
    let workspace = read_workspace()?;
    let violations = check(&workspace);
    if !violations.is_empty() {
        bail!("the layers do not hold:\n{}", violations.join("\n"));
    }
    eprintln!("layers: {} crates, {} dependencies, all point down", workspace.crates.len(), workspace.dependencies.len());
    Ok(())
}

/// What the rules look at.
struct Workspace {
    crates: Vec<String>,
    dependencies: Vec<Dependency>,
}

/// One sentence for each rule that is broken.
fn check(workspace: &Workspace) -> Vec<String> {
    let unknown = workspace
        .crates
        .iter()
        .filter(|name| layer(name).is_none())
        .map(|name| format!("{name} has no layer: give it a row in the table of xtask/src/layers.rs"));
    let dependencies = workspace.dependencies.iter().filter_map(|dependency| {
        if dependency.within_workspace {
            refuse_arrow(&dependency.from, &dependency.to)
        } else {
            refuse_library(&dependency.from, &dependency.to)
        }
    });
    unknown.chain(dependencies).collect()
}

fn refuse_arrow(from: &str, to: &str) -> Option<String> {
    // A crate without a layer has a sentence of its own.
    let (from_layer, to_layer) = (layer(from)?, layer(to)?);
    let (_, _, allowed) = CRATES.iter().find(|(name, ..)| *name == from)?;
    if allowed.contains(&to) {
        return None;
    }
    let rule = match (from_layer, to_layer) {
        (_, Layer::Side) => "nothing depends on what stands beside the layers",
        (Layer::Side, _) => "it must build when the project does not",
        _ if to_layer > from_layer => "arrows point down only",
        _ if to_layer == from_layer => "siblings do not know each other",
        _ => "it drives that crate through the traits of lem-domain",
    };
    Some(format!("{from} ({from_layer}) must not depend on {to} ({to_layer}): {rule}"))
}

fn refuse_library(from: &str, library: &str) -> Option<String> {
    let (_, owners, reason) = OWNED_LIBRARIES.iter().find(|(prefix, ..)| belongs(library, prefix))?;
    (!owners.contains(&from)).then(|| format!("{from} must not depend on {library}, which belongs to {}: {reason}", owners.join(", ")))
}

/// Whether `library` is the one named, or one of its family such as `polars-io` of `polars`.
fn belongs(library: &str, prefix: &str) -> bool {
    library.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-') || prefix.ends_with('-'))
}

fn layer(name: &str) -> Option<Layer> {
    CRATES.iter().find(|(known, ..)| *known == name).map(|(_, layer, _)| *layer)
}

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<PackageDependency>,
}

#[derive(Deserialize)]
struct PackageDependency {
    name: String,
    /// Where a dependency by path lies; absent for one from a registry.
    path: Option<String>,
}

fn read_workspace() -> Result<Workspace> {
    let json = process::read(&mut process::cargo(["metadata", "--format-version", "1", "--no-deps"]))?;
    parse(&json)
}

fn parse(json: &str) -> Result<Workspace> {
    let metadata: Metadata = serde_json::from_str(json).context("cannot understand `cargo metadata`")?;
    let mut workspace = Workspace { crates: Vec::new(), dependencies: Vec::new() };
    for package in metadata.packages {
        for dependency in package.dependencies {
            workspace.dependencies.push(Dependency {
                from: package.name.clone(),
                to: dependency.name,
                within_workspace: dependency.path.is_some(),
            });
        }
        workspace.crates.push(package.name);
    }
    Ok(workspace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(from: &str, to: &str, within_workspace: bool) -> Vec<String> {
        let dependency = Dependency { from: from.to_owned(), to: to.to_owned(), within_workspace };
        check(&Workspace { crates: vec![], dependencies: vec![dependency] })
    }

    fn check_arrow(from: &str, to: &str, expected: &[&str]) {
        assert_eq!(violations(from, to, true), expected, "{from} -> {to}");
    }

    fn check_library(from: &str, to: &str, expected: &[&str]) {
        assert_eq!(violations(from, to, false), expected, "{from} -> {to}");
    }

    #[test]
    fn arrows_that_point_down_are_allowed() {
        check_arrow("lem-results", "lem-domain", &[]);
        check_arrow("lem-orchestration", "lem-domain", &[]);
        check_arrow("lem-cli", "lem-orchestration", &[]);
        check_arrow("lem-cli", "lem-domain", &[]);
        check_arrow("lem-tests", "lem-cli", &[]);
    }

    #[test]
    fn an_upward_arrow_is_refused() {
        check_arrow(
            "lem-results",
            "lem-orchestration",
            &["lem-results (layer 1) must not depend on lem-orchestration (layer 2): arrows point down only"],
        );
        check_arrow("lem-domain", "lem-config", &["lem-domain (layer 0) must not depend on lem-config (layer 1): arrows point down only"]);
    }

    #[test]
    fn siblings_are_refused() {
        check_arrow(
            "lem-core",
            "lem-energy",
            &["lem-core (layer 1) must not depend on lem-energy (layer 1): siblings do not know each other"],
        );
    }

    #[test]
    fn orchestration_names_no_engine_meter_or_store() {
        check_arrow(
            "lem-orchestration",
            "lem-core",
            &["lem-orchestration (layer 2) must not depend on lem-core (layer 1): it drives that crate through the traits of lem-domain"],
        );
    }

    #[test]
    fn what_stands_beside_the_layers_is_a_dead_end() {
        check_arrow(
            "lem-domain",
            "lem-tests",
            &["lem-domain (layer 0) must not depend on lem-tests (side): nothing depends on what stands beside the layers"],
        );
        check_arrow(
            "xtask",
            "lem-config",
            &["xtask (side) must not depend on lem-config (layer 1): it must build when the project does not"],
        );
    }

    #[test]
    fn a_library_outside_its_crate_is_refused() {
        check_library(
            "lem-core",
            "polars",
            &[
                "lem-core must not depend on polars, which belongs to lem-results: it is most of the build, and only the store writes tables",
            ],
        );
        check_library(
            "lem-orchestration",
            "anyhow",
            &[
                "lem-orchestration must not depend on anyhow, which belongs to lem-cli, xtask, lem-tests: libraries say with types what can go wrong",
            ],
        );
        assert_eq!(violations("lem-cli", "candle-nn", false).len(), 1);
        assert_eq!(violations("lem-cli", "polars-io", false).len(), 1);
    }

    #[test]
    fn a_library_in_its_crate_or_without_an_owner_is_allowed() {
        check_library("lem-results", "polars", &[]);
        check_library("lem-core", "candle-core", &[]);
        check_library("lem-core", "serde", &[]);
        check_library("lem-core", "clapper", &[]);
    }

    #[test]
    fn a_crate_that_nobody_placed_is_refused() {
        let workspace = Workspace { crates: vec!["lem-new".to_owned()], dependencies: vec![] };
        assert_eq!(check(&workspace), ["lem-new has no layer: give it a row in the table of xtask/src/layers.rs"]);
    }

    #[test]
    fn a_test_dependency_counts_like_any_other() {
        let json = r#"{"packages": [{"name": "lem-core", "dependencies": [
            {"name": "lem-results", "kind": "dev", "path": "crates/lem-results"},
            {"name": "serde", "kind": null}
        ]}]}"#;
        assert_eq!(
            check(&parse(json).unwrap()),
            ["lem-core (layer 1) must not depend on lem-results (layer 1): siblings do not know each other"]
        );
    }

    #[test]
    fn the_table_itself_points_down() {
        for (name, from, allowed) in CRATES {
            for to in *allowed {
                let to_layer = layer(to).unwrap();
                assert!(to_layer != Layer::Side && to_layer < *from, "{name} -> {to}");
            }
        }
    }

    #[test]
    fn the_real_workspace_holds_its_layers() {
        let workspace = read_workspace().unwrap();
        assert!(workspace.crates.contains(&"xtask".to_owned()));
        assert_eq!(check(&workspace), Vec::<String>::new());
    }
}
