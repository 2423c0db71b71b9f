//! Least squares of a few columns, with what says how far to trust it.

use super::moments::f64_of;

/// A fitted linear model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// One coefficient per column.
    pub coefficients: Vec<f64>,
    /// What the model leaves of each observation.
    pub residuals: Vec<f64>,
    /// Observations less columns.
    pub degrees: usize,
    /// Standard error of each coefficient, for residuals that are independent of each other.
    pub standard_errors: Vec<f64>,
}

/// The columns do not tell their coefficients apart, or there are no more observations than columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the observations do not tell the coefficients apart")]
pub struct RankDeficient;

/// Coefficients that leave the least squares of `observed` over `columns`, each of the length of `observed`.
///
/// By the normal equations of columns scaled to length one, which double the digits lost to a condition number; the models
/// of this project are refused long before that matters.
///
/// # Errors
/// When the columns are dependent or as many as the observations.
pub fn least_squares(columns: &[Vec<f64>], observed: &[f64]) -> Result<Fit, RankDeficient> {
    let degrees = observed.len().checked_sub(columns.len()).filter(|&degrees| degrees > 0).ok_or(RankDeficient)?;
    let scaled = Scaled::of(columns).ok_or(RankDeficient)?;
    let factor = cholesky(&scaled.products).ok_or(RankDeficient)?;
    let right: Vec<f64> = columns.iter().zip(&scaled.lengths).map(|(column, length)| dot(column, observed) / length).collect();
    let solved = solve(&factor, &right);
    let coefficients: Vec<f64> = solved.iter().zip(&scaled.lengths).map(|(value, length)| value / length).collect();
    let residuals: Vec<f64> = observed
        .iter()
        .enumerate()
        .map(|(row, &value)| value - columns.iter().zip(&coefficients).map(|(column, coefficient)| column[row] * coefficient).sum::<f64>())
        .collect();
    let variance = dot(&residuals, &residuals) / f64_of(degrees);
    let standard_errors = (0..columns.len())
        .map(|index| {
            let unit: Vec<f64> = (0..columns.len()).map(|other| if other == index { 1.0 } else { 0.0 }).collect();
            (variance * solve(&factor, &unit)[index]).sqrt() / scaled.lengths[index]
        })
        .collect();
    Ok(Fit { coefficients, residuals, degrees, standard_errors })
}

/// Condition number of columns scaled to length one: how many times more uncertain dependence between them makes the
/// coefficients; infinite where they are dependent (Belsley, Kuh & Welsch 1980, "Regression Diagnostics", chapter 3: from
/// 30 on it is harmful).
#[must_use]
pub fn scaled_condition(columns: &[Vec<f64>]) -> f64 {
    let Some(scaled) = Scaled::of(columns) else { return f64::INFINITY };
    let values = eigenvalues(scaled.products);
    let largest = values.iter().copied().fold(0.0, f64::max);
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    if smallest > largest * 1e-14 { (largest / smallest).sqrt() } else { f64::INFINITY }
}

/// Columns of length one: their products with each other, and how long they were.
struct Scaled {
    products: Vec<Vec<f64>>,
    lengths: Vec<f64>,
}

