//! Dotted paths in documents, and the sections that the paths of all settings imply.

use lem_domain::backend::FIELDS;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Positions of all settings in the table.
static POSITIONS: LazyLock<HashMap<&str, usize>> =
    LazyLock::new(|| FIELDS.iter().enumerate().map(|(position, field)| (field.path, position)).collect());

/// Paths of all sections.
static SECTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let above = |path: &'static str| path.match_indices('.').map(move |(dot, _)| &path[..dot]);
    FIELDS.iter().flat_map(|field| above(field.path)).collect()
});

/// Position of a setting in the table, which is the order of the documentation.
pub(crate) fn position(path: &str) -> Option<usize> {
    POSITIONS.get(path).copied()
}

/// Paths of all settings below a section; all of them for the empty path.
pub(crate) fn below(section: &str) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field| field.path).filter(move |path| section.is_empty() || inner(section, path).is_some())
}

/// What a section holds directly: names of settings and of sections, without doubles.
pub(crate) fn names_in(section: &str) -> Vec<&'static str> {
    let mut names: Vec<_> =
        below(section).map(|path| inner(section, path).unwrap_or(path)).map(|rest| rest.split('.').next().unwrap_or(rest)).collect();
    names.dedup();
    names
}

/// Whether settings lie below this path.
pub(crate) fn is_section(path: &str) -> bool {
    path.is_empty() || SECTIONS.contains(path)
}

/// A path one step deeper.
pub(crate) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The value at a dotted path.
pub(crate) fn get<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}

fn inner<'a>(section: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(section)?.strip_prefix('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sections_follow_from_the_paths() {
        assert_eq!(names_in("energy"), ["backend", "interval", "require", "precision", "cpu", "baseline"]);
        assert_eq!(names_in("energy.cpu"), ["idle_power_per_thread", "max_power_per_thread"]);
        assert!(is_section("") && is_section("energy.cpu") && !is_section("energy.backend") && !is_section("ener"));
        assert!(names_in("").contains(&"virtual"));
    }

    #[test]
    fn a_value_is_found_by_its_path() {
        let document = json!({ "a": { "b": { "c": 1 }, "d": 2 } });
        assert_eq!((get(&document, "a.b.c"), get(&document, "a.x")), (Some(&json!(1)), None));
    }
}
