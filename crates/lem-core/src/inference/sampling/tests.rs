//! Limits, distribution and reproducibility of the sampler.

use super::*;
use proptest::prelude::*;

fn random(temperature: f64, top_k: Option<u32>, top_p: f64) -> SamplingSpec {
    SamplingSpec::Random { temperature, top_k, top_p }
}

fn draws(spec: SamplingSpec, seed: u64, request: u32, logits: &[f32], count: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(spec, seed, request);
    (0..count).map(|_| sampler.sample(&mut logits.to_vec())).collect()
}

fn check_greedy(logits: &[f32], expected: u32) {
    assert_eq!(Sampler::new(SamplingSpec::Greedy, 0, 0).sample(&mut logits.to_vec()), expected, "{logits:?}");
}

#[test]
fn greedy_takes_the_largest_and_the_lowest_of_equals() {
    check_greedy(&[0.0, 2.0, 1.0], 1);
    check_greedy(&[-3.0, -1.0, -2.0], 1);
    check_greedy(&[1.0, 5.0, 5.0], 1);
    check_greedy(&[f32::NEG_INFINITY, -1e30], 1);
    check_greedy(&[f32::NAN, 1.0, f32::NAN, 2.0, f32::INFINITY], 3);
}

#[test]
fn a_forbidden_token_is_never_drawn_even_when_it_is_nearly_all_there_is() {
    let logits = [f32::NEG_INFINITY, -80.0, f32::NAN, f32::NEG_INFINITY];
    for spec in [random(1.0, None, 1.0), random(5.0, Some(3), 0.5), random(0.01, None, 0.9)] {
        assert_eq!(draws(spec, 1, 0, &logits, 50), [1; 50], "{spec:?}");
    }
}

#[test]
fn logits_without_a_choice_do_not_panic() {
    for logits in [vec![], vec![f32::NAN; 3], vec![f32::NEG_INFINITY; 3]] {
        assert_eq!(draws(random(1.0, Some(2), 0.9), 1, 0, &logits, 1), [0]);
        check_greedy(&logits, 0);
    }
}

#[test]
fn frequencies_follow_the_softmax_of_the_scaled_logits() {
    let logits = [0.0f32, 1.0, 2.0, -1.0];
    let temperature = 1.5;
    let n_draws = 40_000;
    let tokens = draws(random(temperature, None, 1.0), 11, 0, &logits, n_draws);
    let weights = logits.map(|logit| (f64::from(logit) / temperature).exp());
    let total: f64 = weights.iter().sum();
    let n_draws = f64::from(u32::try_from(n_draws).unwrap());
    for (token, weight) in (0u32..).zip(weights) {
        let share = weight / total;
        let seen = f64::from(u32::try_from(tokens.iter().filter(|&&drawn| drawn == token).count()).unwrap()) / n_draws;
        // Five standard deviations of a binomial share: one false alarm in a million seeds, and the seed is fixed.
        let tolerance = 5.0 * (share * (1.0 - share) / n_draws).sqrt();
        assert!((seen - share).abs() < tolerance, "token {token}: {seen} instead of {share}");
    }
}

#[test]
fn the_nucleus_is_the_fewest_tokens_that_reach_its_mass() {
    // Probabilities 0.5, 0.3, 0.15, 0.05, out of order.
    let logits = [0.15f32, 0.5, 0.05, 0.3].map(f32::ln);
    let support = |top_p| {
        let mut seen = draws(random(1.0, None, top_p), 5, 0, &logits, 3_000);
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    assert_eq!(support(0.4), [1]);
    assert_eq!(support(0.6), [1, 3]);
    assert_eq!(support(0.9), [0, 1, 3]);
    assert_eq!(support(1.0), [0, 1, 2, 3]);
}

#[test]
fn the_nucleus_is_taken_from_what_top_k_left() {
    // After top-k the probabilities are 0.625 and 0.375, so the first token alone reaches 0.6.
    let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);
    assert_eq!(draws(random(1.0, Some(2), 0.6), 5, 0, &logits, 500), [0; 500]);
}

#[test]
fn a_vanishing_temperature_is_greedy() {
    assert_eq!(draws(random(1e-60, None, 1.0), 3, 0, &[1.0, 1.001, 0.5], 20), [1; 20]);
}

/// Results name their seed, so the same seed must mean the same tokens in later versions too.
#[test]
fn the_draws_of_a_seed_do_not_change_between_versions() {
    assert_eq!(draws(random(1.0, None, 1.0), 42, 3, &[0.0; 100], 6), [36, 59, 73, 49, 20, 80]);
}

fn any_logits() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-20.0..20.0f32, 1..400)
}

proptest! {
    #[test]
    fn a_request_draws_the_same_whatever_runs_beside_it(logits in any_logits(), seed: u64, request in 0u32..1_000) {
        let spec = random(0.8, Some(50), 0.95);
        let alone = draws(spec, seed, request, &logits, 20);
        let (mut sampler, mut neighbour) = (Sampler::new(spec, seed, request), Sampler::new(spec, seed, request + 1));
        for expected in alone {
            neighbour.sample(&mut logits.clone());
            prop_assert_eq!(sampler.sample(&mut logits.clone()), expected);
        }
    }

    #[test]
    fn top_k_draws_only_from_the_k_largest(logits in any_logits(), seed: u64, top_k in 1u32..20) {
        let mut sorted = logits.clone();
        sorted.sort_unstable_by(|left, right| right.total_cmp(left));
        let threshold = sorted[(top_k as usize).min(sorted.len()) - 1];
        for token in draws(random(100.0, Some(top_k), 1.0), seed, 0, &logits, 50) {
            prop_assert!(logits[token as usize] >= threshold);
        }
    }

    /// Against a full sort; the length lets the search need several rounds.
    #[test]
    fn the_nucleus_agrees_with_a_full_sort(mut weights in prop::collection::vec(1e-6..1.0f32, 1..2_000), share in 0.01..0.999f64) {
        let mut tokens: Vec<u32> = (0u32..).take(weights.len()).collect();
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        let (count, sum) = nucleus(&mut tokens, &weights, share * total);
        let mut front: Vec<f32> = tokens[..count].iter().map(|&token| of(&weights, token)).collect();
        weights.sort_unstable_by(|left, right| right.total_cmp(left));
        front.sort_unstable_by(|left, right| right.total_cmp(left));
        prop_assert_eq!(&front, &weights[..count]);
        prop_assert!(sum >= share * total);
        prop_assert!(sum - f64::from(weights[count - 1]) < share * total);
    }

    #[test]
    fn different_requests_have_different_streams(seed: u64, request in 0u32..1_000) {
        let spec = random(1.0, None, 1.0);
        prop_assert_ne!(draws(spec, seed, request, &[0.0; 64], 20), draws(spec, seed, request + 1, &[0.0; 64], 20));
    }
}
