//! A number that can be questioned: value, uncertainty, grade, validity, boundary and source (MEASUREMENT.md §1).

use crate::units::Unit;
use std::fmt;

/// Where a number came from. The order is the order of trust: arithmetic takes the worst, which is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// A counter difference, an integral over recorded samples of one sensor, or a count.
    Measured,
    /// Arithmetic on measured values.
    Derived,
    /// At least one input comes from a model, a table or an assumption.
    Estimated,
    /// There is no number; the quantity says why.
    Unavailable,
}

impl Grade {
    /// The grade of a result computed from inputs of these two grades: never better than [`Grade::Derived`].
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        self.max(other).max(Self::Derived)
    }

    /// The grade as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Derived => "derived",
            Self::Estimated => "estimated",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How far to trust a number. It never changes the grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Validity {
    /// Nothing speaks against it.
    #[default]
    Ok,
    /// The value stands with a widened interval; the asked precision is not claimed.
    Limited(String),
    /// The value must not be used and is null.
    Invalid(String),
}

impl Validity {
    /// The less trusted of the two; on a tie the first one's reason is kept.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Limited(_) => 1,
            Self::Invalid(_) => 2,
        }
    }

    /// The verdict as written in records.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Limited(_) => "limited",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Why the verdict is not `ok`.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ok => None,
            Self::Limited(reason) | Self::Invalid(reason) => Some(reason),
        }
    }
}

/// What a joule covers. Quantities of different boundaries are never added without a name for the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boundary {
    /// A whole accelerator board.
    GpuBoard,
    /// A partition of a board (MIG); the reading is the parent's.
    GpuPartition,
    /// A module whose counter holds processor and accelerator together (GH200).
    Module,
    /// Processor sockets.
    CpuPackage,
    /// Memory beside the sockets.
    Dram,
    /// Sockets and memory, the one sum of two boundaries that RAPL allows.
    CpuPackageAndDram,
    /// The platform domain (psys); it contains the package.
    Platform,
    /// One host without its power supply's losses.
    Host,
    /// One node of a cluster.
    Node,
    /// The wall socket.
    Wall,
}

impl Boundary {
    /// Every boundary.
    pub const ALL: &'static [Self] = &[
        Self::GpuBoard,
        Self::GpuPartition,
        Self::Module,
        Self::CpuPackage,
        Self::Dram,
        Self::CpuPackageAndDram,
        Self::Platform,
        Self::Host,
        Self::Node,
        Self::Wall,
    ];

    /// The boundary as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GpuBoard => "gpu_board",
            Self::GpuPartition => "gpu_partition",
            Self::Module => "module",
            Self::CpuPackage => "cpu_package",
            Self::Dram => "dram",
            Self::CpuPackageAndDram => "cpu_package+dram",
            Self::Platform => "platform",
            Self::Host => "host",
            Self::Node => "node",
            Self::Wall => "wall",
        }
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Standard uncertainty in the unit of its value, systematic and random parts apart (MEASUREMENT.md §1).
///
/// More repetitions shrink the random part and never the systematic one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uncertainty {
    /// Standard uncertainty of effects that are the same in every repetition: gain, table values.
    pub systematic: f64,
    /// Standard uncertainty of effects that differ between repetitions: edges, quantisation.
    pub random: f64,
}

/// Coverage factor of the expanded uncertainty: about 95 % for a normal distribution (JCGM 100:2008, GUM §6.3.3).
const COVERAGE_FACTOR: f64 = 2.0;

impl Uncertainty {
    /// The standard uncertainty of a bound ±`half_width` about which nothing more is known.
    ///
    /// Rectangular distribution, u = a/√3 (JCGM 100:2008, GUM §4.3.7, type B).
    #[must_use]
    pub fn rectangular(half_width: f64) -> f64 {
        half_width.abs() / 3.0_f64.sqrt()
    }

    /// Combined standard uncertainty, √(systematic² + random²).
    #[must_use]
    pub fn combined(self) -> f64 {
        self.systematic.hypot(self.random)
    }

