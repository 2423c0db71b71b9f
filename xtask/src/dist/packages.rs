//! What the program is made of: its own crates and every crate that is compiled into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// A package that is compiled into the program.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Expression of SPDX, as the package says it.
    pub(crate) license: Option<String>,
    pub(crate) license_file: Option<PathBuf>,
    pub(crate) manifest_path: PathBuf,
    /// The registry; nothing for a crate of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) repository: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// Nothing for a usual dependency, else `build` or `dev`.
    kind: Option<String>,
}

/// Every package of the program by name and version, tests and what only runs while building left out.
pub(crate) fn shipped() -> Result<Vec<Package>> {
    let host = super::target()?;
    let text = process::read(&mut process::cargo(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("`cargo metadata` printed something else than expected")?;
    let root = metadata.packages.iter().find(|package| package.name == "lem-cli").context("the workspace has no lem-cli")?;
    let reached = reached(&root.id, &metadata.resolve.nodes);
    let mut packages: Vec<Package> = metadata.packages.into_iter().filter(|package| reached.contains(&package.id)).collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(packages)
}

fn reached(root: &str, nodes: &[Node]) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Node> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if !reached.insert(id.to_owned()) {
            continue;
        }
        let usual = |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
        open.extend(nodes.get(id).into_iter().flat_map(|node| &node.deps).filter(usual).map(|dependency| dependency.pkg.as_str()));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, to: &[(&str, Option<&str>)]) -> Node {
        let dependency = |&(pkg, kind): &(&str, Option<&str>)| Dependency {
            pkg: pkg.to_owned(),
            dep_kinds: vec![DependencyKind { kind: kind.map(str::to_owned) }],
        };
        Node { id: id.to_owned(), deps: to.iter().map(dependency).collect() }
    }

    #[test]
    fn what_only_builds_or_tests_is_not_in_the_program() {
        let nodes = [
            node("lem", &[("a", None), ("test", Some("dev")), ("cc", Some("build"))]),
            node("a", &[("b", None), ("lem", None)]),
            node("test", &[("c", None)]),
        ];
        let expected: BTreeSet<String> = ["lem", "a", "b"].map(str::to_owned).into();
        assert_eq!(reached("lem", &nodes), expected);
    }
}
