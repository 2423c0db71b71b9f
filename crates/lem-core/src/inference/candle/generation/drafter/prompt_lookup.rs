//! Guesses from the text itself: where its last tokens stood before, what followed then may follow again.
//!
//! Saxena 2023, "Prompt Lookup Decoding", github.com/apoorvumang/prompt-lookup-decoding. Of several places the latest
//! counts, and a longer match before a shorter one.

/// Puts up to `most` guesses behind the tokens of a text; gives how many. Matches of `ngram` tokens down to one are tried.
pub(super) fn draft(tokens: &mut Vec<u32>, ngram: usize, most: usize) -> usize {
    let Some(source) = (1..=ngram).rev().find_map(|size| continuation(tokens, size)) else { return 0 };
    let drafted = most.min(tokens.len() - source);
    tokens.extend_from_within(source..source + drafted);
    drafted
}

/// The place behind the latest earlier occurrence of the last `size` tokens.
fn continuation(tokens: &[u32], size: usize) -> Option<usize> {
    let last = tokens.len().checked_sub(size).filter(|&start| start > 0)?;
    let earlier = tokens[..tokens.len() - 1].windows(size).rposition(|window| *window == tokens[last..])?;
    Some(earlier + size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u32], ngram: usize, most: usize, expected: &[u32]) {
        let mut tokens = text.to_vec();
        let drafted = draft(&mut tokens, ngram, most);
        assert_eq!((&tokens[..text.len()], &tokens[text.len()..]), (text, expected), "{ngram} of {text:?}");
        assert_eq!(drafted, expected.len());
    }

    #[test]
    fn what_followed_before_is_guessed() {
        check(&[1, 2, 3, 4, 9, 2, 3], 2, 2, &[4, 9]);
        check(&[1, 2, 3, 4, 9, 2, 3], 2, 9, &[4, 9, 2, 3]);
        check(&[1, 2, 3], 3, 5, &[]);
        check(&[7], 3, 5, &[]);
        check(&[1, 2, 3, 1], 2, 0, &[]);
    }

    #[test]
    fn a_longer_match_counts_before_a_later_one_and_a_later_one_before_an_earlier_one() {
        check(&[1, 2, 5, 0, 2, 6, 1, 2], 2, 1, &[5]);
        check(&[1, 2, 5, 0, 2, 6, 1, 2], 1, 1, &[6]);
        check(&[2, 5, 2, 6, 2], 3, 1, &[6]);
    }

    #[test]
    fn a_repetition_goes_on() {
        check(&[4, 4, 4], 2, 3, &[4]);
        check(&[3, 4, 3, 4], 2, 4, &[3, 4]);
    }
}
