//! The nearest known name to an unknown one.

use strsim::damerau_levenshtein;

/// Longer names are no slips, and the distance costs the product of both lengths.
const MAX_NAME_BYTES: usize = 64;

/// The nearest of `known`, when it is near enough to be meant: a third of its letters may differ, at least one and at
/// most four.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > MAX_NAME_BYTES {
        return None;
    }
    let typed = typed.to_lowercase().replace('-', "_");
    let distance = |name: &str| damerau_levenshtein(&typed, &name.replace('-', "_"));
    let (distance, name) = known.into_iter().map(|name| (distance(name), name)).min_by_key(|(distance, _)| *distance)?;
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    (distance <= allowed).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["batch_size", "strategy", "max_tokens_per_batch", "ttft", "itl"];
        for (typed, expected) in [
            ("batch_siez", Some("batch_size")),
            ("batchsize", Some("batch_size")),
            ("batch-size", Some("batch_size")),
            ("Batch_Size", Some("batch_size")),
            ("stratgy", Some("strategy")),
            ("tftt", Some("ttft")),
            ("itk", Some("itl")),
            ("fish", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
