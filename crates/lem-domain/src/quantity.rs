//! A number that can be questioned: value, uncertainty, grade, validity, boundary and source (MEASUREMENT.md §1).

use crate::uncertainty::Uncertainty;
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
    /// The cores, a part of their package.
    CpuCores,
    /// What a package holds beside its cores, such as an integrated graphics unit.
    CpuUncore,
    /// The memory of an accelerator, a part of its board.
    GpuMemory,
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
        Self::CpuCores,
        Self::CpuUncore,
        Self::GpuMemory,
        Self::Platform,
        Self::Host,
        Self::Node,
        Self::Wall,
    ];

    /// Whether it holds an accelerator and nothing of the processor.
    #[must_use]
    pub const fn is_accelerator(self) -> bool {
        matches!(self, Self::GpuBoard | Self::GpuPartition | Self::GpuMemory)
    }

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
            Self::CpuCores => "cpu_cores",
            Self::CpuUncore => "cpu_uncore",
            Self::GpuMemory => "gpu_memory",
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
    }

    #[test]
    fn an_estimate_stays_an_estimate_per_token() {
        let energy = Quantity::present(Joules::new(10.0), Grade::Estimated, "cpu table")
            .with_uncertainty(Uncertainty::new(2.0, 0.5))
            .within(Boundary::CpuPackage);
        let per_token = energy.per(4.0, |joules| JoulesPerToken::of(joules, Tokens::new(4)), "E / output tokens", "no output token");
        assert_eq!(per_token.value(), Some(JoulesPerToken::new(2.5)));
        assert_eq!(per_token.grade(), Grade::Estimated);
        assert_eq!(per_token.boundary(), Some(Boundary::CpuPackage));
        assert_eq!(per_token.uncertainty(), Some(Uncertainty::new(0.5, 0.125)));
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
}
