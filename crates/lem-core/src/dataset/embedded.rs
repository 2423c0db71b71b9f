//! The prompt set that ships inside the program; its format is described beside it, in `datasets/README.md`.

use super::{Draw, EMBEDDED_NAME};
use crate::digest::hexadecimal;
use lem_domain::protocol::Prompt;
use lem_domain::record::DatasetFacts;
use serde::Deserialize;
use sha2::{Digest, Sha256};

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

/// Offers the set, in the order of its lines, which is part of it.
pub(super) fn read(draw: &mut Draw) -> DatasetFacts {
    let mut available = 0;
    for (id, text) in prompts() {
        draw.offer(Prompt::text(id, text));
        available += 1;
    }
    let sha256 = hexadecimal(Sha256::new_with_prefix(JSON_LINES));
    DatasetFacts { name: EMBEDDED_NAME.to_owned(), sha256, available: Some(available), ..DatasetFacts::default() }
}

/// Names and texts of the set.
pub(crate) fn prompts() -> impl Iterator<Item = (String, String)> {
    JSON_LINES.lines().map(|line| {
        let line: Line = serde_json::from_str(line).expect("the text is fixed at build time and a test reads all of it");
        (line.id, line.prompt)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const README: &str = include_str!("../../../../datasets/README.md");

    #[test]
    fn every_line_is_a_prompt_with_an_id_of_its_own() {
        let set: Vec<_> = prompts().collect();
        let ids: BTreeSet<_> = set.iter().map(|(id, _)| id).collect();
        assert_eq!((ids.len(), set.len()), (243, 243));
        assert!(set.iter().all(|(_, text)| !text.trim().is_empty()));
        assert_eq!(set[0].0, "q-001");
    }

    #[test]
    fn the_digest_is_the_version_that_the_documentation_states() {
        let facts = read(&mut Draw::new(None, false, 0));
        assert_eq!(facts.available, Some(243));
        assert!(README.contains(&facts.sha256), "update the digest in datasets/README.md together with the set");
    }
}
