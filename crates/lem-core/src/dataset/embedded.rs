//! The prompt set that ships inside the program; its format is described beside it, in `datasets/README.md`.

use super::{Dataset, EMBEDDED_NAME};
use lem_domain::protocol::Prompt;
use serde::Deserialize;

const JSON_LINES: &str = include_str!("../../../../datasets/prompts.jsonl");

/// One line of the set. All three fields are always present.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    #[serde(rename = "category")]
    _category: String,
    prompt: String,
}

/// The set, in the order of its lines, which is part of it.
pub(super) fn read() -> Dataset {
    let prompts = JSON_LINES
        .lines()
        .map(|line| {
            let line: Line = serde_json::from_str(line).expect("the text is fixed at build time and a test reads all of it");
            Prompt { id: line.id, text: line.prompt }
        })
        .collect();
    Dataset::new(EMBEDDED_NAME.to_owned(), JSON_LINES.as_bytes(), prompts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const README: &str = include_str!("../../../../datasets/README.md");

    #[test]
    fn every_line_is_a_prompt_with_an_id_of_its_own() {
        let dataset = read();
        let ids: BTreeSet<_> = dataset.prompts.iter().map(|prompt| &prompt.id).collect();
        assert_eq!(ids.len(), dataset.prompts.len());
        assert_eq!(dataset.facts.available, 243);
        assert!(dataset.prompts.iter().all(|prompt| !prompt.text.trim().is_empty()));
        assert_eq!(dataset.prompts[0].id, "q-001");
    }

    #[test]
    fn the_digest_is_the_version_that_the_documentation_states() {
        assert!(README.contains(&read().facts.sha256), "update the digest in datasets/README.md together with the set");
    }
}
