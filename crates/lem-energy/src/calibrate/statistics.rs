//! Location and 95 % half-width of a handful of figures.

/// Two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_964;

/// A figure and the half-width of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) half_width: f64,
}

/// Median with its interval by order statistics (Conover, "Practical Nonparametric Statistics", 3rd ed., §3.2), whose
/// ranks n/2 ± z·√n/2 come of the normal approximation of the binomial. `None` for fewer than six values, of which no two
/// bound the median with 95 %.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks lie within the length")]
pub(super) fn median(mut values: Vec<f64>) -> Option<Estimate> {
    const FEWEST: usize = 6;
    let n = values.len();
    if n < FEWEST {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let reach = Z * (n as f64).sqrt() / 2.0;
    // The k-th smallest stands at position k − 1.
    let low = (n as f64 / 2.0 - reach - 1.0).floor().max(0.0) as usize;
    let high = ((n as f64 / 2.0 + reach).ceil() as usize).min(n - 1);
    let value = f64::midpoint(values[(n - 1) / 2], values[n / 2]);
    Some(Estimate { value, half_width: (values[high] - value).max(value - values[low]) })
}

/// Mean with its interval by Student's t; `None` for fewer than three values.
pub(super) fn mean(values: &[f64]) -> Option<Estimate> {
    ratio_of_sums(&values.iter().map(|&value| (value, 1.0)).collect::<Vec<_>>())
}

/// Standard error of an estimate from what it becomes without each of several groups of the data: the delete-a-group
/// jackknife (Kott 2001, "The delete-a-group jackknife", Journal of Official Statistics 17, 521), as the half-width of a
/// 95 % interval by Student's t.
#[expect(clippy::cast_precision_loss, reason = "a handful of groups")]
pub(super) fn jackknife_half_width(without_each: &[f64]) -> f64 {
    let n = without_each.len();
    if n < 2 {
        return f64::INFINITY;
    }
    let mean = without_each.iter().sum::<f64>() / n as f64;
    let squares: f64 = without_each.iter().map(|value| (value - mean).powi(2)).sum();
    student(n - 1) * (squares * (n - 1) as f64 / n as f64).sqrt()
}

/// A ratio of sums over pieces of data, Σa ÷ Σb, with the half-width from the scatter between pieces. `None` for fewer than
/// three pieces, or nothing to divide by.
pub(super) fn ratio_of_sums(pieces: &[(f64, f64)]) -> Option<Estimate> {
    const FEWEST: usize = 3;
    let sums = |skipped: Option<usize>| {
        let kept = pieces.iter().enumerate().filter(|(position, _)| Some(*position) != skipped);
        kept.fold((0.0, 0.0), |(above, below), (_, piece)| (above + piece.0, below + piece.1))
    };
    let ratio = |skipped| {
        let (above, below): (f64, f64) = sums(skipped);
        (below > 0.0).then(|| above / below)
    };
    if pieces.len() < FEWEST {
        return None;
    }
    let without_each: Vec<f64> = (0..pieces.len()).map(|skipped| ratio(Some(skipped))).collect::<Option<_>>()?;
    Some(Estimate { value: ratio(None)?, half_width: jackknife_half_width(&without_each) })
}

/// Two-sided 95 % quantile of Student's t: exact where few degrees of freedom make the series poor, else Cornish–Fisher
/// (Abramowitz & Stegun 26.7.5), off by less than 1 %.
#[expect(clippy::cast_precision_loss, reason = "a handful of values")]
fn student(degrees: usize) -> f64 {
    const FEW: [f64; 5] = [12.706, 4.303, 3.182, 2.776, 2.571];
    let exact = degrees.checked_sub(1).and_then(|position| FEW.get(position)).copied();
    let nu = degrees as f64;
    exact.unwrap_or(Z + (Z.powi(3) + Z) / (4.0 * nu) + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * nu * nu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        let check = |degrees, expected: f64| assert!((student(degrees) / expected - 1.0).abs() < 0.01, "{degrees}: {}", student(degrees));
        check(1, 12.706);
        check(6, 2.447);
        check(30, 2.042);
        let found = median((1..=9).map(f64::from).collect()).expect("nine values");
        assert!((found.value - 5.0).abs() < 1e-12 && (found.half_width - 4.0).abs() < 1e-12, "{found:?}");
        assert_eq!(median(vec![1.0; 5]), None);
    }

    #[test]
    fn a_jackknife_of_a_mean_is_its_standard_error() {
        let values: Vec<f64> = (1..=9).map(f64::from).collect();
        let without_each: Vec<f64> = values.iter().map(|value| (45.0 - value) / 8.0).collect();
        // Standard deviation 2.7386, t(8) = 2.306.
        assert!((jackknife_half_width(&without_each) - 2.105).abs() < 0.02, "{}", jackknife_half_width(&without_each));
        let pieces: Vec<_> = values.iter().map(|&value| (value, 1.0)).collect();
        let found = ratio_of_sums(&pieces).expect("nine pieces");
        assert!((found.value - 5.0).abs() < 1e-12 && (found.half_width - 2.105).abs() < 0.02, "{found:?}");
        assert_eq!((ratio_of_sums(&pieces[..2]), ratio_of_sums(&[(1.0, 0.0); 4])), (None, None));
    }
}
