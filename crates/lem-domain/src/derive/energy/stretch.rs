//! What a sensor saw of a stretch of a window.

use super::spread::Estimate;

/// The energy of a stretch, and what keeps a precision from being claimed.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) estimate: Estimate,
    /// Longest time without a sample, in seconds.
    pub(super) longest_gap: Option<f64>,
    /// Whether a sample lies on the very end.
    pub(super) ends_on_sample: bool,
    /// Whether power changed faster than the sensor shows.
    pub(super) aliased: bool,
}

impl Stretch {
    /// This stretch and the one that begins where it ends.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            estimate: self.estimate.then(next.estimate),
            longest_gap: self.longest_gap.into_iter().chain(next.longest_gap).reduce(f64::max),
            ends_on_sample: next.ends_on_sample,
            aliased: self.aliased || next.aliased,
        }
    }
}
