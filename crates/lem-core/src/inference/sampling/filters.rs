//! Which tokens can be drawn: top-k, top-p and min-p.

use super::{of, of_mut};

/// Orders tokens by value, largest first, and equal ones by token, so that a choice among equals is always the same.
fn by_value(values: &[f32]) -> impl Fn(&u32, &u32) -> std::cmp::Ordering {
    |&left, &right| of(values, right).total_cmp(&of(values, left)).then(left.cmp(&right))
}

/// Keeps the `count` tokens of the largest values, in no particular order.
pub(super) fn keep_largest(tokens: &mut Vec<u32>, values: &[f32], count: usize) {
    if count < tokens.len() {
        tokens.select_nth_unstable_by(count - 1, by_value(values));
        tokens.truncate(count);
    }
}

/// Replaces the logits of `tokens` by softmax weights relative to the largest one, and gives their sum.
///
/// Subtracting the largest logit first keeps every exponential in (0, 1] and the sum at least 1.
pub(super) fn softmax_weights(tokens: &[u32], values: &mut [f32], temperature: f32) -> f64 {
    let largest = tokens.iter().map(|&token| of(values, token)).fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for &token in tokens {
        let value = of_mut(values, token);
        *value = ((*value - largest) / temperature).exp();
        sum += f64::from(*value);
    }
    sum
}

/// Tokens ordered in the first round of [`nucleus`]; most distributions reach their mass within it.
const FIRST_ROUND: usize = 32;

/// Keeps the fewest tokens whose weights reach `mass`, largest first; gives the sum of their weights.
///
/// The rounds order a prefix that grows by a constant factor, so that a peaked distribution never pays for sorting the
/// vocabulary. Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration".
pub(super) fn nucleus(tokens: &mut Vec<u32>, weights: &[f32], mass: f64) -> f64 {
    const GROWTH: usize = 8;
    let mut ordered = 0;
    let mut sum = 0.0;
    let mut round = FIRST_ROUND;
    while ordered < tokens.len() {
        let rest = &mut tokens[ordered..];
        let round_len = round.min(rest.len());
        if round_len < rest.len() {
            rest.select_nth_unstable_by(round_len - 1, by_value(weights));
        }
        rest[..round_len].sort_unstable_by(by_value(weights));
        for (position, &token) in (ordered + 1..).zip(&rest[..round_len]) {
            sum += f64::from(of(weights, token));
            if sum >= mass {
                tokens.truncate(position);
                return sum;
            }
        }
        ordered += round_len;
        round *= GROWTH;
    }
    sum
}

/// Keeps the tokens whose weight relative to the largest one is at least `min_p`. Weights are relative to the largest
/// already, and the token that has it is always among those that the other filters leave.
///
/// Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs".
pub(super) fn keep_probable(tokens: &mut Vec<u32>, weights: &[f32], min_p: f32) {
    tokens.retain(|&token| of(weights, token) >= min_p);
}

/// Sum of the weights of tokens.
pub(super) fn total(tokens: &[u32], weights: &[f32]) -> f64 {
    tokens.iter().map(|&token| f64::from(of(weights, token))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tokens that a filter leaves of a distribution, in order.
    fn left(probabilities: &[f32], filter: impl Fn(&mut Vec<u32>, &[f32], f64)) -> Vec<u32> {
        let mut weights: Vec<f32> = probabilities.iter().map(|probability| probability.ln()).collect();
        let mut tokens: Vec<u32> = (0u32..).take(weights.len()).collect();
        let sum = softmax_weights(&tokens, &mut weights, 1.0);
        filter(&mut tokens, &weights, sum);
        tokens.sort_unstable();
        tokens
    }

    /// The cases of `test_top_p_dist_warper` in the tests of transformers; 0.8 itself depends on rounding.
    #[test]
    fn the_nucleus_is_what_reaches_the_mass() {
        let nucleus_of = |probabilities: &[f32]| {
            left(probabilities, |tokens, weights, sum| {
                nucleus(tokens, weights, 0.7999 * sum);
            })
        };
        assert_eq!(nucleus_of(&[0.3, 0.1, 0.1, 0.5]), [0, 3]);
        assert_eq!(nucleus_of(&[0.15, 0.3, 0.3, 0.25]), [1, 2, 3]);
    }

    /// The cases of `test_min_p_dist_warper` in the tests of transformers.
    #[test]
    fn min_p_is_relative_to_the_most_probable() {
        let probable = |probabilities: &[f32]| left(probabilities, |tokens, weights, _| keep_probable(tokens, weights, 0.05));
        assert_eq!(probable(&[0.9, 0.0274, 0.047, 0.0274]), [0, 2]);
        assert_eq!(probable(&[0.15, 0.3, 0.3, 0.25]), [0, 1, 2, 3]);
        assert_eq!(probable(&[0.97, 0.01, 0.01, 0.01]), [0]);
    }

    #[test]
    fn a_min_p_of_one_leaves_the_most_probable_ones() {
        assert_eq!(left(&[0.4, 0.2, 0.4], |tokens, weights, _| keep_probable(tokens, weights, 1.0)), [0, 2]);
    }

    #[test]
    fn the_k_largest_are_kept_and_equals_by_their_token() {
        let largest = |count| left(&[0.1, 0.3, 0.3, 0.3], |tokens, weights, _| keep_largest(tokens, weights, count));
        assert_eq!(largest(1), [1]);
        assert_eq!(largest(2), [1, 2]);
        assert_eq!(largest(9), [0, 1, 2, 3]);
    }

    proptest! {
        /// Against a full sort; the length lets the search need several rounds.
        #[test]
        fn the_nucleus_agrees_with_a_full_sort(mut weights in prop::collection::vec(1e-6..1.0f32, 1..2_000), share in 0.01..0.999f64) {
            let mut tokens: Vec<u32> = (0u32..).take(weights.len()).collect();
            let mass = share * total(&tokens, &weights);
            let sum = nucleus(&mut tokens, &weights, mass);
            let mut front: Vec<f32> = tokens.iter().map(|&token| of(&weights, token)).collect();
            weights.sort_unstable_by(|left, right| right.total_cmp(left));
            front.sort_unstable_by(|left, right| right.total_cmp(left));
            prop_assert_eq!(&front, &weights[..tokens.len()]);
            prop_assert!(sum >= mass);
            prop_assert!(sum - f64::from(weights[tokens.len() - 1]) < mass);
        }

        #[test]
        fn min_p_keeps_exactly_what_is_probable_enough(probabilities in prop::collection::vec(1e-6..1.0f32, 1..100), min_p in 0.0..1.0f32) {
            let kept = left(&probabilities, |tokens, weights, _| keep_probable(tokens, weights, min_p));
            let largest = probabilities.iter().copied().fold(0.0, f32::max);
            for (token, probability) in (0u32..).zip(&probabilities) {
                let relative = probability / largest;
                // A logarithm and an exponential lie between the two.
                prop_assume!((relative - min_p).abs() > 1e-5);
                prop_assert_eq!(kept.contains(&token), relative >= min_p);
            }
        }
    }
}
