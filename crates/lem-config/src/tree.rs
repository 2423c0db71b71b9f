//! Dotted paths in documents, and the sections that the paths of all settings imply.

use lem_domain::backend::FIELDS;
use serde_json::{Map, Value};

/// The setting of this path, as its one static name.
pub(crate) fn setting(path: &str) -> Option<&'static str> {
    FIELDS.iter().map(|field| field.path).find(|known| *known == path)
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
    path.is_empty() || below(path).next().is_some()
}

/// A path one step deeper.
pub(crate) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The value at a dotted path.
pub(crate) fn get<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}

/// Puts a value at a dotted path, making the sections on the way and replacing what is no section.
pub(crate) fn insert(values: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            values.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = values.entry(section).or_insert_with(|| Value::Object(Map::new()));
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
    fn what_is_put_is_found() {
        let mut values = Map::new();
        insert(&mut values, "a.b.c", json!(1));
        insert(&mut values, "a.d", json!(2));
        let document = Value::Object(values);
        assert_eq!(document, json!({ "a": { "b": { "c": 1 }, "d": 2 } }));
        assert_eq!((get(&document, "a.b.c"), get(&document, "a.x")), (Some(&json!(1)), None));
    }
}
