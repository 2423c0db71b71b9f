//! Which prompts of a set a run uses.

use super::Dataset;
use lem_domain::finding::{Finding, FindingCode, Severity};
use lem_domain::protocol::Prompt;
use lem_domain::spec::PromptSpec;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The prompts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// In the order in which they are given to the engine.
    pub prompts: Vec<Prompt>,
    /// What a reader of the result must know about the choice.
    pub findings: Vec<Finding>,
}

/// Random stream of the shuffle; the streams below it belong to the requests of the run, by index.
const SHUFFLE_STREAM: u64 = u64::MAX;

/// Takes the first `count` prompts, after a shuffle by `seed` where the spec asks for one.
///
/// A set with fewer prompts is used whole, with a finding.
#[must_use]
pub fn select(dataset: &Dataset, spec: &PromptSpec, seed: u64) -> Selection {
    let mut chosen: Vec<&Prompt> = dataset.prompts.iter().collect();
    if spec.shuffle {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(SHUFFLE_STREAM);
        chosen.shuffle(&mut random);
    }
    let available = chosen.len();
    let asked = spec.count.unwrap_or(available);
    chosen.truncate(asked);
    let findings = (asked > available).then(|| too_few(&dataset.facts.name, asked, available)).into_iter().collect();
    Selection { prompts: chosen.into_iter().cloned().collect(), findings }
}

fn too_few(name: &str, asked: usize, available: usize) -> Finding {
    let message = format!("{asked} prompts were asked for and `{name}` has {available}; all of them were used");
    Finding::new(FindingCode::PromptsFewerThanAsked, Severity::Warning, message)
        .with_hint(format!("set `prompts.sample_size` to {available} or less, or use a larger prompt file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::record::DatasetFacts;
    use lem_domain::spec::PromptSource;

    fn dataset(n_prompts: usize) -> Dataset {
        let prompts = (0..n_prompts).map(|idx| Prompt { id: format!("p{idx}"), text: format!("prompt {idx}") }).collect();
        Dataset { facts: DatasetFacts { name: "set".into(), sha256: String::new(), available: 0 }, prompts }
    }

    fn ids(dataset: &Dataset, count: Option<usize>, shuffle: bool, seed: u64) -> Vec<String> {
        let spec = PromptSpec { source: PromptSource::Embedded, count, shuffle };
        select(dataset, &spec, seed).prompts.into_iter().map(|prompt| prompt.id).collect()
    }

    #[test]
    fn without_a_shuffle_the_first_prompts_are_taken_whatever_the_seed() {
        let set = dataset(5);
        assert_eq!(ids(&set, Some(3), false, 1), ["p0", "p1", "p2"]);
        assert_eq!(ids(&set, Some(3), false, 2), ["p0", "p1", "p2"]);
        assert_eq!(ids(&set, None, false, 1).len(), 5);
    }

    #[test]
    fn a_shuffle_is_a_permutation_fixed_by_its_seed() {
        let set = dataset(50);
        let shuffled = ids(&set, None, true, 7);
        assert_eq!(shuffled, ids(&set, None, true, 7));
        assert_ne!(shuffled, ids(&set, None, true, 8));
        assert_ne!(shuffled, ids(&set, None, false, 7));
        let mut sorted = shuffled;
        sorted.sort_unstable();
        let mut all = ids(&set, None, false, 7);
        all.sort_unstable();
        assert_eq!(sorted, all);
    }

    #[test]
    fn a_smaller_sample_of_a_shuffle_is_the_beginning_of_a_larger_one() {
        let set = dataset(50);
        assert_eq!(ids(&set, Some(10), true, 3), ids(&set, Some(20), true, 3)[..10]);
    }

    /// Results name their seed, so the same seed must mean the same prompts in later versions too.
    #[test]
    fn the_order_of_a_seed_does_not_change_between_versions() {
        assert_eq!(ids(&dataset(6), None, true, 42), ["p2", "p3", "p4", "p0", "p1", "p5"]);
    }

    #[test]
    fn too_few_prompts_are_used_whole_and_said() {
        let spec = PromptSpec { source: PromptSource::Embedded, count: Some(9), shuffle: false };
        let selection = select(&dataset(4), &spec, 0);
        assert_eq!(selection.prompts.len(), 4);
        let codes: Vec<_> = selection.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [FindingCode::PromptsFewerThanAsked]);
        assert!(selection.findings[0].message.contains('9') && selection.findings[0].message.contains('4'));
        let exact = select(&dataset(9), &spec, 0);
        assert_eq!(exact.findings, []);
    }
}
