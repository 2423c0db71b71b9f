//! A bill of materials in CycloneDX 1.5 (ECMA-424's predecessor of the same fields), without times and serial numbers: the same
//! for the same program.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Package;

/// Libraries that are no crates: name, version, licence.
const VENDORED: [(&str, &str, &str); 2] = [("d3", "7.9.0", "ISC"), ("@observablehq/plot", "0.6.17", "ISC")];

pub(super) fn document(packages: &[Package]) -> Result<String> {
    let own = packages.iter().find(|package| package.name == "lem-cli").context("the program is not among its packages")?;
    let crates = packages.iter().filter(|package| package.id != own.id).map(component);
    let scripts = VENDORED.iter().map(|(name, version, licence)| {
        let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        json!({ "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "licenses": [{ "license": { "id": licence } }] })
    });
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": { "type": "application", "bom-ref": purl(own), "name": "lem", "version": own.version, "licenses": licences(own) } },
        "components": crates.chain(scripts).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn component(package: &Package) -> Value {
    let purl = purl(package);
    let mut component = json!({ "type": "library", "bom-ref": purl, "name": package.name, "version": package.version, "purl": purl, "licenses": licences(package) });
    if let Some(repository) = package.repository.as_deref().filter(|repository| repository.starts_with("https://")) {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

fn licences(package: &Package) -> Value {
    // Some packages still write a slash where SPDX has OR.
    let expression = package.license.as_deref().map(|text| text.replace('/', " OR "));
    expression.map_or_else(|| json!([]), |expression| json!([{ "expression": expression }]))
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

/// The document names the program and each component once, with a licence.
pub(super) fn check(document: &[u8]) -> Result<()> {
    let document: Value = serde_json::from_slice(document).context("the bill of materials is no JSON")?;
    ensure!(
        document["bomFormat"] == "CycloneDX" && document["metadata"]["component"]["name"] == "lem",
        "it is no bill of materials of lem"
    );
    let components = document["components"].as_array().context("it has no components")?;
    let mut references: Vec<&str> = components.iter().filter_map(|component| component["bom-ref"].as_str()).collect();
    ensure!(
        references.len() == components.len() && references.len() > 50,
        "{} of {} components have a name",
        references.len(),
        components.len()
    );
    references.sort_unstable();
    references.dedup();
    ensure!(references.len() == components.len(), "a component stands twice in the bill of materials");
    let without: Vec<&str> = components
        .iter()
        .filter(|component| component["licenses"].as_array().is_none_or(Vec::is_empty))
        .filter_map(|component| component["name"].as_str())
        .collect();
    ensure!(without.is_empty(), "no licence is known of {}", without.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, licence: Option<&str>) -> Package {
        Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0+x".into(),
            license: licence.map(str::to_owned),
            license_file: None,
            manifest_path: "Cargo.toml".into(),
            source: None,
            repository: None,
        }
    }

    #[test]
    fn components_have_addresses_and_expressions() {
        let document: Value =
            serde_json::from_str(&document(&[package("a", Some("MIT/Apache-2.0")), package("lem-cli", Some("MIT"))]).unwrap()).unwrap();
        let component = &document["components"][0];
        assert_eq!(component["purl"], "pkg:cargo/a@1.0.0%2Bx");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
    }

    #[test]
    fn a_bill_without_licences_is_refused() {
        let packages: Vec<Package> = (0..60)
            .map(|place| package(&format!("p{place}"), (place != 7).then_some("MIT")))
            .chain([package("lem-cli", Some("MIT"))])
            .collect();
        let error = check(document(&packages).unwrap().as_bytes()).unwrap_err().to_string();
        assert!(error.contains("no licence is known of p7"), "{error}");
    }
}
