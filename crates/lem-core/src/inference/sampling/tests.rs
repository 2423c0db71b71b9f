//! The sampler as a whole: order of its steps, ends, distribution and reproducibility.

use super::*;
use lem_domain::spec::TokenChoice;
use proptest::prelude::*;
use std::num::NonZeroU32;

const NO_LIMITS: TokenLimits = TokenLimits { max_input: 0, max_output: u32::MAX, min_output: 0 };

fn random(temperature: f64, top_k: Option<u32>, top_p: f64) -> SamplingSpec {
    SamplingSpec { choice: TokenChoice::Random { temperature, top_k, top_p, min_p: 0.0 }, ..SamplingSpec::GREEDY }
}

/// Rules without ends, limits or texts.
fn rules(spec: &SamplingSpec, seed: u64) -> SamplingRules<'_> {
    // Room for an output is reserved at once, so a test names a limit that it can afford.
    SamplingRules { spec, limits: TokenLimits { max_output: 100_000, ..NO_LIMITS }, seed, ends: &[], token_bytes: None }
}

fn draws(spec: &SamplingSpec, seed: u64, request: u32, logits: &[f32], count: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(rules(spec, seed), request, &[]);
    (0..count).map(|_| sampler.choose(&mut logits.to_vec()).token).collect()
}

fn check_greedy(logits: &[f32], expected: u32) {
    assert_eq!(draws(&SamplingSpec::GREEDY, 0, 0, logits, 1), [expected], "{logits:?}");
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
        assert_eq!(draws(&spec, 1, 0, &logits, 50), [1; 50], "{spec:?}");
    }
}

#[test]
fn logits_without_a_choice_do_not_panic() {
    for logits in [vec![], vec![f32::NAN; 3], vec![f32::NEG_INFINITY; 3]] {
        assert_eq!(draws(&random(1.0, Some(2), 0.9), 1, 0, &logits, 1), [0]);
        check_greedy(&logits, 0);
    }
}

