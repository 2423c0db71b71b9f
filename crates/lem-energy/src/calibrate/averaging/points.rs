//! What a sensor showed, as points that the model can be held against.

use super::Known;
use crate::calibrate::trace::Trace;

/// A power that was shown, or the mean power between two values of a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// When it was renewed, in seconds.
    pub(super) at: f64,
    /// Over how long before it is a mean, for a counter; zero for a power, whose window is looked for.
    pub(super) over: f64,
    /// In watts.
    pub(super) watts: f64,
}

/// The mean power of a counter is taken over at least this: the time of its updates is known to a fraction of a read only,
/// which would weigh more on a shorter one.
const SHORTEST_MEAN_S: f64 = 0.02;

/// Updates further apart than this many reads can be seen one by one.
const VISIBLE_READS: f64 = 2.0;

/// The points of a trace.
pub(super) fn points(trace: &Trace, known: &Known) -> Vec<Point> {
    let renewals = renewals(trace, known.period);
    if !known.is_counter {
        let with_unseen = if sees_updates(trace, known.period) { with_unseen(&renewals, known.period) } else { renewals };
        return with_unseen.into_iter().map(|(at, watts)| Point { at, over: 0.0, watts }).collect();
    }
    let mut points = Vec::with_capacity(renewals.len());
    let mut last: Option<(f64, f64)> = None;
    for (at, joules) in renewals {
        let Some((since, before)) = last else {
            last = Some((at, joules));
            continue;
        };
        if at - since >= SHORTEST_MEAN_S {
            points.push(Point { at, over: at - since, watts: (joules - before) / (at - since) });
            last = Some((at, joules));
        }
    }
    points
}

fn sees_updates(trace: &Trace, period: Option<f64>) -> bool {
    !trace.is_new_with_most_reads() && period.is_some_and(|period| period >= VISIBLE_READS * trace.spacing())
}

/// Values with the instants that they are of: of updates that cannot be seen one by one, half a period before the read.
fn renewals(trace: &Trace, period: Option<f64>) -> Vec<(f64, f64)> {
    if sees_updates(trace, period) {
        return trace.updates.iter().map(|update| (update.at, update.value)).collect();
    }
    let age = period.map_or(0.0, |period| period / 2.0);
    trace.reads.iter().map(|&(at, value)| (at - age, value)).collect()
}

/// The same with the updates in between that left the value as it was: that nothing changed then is told as well.
fn with_unseen(renewals: &[(f64, f64)], period: Option<f64>) -> Vec<(f64, f64)> {
    let Some(period) = period.filter(|period| *period > 0.0) else { return renewals.to_vec() };
    let mut all = Vec::with_capacity(renewals.len());
    for pair in renewals.windows(2) {
        let (start, value) = pair[0];
        let periods = ((pair[1].0 - start) / period).round().max(1.0);
        let step = (pair[1].0 - start) / periods;
        let mut done = 0.0;
        while done < periods {
            all.push((start + done * step, value));
            done += 1.0;
        }
    }
    all.extend(renewals.last());
    all
}
