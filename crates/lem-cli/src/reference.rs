//! The references, made from what the program itself goes by: `cargo xtask docs` writes them, and its check refuses stale ones.

mod backends;
mod cli;
mod configuration;
mod presets;

/// A document and where it belongs, from the root of the repository.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Reference {
    /// Path.
    pub path: &'static str,
    /// Content.
    pub text: String,
}

/// First line of a document that nobody should edit.
const GENERATED: &str = "<!-- Written by `cargo xtask docs`; edit the source that it is made from. -->";

/// All of them.
#[must_use]
pub fn references() -> Vec<Reference> {
    let schema = serde_json::to_string_pretty(&lem_config::schema()).expect("a schema is JSON") + "\n";
    vec![
        Reference { path: "docs/configuration.md", text: configuration::page() },
        Reference { path: "docs/backend-support.md", text: backends::page() },
        Reference { path: "docs/presets.md", text: presets::page() },
        Reference { path: "docs/cli.md", text: cli::page() },
        Reference { path: "schemas/experiment.json", text: schema },
    ]
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
