//! Grouping of requests into batches: a pure function of their lengths.

use lem_domain::spec::BatchingSpec;
use std::ops::Range;

/// The order in which requests run and the groups in which they run together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchPlan {
    /// Positions in the list of lengths that was planned, in running order.
    pub order: Vec<usize>,
    /// Consecutive ranges of `order`; together they hold all of it.
    pub batches: Vec<Range<usize>>,
}

/// Groups requests by the rule of `spec`.
///
/// `lengths` are prompt lengths in tokens as they will run, that is after the cut to `max_input` tokens. The sorted
/// strategies order them from short to long and keep the order of equals, so that a plan is fixed by its input. The
/// dynamic strategies close a batch before the request that would make its prompt tokens exceed the budget; a request
/// that is alone above the budget still runs, in a batch of its own. Without a budget in `spec` it is `max_input`. What is
/// grouped for continuous batching is as for the static strategy: where all requests take equally long, it is what runs.
#[must_use]
pub fn plan(lengths: &[usize], spec: &BatchingSpec, max_input: u32) -> BatchPlan {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    if spec.strategy.is_sorted() {
        order.sort_by_key(|&request| lengths[request]);
    }
    let budget = spec.strategy.has_token_budget().then(|| u64::from(spec.max_tokens.unwrap_or(max_input)));
    let largest = usize::try_from(spec.size.max(1)).unwrap_or(usize::MAX);

    let mut batches = Vec::new();
    let mut start = 0;
    let mut tokens = 0;
    for (position, &request) in order.iter().enumerate() {
        // A length in memory fits 64 bits on every platform.
        let length = u64::try_from(lengths[request]).unwrap_or(u64::MAX);
        let full = position - start == largest || budget.is_some_and(|budget| tokens + length > budget);
        if full && position > start {
            batches.push(start..position);
            start = position;
            tokens = 0;
        }
        tokens += length;
    }
    if start < order.len() {
        batches.push(start..order.len());
    }
    BatchPlan { order, batches }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::spec::BatchingStrategy::{self, Dynamic, SortedDynamic, SortedStatic, Static};
    use proptest::prelude::*;

    /// Plans with a largest input of 10 tokens and gives the lengths batch by batch.
    fn check(lengths: &[usize], size: u32, strategy: BatchingStrategy, max_tokens: Option<u32>, expected: &[&[usize]]) {
        let plan = plan(lengths, &BatchingSpec { size, strategy, max_tokens }, 10);
        let batches: Vec<Vec<usize>> =
            plan.batches.iter().map(|batch| plan.order[batch.clone()].iter().map(|&request| lengths[request]).collect()).collect();
        assert_eq!(batches, expected, "{lengths:?} by {size}, {strategy:?}, budget {max_tokens:?}");
    }

    #[test]
    fn static_batches_are_slices_and_the_last_one_may_be_short() {
        check(&[], 4, Static, None, &[]);
        check(&[3], 4, Static, None, &[&[3]]);
        check(&[9, 1, 8, 2, 7], 2, Static, None, &[&[9, 1], &[8, 2], &[7]]);
        check(&[9, 9, 9], 3, Static, Some(1), &[&[9, 9, 9]]);
    }

    #[test]
    fn dynamic_batches_close_on_the_budget_or_the_size() {
        check(&[4, 4, 4, 1], 8, Dynamic, Some(8), &[&[4, 4], &[4, 1]]);
        check(&[1, 1, 1, 1, 1], 2, Dynamic, Some(100), &[&[1, 1], &[1, 1], &[1]]);
        check(&[5, 5, 1], 8, Dynamic, None, &[&[5, 5], &[1]]);
    }

    #[test]
    fn a_request_above_the_budget_runs_alone() {
        check(&[2, 9, 2], 8, Dynamic, Some(5), &[&[2], &[9], &[2]]);
        check(&[9], 8, Dynamic, Some(1), &[&[9]]);
    }

    #[test]
    fn sorting_comes_before_grouping() {
        check(&[9, 1, 8, 2], 2, SortedStatic, None, &[&[1, 2], &[8, 9]]);
        check(&[6, 1, 4, 2], 8, SortedDynamic, Some(7), &[&[1, 2, 4], &[6]]);
    }

    #[test]
    fn requests_of_one_length_keep_their_order() {
        let spec = BatchingSpec { size: 2, strategy: SortedStatic, max_tokens: None };
        assert_eq!(plan(&[5, 3, 5, 3, 5], &spec, 10).order, [1, 3, 0, 2, 4]);
    }

    fn any_spec() -> impl Strategy<Value = BatchingSpec> {
        let strategy = prop::sample::select(vec![Static, Dynamic, SortedStatic, SortedDynamic]);
        (1u32..9, strategy, prop::option::of(1u32..60)).prop_map(|(size, strategy, max_tokens)| BatchingSpec { size, strategy, max_tokens })
    }

    proptest! {
        #[test]
        fn every_request_runs_once_within_the_limits(lengths in prop::collection::vec(0usize..40, 0..60), spec in any_spec()) {
            let plan = plan(&lengths, &spec, 40);
            let mut seen = plan.order.clone();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            let mut next = 0;
            for batch in &plan.batches {
                prop_assert_eq!(batch.start, next);
                prop_assert!(!batch.is_empty() && batch.len() <= usize::try_from(spec.size).unwrap());
                next = batch.end;
                let tokens: usize = plan.order[batch.clone()].iter().map(|&request| lengths[request]).sum();
                let budget = usize::try_from(spec.max_tokens.unwrap_or(40)).unwrap();
                prop_assert!(!spec.strategy.has_token_budget() || tokens <= budget || batch.len() == 1);
            }
            prop_assert_eq!(next, lengths.len());
        }
    }
}
