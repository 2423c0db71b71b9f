//! What is random about an energy: effects that add up, each with a variance and a shape.

use super::rounding::Rounding;
use std::ops::{Add, AddAssign};

/// Second and fourth cumulant of a sum of independent effects, in joules squared and joules to the fourth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spread {
    variance: f64,
    fourth: f64,
}

/// Excess kurtosis of a rectangular distribution.
const RECTANGULAR_EXCESS: f64 = -1.2;

impl Spread {
    /// A normal effect of a variance.
    pub(super) fn normal(variance: f64) -> Self {
        Self { variance, fourth: 0.0 }
    }

    /// An effect that is equally likely anywhere within a full width.
    pub(super) fn rectangular(width: f64) -> Self {
        let variance = width * width / 12.0;
        Self { variance, fourth: RECTANGULAR_EXCESS * variance * variance }
    }

    /// A normal effect whose variance was itself estimated with some degrees of freedom: Student's t, whose variance is
    /// larger by ν/(ν − 2) and whose excess kurtosis is 6/(ν − 4). Below five degrees it is taken at five.
    pub(super) fn student(variance: f64, degrees: f64) -> Self {
        let degrees = degrees.max(5.0);
        let variance = variance * degrees / (degrees - 2.0);
        Self { variance, fourth: 6.0 / (degrees - 4.0) * variance * variance }
    }

    /// The same shape with a variance that is larger by a factor.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { variance: self.variance * factor, fourth: self.fourth * factor * factor }
    }

    pub(super) fn standard(self) -> f64 {
        self.variance.max(0.0).sqrt()
    }

    /// Excess kurtosis, 0 where nothing is random.
    pub(super) fn excess(self) -> f64 {
        if self.variance > 0.0 { self.fourth / (self.variance * self.variance) } else { 0.0 }
    }
}

impl Add for Spread {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { variance: self.variance + other.variance, fourth: self.fourth + other.fourth }
    }
}

impl AddAssign for Spread {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// An energy in joules, and what is random about it by where that comes from, so that stretches of time make one.
#[derive(Clone, Debug)]
pub(super) struct Estimate {
    pub(super) joules: f64,
    /// Of the start and of the end.
    pub(super) edges: [Spread; 2],
    /// Of what lies between them.
    pub(super) inner: Spread,
    pub(super) rounding: Rounding,
}

impl Estimate {
    /// An energy of which only the edges are unsure.
    pub(super) fn between_edges(joules: f64, edges: [Spread; 2]) -> Self {
        Self { joules, edges, inner: Spread::default(), rounding: Rounding::default() }
    }

    /// This stretch and the one that begins where it ends. What is unknown of the edge between them is given to one and
    /// taken from the other, so it does not count.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            joules: self.joules + next.joules,
            edges: [self.edges[0], next.edges[1]],
            inner: self.inner + next.inner,
            rounding: self.rounding.then(next.rounding),
        }
    }

    /// Everything that is random about it.
    pub(super) fn spread(&self) -> Spread {
        self.edges[0] + self.edges[1] + self.inner + self.rounding.spread()
    }
}

/// How many there are, as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "a session holds far fewer than 2^52 samples")]
pub(super) fn f64_of(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(joules: f64, edges: [f64; 2], seconds: f64) -> Estimate {
        let shown = vec![(200.0, seconds / 10.0); 10];
        let rounding = Rounding::of(&shown, 0.5, |_| 0.0);
        Estimate { inner: Spread::normal(1.0), rounding, ..Estimate::between_edges(joules, edges.map(Spread::normal)) }
    }

    #[test]
    fn the_edge_between_two_stretches_cancels_and_what_leans_goes_on_leaning() {
        let both = steady(10.0, [4.0, 100.0], 20.0).then(steady(20.0, [100.0, 3.0], 40.0));
        let whole = steady(30.0, [4.0, 3.0], 60.0);
        assert!((both.joules - whole.joules).abs() < 1e-12);
        // What is random between the edges is independent from stretch to stretch: once for each.
        let expected = (whole.spread() + Spread::normal(1.0)).standard();
        assert!((both.spread().standard() - expected).abs() < 1e-9, "{both:?}");
    }
}