    /// Expanded uncertainty with k = 2: the figure behind the ±.
    #[must_use]
    pub fn expanded(self) -> f64 {
        COVERAGE_FACTOR * self.combined()
    }

    /// The uncertainty of the value multiplied by a number known exactly.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { systematic: self.systematic * factor.abs(), random: self.random * factor.abs() }
    }

    /// The uncertainty of a sum of parts that share their systematic effects (same sensor, same table):
    /// systematic parts add up, random parts add in quadrature.
    #[must_use]
    pub fn sum_of_correlated(parts: impl IntoIterator<Item = Self>) -> Self {
        parts
            .into_iter()
            .fold(Self::default(), |sum, part| Self { systematic: sum.systematic + part.systematic, random: sum.random.hypot(part.random) })
    }
}

/// A value with everything needed to question it.
///
/// Built by [`Quantity::present`] or [`Quantity::unavailable`], so that a missing value cannot carry a number and a
/// present one cannot be graded unavailable.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity<U> {
    value: Option<U>,
    uncertainty: Option<Uncertainty>,
    grade: Grade,
    validity: Validity,
    boundary: Option<Boundary>,
    source: String,
}

impl<U: Unit> Quantity<U> {
    /// A value of a known grade. `source` names the sensor, counter or formula. Grading it unavailable is a mistake of
    /// the caller and is treated as the worst grade a number can have.
    #[must_use]
    pub fn present(value: U, grade: Grade, source: impl Into<String>) -> Self {
        Self {
            value: Some(value),
            uncertainty: None,
            grade: grade.min(Grade::Estimated),
            validity: Validity::Ok,
            boundary: None,
            source: source.into(),
        }
    }

