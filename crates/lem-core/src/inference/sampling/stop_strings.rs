//! Texts that end the output.

use crate::tokenizer::TokenBytes;

/// Looks for stop strings in the output of one request as bytes, so that it makes no difference how the text is cut into
/// tokens, even within a character.
///
/// The text of special tokens is part of the output, the prompt is not.
#[derive(Clone, Debug)]
pub(super) struct StopStrings<'a> {
    strings: &'a [String],
    token_bytes: &'a TokenBytes,
    /// The last bytes of the output: one fewer than the longest string, which are all that the next token can complete.
    tail: Vec<u8>,
    tail_len: usize,
}

impl<'a> StopStrings<'a> {
    /// Before any output; `None` when there is nothing to look for.
    pub(super) fn new(strings: &'a [String], token_bytes: &'a TokenBytes) -> Option<Self> {
        let longest = strings.iter().map(String::len).max()?;
        let tail_len = longest.saturating_sub(1);
        Some(Self { strings, token_bytes, tail: Vec::with_capacity(tail_len + token_bytes.longest()), tail_len })
    }

    /// Appends a token; gives whether a stop string ends within it.
    pub(super) fn is_completed_by(&mut self, token: u32) -> bool {
        let old = self.tail.len();
        self.tail.extend_from_slice(self.token_bytes.of(token));
        let is_completed = self.strings.iter().any(|string| {
            // Earlier places hold what earlier tokens completed.
            let first = (old + 1).saturating_sub(string.len());
            let searched = self.tail.get(first..).unwrap_or_default();
            searched.windows(string.len()).any(|text| text == string.as_bytes())
        });
        let superfluous = self.tail.len().saturating_sub(self.tail_len);
        self.tail.drain(..superfluous);
        is_completed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The token that completes a stop string, when these are the bytes of the tokens one after the other.
    fn completed_by<T: AsRef<[u8]>>(strings: &[&str], tokens: &[T]) -> Option<usize> {
        let strings: Vec<String> = strings.iter().map(|&string| string.to_owned()).collect();
        let token_bytes: TokenBytes = tokens.iter().collect();
        let mut stop = StopStrings::new(&strings, &token_bytes).unwrap();
        let capacity = stop.tail.capacity();
        let completing = (0u32..).take(tokens.len()).find(|&token| stop.is_completed_by(token));
        assert_eq!(stop.tail.capacity(), capacity, "nothing is allocated for a token");
        completing.map(|token| usize::try_from(token).unwrap())
    }

    #[test]
    fn a_string_is_found_within_a_token_and_across_tokens() {
        assert_eq!(completed_by(&["\n\n"], &["one", "\n\n", "two"]), Some(1));
        assert_eq!(completed_by(&["\n\n"], &["one", ".\n", "\ntwo"]), Some(2));
        assert_eq!(completed_by(&["END"], &["xE", "N", "D.", "x"]), Some(2));
        assert_eq!(completed_by(&["END"], &["xE", "N", "xD"]), None);
        assert_eq!(completed_by(&["b"], &["abc"]), Some(0));
    }

    #[test]
    fn the_first_of_several_strings_counts() {
        assert_eq!(completed_by(&["Question:", "\n"], &["a", "Ques", "tion", ":", "\n"]), Some(3));
        assert_eq!(completed_by(&["\n", "Question:"], &["a", "\n", "Question:"]), Some(1));
    }

    #[test]
    fn a_string_may_begin_with_a_false_start() {
        assert_eq!(completed_by(&["aab"], &["a", "a", "a", "b"]), Some(3));
        assert_eq!(completed_by(&["abab!"], &["ab", "ab", "ab!"]), Some(2));
    }

    #[test]
    fn a_character_may_be_cut_into_tokens() {
        let euro = "€".as_bytes();
        assert_eq!(completed_by(&["€"], &[b"1", &euro[..1], &euro[1..2], &euro[2..], b"x"]), Some(3));
        assert_eq!(completed_by(&["€"], &[&euro[..1], &euro[1..2], b"x", &euro[2..]]), None);
    }

    #[test]
    fn a_token_without_text_completes_nothing() {
        assert_eq!(completed_by(&["ab"], &["a", "", "b", ""]), Some(2));
    }

    #[test]
    fn what_is_completed_again_is_told_again_but_not_by_what_follows() {
        let token_bytes: TokenBytes = ["ab", "c"].iter().collect();
        let strings = ["b".to_owned(), "a longer one".to_owned()];
        let mut stop = StopStrings::new(&strings, &token_bytes).unwrap();
        let found = [0, 1, 1, 0].map(|token| stop.is_completed_by(token));
        assert_eq!(found, [true, false, false, true]);
    }

    proptest! {
        /// Against a search through the whole text.
        #[test]
        fn it_agrees_with_a_search_of_the_text(
            tokens in prop::collection::vec("[ab]{0,4}", 0..12), strings in prop::collection::vec("[ab]{1,5}", 1..4),
        ) {
            let whole = |count: usize| tokens[..count].concat();
            let expected = (0..tokens.len()).find(|&token| strings.iter().any(|string| whole(token + 1).contains(string.as_str())));
            prop_assert_eq!(completed_by(&strings.iter().map(String::as_str).collect::<Vec<_>>(), &tokens), expected);
        }
    }
}
