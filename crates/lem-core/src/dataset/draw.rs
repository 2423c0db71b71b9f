//! The choice of prompts from a source, while they come by one after the other.

use lem_domain::protocol::Prompt;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Random stream of the shuffle; the streams below it belong to the requests of the run, by index.
const SHUFFLE_STREAM: u64 = u64::MAX;

/// Takes the first prompts, or those with the smallest lots.
///
/// For a shuffle every prompt draws a lot, in the order of the source, and they are sorted by their lots: every order is
/// equally likely, a smaller sample is the beginning of a larger one, and no more than the sample is ever in memory.
/// Lots are the output of ChaCha with eight rounds, which is the same on every machine and in every version.
pub(super) struct Draw {
    most: usize,
    order: Order,
    offered: u64,
}

enum Order {
    AsStored(Vec<Prompt>),
    Shuffled { lots: Box<ChaCha8Rng>, taken: BinaryHeap<Ticket> },
}

/// A prompt and its lot.
struct Ticket {
    lot: u64,
    /// Decides between equal lots.
    place: u64,
    prompt: Prompt,
}

impl Draw {
    /// Takes `count` prompts, or all.
    pub(super) fn new(count: Option<usize>, shuffle: bool, seed: u64) -> Self {
        let order = if shuffle {
            let mut lots = ChaCha8Rng::seed_from_u64(seed);
            lots.set_stream(SHUFFLE_STREAM);
            Order::Shuffled { lots: Box::new(lots), taken: BinaryHeap::new() }
        } else {
            Order::AsStored(Vec::new())
        };
        Self { most: count.unwrap_or(usize::MAX), order, offered: 0 }
    }

    /// Takes the prompt or leaves it.
    pub(super) fn offer(&mut self, prompt: Prompt) {
        match &mut self.order {
            Order::AsStored(taken) => {
                if taken.len() < self.most {
                    taken.push(prompt);
                }
            }
            Order::Shuffled { lots, taken } => {
                taken.push(Ticket { lot: lots.next_u64(), place: self.offered, prompt });
                if taken.len() > self.most {
                    taken.pop();
                }
            }
        }
        self.offered += 1;
    }

    /// Whether nothing that is still to come can be taken.
    pub(super) fn is_full(&self) -> bool {
        matches!(&self.order, Order::AsStored(taken) if taken.len() >= self.most)
    }

    /// The prompts that were taken, in their order.
    pub(super) fn finish(self) -> Vec<Prompt> {
        match self.order {
            Order::AsStored(taken) => taken,
            Order::Shuffled { taken, .. } => taken.into_sorted_vec().into_iter().map(|ticket| ticket.prompt).collect(),
        }
    }
}

impl Ord for Ticket {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.lot, self.place).cmp(&(other.lot, other.place))
    }
}

impl PartialOrd for Ticket {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ticket {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(n_prompts: usize, count: Option<usize>, shuffle: bool, seed: u64) -> Vec<String> {
        let mut draw = Draw::new(count, shuffle, seed);
        (0..n_prompts).for_each(|idx| draw.offer(Prompt::text(format!("p{idx}"), "text")));
        draw.finish().into_iter().map(|prompt| prompt.id).collect()
    }

    #[test]
    fn without_a_shuffle_the_first_prompts_are_taken_whatever_the_seed() {
        assert_eq!(ids(5, Some(3), false, 1), ["p0", "p1", "p2"]);
        assert_eq!(ids(5, Some(3), false, 2), ["p0", "p1", "p2"]);
        assert_eq!(ids(5, None, false, 1).len(), 5);
    }

    #[test]
    fn a_shuffle_is_a_permutation_fixed_by_its_seed() {
        let shuffled = ids(50, None, true, 7);
        assert_eq!(shuffled, ids(50, None, true, 7));
        assert_ne!(shuffled, ids(50, None, true, 8));
        assert_ne!(shuffled, ids(50, None, false, 7));
        let mut sorted = shuffled;
        sorted.sort_unstable();
        let mut all = ids(50, None, false, 7);
        all.sort_unstable();
        assert_eq!(sorted, all);
    }

    #[test]
    fn a_smaller_sample_of_a_shuffle_is_the_beginning_of_a_larger_one() {
        assert_eq!(ids(50, Some(10), true, 3), ids(50, Some(20), true, 3)[..10]);
        assert_eq!(ids(50, Some(20), true, 3), ids(50, None, true, 3)[..20]);
    }

    /// Results name their seed, so the same seed must mean the same prompts in later versions too.
    #[test]
    fn the_order_of_a_seed_does_not_change_between_versions() {
        assert_eq!(ids(6, None, true, 42), ["p0", "p2", "p1", "p4", "p5", "p3"]);
    }

    /// Each of ten prompts is the first of a shuffle in 1,000 of 10,000 seeds, give or take five standard deviations of
    /// 30.
    #[test]
    fn every_prompt_is_as_likely_to_be_taken() {
        let mut firsts = [0_u32; 10];
        for seed in 0..10_000 {
            let first: usize = ids(10, Some(1), true, seed)[0][1..].parse().unwrap();
            firsts[first] += 1;
        }
        assert!(firsts.iter().all(|count| (850..1150).contains(count)), "{firsts:?}");
    }

    #[test]
    fn only_an_unshuffled_sample_is_full_before_the_end() {
        let mut draw = Draw::new(Some(1), false, 0);
        assert!(!draw.is_full());
        draw.offer(Prompt::text("a", "a"));
        assert!(draw.is_full());
        let mut draw = Draw::new(Some(1), true, 0);
        draw.offer(Prompt::text("a", "a"));
        assert!(!draw.is_full());
    }
}
