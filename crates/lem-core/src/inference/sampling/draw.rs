//! The choice itself: the most probable token, or one drawn at random.

use super::filters::{keep_largest, keep_probable, nucleus, softmax_weights, total};
use super::of;
use lem_domain::spec::TokenChoice;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The token of the largest finite logit, the lowest of equals; 0 when there is none.
pub(crate) fn most_probable(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, &logit) in (0u32..).zip(logits) {
        if logit > best.1 && logit < f32::INFINITY {
            best = (token, logit);
        }
    }
    best.0
}

/// Drawing at random: temperature, then top-k, then top-p, then min-p.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    random: ChaCha8Rng,
    temperature: f32,
    top_k: Option<usize>,
    top_p: f64,
    min_p: f32,
    /// Tokens that can still be drawn; kept between calls so that only the first one allocates.
    candidates: Vec<u32>,
}

impl Draw {
    /// With the random stream of this request; `None` when nothing is drawn.
    pub(super) fn new(choice: TokenChoice, seed: u64, request: u32) -> Option<Self> {
        let TokenChoice::Random { temperature, top_k, top_p, min_p } = choice else { return None };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(request));
        #[expect(clippy::cast_possible_truncation, reason = "logits are f32; what is compared to them needs no more digits")]
        let (temperature, min_p) = ((temperature as f32).max(f32::MIN_POSITIVE), min_p as f32);
        let top_k = top_k.map(|count| usize::try_from(count.max(1)).unwrap_or(usize::MAX));
        Some(Self { random, temperature, top_k, top_p, min_p, candidates: Vec::new() })
    }

    /// Draws a token; the logits are overwritten. 0 when none of them is finite.
    pub(super) fn choose(&mut self, logits: &mut [f32]) -> u32 {
        let tokens = &mut self.candidates;
        tokens.clear();
        tokens.extend((0u32..).zip(&*logits).filter(|(_, logit)| logit.is_finite()).map(|(token, _)| token));
        if let Some(top_k) = self.top_k {
            // Before the temperature: dividing by it changes no order.
            keep_largest(tokens, logits, top_k);
        }
        let weights = logits;
        let mut sum = softmax_weights(tokens, weights, self.temperature);
        if self.top_p < 1.0 {
            sum = nucleus(tokens, weights, self.top_p * sum);
        }
        if self.min_p > 0.0 {
            keep_probable(tokens, weights, self.min_p);
            sum = total(tokens, weights);
        }
        pick(tokens, weights, self.random.random::<f64>() * sum)
    }
}

/// The token whose share of the summed weights holds `target`, which lies in [0, their sum).
fn pick(tokens: &[u32], weights: &[f32], mut target: f64) -> u32 {
    let mut last = 0;
    for &token in tokens {
        let weight = f64::from(of(weights, token));
        if target < weight {
            return token;
        }
        target -= weight;
        if weight > 0.0 {
            last = token;
        }
    }
    // Only rounding of the running difference leads here.
    last
}
