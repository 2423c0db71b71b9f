//! Who is visited when.

use lem_domain::statistics::Random;
use lem_domain::study::CycleOrder;

/// One turn of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Position of the cell among those that are run.
    pub cell: usize,
    /// The cycle before which the turn ends.
    pub until: u32,
}

/// The turns of a study, in order. The same seed gives the same order.
#[must_use]
pub fn visits(cells: usize, cycles: u32, order: CycleOrder, seed: u64) -> Vec<Visit> {
    if order == CycleOrder::Sequential {
        return (0..cells).map(|cell| Visit { cell, until: cycles }).collect();
    }
    let mut random = Random::new(seed);
    let mut row: Vec<usize> = (0..cells).collect();
    if order == CycleOrder::LatinSquare {
        random.shuffle(&mut row);
    }
    let mut visits = Vec::new();
    for cycle in 0..cycles {
        match order {
            CycleOrder::Shuffled => random.shuffle(&mut row),
            CycleOrder::LatinSquare if cycle > 0 && !row.is_empty() => row.rotate_left(1),
            _ => {}
        }
        visits.extend(row.iter().map(|&cell| Visit { cell, until: cycle + 1 }));
    }
    visits
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn rounds(order: CycleOrder, cells: usize, cycles: u32) -> Vec<Vec<usize>> {
        let all = visits(cells, cycles, order, 7);
        (1..=cycles).map(|until| all.iter().filter(|visit| visit.until == until).map(|visit| visit.cell).collect()).collect()
    }

    #[test]
    fn every_order_visits_every_cell_in_every_round() {
        for &order in CycleOrder::ALL.iter().filter(|&&order| order != CycleOrder::Sequential) {
            for round in rounds(order, 5, 3) {
                assert_eq!(round.iter().copied().collect::<BTreeSet<_>>(), (0..5).collect(), "{order}");
            }
            assert!(visits(5, 3, order, 7).is_sorted_by_key(|visit| visit.until));
        }
        assert_eq!(visits(2, 3, CycleOrder::Sequential, 7), [Visit { cell: 0, until: 3 }, Visit { cell: 1, until: 3 }]);
        assert_eq!(rounds(CycleOrder::Interleaved, 3, 2), [[0, 1, 2], [0, 1, 2]]);
        assert!(visits(0, 3, CycleOrder::LatinSquare, 7).is_empty());
    }

    #[test]
    fn a_latin_square_puts_every_cell_in_every_place_once() {
        let rounds = rounds(CycleOrder::LatinSquare, 4, 4);
        for place in 0..4 {
            assert_eq!(rounds.iter().map(|round| round[place]).collect::<BTreeSet<_>>().len(), 4);
        }
    }

    #[test]
    fn shuffled_rounds_differ_and_their_seed_says_how() {
        let rounds = rounds(CycleOrder::Shuffled, 20, 2);
        assert_ne!(rounds[0], rounds[1]);
        assert_eq!(visits(20, 2, CycleOrder::Shuffled, 7), visits(20, 2, CycleOrder::Shuffled, 7));
        assert_ne!(visits(20, 2, CycleOrder::Shuffled, 7), visits(20, 2, CycleOrder::Shuffled, 8));
    }
}
