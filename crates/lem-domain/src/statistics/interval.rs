//! An interval, and what widens it once.

/// A two-sided interval around a value, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Half of its width.
    #[must_use]
    pub fn half_width(self) -> f64 {
        0.5 * (self.high - self.low)
    }

    /// Whether a value lies in it, the ends included.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether it lies inside another as a whole.
    #[must_use]
    pub fn is_inside(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    /// The interval of `value` with a further, independent effect of this half-width: each side grows in quadrature.
    ///
    /// The systematic part enters here, once, after all repetitions have been made use of, because none shrinks it.
    #[must_use]
    pub fn widened(self, value: f64, half_width: f64) -> Self {
        Self { low: value - (value - self.low).hypot(half_width), high: value + (self.high - value).hypot(half_width) }
    }

    /// The interval of the exponential.
    #[must_use]
    pub fn exp(self) -> Self {
        Self { low: self.low.exp(), high: self.high.exp() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_systematic_effect_widens_each_side_in_quadrature() {
        let random = Interval { low: 7.0, high: 14.0 };
        assert_eq!(random.widened(10.0, 4.0), Interval { low: 5.0, high: 10.0 + 32.0_f64.sqrt() });
        assert_eq!(random.widened(10.0, 0.0), random);
        assert!(random.is_inside(random.widened(10.0, 1.0)) && random.contains(7.0) && !random.contains(6.9));
    }
}
