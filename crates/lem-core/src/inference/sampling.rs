//! Choice of the next token from logits.
//!
//! Every request has a random stream of its own, fixed by the run's seed and the request's position, so that what it
//! draws does not depend on the requests that run beside it.

use lem_domain::spec::SamplingSpec;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Chooses the tokens of one request.
#[derive(Debug)]
pub struct Sampler(Rule);

#[derive(Debug)]
enum Rule {
    Greedy,
    Random(Box<Draw>),
}

/// Drawing at random: temperature, then top-k, then top-p.
#[derive(Debug)]
struct Draw {
    random: ChaCha8Rng,
    temperature: f32,
    top_k: Option<usize>,
    top_p: f64,
    /// Tokens that can still be drawn; kept between calls so that only the first one allocates.
    candidates: Vec<u32>,
}

impl Sampler {
    /// The sampler of the request at position `request` in a run with this seed.
    #[must_use]
    pub fn new(spec: SamplingSpec, seed: u64, request: u32) -> Self {
        match spec {
            SamplingSpec::Greedy => Self(Rule::Greedy),
            SamplingSpec::Random { temperature, top_k, top_p } => {
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                random.set_stream(u64::from(request));
                #[expect(clippy::cast_possible_truncation, reason = "logits are f32; a temperature needs no more digits than they have")]
                let temperature = (temperature as f32).max(f32::MIN_POSITIVE);
                let top_k = top_k.map(|count| usize::try_from(count.max(1)).unwrap_or(usize::MAX));
                Self(Rule::Random(Box::new(Draw { random, temperature, top_k, top_p, candidates: Vec::new() })))
            }
        }
    }

    /// Chooses a token. The logits may be overwritten.
    ///
    /// A logit that is no finite number is never chosen: −∞ forbids a token. Of equal logits the greedy choice is the
    /// lowest token. When nothing can be chosen the result is token 0.
    pub fn sample(&mut self, logits: &mut [f32]) -> u32 {
        match &mut self.0 {
            Rule::Greedy => most_probable(logits),
            Rule::Random(draw) => draw.sample(logits),
        }
    }
}

fn most_probable(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, &logit) in (0u32..).zip(logits) {
        if logit > best.1 && logit < f32::INFINITY {
            best = (token, logit);
        }
    }
    best.0
}

impl Draw {
    fn sample(&mut self, logits: &mut [f32]) -> u32 {
        self.candidates.clear();
        self.candidates.extend((0u32..).zip(&*logits).filter(|(_, logit)| logit.is_finite()).map(|(token, _)| token));
        if let Some(top_k) = self.top_k {
            keep_largest(&mut self.candidates, logits, top_k);
        }
        let weights = logits;
        let total = softmax_weights(&self.candidates, weights, self.temperature);
        let (kept, total) =
            if self.top_p < 1.0 { nucleus(&mut self.candidates, weights, self.top_p * total) } else { (self.candidates.len(), total) };
        pick(&self.candidates[..kept], weights, self.random.random::<f64>() * total)
    }
}

/// The value that belongs to a token.
fn of(values: &[f32], token: u32) -> f32 {
    // Candidates are positions in `values`, which is in memory, so the conversion loses nothing.
    values[token as usize]
}

/// Orders tokens by value, largest first, and equal ones by token, so that a choice among equals is always the same.
fn by_value(values: &[f32]) -> impl Fn(&u32, &u32) -> std::cmp::Ordering {
    |&left, &right| of(values, right).total_cmp(&of(values, left)).then(left.cmp(&right))
}

/// Keeps the `count` tokens of the largest values, in no particular order.
fn keep_largest(tokens: &mut Vec<u32>, values: &[f32], count: usize) {
    if count < tokens.len() {
        tokens.select_nth_unstable_by(count - 1, by_value(values));
        tokens.truncate(count);
    }
}

/// Replaces the logits of `tokens` by softmax weights relative to the largest one, and gives their sum.
///
/// Subtracting the largest logit first keeps every exponential in (0, 1] and the sum at least 1.
fn softmax_weights(tokens: &[u32], values: &mut [f32], temperature: f32) -> f64 {
    let largest = tokens.iter().map(|&token| of(values, token)).fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for &token in tokens {
        let value = &mut values[token as usize];
        *value = ((*value - largest) / temperature).exp();
        total += f64::from(*value);
    }
    total
}

/// Tokens ordered in the first round of [`nucleus`]; most distributions reach their mass within it.
const FIRST_ROUND: usize = 32;

/// Moves the fewest tokens whose weights reach `mass` to the front, largest first; gives their number and weight.
///
/// The rounds order a prefix that grows by a constant factor, so that a peaked distribution never pays for sorting the
/// vocabulary. Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration".
fn nucleus(tokens: &mut [u32], weights: &[f32], mass: f64) -> (usize, f64) {
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
                return (position, sum);
            }
        }
        ordered += round_len;
        round *= GROWTH;
    }
    (ordered, sum)
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

#[cfg(test)]
mod tests;