    /// No value, and why.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self { value: None, uncertainty: None, grade: Grade::Unavailable, validity: Validity::Ok, boundary: None, source: reason.into() }
    }

    /// The same quantity with an uncertainty in its unit.
    #[must_use]
    pub fn with_uncertainty(self, uncertainty: Uncertainty) -> Self {
        Self { uncertainty: self.value.map(|_| uncertainty), ..self }
    }

    /// The same quantity with the boundary it covers.
    #[must_use]
    pub fn within(self, boundary: Boundary) -> Self {
        Self { boundary: Some(boundary), ..self }
    }

    /// The same quantity under a verdict. An invalid quantity loses its value.
    #[must_use]
    pub fn judged(self, validity: Validity) -> Self {
        let validity = self.validity.combine(validity);
        match validity {
            Validity::Invalid(_) => Self { value: None, uncertainty: None, validity, ..self },
            Validity::Ok | Validity::Limited(_) => Self { validity, ..self },
        }
    }

    /// The value, unless unavailable or invalid.
    #[must_use]
    pub fn value(&self) -> Option<U> {
        self.value
    }

    /// The uncertainty, where it is known.
    #[must_use]
    pub fn uncertainty(&self) -> Option<Uncertainty> {
        self.uncertainty
    }

    /// Where the number came from.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// How far to trust it.
    #[must_use]
    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// What the number covers, for energies and powers.
    #[must_use]
    pub fn boundary(&self) -> Option<Boundary> {
        self.boundary
    }

    /// The sensor, counter or formula; for an unavailable quantity the reason.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Why there is no value; `None` when there is one.
    #[must_use]
    pub fn absence(&self) -> Option<&str> {
        match (&self.value, &self.validity) {
            (Some(_), _) => None,
            (None, Validity::Invalid(reason)) => Some(reason),
            (None, _) => Some(&self.source),
        }
    }

    /// This quantity divided by an exact, positive number of things, as a new unit.
    ///
    /// `divide` makes the new value, or `None` when no such figure exists (a count of zero); then the result is
    /// unavailable for `absence`.
    #[must_use]
    pub fn per<V: Unit>(&self, count: f64, divide: impl FnOnce(U) -> Option<V>, formula: &str, absence: &str) -> Quantity<V> {
        let Some(value) = self.value else {
            return Quantity {
                value: None,
                uncertainty: None,
                grade: self.grade.combine(Grade::Measured),
                validity: self.validity.clone(),
                boundary: self.boundary,
                source: self.absence().unwrap_or_default().to_owned(),
            };
        };
        let Some(quotient) = divide(value) else {
            return Quantity { boundary: self.boundary, ..Quantity::unavailable(absence) };
        };
        Quantity {
            value: Some(quotient),
            uncertainty: self.uncertainty.map(|uncertainty| uncertainty.scaled(1.0 / count)),
            grade: self.grade.combine(Grade::Measured),
            validity: self.validity.clone(),
            boundary: self.boundary,
            source: formula.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Joules, JoulesPerToken, Tokens};
    use proptest::prelude::*;

    fn any_grade() -> impl Strategy<Value = Grade> {
        prop::sample::select(vec![Grade::Measured, Grade::Derived, Grade::Estimated, Grade::Unavailable])
    }

    proptest! {
        #[test]
        fn combining_grades_is_commutative_associative_and_never_improves(a in any_grade(), b in any_grade(), c in any_grade()) {
            prop_assert_eq!(a.combine(b), b.combine(a));
            prop_assert_eq!(a.combine(b).combine(c), a.combine(b.combine(c)));
            prop_assert!(a.combine(b) >= a && a.combine(b) >= b && a.combine(b) >= Grade::Derived);
        }

        #[test]
        fn repetition_never_shrinks_the_systematic_part(systematic in 0.0..10.0f64, random in 0.0..10.0f64, n in 1usize..50) {
            let sum = Uncertainty::sum_of_correlated(std::iter::repeat_n(Uncertainty { systematic, random }, n));
            let mean = sum.scaled(1.0 / f64::from(u32::try_from(n).expect("small")));
            prop_assert!((mean.systematic - systematic).abs() < 1e-9);
            prop_assert!(mean.random <= random + 1e-9);
        }
    }

    #[test]
    fn an_estimate_stays_an_estimate_per_token() {
        let energy = Quantity::present(Joules::new(10.0), Grade::Estimated, "cpu table")
            .with_uncertainty(Uncertainty { systematic: 2.0, random: 0.5 })
            .within(Boundary::CpuPackage);
        let per_token = energy.per(4.0, |joules| JoulesPerToken::of(joules, Tokens::new(4)), "E / output tokens", "no output token");
        assert_eq!(per_token.value(), Some(JoulesPerToken::new(2.5)));
        assert_eq!(per_token.grade(), Grade::Estimated);
        assert_eq!(per_token.boundary(), Some(Boundary::CpuPackage));
        assert_eq!(per_token.uncertainty(), Some(Uncertainty { systematic: 0.5, random: 0.125 }));
    }

    #[test]
    fn what_is_missing_or_invalid_carries_no_number() {
        let missing = Quantity::<Joules>::unavailable("no sensor").with_uncertainty(Uncertainty::default());
        assert_eq!((missing.value(), missing.uncertainty(), missing.absence()), (None, None, Some("no sensor")));
        let reset = Quantity::present(Joules::new(1.0), Grade::Measured, "counter").judged(Validity::Invalid("counter reset".into()));
        assert_eq!((reset.value(), reset.grade(), reset.absence()), (None, Grade::Measured, Some("counter reset")));
        let per_token = reset.per(1.0, |joules| JoulesPerToken::of(joules, Tokens::new(1)), "E / tokens", "none");
        assert_eq!((per_token.value(), per_token.absence()), (None, Some("counter reset")));
        let none = Quantity::present(Joules::new(1.0), Grade::Measured, "counter").per(
            0.0,
            |joules| JoulesPerToken::of(joules, Tokens::new(0)),
            "E / tokens",
            "no output token",
        );
        assert_eq!((none.value(), none.grade(), none.absence()), (None, Grade::Unavailable, Some("no output token")));
    }

    #[test]
    fn a_rectangular_bound_is_a_over_root_three() {
        assert!((Uncertainty::rectangular(-3.0) - 3.0_f64.sqrt()).abs() < 1e-12);
        assert!((Uncertainty { systematic: 3.0, random: 4.0 }.expanded() - 10.0).abs() < 1e-12);
    }
}
