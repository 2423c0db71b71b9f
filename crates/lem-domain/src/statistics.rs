//! How sure a figure is, and whether two differ (MEASUREMENT.md §8): pure functions over numbers.
//!
//! Stands in this crate because both sides of a measurement need it: the life of a run stops its cycles by
//! [`ConfidenceSequence`], and what reads stored results puts intervals on them by [`ratio_interval`]. Nothing in here
//! knows a unit: callers pass joules and tokens, or tokens and seconds. Every random choice takes a seed, and the same
//! seed gives the same figures on every machine. Start at [`ratio_interval`] and [`compare`].

mod autocorrelation;
mod blocks;
mod bootstrap;
mod comparison;
mod interval;
mod jackknife;
mod least_squares;
mod moments;
mod outliers;
mod planning;
mod quantile;
mod random;
mod ratio;
mod sequence;
mod steady;
mod verdict;

pub use autocorrelation::{Correlation, correlation};
pub use comparison::{Arm, Comparison, Covariate, Design, Observation, compare};
pub use interval::Interval;
pub use least_squares::{Fit, RankDeficient, least_squares, scaled_condition};
pub use moments::{coefficient_of_variation, mean, standard_deviation};
pub use outliers::{Fence, Outlier, outliers};
pub use planning::{minimum_detectable_effect, pairs_for_effect};
pub use quantile::{normal_quantile, student_t_quantile, student_t_two_sided};
pub use random::Random;
pub use ratio::{Method, RatioInterval, Unit, ratio_interval};
pub use sequence::{ConfidenceSequence, FIRST_LOOK, Stop};
pub use steady::{Steady, steady_state};
pub use verdict::{Margin, Verdict, holm, judge};