impl Scaled {
    /// `None` when there are no columns or one of them is zero.
    fn of(columns: &[Vec<f64>]) -> Option<Self> {
        let lengths: Vec<f64> = columns.iter().map(|column| dot(column, column).sqrt()).collect();
        if lengths.is_empty() || lengths.iter().any(|&length| !(length.is_normal())) {
            return None;
        }
        let products = columns
            .iter()
            .zip(&lengths)
            .map(|(one, length)| columns.iter().zip(&lengths).map(|(other, second)| dot(one, other) / (length * second)).collect())
            .collect();
        Some(Self { products, lengths })
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The lower factor of a symmetric matrix with ones on its diagonal; `None` when it is singular to working precision.
fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    const SINGULAR: f64 = 1e-11;
    let n = matrix.len();
    let mut factor = vec![vec![0.0; n]; n];
    for row in 0..n {
        for column in 0..=row {
            let sum = dot(&factor[row][..column], &factor[column][..column]);
            let rest = matrix[row][column] - sum;
            factor[row][column] = if row == column { (rest > SINGULAR).then(|| rest.sqrt())? } else { rest / factor[column][column] };
        }
    }
    Some(factor)
}

fn solve(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let mut solved = right.to_vec();
    for row in 0..n {
        let sum = dot(&factor[row][..row], &solved[..row]);
        solved[row] = (solved[row] - sum) / factor[row][row];
    }
    for row in (0..n).rev() {
        let sum: f64 = (row + 1..n).map(|below| factor[below][row] * solved[below]).sum();
        solved[row] = (solved[row] - sum) / factor[row][row];
    }
    solved
}

/// Eigenvalues of a symmetric matrix by Jacobi's rotations (Golub & Van Loan 2013, "Matrix Computations", §8.5).
fn eigenvalues(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
    const SWEEPS: usize = 30;
    let n = matrix.len();
    for _ in 0..SWEEPS {
        let off: f64 =
            (0..n).flat_map(|row| (0..row).map(move |column| (row, column))).map(|(row, column)| matrix[row][column].powi(2)).sum();
        if off < 1e-30 {
            break;
        }
        for row in 1..n {
            for column in 0..row {
                rotate(&mut matrix, row, column);
            }
        }
    }
    (0..n).map(|index| matrix[index][index]).collect()
}

/// Turns the entry at (row, column) of a symmetric matrix to zero.
fn rotate(matrix: &mut [Vec<f64>], row: usize, column: usize) {
    if matrix[row][column] == 0.0 {
        return;
    }
    let ratio = (matrix[row][row] - matrix[column][column]) / (2.0 * matrix[row][column]);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for entries in matrix.iter_mut() {
        let (one, other) = (entries[column], entries[row]);
        entries[column] = cosine * one - sine * other;
        entries[row] = sine * one + cosine * other;
    }
    // `column` is less than `row`: the lower triangle is walked through.
    let (above, below) = matrix.split_at_mut(row);
    for (one, other) in above[column].iter_mut().zip(&mut below[0]) {
        (*one, *other) = (cosine * *one - sine * *other, sine * *one + cosine * *other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the squares of the residuals add up to 0.063 over two degrees of freedom, those of the places to 5.
    #[test]
    fn a_line_through_four_points() {
        let fit = least_squares(&[vec![1.0; 4], vec![0.0, 1.0, 2.0, 3.0]], &[1.1, 1.9, 3.2, 3.9]).unwrap();
        for (got, expected) in fit
            .coefficients
            .iter()
            .zip([1.07, 0.97])
            .chain(fit.standard_errors.iter().zip([(0.0315_f64 * 0.7).sqrt(), (0.0315_f64 / 5.0).sqrt()]))
        {
            assert!((got - expected).abs() < 1e-6, "{fit:?}");
        }
        assert_eq!(fit.degrees, 2);
    }

    #[test]
    fn columns_that_cannot_be_told_apart_are_refused() {
        let (ones, twos) = (vec![1.0; 5], vec![2.0; 5]);
        assert_eq!(least_squares(&[ones.clone(), twos.clone()], &[1.0; 5]), Err(RankDeficient));
        assert_eq!(least_squares(std::slice::from_ref(&ones), &[1.0]), Err(RankDeficient));
        assert_eq!(least_squares(&[ones.clone(), vec![0.0; 5]], &[1.0; 5]), Err(RankDeficient));
        assert_eq!((scaled_condition(&[ones.clone(), twos]), scaled_condition(&[])), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn the_condition_number_knows_no_units() {
        // Two columns with a cosine of c have the eigenvalues 1 ± c.
        let columns = |factor: f64| vec![vec![1.0, 0.0], vec![0.6 * factor, 0.8 * factor]];
        for factor in [1.0, 1e-6, 1e9] {
            assert!((scaled_condition(&columns(factor)) - 2.0).abs() < 1e-12);
        }
        let orthogonal = vec![vec![1.0, 1.0, 0.0], vec![1.0, -1.0, 0.0], vec![0.0, 0.0, 7.0]];
        assert!((scaled_condition(&orthogonal) - 1.0).abs() < 1e-12);
    }
}
