//! Sorting a document into settings and mistakes.

use super::{Checked, Layer, insert, machine};
use crate::document::{Document, Position};
use crate::origin::Origin;
use crate::violation::{RuleCode, Violation};
use crate::{check, former, suggest, tree};
use figment::value::Dict;
use lem_domain::{Finding, FindingCode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fills a layer.
pub(super) struct Sorter<'a> {
    layer: Layer,
    document: Option<&'a Document>,
    /// Settings that stand in the document under another name.
    former: BTreeMap<&'static str, &'static str>,
    violations: Vec<Violation>,
    findings: Vec<Finding>,
}

impl<'a> Sorter<'a> {
    pub(super) fn new(origin: Origin, document: Option<&'a Document>) -> Self {
        let layer = Layer { origin, values: Dict::new() };
        Self { layer, document, former: BTreeMap::new(), violations: Vec::new(), findings: Vec::new() }
    }

    /// Sorts all of a document, after what it says under former names was taken over.
    pub(super) fn document(&mut self, values: &Map<String, Value>) {
        let mut values = values.clone();
        let (taken, refused) = former::take_over(&mut values);
        for one in taken {
            self.former.extend(one.now.iter().map(|now| (*now, one.path)));
            let place = self.place(one.path);
            let message = format!("{}: {} ({place})", one.path, one.message);
            self.findings.push(Finding::new(FindingCode::FormerSetting, one.severity, message));
        }
        for one in refused {
            self.wrong(one.code, one.path, one.message, Some(one.hint));
        }
        self.section("", &values);
    }

    /// Sorts one setting that is named by its path; what is inside a table may be, too.
    pub(super) fn flag(&mut self, path: &str, value: &Value) {
        let in_table = path.match_indices('.').map(|(dot, _)| (&path[..dot], &path[dot + 1..])).find(|(table, _)| is_table(table));
        if let Some((table, name)) = in_table {
            self.sort(table, &nested(name, value.clone()));
        } else if former::is_taken_over(path) {
            let mut document = Map::new();
            tree::insert(&mut document, path, value.clone());
            self.document(&document);
        } else {
            self.sort(path, value);
        }
    }

    fn section(&mut self, section: &str, values: &Map<String, Value>) {
        for (name, value) in values {
            let path = tree::join(section, name);
            if name.contains('.') {
                let hint = format!("write it as a section: `{}` with the rest of the name inside", name.split('.').next().unwrap_or(name));
                self.wrong(RuleCode::UnknownKey, &path, "a name cannot hold a dot".to_owned(), Some(hint));
            } else {
                self.sort(&path, value);
            }
        }
    }

    /// Sorts a setting or a section.
    pub(super) fn sort(&mut self, path: &str, value: &Value) {
        // A section or table whose lines are all commented out.
        if value.is_null() && (tree::is_section(path) || is_table(path)) && !path.is_empty() {
            return;
        }
        if let Some(checked) = check::leaf(path, value) {
            match checked {
                Ok(_) if matches!(self.layer.origin, Origin::UserFile(_)) && !machine::is_of_machine(path) => {
                    let message = "it describes an experiment, not this machine".to_owned();
                    self.wrong(RuleCode::NotOfMachine, path, message, Some(machine::HINT.to_owned()));
                }
                Ok(kept) => insert(&mut self.layer.values, path, kept),
                Err(fault) => self.wrong(fault.code, path, fault.message, fault.hint),
            }
        } else if !path.is_empty() && tree::is_section(path) {
            match value {
                Value::Object(values) => self.section(path, values),
                other => {
                    let message = format!("expected a section, found {}", check::describe(other));
                    self.wrong(RuleCode::WrongType, path, message, Some(format!("it holds: {}", tree::names_in(path).join(", "))));
                }
            }
        } else {
            self.wrong(RuleCode::UnknownKey, path, "there is no such setting".to_owned(), unknown_key_hint(path));
        }
    }

    fn wrong(&mut self, code: RuleCode, path: &str, message: String, hint: Option<String>) {
        let position = self.position(path);
        self.violations.push(Violation { code, path: path.to_owned(), origin: self.layer.origin.clone(), position, message, hint });
    }

    /// Where the key of a setting stands, under the name that it has there.
    fn position(&self, path: &str) -> Option<Position> {
        let document = self.document?;
        document.position(path).or_else(|| document.position(self.former.get(path)?))
    }

    fn place(&self, path: &str) -> String {
        let origin = &self.layer.origin;
        self.position(path).map_or_else(|| origin.to_string(), |position| format!("{origin}, {position}"))
    }

    pub(super) fn finish(mut self) -> Checked {
        // In the order of the file, however the maps on the way sorted it; what has no position comes last.
        self.violations.sort_by_key(|violation| (violation.position.is_none(), violation.position));
        Checked { layer: self.layer, violations: self.violations, findings: self.findings }
    }
}

/// Whether a setting holds values by names that are not known beforehand.
fn is_table(path: &str) -> bool {
    tree::position(path).is_some() && tree::get(&check::BUILT_IN, path).is_some_and(Value::is_object)
}

fn nested(path: &str, value: Value) -> Value {
    let mut table = Map::new();
    tree::insert(&mut table, path, value);
    Value::Object(table)
}

/// What a renamed setting is called now, else the nearest name in the section, else the nearest anywhere, else what
/// the section holds.
fn unknown_key_hint(path: &str) -> Option<String> {
    if let Some(hint) = former::hint(path) {
        return Some(hint.to_owned());
    }
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    if !tree::is_section(section) {
        return suggest::nearest(path, tree::below("")).map(did_you_mean);
    }
    if let Some(near) = suggest::nearest(name, tree::names_in(section)) {
        return Some(did_you_mean(&tree::join(section, near)));
    }
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    if let Some(near) = suggest::nearest(name, tree::below("").map(last)) {
        return tree::below("").find(|path| last(path) == near).map(did_you_mean);
    }
    let holder = if section.is_empty() { "the top level".to_owned() } else { format!("`{section}`") };
    Some(format!("{holder} holds: {}", tree::names_in(section).join(", ")))
}

fn did_you_mean(path: &str) -> String {
    format!("did you mean `{path}`?")
}
