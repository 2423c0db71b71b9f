//! A counter whose single updates are seen: the energy of a window from when its updates came, found by all reads
//! together, and from how power moved around both edges.

use super::lattice::Lattice;
use super::reads::Reads;
use super::spread::{Estimate, Spread};
use super::trace::{Between, Trace};
use super::updates::{Update, updates};
use crate::sensor::{SensorDescriptor, SensorKind, Stamp};
use crate::time::{TimeWindow, Timestamp};

/// Updates within this many seconds around an edge tell when its own update came.
pub(super) const LATTICE_REACH_S: f64 = 3.0;

/// Windows up to this length share one lattice for both edges, so that what is unknown of it cancels between them.
const SHARED_LATTICE_S: f64 = 3.0;

/// Reads closer than this share of the period see single updates.
const VISIBLE_SHARE: f64 = 0.9;

/// Stamps of updates are at least this share of the period apart.
const STAMPED_SHARE: f64 = 0.8;

/// Updates on each side of an edge that tell how power moves around it.
pub(super) const NEIGHBOURS: usize = 12;

/// One counter's updates, ready to be asked for the energy of any window.
pub(super) struct TickingCounter {
    reads: Reads,
    updates: Vec<Update>,
    nominal: f64,
    resolution: f64,
}

impl TickingCounter {
    /// `None` when the sensor's reads do not show single updates: it has no period, or is read too seldom.
    pub(super) fn of(descriptor: &SensorDescriptor, samples: &[(Timestamp, f64, u32)]) -> Option<Self> {
        let nominal = descriptor.update_period.as_secs_f64();
        if !matches!(descriptor.kind, SensorKind::EnergyCounter(_)) || nominal <= 0.0 {
            return None;
        }
        let reads = Reads::new(descriptor, samples);
        let spacing = reads.median_spacing()?;
        // Stamps that are a period apart are those of the updates themselves, closer ones those of the queries.
        let stamped = descriptor.stamp == Stamp::Device && spacing >= STAMPED_SHARE * nominal;
        if !stamped && spacing >= VISIBLE_SHARE * nominal {
            return None;
        }
        let updates = updates(&reads.reads, nominal, stamped);
        (updates.len() >= 2).then_some(Self { reads, updates, nominal, resolution: descriptor.resolution })
    }

    /// The energy of a window, and what is random about it; `None` when updates do not bracket both edges.
    pub(super) fn energy(&self, window: TimeWindow) -> Option<Estimate> {
        let (start, end) = (self.reads.at(window.start), self.reads.at(window.end));
        let near = |from: f64, to: f64| -> &[Update] {
            let first = self.updates.partition_point(|update| update.latest < from);
            let past = self.updates.partition_point(|update| update.earliest <= to);
            &self.updates[first.min(past)..past]
        };
        let lattice = |from: f64, to: f64| Lattice::of(near(from - LATTICE_REACH_S, to + LATTICE_REACH_S), self.nominal);
        let shared = end - start <= SHARED_LATTICE_S;
        let lattices = if shared { [lattice(start, end)?; 2] } else { [lattice(start, start)?, lattice(end, end)?] };
        let edges = [self.edge(start, &lattices[0])?, self.edge(end, &lattices[1])?];
        let joules = edges[1].between.energy - edges[0].between.energy;
        let weights = [(edges[0].between.power, edges[0].index), (-edges[1].between.power, edges[1].index)];
        let mut variances = if shared {
            // What is unknown of a lattice that both edges share has no edge of its own: each bears half.
            [lattices[0].variance(&weights) / 2.0; 2]
        } else {
            [lattices[0].variance(&weights[..1]), lattices[1].variance(&weights[1..])]
        };
        for (((edge, lattice), (weight, _)), variance) in edges.iter().zip(lattices).zip(weights).zip(&mut variances) {
            let Between { share, shape, .. } = edge.between;
            let both = share * share + (1.0 - share) * (1.0 - share);
            *variance += shape + both * ((weight * lattice.stray).powi(2) / 3.0 + self.resolution.powi(2) / 12.0);
        }
        Some(Estimate::between_edges(joules, variances.map(Spread::normal)))
    }

    /// The energy up to an instant.
    fn edge(&self, at: f64, lattice: &Lattice) -> Option<Edge> {
        let after = self.updates.partition_point(|update| lattice.time(update.index) <= at);
        let mut position = after.checked_sub(1)?;
        // What was read knows better than the lattice which update an instant comes after.
        while position > 0 && self.updates[position].earliest > at {
            position -= 1;
        }
        while self.updates.get(position + 1).is_some_and(|next| next.latest <= at) {
            position += 1;
        }
        let from = position.saturating_sub(NEIGHBOURS);
        let to = (position + NEIGHBOURS + 2).min(self.updates.len());
        let points = self.updates[from..to].iter().map(|update| (lattice.time(update.index), update.value)).collect();
        let between = Trace::new(points).within(position - from, at)?;
        Some(Edge { between, index: self.updates[position].index })
    }
}

/// Where in the updates an edge lies, and the energy up to it.
#[derive(Clone, Copy)]
struct Edge {
    between: Between,
    index: i64,
}
