//! What repetitions scatter by.

use lem_domain::statistics::Random;

/// Scatter around 1.
#[derive(Clone, Copy)]
pub(crate) enum Noise {
    /// Normal, by this share.
    Normal(f64),
    /// Log-normal with this deviation of the logarithm, and a mean of 1.
    LogNormal(f64),
    /// Normal by this share, each value depending on the one before by this correlation.
    FirstOrder(f64, f64),
}

impl Noise {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Normal(deviation) => format!("normal, {} %", 100.0 * deviation),
            Self::LogNormal(deviation) => format!("log-normal, σ = {deviation}"),
            Self::FirstOrder(deviation, phi) => format!("AR(1), φ = {phi}, {} %", 100.0 * deviation),
        }
    }

    /// The factors of `n` repetitions in a row.
    pub(crate) fn factors(self, n: usize, random: &mut Random) -> Vec<f64> {
        let mut last = random.normal();
        let mut factor = || match self {
            Self::Normal(deviation) => 1.0 + deviation * random.normal(),
            Self::LogNormal(deviation) => (deviation * random.normal() - 0.5 * deviation * deviation).exp(),
            Self::FirstOrder(deviation, phi) => {
                last = phi * last + (1.0 - phi * phi).sqrt() * random.normal();
                1.0 + deviation * last
            }
        };
        (0..n).map(|_| factor()).collect()
    }
}

/// A share of the runs as it stands on the page.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[expect(clippy::cast_precision_loss, reason = "a thousand runs")]
pub(crate) fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

pub(crate) const RUNS: usize = 1_000;
