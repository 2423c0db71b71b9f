//! The tokens of the largest logits.

/// Finds the tokens of the `count` largest logits, in one go through all of them and memory that it keeps.
#[derive(Debug)]
pub(super) struct Largest {
    count: usize,
    tokens: Vec<u32>,
}

impl Largest {
    pub(super) fn new(count: usize) -> Self {
        Self { count, tokens: Vec::with_capacity(count) }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The largest first, and the lower token first of equal ones.
    pub(super) fn of(&mut self, logits: &[f32]) -> &[u32] {
        let of = |token: u32| logits[token as usize];
        self.tokens.clear();
        for token in (0u32..).take(logits.len()) {
            let is_full = self.tokens.len() == self.count;
            if is_full && self.tokens.last().is_none_or(|&last| of(token).total_cmp(&of(last)).is_le()) {
                continue;
            }
            if is_full {
                self.tokens.pop();
            }
            let place = self.tokens.partition_point(|&other| of(other).total_cmp(&of(token)).is_ge());
            self.tokens.insert(place, token);
        }
        &self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_many_as_were_asked_for() {
        assert_eq!(Largest::new(2).of(&[0.5, 2.0, 1.0, 2.0]), [1, 3]);
        assert_eq!(Largest::new(0).of(&[0.5, 2.0]), [0u32; 0]);
        assert_eq!(Largest::new(3).of(&[0.5, f32::NEG_INFINITY]), [0, 1]);
    }

    proptest! {
        #[test]
        fn they_are_the_first_of_all_sorted(logits in prop::collection::vec(prop_oneof![Just(1.0f32), -3.0..3.0f32], 0..60), count in 0..9usize) {
            let mut sorted: Vec<u32> = (0u32..).take(logits.len()).collect();
            sorted.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
            sorted.truncate(count);
            let mut largest = Largest::new(count);
            prop_assert_eq!(largest.of(&logits), sorted);
        }
    }
}
