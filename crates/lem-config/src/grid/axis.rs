//! Settings that vary together.

use super::error::GridError;
use super::values;
use crate::{suggest, tree};
use lem_domain::backend::Backend;
use serde_json::Value;
use std::str::FromStr;

/// One setting with its values, or several that take theirs together.
///
/// Written as `batching.batch_size=1,2,4`, or `batch_size=1,2,4 & max_output_tokens=64,32,16`. A setting goes by its
/// dotted path, or by the last part of it where no other setting of all backends ends so.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    paths: Vec<&'static str>,
    /// Per setting: as many values as there are points.
    values: Vec<Vec<Value>>,
}

impl Axis {
    /// The settings, by their paths.
    pub fn paths(&self) -> &[&'static str] {
        &self.paths
    }

    /// Points along it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether there are none, which cannot be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The settings at a point.
    pub(super) fn settings(&self, point: usize) -> impl Iterator<Item = (&'static str, Value)> {
        self.paths.iter().zip(&self.values).map(move |(path, values)| (*path, values[point].clone()))
    }
}

impl FromStr for Axis {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let mut axis = Self { paths: Vec::new(), values: Vec::new() };
        for part in values::split(text, '&') {
            let not_an_axis = || GridError::NotAnAxis { text: part.trim().to_owned() };
            let (name, written) = part.split_once('=').ok_or_else(not_an_axis)?;
            let path = setting(name.trim())?;
            let values = values::parse(written)?;
            if values.is_empty() {
                return Err(not_an_axis());
            }
            if let Some(others) = axis.values.first().map(Vec::len).filter(|&others| others != values.len()) {
                return Err(GridError::Uneven { path, count: values.len(), others });
            }
            axis.paths.push(path);
            axis.values.push(values);
        }
        Ok(axis)
    }
}

/// The path of a setting by its path, or by the last part of it.
fn setting(name: &str) -> Result<&'static str, GridError> {
    let ends_so = |path: &&'static str| *path == name || path.rsplit('.').next() == Some(name);
    let mut found: Vec<_> = tree::below("").filter(ends_so).collect();
    // A setting of all backends comes before one of a backend's own section.
    let of_all = |path: &&'static str| path.split_once('.').is_none_or(|(section, _)| Backend::named(section).is_none());
    if found.iter().any(of_all) {
        found.retain(of_all);
    }
    let unknown = |hint| GridError::UnknownSetting { name: name.to_owned(), hint };
    match found.as_slice() {
        [] => Err(unknown(
            suggest::nearest(name, tree::below("")).or_else(|| nearest_end(name)).map(|near| format!("did you mean `{near}`?")),
        )),
        [path] => Ok(path),
        // A setting without a section has no longer name.
        several if several.contains(&name) => Ok(several.iter().copied().find(|path| *path == name).expect("it is one of them")),
        several => Err(unknown(Some(format!("one of {}", several.join(", "))))),
    }
}

fn nearest_end(name: &str) -> Option<&'static str> {
    let end = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let near = suggest::nearest(name, tree::below("").map(end))?;
    tree::below("").find(|path| end(path) == near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn points(text: &str) -> Vec<Vec<(&'static str, Value)>> {
        let axis: Axis = text.parse().unwrap();
        (0..axis.len()).map(|point| axis.settings(point).collect()).collect()
    }

    #[test]
    fn a_setting_goes_by_its_path_or_by_the_end_of_it() {
        for name in ["batch_size", "batching.batch_size"] {
            assert_eq!(points(&format!("{name}=1,2")), [[("batching.batch_size", json!(1))], [("batching.batch_size", json!(2))]]);
        }
        assert_eq!(points("max_output_tokens=7"), [[("max_output_tokens", json!(7))]]);
    }

    #[test]
    fn settings_joined_vary_together() {
        let both = points("batch_size = 1, 2 & max_output_tokens = 64, 32");
        let [first, second] = both.as_slice() else { panic!("{both:?}") };
        assert_eq!(first[..], [("batching.batch_size", json!(1)), ("max_output_tokens", json!(64))]);
        assert_eq!(second[..], [("batching.batch_size", json!(2)), ("max_output_tokens", json!(32))]);
    }

    #[test]
    fn what_is_no_axis_is_refused_with_a_way_out() {
        let error = |text: &str| text.parse::<Axis>().unwrap_err();
        assert!(matches!(error("batch_size"), GridError::NotAnAxis { .. }));
        assert!(matches!(error("batch_size="), GridError::NotAnAxis { .. }));
        assert!(matches!(error("batch_size=1,2&max_output_tokens=1"), GridError::Uneven { count: 1, others: 2, .. }));
        assert_eq!(error("batch_siez=1").hint().unwrap(), "did you mean `batching.batch_size`?");
    }

    #[test]
    fn an_end_that_several_settings_have_is_no_name_but_a_setting_of_no_section_is() {
        assert_eq!(points("backend=candle"), [[("backend", json!("candle"))]]);
        let end = |path: &'static str| path.rsplit('.').next().unwrap();
        for path in tree::below("").filter(|path| path.contains('.')) {
            let alike: Vec<_> = tree::below("").filter(|other| end(other) == end(path)).collect();
            let name = format!("{}=1", end(path));
            if !alike.contains(&end(path))
                && alike.iter().filter(|path| Backend::named(path.split('.').next().unwrap()).is_none()).count() > 1
            {
                let hint = name.parse::<Axis>().unwrap_err().hint().unwrap();
                assert!(alike.iter().any(|path| hint.contains(path)), "{hint}");
            } else if alike.len() == 1 {
                assert_eq!(name.parse::<Axis>().unwrap().paths(), [path]);
            }
        }
    }
}