#[test]
fn frequencies_follow_the_softmax_of_the_scaled_logits() {
    let logits = [0.0f32, 1.0, 2.0, -1.0];
    let temperature = 1.5;
    let n_draws = 40_000;
    let tokens = draws(&random(temperature, None, 1.0), 11, 0, &logits, n_draws);
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

/// Tokens that come up at all.
fn support(spec: &SamplingSpec, logits: &[f32]) -> Vec<u32> {
    let mut seen = draws(spec, 5, 0, logits, 3_000);
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[test]
fn the_nucleus_is_the_fewest_tokens_that_reach_its_mass() {
    // Probabilities 0.5, 0.3, 0.15, 0.05, out of order.
    let logits = [0.15f32, 0.5, 0.05, 0.3].map(f32::ln);
    let support = |top_p| support(&random(1.0, None, top_p), &logits);
    assert_eq!(support(0.4), [1]);
    assert_eq!(support(0.6), [1, 3]);
    assert_eq!(support(0.9), [0, 1, 3]);
    assert_eq!(support(1.0), [0, 1, 2, 3]);
}

#[test]
fn the_nucleus_is_taken_from_what_top_k_left() {
    // After top-k the probabilities are 0.625 and 0.375, so the first token alone reaches 0.6.
    let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);
    assert_eq!(support(&random(1.0, Some(2), 0.6), &logits), [0]);
}

#[test]
fn min_p_sees_the_distribution_after_the_temperature() {
    // Relative to the first: 1, 1/4, 1/100. At a temperature of 2 they are 1, 1/2, 1/10.
    let logits = [0.0f32, -(4.0f32.ln()), -(100.0f32.ln())];
    let spec = |temperature| SamplingSpec {
        choice: TokenChoice::Random { temperature, top_k: None, top_p: 1.0, min_p: 0.3 },
        ..SamplingSpec::GREEDY
    };
    assert_eq!(support(&spec(1.0), &logits), [0]);
    assert_eq!(support(&spec(2.0), &logits), [0, 1]);
}

#[test]
fn min_p_leaves_shares_among_what_it_keeps() {
    let choice = TokenChoice::Random { temperature: 1.0, top_k: None, top_p: 0.95, min_p: 0.45 };
    // Kept are 0.4 and 0.2, so the second has a third.
    let tokens = draws(&SamplingSpec { choice, ..SamplingSpec::GREEDY }, 3, 0, &[0.4f32, 0.15, 0.2, 0.15, 0.1].map(f32::ln), 9_000);
    let n_second = tokens.iter().filter(|&&token| token == 2).count();
    assert!(tokens.iter().all(|token| [0, 2].contains(token)));
    // Five standard deviations of a binomial count around 3000.
    assert!(n_second.abs_diff(3_000) < 224, "{n_second}");
}

#[test]
fn a_vanishing_temperature_is_greedy() {
    assert_eq!(draws(&random(1e-60, None, 1.0), 3, 0, &[1.0, 1.001, 0.5], 20), [1; 20]);
}

/// Tokens that a request chooses from the same logits again and again, up to its end.
fn output(rules: SamplingRules<'_>, prompt: &[u32], logits: &[f32]) -> (Vec<u32>, FinishReason) {
    let mut sampler = Sampler::new(rules, 0, prompt);
    let mut tokens = Vec::new();
    loop {
        let Chosen { token, finish } = sampler.choose(&mut logits.to_vec());
        tokens.push(token);
        if let Some(reason) = finish {
            return (tokens, reason);
        }
    }
}

fn limits(min_output: u32, max_output: u32) -> TokenLimits {
    TokenLimits { max_input: 0, max_output, min_output }
}

#[test]
fn penalties_hold_for_the_greedy_choice_and_count_prompt_and_output() {
    let logits = [4.0, 3.0, 2.5, 1.0];
    let chosen = |spec: SamplingSpec, prompt: &[u32]| output(SamplingRules { limits: limits(0, 4), ..rules(&spec, 0) }, prompt, &logits).0;
    let penalised = SamplingSpec { repetition_penalty: 2.0, ..SamplingSpec::GREEDY };
    // 4 falls to 2, 3 to 1.5, 2.5 to 1.25; then all three have been chosen.
    assert_eq!(chosen(penalised.clone(), &[]), [0, 1, 2, 0]);
    assert_eq!(chosen(penalised, &[0]), [1, 2, 0, 0]);
    let once = SamplingSpec { no_repeat_ngram: NonZeroU32::new(1), ..SamplingSpec::GREEDY };
    assert_eq!(chosen(once.clone(), &[])[..4], [0, 1, 2, 3]);
    assert_eq!(chosen(once, &[1])[..3], [0, 2, 3]);
    let pairs = SamplingSpec { no_repeat_ngram: NonZeroU32::new(2), ..SamplingSpec::GREEDY };
    // 0 0 is new after a prompt that ends with 0, but not again; nor is 0 1.
    assert_eq!(chosen(pairs, &[0, 1, 0]), [0, 2, 0, 3]);
}

#[test]
fn a_penalised_logit_is_scaled_by_the_temperature_and_then_filtered() {
    // The penalty swaps the order before top-k looks at it.
    let spec = SamplingSpec { repetition_penalty: 2.0, ..random(0.5, Some(1), 1.0) };
    assert_eq!(Sampler::new(rules(&spec, 1), 0, &[0]).choose(&mut [4.0, 3.0]).token, 1);
}

#[test]
fn an_end_comes_after_the_least_output_and_the_last_token_at_the_limit() {
    let spec = SamplingSpec::GREEDY;
    let ended = |least, most| output(SamplingRules { limits: limits(least, most), ends: &[1], ..rules(&spec, 0) }, &[], &[1.0, 2.0]);
    assert_eq!(ended(0, 5), (vec![1], FinishReason::EndOfSequence));
    assert_eq!(ended(2, 5), (vec![0, 0, 1], FinishReason::EndOfSequence));
    assert_eq!(ended(4, 5), (vec![0, 0, 0, 0, 1], FinishReason::EndOfSequence));
    assert_eq!(ended(5, 5), (vec![0; 5], FinishReason::Length));
}

#[test]
fn an_ignored_end_is_a_token_like_any_other() {
    let spec = SamplingSpec { ignore_eos: true, ..SamplingSpec::GREEDY };
    let ended = |least| output(SamplingRules { limits: limits(least, 4), ends: &[1], ..rules(&spec, 0) }, &[], &[1.0, 2.0]);
    assert_eq!(ended(0), (vec![1; 4], FinishReason::Length));
    assert_eq!(ended(2), (vec![0, 0, 1, 1], FinishReason::Length));
}

#[test]
fn a_stop_string_ends_what_no_end_token_ended() {
    // Each token once, in the order of their logits: the text is `abcd`.
    let logits = [4.0, 3.0, 2.0, 1.0];
    let token_bytes: TokenBytes = ["a", "b", "c", "d"].iter().collect();
    let ended = |stop: &str, ends: &[u32], least| {
        let spec = SamplingSpec { no_repeat_ngram: NonZeroU32::new(1), stop: vec![stop.to_owned()], ..SamplingSpec::GREEDY };
        let rules = SamplingRules { limits: limits(least, 4), ends, token_bytes: Some(&token_bytes), ..rules(&spec, 0) };
        let (tokens, reason) = output(rules, &[], &logits);
        (tokens.len(), reason)
    };
    assert_eq!(ended("bc", &[], 0), (3, FinishReason::StopString));
    assert_eq!(ended("bc", &[], 2), (3, FinishReason::StopString));
    // What is complete within the least output is passed over.
    assert_eq!(ended("bc", &[], 3), (4, FinishReason::Length));
    assert_eq!(ended("bc", &[2], 0), (3, FinishReason::EndOfSequence));
    assert_eq!(ended("cd", &[], 0), (4, FinishReason::StopString), "also at the limit");
}

/// Results name their seed, so the same seed must mean the same tokens in later versions too.
#[test]
fn the_draws_of_a_seed_do_not_change_between_versions() {
    assert_eq!(draws(&random(1.0, None, 1.0), 42, 3, &[0.0; 100], 6), [36, 59, 73, 49, 20, 80]);
}

fn any_logits() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-20.0..20.0f32, 1..400)
}

