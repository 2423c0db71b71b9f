//! Expressions that leave cells out.

use super::error::GridError;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value as Operand};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Expressions alone: no filters, no functions, no files.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(10_000));
    environment
});

/// See the module.
#[derive(Debug)]
pub(super) struct Exclusion {
    text: String,
    expression: Expression<'static, 'static>,
}

impl Exclusion {
    pub(super) fn parse(text: &str) -> Result<Self, GridError> {
        let wrong = |error: minijinja::Error| GridError::Expression { expression: text.to_owned(), reason: reason(&error) };
        let expression = ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(wrong)?;
        Ok(Self { text: text.to_owned(), expression })
    }

    /// Whether it leaves out the cell with these settings.
    pub(super) fn holds(&self, settings: &[(&'static str, Value)]) -> Result<bool, GridError> {
        let wrong = |error: minijinja::Error| GridError::Evaluation { expression: self.text.clone(), reason: reason(&error) };
        let value = self.expression.eval(Operand::from(Serde(names(settings)))).map_err(wrong)?;
        if value.is_undefined() {
            let reason = "it names a setting that does not vary".to_owned();
            return Err(GridError::Evaluation { expression: self.text.clone(), reason });
        }
        Ok(value.is_true())
    }
}

/// Settings in their sections, and by the last part of their paths where that says which.
fn names(settings: &[(&'static str, Value)]) -> Value {
    let mut names = Map::new();
    let end = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    for (path, value) in settings {
        if settings.iter().filter(|(other, _)| end(other) == end(path)).count() == 1 {
            names.insert(end(path).to_owned(), value.clone());
        }
    }
    for (path, value) in settings {
        let mut section = &mut names;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                section.insert(part.to_owned(), value.clone());
                break;
            }
            let inner = section.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            section = inner.as_object_mut().expect("it was made one");
        }
    }
    Value::Object(names)
}

/// The reason without the name that the library gives to an expression.
fn reason(error: &minijinja::Error) -> String {
    if error.kind() == ErrorKind::UndefinedError {
        return "it names a setting that does not vary".to_owned();
    }
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(expression: &str) -> Result<bool, GridError> {
        let settings = [("batching.batch_size", json!(8)), ("fp_precision", json!("float16")), ("decoder.do_sample", json!(true))];
        Exclusion::parse(expression)?.holds(&settings)
    }

    #[test]
    fn settings_go_by_path_and_by_the_end_of_it() {
        assert_eq!(holds("batch_size > 4 and fp_precision == 'float16'"), Ok(true));
        assert_eq!(holds("batching.batch_size <= 4 or not do_sample"), Ok(false));
        assert_eq!(holds("batch_size in [1, 8]"), Ok(true));
        assert_eq!(holds("batch_size * 2 == 16"), Ok(true));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(matches!(holds("batch_size >"), Err(GridError::Expression { .. })));
        assert!(matches!(holds("temperature > 1"), Err(GridError::Evaluation { .. })));
        assert!(matches!(holds("temperature"), Err(GridError::Evaluation { .. })));
        assert!(holds("fp_precision|upper == 'X'").is_err());
    }
}
