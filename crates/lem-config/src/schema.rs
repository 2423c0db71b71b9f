//! The JSON Schema of a configuration file.

use crate::sections::RawConfig;

/// The JSON Schema of a configuration file.
///
/// ```
/// assert_eq!(lem_config::schema()["properties"]["max_output_tokens"]["maximum"], 1_000_000);
/// ```
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(RawConfig);
    schema.insert("title".to_owned(), "lem experiment".into());
    schema.to_value()
}
