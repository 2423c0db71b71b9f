//! When a sensor's value changed, from reads that only show that it did.

use super::reads::Read;

/// One update of a sensor: somewhere between `earliest` and `latest` it began to show `value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Update {
    pub(super) earliest: f64,
    pub(super) latest: f64,
    pub(super) value: f64,
    /// Periods since the first update, by nominal period.
    pub(super) index: i64,
}

/// The changes of a value that updates about every `period` seconds. The first update is the value that the first read
/// found, whose time is unknown within one period.
pub(super) fn updates(reads: &[Read], period: f64, stamped: bool) -> Vec<Update> {
    let mut updates: Vec<Update> = Vec::new();
    let mut count = Count { period, beliefs: Vec::new(), history: Vec::new() };
    let mut previous: Option<Read> = None;
    for &read in reads {
        let (earliest, latest) = if stamped {
            (read.first, read.last)
        } else {
            match previous {
                None => (read.first - period, read.last),
                Some(before) if before.value.total_cmp(&read.value).is_eq() => {
                    previous = Some(read);
                    continue;
                }
                // The value of the last update before the read: no older than a period, whatever came before it.
                Some(before) => (before.first.max(read.first - LATE_PERIODS * period), read.last),
            }
        };
        count.next(earliest, latest);
        updates.push(Update { earliest, latest, value: read.value, index: 0 });
        previous = Some(read);
    }
    for (update, index) in updates.iter_mut().zip(count.indices()) {
        update.index = index;
    }
    updates
}

/// Counts periods from bracket to bracket. Two wide brackets alone often leave open whether one period or two lie between
/// them, so every count that the brackets allow is carried on until a later bracket refutes it.
struct Count {
    period: f64,
    beliefs: Vec<Belief>,
    /// For every belief ever held: its index, and the place here of the one it came from.
    history: Vec<(i64, Option<usize>)>,
}

/// That the last update had an index, and between which instants it then came.
#[derive(Clone, Copy)]
struct Belief {
    index: i64,
    from: f64,
    to: f64,
    /// Place in the history.
    place: usize,
}

impl Count {
    fn next(&mut self, earliest: f64, latest: f64) {
        // A counter moves at every update, so no update passes between two reads that agree.
        let single = latest - earliest < (1.0 - PERIOD_SLACK) * self.period;
        let mut next: Vec<Belief> = Vec::with_capacity(3 * self.beliefs.len());
        for belief in &self.beliefs {
            let nearest = self.periods_to(belief, earliest, latest);
            let candidates: &[f64] = if single { &[1.0] } else { &[nearest - 1.0, nearest, nearest + 1.0] };
            for &periods in candidates.iter().filter(|&&periods| periods >= 1.0) {
                let shift = periods * self.period;
                let slack = PERIOD_SLACK * shift;
                let (from, to) = ((belief.from + shift - slack).max(earliest), (belief.to + shift + slack).min(latest));
                if from < to {
                    next.push(Belief { index: belief.index + whole(periods), from, to, place: belief.place });
                }
            }
        }
        // Of two beliefs in one index the one that left more room is kept.
        next.sort_by(|a, b| a.index.cmp(&b.index).then((b.to - b.from).total_cmp(&(a.to - a.from))));
        next.dedup_by_key(|belief| belief.index);
        next.sort_by(|a, b| (b.to - b.from).total_cmp(&(a.to - a.from)));
        next.truncate(MOST_BELIEFS);
        if next.is_empty() {
            // A bracket that meets no expectation starts the expectations anew.
            let (index, place) = self.beliefs.first().map_or((0, None), |belief| {
                let periods = if single { 1.0 } else { self.periods_to(belief, earliest, latest) };
                (belief.index + whole(periods), Some(belief.place))
            });
            self.history.push((index, place));
            self.beliefs = vec![Belief { index, from: earliest, to: latest, place: self.history.len() - 1 }];
            return;
        }
        for belief in &mut next {
            self.history.push((belief.index, Some(belief.place)));
            belief.place = self.history.len() - 1;
        }
        self.beliefs = next;
    }

    /// Periods from the middle of a belief to the middle of a bracket, at least one.
    fn periods_to(&self, belief: &Belief, earliest: f64, latest: f64) -> f64 {
        (0.5 * (earliest + latest - belief.from - belief.to) / self.period).round().max(1.0)
    }

    /// The index of every update, as the belief that left most room in the end has it.
    fn indices(&self) -> impl Iterator<Item = i64> {
        let mut indices = Vec::new();
        let mut place = self.beliefs.first().map(|belief| belief.place);
        while let Some(&(index, before)) = place.and_then(|place| self.history.get(place)) {
            indices.push(index);
            place = before;
        }
        indices.into_iter().rev()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a session holds far fewer than 2^63 periods")]
fn whole(periods: f64) -> i64 {
    periods as i64
}

/// How far the period may be off, and an update stray, per period that passes.
const PERIOD_SLACK: f64 = 0.03;

/// An update may come this much later than its period says before it counts as missing.
const LATE_PERIODS: f64 = 1.1;

/// Counts that are carried on at once; more than a few are only ever left open by a sensor that is read too seldom.
const MOST_BELIEFS: usize = 6;
