//! N-grams that may occur once.

use super::of_mut;
use std::num::NonZeroU32;

/// Forbids every token with which the last n tokens would repeat n tokens that prompt and output hold already.
///
/// `NoRepeatNGramLogitsProcessor` of Hugging Face transformers, after Paulus et al. 2017, "A Deep Reinforced Model for
/// Abstractive Summarization", section 2.5.
#[derive(Clone, Debug)]
pub(super) struct ForbiddenNgrams {
    size: usize,
    /// Prompt and output.
    history: Vec<u32>,
}

impl ForbiddenNgrams {
    /// After this prompt, with room for `max_output` tokens.
    pub(super) fn new(size: NonZeroU32, prompt: &[u32], max_output: usize) -> Self {
        let mut history = Vec::with_capacity(prompt.len() + max_output);
        history.extend_from_slice(prompt);
        Self { size: usize::try_from(size.get()).unwrap_or(usize::MAX), history }
    }

    /// Looks through the whole history: its tokens are 4 bytes each, next to the keys and values that attention reads
    /// for each of them.
    pub(super) fn apply(&self, logits: &mut [f32]) {
        let Some(start) = (self.history.len() + 1).checked_sub(self.size) else { return };
        let last = &self.history[start..];
        for ngram in self.history.windows(self.size) {
            if let Some((&repeated, before)) = ngram.split_last()
                && before == last
            {
                *of_mut(logits, repeated) = f32::NEG_INFINITY;
            }
        }
    }

    pub(super) fn remember(&mut self, token: u32) {
        self.history.push(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forbidden_after(size: u32, prompt: &[u32], output: &[u32]) -> Vec<u32> {
        let mut rule = ForbiddenNgrams::new(NonZeroU32::new(size).unwrap(), prompt, output.len());
        output.iter().for_each(|&token| rule.remember(token));
        let mut logits = [0.0; 10];
        rule.apply(&mut logits);
        (0u32..).zip(logits).filter(|(_, logit)| *logit < 0.0).map(|(token, _)| token).collect()
    }

    fn check(size: u32, prompt: &[u32], output: &[u32], expected: &[u32]) {
        assert_eq!(forbidden_after(size, prompt, output), expected, "{size} of {prompt:?} then {output:?}");
    }

    /// The cases of `test_no_repeat_ngram_dist_processor` in the tests of transformers.
    #[test]
    fn what_would_repeat_is_forbidden() {
        check(2, &[1, 1, 2, 1], &[], &[1, 2]);
        check(2, &[0, 1, 0, 1], &[], &[0]);
        check(3, &[1, 1, 2, 1], &[], &[]);
        check(3, &[0, 1, 0, 1], &[], &[0]);
    }

    #[test]
    fn prompt_and_output_are_one_text() {
        check(3, &[4, 5], &[6, 4, 5], &[6]);
        check(3, &[], &[4, 5, 6, 4, 5], &[6]);
        check(2, &[7, 8], &[9, 7], &[8]);
    }

    #[test]
    fn a_single_token_is_a_unigram_and_a_short_text_holds_no_long_one() {
        check(1, &[3, 3], &[5], &[3, 5]);
        check(1, &[], &[], &[]);
        check(2, &[], &[], &[]);
        check(4, &[1, 1, 1], &[], &[]);
        check(u32::MAX, &[1, 1, 1], &[], &[]);
    }

    proptest! {
        /// What is left never repeats, and nothing else is forbidden.
        #[test]
        fn a_token_is_forbidden_exactly_if_it_repeats_an_ngram(
            size in 1u32..5, prompt in prop::collection::vec(0..4u32, 0..12), output in prop::collection::vec(0..4u32, 0..12),
        ) {
            let text = [prompt.clone(), output.clone()].concat();
            let forbidden = forbidden_after(size, &prompt, &output);
            let size = usize::try_from(size).unwrap();
            for next in 0..4 {
                let extended = [text.as_slice(), &[next]].concat();
                let repeats = extended.len() >= size && {
                    let last = &extended[extended.len() - size..];
                    extended.windows(size).filter(|ngram| *ngram == last).count() > 1
                };
                prop_assert_eq!(forbidden.contains(&next), repeats, "{:?} then {}", text, next);
            }
        }
    }
}
