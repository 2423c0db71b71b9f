//! Repetitions that stand apart: named, never dropped.

use super::moments::quantile_of_sorted;

/// How far a value lies outside the quartiles (Tukey 1977, "Exploratory Data Analysis").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fence {
    /// Within 1.5 interquartile ranges.
    Inside,
    /// Beyond 1.5 interquartile ranges.
    Mild,
    /// Beyond 3 interquartile ranges.
    Severe,
}

impl Fence {
    /// The class as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Mild => "mild",
            Self::Severe => "severe",
        }
    }
}

/// A value that stands apart from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    /// Its position, from 0.
    pub index: usize,
    /// Where it lies by the quartiles.
    pub fence: Fence,
    /// Its distance from the median in standard deviations as the median absolute deviation tells them.
    pub modified_z: f64,
}

/// Scales the median absolute deviation to σ for normal data.
/// Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers".
const MAD_TO_SIGMA: f64 = 1.4826;

/// Distance from the median beyond which Iglewicz & Hoaglin call a value an outlier.
const APART: f64 = 3.5;

/// Fewest values whose quartiles mean anything.
const FEWEST: usize = 5;

/// The values that stand apart by quartiles or by the median absolute deviation, in their order.
#[must_use]
pub fn outliers(values: &[f64]) -> Vec<Outlier> {
    if values.len() < FEWEST {
        return Vec::new();
    }
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let ordered = sorted(values.to_vec());
    let [first, median, third] = [0.25, 0.5, 0.75].map(|share| quantile_of_sorted(&ordered, share));
    let deviation = quantile_of_sorted(&sorted(values.iter().map(|value| (value - median).abs()).collect()), 0.5);
    let classify = |(index, &value): (usize, &f64)| {
        let beyond = |ranges: f64| value < first - ranges * (third - first) || value > third + ranges * (third - first);
        let fence = if beyond(3.0) {
            Fence::Severe
        } else if beyond(1.5) {
            Fence::Mild
        } else {
            Fence::Inside
        };
        // With no deviation at all, whatever differs is infinitely far; the quartiles have called it severe already.
        let modified_z = if deviation > 0.0 { (value - median) / (MAD_TO_SIGMA * deviation) } else { 0.0 };
        Outlier { index, fence, modified_z }
    };
    values.iter().enumerate().map(classify).filter(|found| found.fence > Fence::Inside || found.modified_z.abs() > APART).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_apart_are_classified_and_kept_in_place() {
        let found = outliers(&[10.0, 10.2, 9.9, 10.1, 10.0, 30.0, 9.8, 11.2]);
        assert_eq!(found.iter().map(|outlier| (outlier.index, outlier.fence)).collect::<Vec<_>>(), [(5, Fence::Severe), (7, Fence::Mild)]);
        assert!(found[0].modified_z > 50.0 && found[1].modified_z > 0.0);
    }

    #[test]
    fn four_values_have_no_quartiles_and_equal_ones_no_outlier() {
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 9.0]), []);
        assert_eq!(outliers(&[2.0; 9]), []);
        assert_eq!(outliers(&[2.0, 2.0, 2.0, 2.0, 2.0, 7.0]).len(), 1);
    }
}
