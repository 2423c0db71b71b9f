//! The repetition penalty.

use super::of_mut;

/// Makes the tokens of prompt and output less probable, each once however often it occurs: positive logits are divided by
/// the penalty, negative ones multiplied.
///
/// Keskar et al. 2019, "CTRL", section 4.1, in the form of `RepetitionPenaltyLogitsProcessor` of Hugging Face transformers:
/// the paper divides all logits, which would favour a repetition where they are negative.
#[derive(Clone, Debug)]
pub(super) struct RepetitionPenalty {
    penalty: f32,
    /// Tokens of prompt and output, sorted, each once.
    seen: Vec<u32>,
}

impl RepetitionPenalty {
    /// After this prompt, with room for `max_output` tokens; `None` when the penalty of 1 changes nothing.
    pub(super) fn new(penalty: f64, prompt: &[u32], max_output: usize) -> Option<Self> {
        if penalty.total_cmp(&1.0).is_eq() {
            return None;
        }
        let mut seen = Vec::with_capacity(prompt.len() + max_output);
        seen.extend_from_slice(prompt);
        seen.sort_unstable();
        seen.dedup();
        #[expect(clippy::cast_possible_truncation, reason = "logits are f32; a penalty needs no more digits than they have")]
        let penalty = penalty as f32;
        Some(Self { penalty, seen })
    }

    pub(super) fn apply(&self, logits: &mut [f32]) {
        for &token in &self.seen {
            let logit = of_mut(logits, token);
            *logit = if *logit < 0.0 { *logit * self.penalty } else { *logit / self.penalty };
        }
    }

    pub(super) fn remember(&mut self, token: u32) {
        if let Err(place) = self.seen.binary_search(&token) {
            self.seen.insert(place, token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn penalised(penalty: f64, prompt: &[u32], output: &[u32], logits: &[f32]) -> Vec<f32> {
        let mut logits = logits.to_vec();
        if let Some(mut rule) = RepetitionPenalty::new(penalty, prompt, output.len()) {
            output.iter().for_each(|&token| rule.remember(token));
            rule.apply(&mut logits);
        }
        logits
    }

    /// The cases of `test_repetition_penalty_dist_process` in the tests of transformers, times ten.
    #[test]
    fn it_divides_what_is_positive_and_multiplies_what_is_negative() {
        assert_eq!(penalised(2.0, &[0, 1], &[], &[-1.0, 1.0, 1.0]), [-2.0, 0.5, 1.0]);
        assert_eq!(penalised(2.0, &[5, 0], &[], &[1.0, 1.0, 1.0, 1.0, 1.0, 4.0]), [0.5, 1.0, 1.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn a_token_counts_once_in_prompt_and_output_together() {
        let logits = [8.0, -8.0, 8.0, 0.0];
        assert_eq!(penalised(4.0, &[0, 0, 1], &[1, 0, 3, 3], &logits), [2.0, -32.0, 8.0, 0.0]);
    }

    #[test]
    fn a_penalty_below_one_is_a_reward() {
        assert_eq!(penalised(0.5, &[0, 1], &[], &[3.0, -3.0, 3.0]), [6.0, -1.5, 3.0]);
    }

    #[test]
    fn a_forbidden_token_stays_forbidden() {
        let penalised = penalised(1.5, &[0, 1], &[], &[f32::NEG_INFINITY, f32::NAN, 1.0]);
        assert!(penalised[0] < f32::MIN && penalised[1].is_nan());
    }

    proptest! {
        #[test]
        fn it_never_changes_a_sign_nor_a_token_that_was_not_seen(
            logits in prop::collection::vec(-30.0..30.0f32, 40), prompt in prop::collection::vec(0..40u32, 0..30),
            output in prop::collection::vec(0..40u32, 0..30), penalty in 0.1..10.0f64,
        ) {
            let after = penalised(penalty, &prompt, &output, &logits);
            for (token, (before, after)) in (0u32..).zip(logits.iter().zip(&after)) {
                if prompt.contains(&token) || output.contains(&token) {
                    let lower = if penalty > 1.0 { after <= before } else { after >= before };
                    prop_assert!(lower && before * after >= 0.0, "{token}: {before} to {after}");
                } else {
                    prop_assert_eq!(before.to_bits(), after.to_bits());
                }
            }
        }
    }
}
