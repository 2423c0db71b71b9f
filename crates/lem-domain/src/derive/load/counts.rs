//! Whether those who counted the same tokens agree (MEASUREMENT.md §2).

use crate::record::{ProcessRecord, ServedFacts};
use crate::token::CountSource;

/// Tokens by which two counts of a request may differ, and the share of them, whichever is more.
const OF_REQUEST: (u64, f64) = (1, 0.02);

/// Share by which the sums of two sources may differ.
const OF_TOTAL: f64 = 0.005;

/// How counts of output tokens compare over requests that gave a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CountReconciliation {
    /// Requests whose counts differ by more than they may.
    pub differing: u64,
    /// Requests that nobody counted.
    pub uncounted: u64,
    /// Sums by source over the requests that the source counted, with how many those are.
    pub totals: Vec<(CountSource, u64, u64)>,
    /// Largest difference of the sums of two sources over the requests that both counted, relative to the greater one; `None`
    /// where no two sources counted the same.
    pub total_difference: Option<f64>,
    /// Prompt tokens that the server took from a cache, of those requests where it says so.
    pub cached_prompt: Option<u64>,
}

impl CountReconciliation {
    /// Whether counts differ by more than they may.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.differing > 0 || self.total_difference.is_some_and(|difference| difference > OF_TOTAL)
    }
}

/// Compares them; `None` where no server ran.
pub(super) fn reconcile(processes: &[&ProcessRecord]) -> Option<CountReconciliation> {
    let requests = processes.iter().flat_map(|process| &process.requests);
    let served: Vec<&ServedFacts> = requests
        .filter(|request| request.finish.is_some_and(|finish| finish.is_success()))
        .filter_map(|request| request.served.as_ref())
        .collect();
    if processes.iter().all(|process| process.server.is_none()) {
        return None;
    }
    let total = |source: CountSource| {
        let counts: Vec<u64> = served.iter().filter_map(|served| served.output.by(source)).collect();
        (!counts.is_empty()).then(|| (source, counts.iter().sum(), counts.len() as u64))
    };
    let cached: Vec<u64> = served.iter().filter_map(|served| served.cached_prompt).collect();
    Some(CountReconciliation {
        differing: served.iter().filter(|served| differs(served)).count() as u64,
        uncounted: served.iter().filter(|served| served.output.headline().is_none()).count() as u64,
        totals: CountSource::ALL.iter().filter_map(|&source| total(source)).collect(),
        total_difference: total_difference(&served),
        cached_prompt: (!cached.is_empty()).then(|| cached.iter().sum()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "tokens of a request stay far below 2^53")]
fn differs(served: &ServedFacts) -> bool {
    let Some((least, most)) = served.output.range() else { return false };
    let (tokens, share) = OF_REQUEST;
    (most - least) as f64 > (tokens as f64).max(share * most as f64)
}

#[expect(clippy::cast_precision_loss, reason = "tokens of a run stay far below 2^53")]
fn total_difference(served: &[&ServedFacts]) -> Option<f64> {
    let pairs = CountSource::ALL.iter().enumerate().flat_map(|(index, &a)| CountSource::ALL[index + 1..].iter().map(move |&b| (a, b)));
    let differences = pairs.filter_map(|(a, b)| {
        let both: Vec<_> = served.iter().filter_map(|served| Some((served.output.by(a)?, served.output.by(b)?))).collect();
        let (sum_a, sum_b) = both.iter().fold((0, 0), |(a, b), &(more_a, more_b)| (a + more_a, b + more_b));
        let greater = sum_a.max(sum_b);
        (greater > 0).then(|| sum_a.abs_diff(sum_b) as f64 / greater as f64)
    });
    differences.fold(None, |most: Option<f64>, difference| Some(most.map_or(difference, |most| most.max(difference))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TokenCounts;

    fn served(usage: u64, retokenised: Option<u64>) -> ServedFacts {
        ServedFacts { output: TokenCounts { listed: None, usage: Some(usage), retokenised }, ..ServedFacts::default() }
    }

    #[test]
    fn counts_may_differ_by_one_or_by_two_percent() {
        for (usage, retokenised, expected) in [(32, 31, false), (32, 30, true), (200, 196, false), (200, 195, true)] {
            assert_eq!(differs(&served(usage, Some(retokenised))), expected, "{usage} and {retokenised}");
        }
        assert!(!differs(&served(32, None)) && !differs(&ServedFacts::default()));
    }

    #[test]
    fn sums_are_compared_over_what_both_counted() {
        let facts = [served(100, Some(100)), served(100, Some(98)), served(7_000, None)];
        let all: Vec<_> = facts.iter().collect();
        assert_eq!(total_difference(&all), Some(0.01));
        assert_eq!(total_difference(&all[2..]), None);
    }
}
