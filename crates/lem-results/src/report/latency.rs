//! How latencies are distributed.

use lem_domain::derive::RequestTimeline;
use lem_domain::units::{Seconds, Unit};
use serde::Serialize;

/// One kind of latency over pooled requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LatencyView {
    /// Short name, such as `TTFT`.
    pub name: &'static str,
    /// The same in words.
    pub label: &'static str,
    /// Number of values.
    pub count: usize,
    /// The quantiles at 0 %, 1 % … 100 %, in seconds, interpolated linearly; the smallest and the largest value are exact.
    pub quantiles_s: Vec<f64>,
    /// How many values lie in each of the bars of equal width from the smallest to the largest value.
    pub bars: Vec<usize>,
}

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bin {
    /// From, in the unit of the values.
    pub(super) from: f64,
    /// To; the last bar holds values that are equal to it.
    pub(super) to: f64,
    /// Number of values.
    pub(super) count: usize,
}

/// Bars of a histogram in a report.
const BARS: usize = 40;

/// Every kind of latency of which there are values.
pub(super) fn latencies(timelines: &[RequestTimeline]) -> Vec<LatencyView> {
    let of_requests = |pick: fn(&RequestTimeline) -> Option<Seconds>| timelines.iter().filter_map(pick).map(Seconds::value).collect();
    let between: Vec<f64> = timelines.iter().filter_map(RequestTimeline::inter_token_latencies).flatten().map(Seconds::value).collect();
    let kinds: [(&str, &str, Vec<f64>); 4] = [
        ("TTFT", "time to first token", of_requests(RequestTimeline::ttft)),
        ("ITL", "inter-token latency", between),
        ("TPOT", "time per output token", of_requests(RequestTimeline::tpot)),
        ("E2E", "end to end", of_requests(RequestTimeline::end_to_end)),
    ];
    kinds.into_iter().filter_map(|(name, label, values)| view(name, label, values)).collect()
}

fn view(name: &'static str, label: &'static str, mut values: Vec<f64>) -> Option<LatencyView> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let quantiles = (0..=100_u32).map(|percent| quantile(&values, f64::from(percent) / 100.0)).collect::<Option<Vec<f64>>>()?;
    let quantiles_s = quantiles.into_iter().map(|value| (value * 1e7).round() / 1e7).collect();
    Some(LatencyView {
        name,
        label,
        count: values.len(),
        quantiles_s,
        bars: histogram(&values, BARS).iter().map(|bin| bin.count).collect(),
    })
}

/// Linear interpolation between the two values that bracket the quantile, as for every percentile of a result.
#[expect(clippy::cast_precision_loss, reason = "counts of values stay far below 2^53")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the values")]
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64))
}

/// At most so many bars of equal width from the smallest to the largest value, fewer where values are few (Sturges) or all
/// the same. Every value is in one of them.
#[expect(clippy::cast_precision_loss, reason = "a few bars")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the place of a bar")]
pub(super) fn histogram(values: &[f64], most_bars: usize) -> Vec<Bin> {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    if values.is_empty() || !(high - low).is_finite() {
        return Vec::new();
    }
    let wanted = (2.0 * (values.len() as f64).sqrt()).ceil() as usize;
    // Differences below a billionth are rounding of a clock, no distribution.
    let bars = if high - low <= high.abs() * 1e-9 { 1 } else { wanted.clamp(1, most_bars.max(1)) };
    let width = (high - low) / bars as f64;
    let mut bins: Vec<Bin> =
        (0..bars).map(|bar| Bin { from: low + bar as f64 * width, to: low + (bar + 1) as f64 * width, count: 0 }).collect();
    for &value in values {
        let bar = if width > 0.0 { ((value - low) / width).floor() as usize } else { 0 };
        bins[bar.min(bars - 1)].count += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_value_is_lost_and_bars_are_beside_each_other(values in prop::collection::vec(0.0..1e3f64, 0..500), most in 1usize..60) {
            let bins = histogram(&values, most);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), values.len());
            prop_assert!(bins.len() <= most && bins.windows(2).all(|pair| pair[0].to.to_bits() == pair[1].from.to_bits()));
        }
    }

    #[test]
    fn equal_values_are_one_bar() {
        assert_eq!(histogram(&[0.5; 7], 40), [Bin { from: 0.5, to: 0.5, count: 7 }]);
        assert_eq!(histogram(&[], 40), []);
    }

    #[test]
    fn quantiles_are_interpolated_and_their_ends_are_exact() {
        let view = view("TTFT", "time to first token", vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((view.quantiles_s[0], view.quantiles_s[25], view.quantiles_s[100]), (1.0, 1.5, 3.0));
    }
}
