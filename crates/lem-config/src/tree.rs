//! Dotted paths in documents, and the sections that the paths of all settings imply.

use lem_domain::backend::FIELDS;
use serde_json::{Map, Value};
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

/// The section that a path stands in; empty for the top level.
pub(crate) fn section_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(section, _)| section)
}

/// A path one step deeper.
pub(crate) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The value at a dotted path.
pub(crate) fn get<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}

/// The value at a dotted path of a document that is a section.
pub(crate) fn find<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => document.get(path),
        Some((section, rest)) => find(document.get(section)?.as_object()?, rest),
    }
}

/// Takes the value at a dotted path out.
pub(crate) fn remove(document: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => drop(document.remove(path)),
        Some((section, rest)) => {
            if let Some(Value::Object(inner)) = document.get_mut(section) {
                remove(inner, rest);
            }
        }
    }
}

/// Puts a value at a dotted path, making the sections on the way and replacing what is no section.
pub(crate) fn insert(document: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(document.insert(path.to_owned(), value)),
        Some((section, rest)) => {
            let inner = document.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
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

    #[test]
    fn what_is_put_is_found_until_it_is_taken_out() {
        let mut values = Map::new();
        insert(&mut values, "a.b.c", json!(1));
        insert(&mut values, "a.d", json!(2));
        assert_eq!((find(&values, "a.b.c"), find(&values, "a.d"), find(&values, "a.d.e")), (Some(&json!(1)), Some(&json!(2)), None));
        remove(&mut values, "a.b.c");
        remove(&mut values, "a.x.y");
        assert_eq!(Value::Object(values), json!({ "a": { "b": {}, "d": 2 } }));
    }
}
