//! The instants at which requests are meant to start: drawn, or read from a recorded load, before the window opens.

mod trace;

pub use trace::TraceError;

use lem_domain::protocol::PreparedRequest;
use lem_domain::spec::{ArrivalShape, ArrivalSpec, TrafficSpec};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;
use std::time::Duration;

/// Random stream of the gaps; the streams below it belong to the requests of the run, by index, and the one above it to
/// the shuffle of prompts.
const GAP_STREAM: u64 = u64::MAX - 1;

/// When so many requests are meant to start, after the window opens. The first one starts with it.
///
/// The draws are written out here, and use nothing but uniform numbers of one generator: a result names its seed, which has
/// to mean the same instants in later versions.
#[must_use]
pub fn instants(spec: &ArrivalSpec, count: usize) -> Vec<Duration> {
    let mut random = ChaCha8Rng::seed_from_u64(spec.seed);
    random.set_stream(GAP_STREAM);
    let mean = 1.0 / spec.rate;
    let gap = || match spec.shape {
        ArrivalShape::Constant => mean,
        ArrivalShape::Poisson => mean * exponential(&mut random),
        ArrivalShape::Gamma { variation } => {
            let shape = 1.0 / (variation * variation);
            mean / shape * gamma(&mut random, shape)
        }
    };
    let gaps = std::iter::repeat_with(gap).take(count.saturating_sub(1));
    let instants = std::iter::once(0.0).chain(gaps.scan(0.0, |at, gap| {
        *at += gap;
        Some(*at)
    }));
    // A gap of a thousand years is as good as any longer one.
    instants.take(count).map(|at| Duration::try_from_secs_f64(at).unwrap_or(Duration::from_secs(u32::MAX.into()))).collect()
}

/// Says to each request, in their order, when it is meant to start, and how long its output may be where a recorded load
/// tells; `max_output` is the limit of all.
///
/// # Errors
/// When the recorded load cannot be read, or holds fewer requests.
pub fn assign(traffic: &TrafficSpec, max_output: u32, requests: &mut [PreparedRequest]) -> Result<(), TraceError> {
    if let Some(path) = &traffic.trace {
        let recorded = trace::read(path, requests.len())?;
        for (request, recorded) in requests.iter_mut().zip(recorded) {
            request.arrival = Some(recorded.at);
            request.max_output = recorded.output.map(|output| output.clamp(1, max_output));
        }
    } else if let Some(arrival) = &traffic.arrival {
        let instants = instants(arrival, requests.len());
        requests.iter_mut().zip(instants).for_each(|(request, instant)| request.arrival = Some(instant));
    }
    if let Some(ramp) = traffic.ramp {
        requests.iter_mut().for_each(|request| request.arrival = request.arrival.map(|at| slowed(at, ramp)));
    }
    Ok(())
}

/// When something happens whose rate grows evenly over a ramp, and that would happen at an instant at full rate: half of what
/// a ramp holds at full rate happens in it.
fn slowed(at: Duration, ramp: Duration) -> Duration {
    let half = ramp / 2;
    if at >= half { at.saturating_add(half) } else { ramp.mul_f64((at.as_secs_f64() / half.as_secs_f64()).sqrt()) }
}

/// A draw from the exponential distribution of mean 1, by the inverse of its distribution function.
fn exponential(random: &mut ChaCha8Rng) -> f64 {
    -positive(random).ln()
}

/// A draw from the gamma distribution of this shape and scale 1. Marsaglia & Tsang 2000, "A simple method for generating
/// gamma variables", ACM TOMS 26(3); shapes below 1 by their section 6.
fn gamma(random: &mut ChaCha8Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let boosted = gamma(random, shape + 1.0);
        return boosted * positive(random).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = normal(random);
        let v = (1.0 + c * normal).powi(3);
        let uniform = positive(random);
        if v > 0.0 && uniform.ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A draw from the standard normal distribution. Box & Muller 1958, "A note on the generation of random normal deviates".
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * positive(random).ln()).sqrt();
    radius * (TAU * positive(random)).cos()
}

/// A uniform draw from (0, 1], of which there is a logarithm.
fn positive(random: &mut ChaCha8Rng) -> f64 {
    1.0 - random.random::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COUNT: usize = 20_001;
    const GAPS: f64 = 20_000.0;

    fn gaps(shape: ArrivalShape, rate: f64, seed: u64) -> Vec<f64> {
        let instants = instants(&ArrivalSpec { shape, rate, seed }, COUNT);
        instants.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    /// Mean and coefficient of variation of the gaps are those that were asked for, within five standard errors.
    fn check(shape: ArrivalShape, variation: f64) {
        let rate = 4.0;
        for seed in 0..5 {
            let gaps = gaps(shape, rate, seed);
            let scaled = mean(gaps.iter().map(|gap| gap * rate));
            let error = variation / GAPS.sqrt();
            assert!((scaled - 1.0).abs() <= 5.0 * error + 1e-6, "{shape:?}: mean {scaled}");
            let spread = mean(gaps.iter().map(|gap| (gap * rate - scaled).powi(2))).sqrt();
            // The variance of a gamma variance is (2 + 6·variation²)/n of its square.
            let error = variation * (0.5 + 1.5 * variation * variation).sqrt() / GAPS.sqrt();
            assert!((spread - variation).abs() <= 5.0 * error + 1e-6, "{shape:?}: variation {spread}");
        }
    }

    #[test]
    fn gaps_have_the_mean_and_the_variation_that_are_asked_for() {
        check(ArrivalShape::Constant, 0.0);
        check(ArrivalShape::Poisson, 1.0);
        for variation in [0.3, 1.0, 2.0] {
            check(ArrivalShape::Gamma { variation }, variation);
        }
    }

    /// Half of all gaps are shorter than ln 2 means, which a wrong distribution of the same moments would miss.
    #[test]
    fn gaps_of_poisson_are_exponential() {
        let rate = 1.0;
        let gaps = gaps(ArrivalShape::Poisson, rate, 3);
        let share = |limit: f64| gaps.iter().map(|&gap| if gap < limit { 1.0 } else { 0.0 }).sum::<f64>() / GAPS;
        for (limit, expected) in [(std::f64::consts::LN_2, 0.5), (0.1, 1.0 - (-0.1f64).exp()), (3.0, 1.0 - (-3.0f64).exp())] {
            assert!((share(limit) - expected).abs() < 0.02, "{limit}: {}", share(limit));
        }
    }

    /// Results name their seed, so the same seed must mean the same instants in later versions too.
    #[test]
    fn the_instants_of_a_seed_do_not_change_between_versions() {
        let millis = |shape| {
            let instants = instants(&ArrivalSpec { shape, rate: 10.0, seed: 42 }, 5);
            instants.iter().map(Duration::as_millis).collect::<Vec<_>>()
        };
        assert_eq!(millis(ArrivalShape::Constant), [0, 100, 200, 300, 400]);
        assert_eq!(millis(ArrivalShape::Poisson), [0, 57, 64, 104, 204]);
        assert_eq!(millis(ArrivalShape::Gamma { variation: 2.0 }), [0, 16, 20, 410, 410]);
    }

    proptest! {
        #[test]
        fn instants_begin_with_the_window_and_never_go_back(seed: u64, rate in 1e-6f64..1e6, variation in 0.01f64..100.0, count in 0usize..50) {
            let instants = instants(&ArrivalSpec { shape: ArrivalShape::Gamma { variation }, rate, seed }, count);
            prop_assert_eq!(instants.len(), count);
            prop_assert!(instants.first().is_none_or(Duration::is_zero));
            prop_assert!(instants.is_sorted());
        }
    }
}
