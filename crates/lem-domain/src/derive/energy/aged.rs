//! A counter of which single updates are not seen: what a read shows is up to a period old, and nothing more is known.

use super::reads::Reads;
use super::spread::{Estimate, Spread};
use crate::sensor::SensorDescriptor;
use crate::time::{TimeWindow, Timestamp};

/// The period of a sensor is known to a few per cent, and its updates stray as much.
const PERIOD_KNOWN: f64 = 1.04;

/// See the module.
pub(super) struct AgedCounter {
    reads: Reads,
    period: f64,
    resolution: f64,
}

/// Cumulative energy at an instant, and the power before it.
struct Edge {
    joules: f64,
    watts: f64,
    /// By how much the power changed about then.
    unsure: f64,
    /// Distance to the nearest read, and how long that read took, in seconds.
    distance: f64,
    read: f64,
}

impl AgedCounter {
    pub(super) fn new(descriptor: &SensorDescriptor, samples: &[(Timestamp, f64, u32)]) -> Self {
        let reads = Reads::new(descriptor, samples);
        Self { reads, period: descriptor.update_period.as_secs_f64(), resolution: descriptor.resolution }
    }

    /// The difference between the edges. A value is stale by u ~ U(0, τ), τ the update period, when it is read, and was
    /// read at any instant of the read (MEASUREMENT.md §4): the mean of both is corrected, their spread stated.
    pub(super) fn energy(&self, window: TimeWindow) -> Option<Estimate> {
        let edges = [self.edge(self.reads.at(window.start))?, self.edge(self.reads.at(window.end))?];
        let spread = |edge: &Edge| {
            Spread::rectangular(edge.watts * self.period * PERIOD_KNOWN)
                + Spread::rectangular(edge.watts * edge.read)
                + Spread::rectangular(edge.watts * edge.distance)
                + Spread::rectangular(edge.unsure * self.period)
                + Spread::rectangular(self.resolution)
        };
        Some(Estimate::between_edges(edges[1].joules - edges[0].joules, [spread(&edges[0]), spread(&edges[1])]))
    }

    fn edge(&self, at: f64) -> Option<Edge> {
        let reads = &self.reads.reads;
        let after = reads.partition_point(|read| read.middle() < at);
        let near = match (after.checked_sub(1), reads.get(after)) {
            (Some(before), Some(next)) if next.middle() - at > at - reads[before].middle() => before,
            (Some(before), None) => before,
            _ => after,
        };
        let nearest = reads.get(near)?;
        let power = |to: usize| -> Option<f64> {
            let (one, two) = (reads.get(to.checked_sub(1)?)?, reads.get(to)?);
            (two.middle() > one.middle()).then(|| (two.value - one.value) / (two.middle() - one.middle()))
        };
        // The value is that of an instant before the read; what happened after it tells how sure its power is.
        let before = (0..=2).find_map(|back| power(near.checked_sub(back)?)).or_else(|| power(near + 1))?;
        let after = power(near + 1).unwrap_or(before);
        let watts = before;
        let held = nearest.middle() - 0.5 * self.period;
        Some(Edge {
            joules: nearest.value + watts * (at - held),
            watts,
            unsure: (after - before).abs(),
            distance: (nearest.first - at).max(at - nearest.last).max(0.0),
            read: nearest.last - nearest.first,
        })
    }
}
