//! Durations in a histogram of fixed size, so that recording one never allocates.

use std::time::Duration;

/// Each power of two is split into this many buckets, which bounds the relative error of a quantile by 1/16.
const SPLIT: usize = 1 << SPLIT_BITS;
const SPLIT_BITS: u32 = 4;

/// Values below `SPLIT` have a bucket each; then one group of `SPLIT` buckets for each higher power of two.
const BUCKETS: usize = SPLIT * (64 - SPLIT_BITS as usize + 1);

/// Counts of durations in buckets that grow with the duration (log-linear, as in HdrHistogram).
pub(super) struct LatencyHistogram {
    counts: Vec<u64>,
    total: u64,
}

impl LatencyHistogram {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }

    /// Adds one duration in nanoseconds.
    pub(super) fn record(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
    }

    /// The smallest duration that at least this share of all stays within, rounded up to the end of its bucket;
    /// `None` when nothing was recorded.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank among far fewer than 2^53 rounds, with a share between 0 and 1"
        )]
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_nanos(bucket_end(found)))
    }
}

fn bucket(nanos: u64) -> usize {
    let Some(shift) = nanos.checked_ilog2().and_then(|log| log.checked_sub(SPLIT_BITS)) else {
        return usize::try_from(nanos).expect("below the split");
    };
    let group = shift as usize + 1;
    // The bits below the highest one; the highest itself is told by the group.
    let within = usize::try_from(nanos >> shift).expect("five bits") - SPLIT;
    group * SPLIT + within
}

/// Largest duration of a bucket.
fn bucket_end(bucket: usize) -> u64 {
    let (group, within) = (bucket / SPLIT, bucket % SPLIT);
    if group == 0 {
        return within as u64;
    }
    let shift = u32::try_from(group - 1).expect("fewer than 64 groups");
    let start = ((SPLIT + within) as u64) << shift;
    start + ((1u64 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_recorded_has_no_quantile() {
        assert_eq!(LatencyHistogram::new().quantile(0.5), None);
    }

    #[test]
    fn one_slow_round_in_a_hundred_is_past_the_99th_percentile() {
        let mut histogram = LatencyHistogram::new();
        (0..99).for_each(|_| histogram.record(1_000));
        histogram.record(50_000_000);
        let quantile = |share| histogram.quantile(share).expect("recorded").as_nanos();
        assert!((1_000..=1_063).contains(&quantile(0.50)) && (1_000..=1_063).contains(&quantile(0.99)));
        assert!((50_000_000..=53_200_000).contains(&quantile(1.0)));
    }

    proptest! {
        #[test]
        fn every_duration_falls_in_a_bucket_that_ends_at_most_a_sixteenth_later(nanos in any::<u64>()) {
            let end = bucket_end(bucket(nanos));
            prop_assert!(end >= nanos && end - nanos <= nanos / 16, "{nanos} in a bucket to {end}");
        }
    }
}