proptest! {
    #[test]
    fn a_request_draws_the_same_whatever_runs_beside_it(logits in any_logits(), seed: u64, request in 0u32..1_000) {
        let spec = SamplingSpec { repetition_penalty: 1.2, no_repeat_ngram: NonZeroU32::new(3), ..random(0.8, Some(50), 0.95) };
        let alone = draws(&spec, seed, request, &logits, 20);
        let sampler_of = |request| Sampler::new(rules(&spec, seed), request, &[]);
        let (mut sampler, mut neighbour) = (sampler_of(request), sampler_of(request + 1));
        for expected in alone {
            neighbour.choose(&mut logits.clone());
            prop_assert_eq!(sampler.choose(&mut logits.clone()).token, expected);
        }
    }

    #[test]
    fn top_k_draws_only_from_the_k_largest(logits in any_logits(), seed: u64, top_k in 1u32..20) {
        let mut sorted = logits.clone();
        sorted.sort_unstable_by(|left, right| right.total_cmp(left));
        let threshold = sorted[(top_k as usize).min(sorted.len()) - 1];
        for token in draws(&random(100.0, Some(top_k), 1.0), seed, 0, &logits, 50) {
            prop_assert!(logits[token as usize] >= threshold);
        }
    }

    #[test]
    fn different_requests_have_different_streams(seed: u64, request in 0u32..1_000) {
        let spec = random(1.0, None, 1.0);
        prop_assert_ne!(draws(&spec, seed, request, &[0.0; 64], 20), draws(&spec, seed, request + 1, &[0.0; 64], 20));
    }

    /// The most probable token is never filtered out, so greedy and random agree where only one is left.
    #[test]
    fn every_filter_leaves_the_most_probable_token(logits in any_logits(), seed: u64, filter in 0..3) {
        let (top_k, top_p, min_p) = [(Some(1), 1.0, 0.0), (None, 1e-9, 0.0), (None, 1.0, 1.0)][usize::try_from(filter).unwrap()];
        let choice = TokenChoice::Random { temperature: 0.7, top_k, top_p, min_p };
        let greedy = draws(&SamplingSpec::GREEDY, seed, 0, &logits, 1);
        prop_assert_eq!(draws(&SamplingSpec { choice, ..SamplingSpec::GREEDY }, seed, 0, &logits, 1), greedy);
    }
}
