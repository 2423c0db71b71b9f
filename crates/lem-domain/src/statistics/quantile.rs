//! Quantiles of the normal and of Student's distribution.
//!
//! By statrs, without its optional dependencies: two small crates beside it, and functions that are tested there.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The standard normal quantile of a probability between 0 and 1.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The standard normal probability of lying below a value.
pub(super) fn normal_probability(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// Quantile of Student's t with any positive number of degrees of freedom, at a probability between 0 and 1.
#[must_use]
pub fn student_t_quantile(probability: f64, degrees: f64) -> f64 {
    student(degrees).inverse_cdf(probability)
}

/// Probability that Student's t is at least as far from 0 as a value.
#[must_use]
pub fn student_t_two_sided(value: f64, degrees: f64) -> f64 {
    2.0 * student(degrees).cdf(-value.abs())
}

fn student(degrees: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees).expect("degrees of freedom are positive")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz & Stegun 1964, "Handbook of Mathematical Functions", tables 26.1 and 26.10, with further digits.
    #[test]
    fn quantiles_are_those_of_published_tables() {
        let check = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        for (degrees, expected) in [(1.0, 12.706_204_736), (2.0, 4.302_652_730), (4.0, 2.776_445_105), (9.0, 2.262_157_163)] {
            check(student_t_quantile(0.975, degrees), expected);
            check(student_t_quantile(0.025, degrees), -expected);
            check(student_t_two_sided(expected, degrees), 0.05);
        }
        check(student_t_quantile(0.975, 199.0), 1.971_956_545);
        check(normal_quantile(0.975), 1.959_963_985);
        check(normal_probability(-1.959_963_985), 0.025);
    }
}
