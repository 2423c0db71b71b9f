//! Which requests may start: whole batches, one after the other, or each as soon as there is a place.

use super::Journal;
use lem_domain::Timestamp;
use lem_domain::protocol::PreparedWorkload;
use lem_domain::spec::BatchingStrategy;
use std::ops::Range;

/// In which order prompts and output tokens run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inference::candle) enum Order {
    /// All prompts of a batch first, up to so many tokens in a pass.
    PromptsFirst(usize),
    /// Prompts beside the output tokens of others, up to so many tokens of both in a pass.
    Mixed(usize),
}

/// A request that may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) request: usize,
    /// Its row in the cache.
    pub(super) row: usize,
    /// The instant at which it was meant to start (MEASUREMENT.md §3).
    pub(super) arrived: Timestamp,
    /// The instant at which it does.
    pub(super) scheduled: Timestamp,
}

/// See the module.
pub(in crate::inference::candle) struct Admission<'a> {
    workload: &'a PreparedWorkload,
    order: Order,
    rule: Rule,
    /// The next request.
    next: usize,
}

enum Rule {
    /// The batch that is being started, its release, and the batches after it.
    Batches { batch: Range<usize>, first: usize, release: Timestamp, index: usize },
    /// Rows without a request.
    Slots { free: Vec<usize>, all: usize, opened: Option<Timestamp> },
}

impl<'a> Admission<'a> {
    /// `size` requests of a workload may run at once, and a pass takes `tokens` tokens at most. Arrivals count from the first
    /// question.
    pub(in crate::inference::candle) fn new(
        workload: &'a PreparedWorkload,
        strategy: BatchingStrategy,
        size: usize,
        tokens: usize,
    ) -> Self {
        let (rule, order) = if strategy == BatchingStrategy::Continuous {
            let all = size.min(workload.requests.len());
            (Rule::Slots { free: (0..all).rev().collect(), all, opened: None }, Order::Mixed(tokens))
        } else {
            (Rule::Batches { batch: 0..0, first: 0, release: Timestamp::default(), index: 0 }, Order::PromptsFirst(tokens))
        };
        Self { workload, order, rule, next: 0 }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Requests that may run at once.
    pub(super) fn most_at_once(&self) -> usize {
        match &self.rule {
            Rule::Batches { .. } => self.workload.batches.iter().map(ExactSizeIterator::len).max().unwrap_or(0),
            Rule::Slots { all, .. } => *all,
        }
    }

    /// The next request that may start beside `running` others; waits for one that is still to arrive where none runs.
    pub(super) fn next(&mut self, running: usize, journal: &Journal<'_>) -> Option<Admitted> {
        match &mut self.rule {
            Rule::Batches { batch, first, release, index } => {
                if batch.start >= batch.end && running == 0 {
                    batch.clone_from(self.workload.batches.get(*index)?);
                    *index += 1;
                    *first = batch.start;
                    *release = journal.now();
                }
                let request = batch.next()?;
                Some(Admitted { request, row: request - *first, arrived: *release, scheduled: *release })
            }
            Rule::Slots { free, opened, .. } => {
                let opened = *opened.get_or_insert_with(|| journal.now());
                let request = self.next;
                let arrival = self.workload.requests.get(request)?.arrival.map(|offset| opened.after(offset));
                let row = *free.last()?;
                if let Some(at) = arrival.filter(|&at| at > journal.now()) {
                    if running > 0 {
                        return None;
                    }
                    journal.wait_until(at)?;
                }
                let scheduled = journal.now();
                // Whoever does not say when is meant to start as soon as a place falls free.
                let arrived = arrival.unwrap_or(scheduled);
                free.pop();
                self.next += 1;
                Some(Admitted { request, row, arrived, scheduled })
            }
        }
    }

    /// A row's request has ended.
    pub(super) fn release(&mut self, row: usize) {
        if let Rule::Slots { free, .. } = &mut self.rule {
            free.push(row);
        }
    }
}
