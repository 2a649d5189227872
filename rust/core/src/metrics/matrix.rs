//! A borrowed table of samples (rows) by classes (columns).

use super::error::{Error, Place};
use super::score::Score;

/// A borrowed two-dimensional array, one row a sample and one column a class.
///
/// With the feature `ndarray`, [`TryFrom`] borrows one from an array of that crate.
///
/// # Examples
/// ```
/// use medfast::metrics::{Error, Matrix};
///
/// let by_row = [0.9, 0.1, 0.2, 0.8, 0.5, 0.5];
/// let scores = Matrix::row_major(&by_row, 3, 2)?;
/// assert_eq!((scores.rows(), scores.columns()), (3, 2));
/// assert!(matches!(Matrix::row_major(&by_row, 4, 2), Err(Error::Shape { .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A table whose rows lie one after the other.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `data` holds `rows * columns` values.
    pub fn row_major(data: &'a [T], rows: usize, columns: usize) -> Result<Self, Error> {
        Self::new(data, rows, columns, columns, 1)
    }

    /// A table whose columns lie one after the other.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `data` holds `rows * columns` values.
    pub fn column_major(data: &'a [T], rows: usize, columns: usize) -> Result<Self, Error> {
        Self::new(data, rows, columns, 1, rows)
    }

    /// A table of one column: the scores, or the labels, of a single class.
    #[must_use]
    pub fn single_column(data: &'a [T]) -> Self {
        Self {
            data,
            rows: data.len(),
            columns: 1,
            row_step: 1,
            column_step: data.len(),
        }
    }

    fn new(
        data: &'a [T],
        rows: usize,
        columns: usize,
        row_step: usize,
        column_step: usize,
    ) -> Result<Self, Error> {
        if rows.checked_mul(columns) != Some(data.len()) {
            return Err(Error::shape("matrix data", (data.len(),), (rows, columns)));
        }
        Ok(Self {
            data,
            rows,
            columns,
            row_step,
            column_step,
        })
    }

    /// The number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of classes.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }
}

impl<'a, T: Copy> Matrix<'a, T> {
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        strided(
            self.data,
            column * self.column_step,
            self.row_step,
            self.rows,
        )
    }

    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        strided(
            self.data,
            row * self.row_step,
            self.column_step,
            self.columns,
        )
    }

    pub(super) fn values(&self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        let matrix = *self;
        (0..self.columns).flat_map(move |column| matrix.column(column))
    }
}

fn strided<T: Copy>(
    data: &[T],
    start: usize,
    step: usize,
    length: usize,
) -> impl Iterator<Item = T> + Clone {
    let data = data.get(start..).unwrap_or_default();
    data.iter().step_by(step.max(1)).take(length).copied()
}

impl<S: Score> Matrix<'_, S> {
    /// Fails at the first row, and the first column in it, that is NaN.
    pub(super) fn check_ordered(&self) -> Result<(), Error> {
        if all_ordered(self.data) {
            return Ok(());
        }
        let faults = (0..self.rows).flat_map(|row| {
            let columns = self.row(row).enumerate();
            columns.map(move |(column, score)| (row, column, score))
        });
        first_fault(faults.map(|(row, column, score)| {
            let column = (self.columns > 1).then_some(column);
            (Place { row, column }, score)
        }))
    }
}

impl<S: Score> Matrix<'_, S> {
    fn row_sum(&self, row: usize) -> f64 {
        self.row(row).map(|score| score.to_f64()).sum()
    }
}

pub(super) fn check_ordered<S: Score>(scores: &[S]) -> Result<(), Error> {
    if all_ordered(scores) {
        return Ok(());
    }
    let places = (0..).map(|row| Place { row, column: None });
    first_fault(places.zip(scores.iter().copied()))
}

fn all_ordered<S: Score>(scores: &[S]) -> bool {
    // Without an early exit the loop is vectorised.
    scores.iter().fold(true, |all, score| all & !score.is_nan())
}

fn first_fault<S: Score>(mut scores: impl Iterator<Item = (Place, S)>) -> Result<(), Error> {
    match scores.find(|(_, score)| score.is_nan()) {
        Some((place, _)) => Err(Error::Score { place }),
        None => Ok(()),
    }
}

/// Checks that the scores of every sample sum to one, as probabilities of its classes do.
///
/// The same as `numpy.allclose(1, scores.sum(axis=1))`.
///
/// # Errors
/// [`Error::Probabilities`] names the first row that does not, as no row with an infinite score
/// does; [`Error::Score`] the first score that is NaN.
///
/// # Examples
/// ```
/// use medfast::metrics::{Error, Matrix, check_probabilities};
///
/// assert_eq!(check_probabilities(Matrix::row_major(&[0.25, 0.75], 1, 2)?), Ok(()));
/// let logits = Matrix::row_major(&[-1.0, 3.0], 1, 2)?;
/// assert_eq!(check_probabilities(logits), Err(Error::Probabilities { row: 0, sum: 2.0 }));
/// # Ok::<(), Error>(())
/// ```
pub fn check_probabilities<S: Score>(scores: Matrix<'_, S>) -> Result<(), Error> {
    scores.check_ordered()?;
    let sum_to_one = |sum: f64| (1.0 - sum).abs() <= 1e-8 + 1e-5 * sum.abs() && sum.is_finite();
    let fault = if scores.column_step == 1 && scores.columns > 0 {
        // The same sums; over slices they are quicker.
        let rows = scores.data.chunks_exact(scores.columns);
        let mut sums = rows.map(|row| row.iter().map(|score| score.to_f64()).sum());
        sums.position(|sum| !sum_to_one(sum))
    } else {
        (0..scores.rows).position(|row| !sum_to_one(scores.row_sum(row)))
    };
    match fault {
        Some(row) => Err(Error::Probabilities {
            row,
            sum: scores.row_sum(row),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_read_alike() {
        let by_row = Matrix::row_major(&[1, 2, 3, 4, 5, 6], 2, 3).unwrap();
        let by_column = Matrix::column_major(&[1, 4, 2, 5, 3, 6], 2, 3).unwrap();
        for matrix in [by_row, by_column] {
            assert!(matrix.row(1).eq([4, 5, 6]));
            assert!(matrix.column(2).eq([3, 6]));
            assert!(matrix.values().eq([1, 4, 2, 5, 3, 6]));
        }
    }

    #[test]
    fn a_wrong_size_is_an_error() {
        let error = Matrix::row_major(&[1, 2, 3], 2, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "matrix data has shape (3,), expected (2, 2)"
        );
        let huge = Matrix::row_major(&[1], usize::MAX, 2);
        assert!(matches!(huge, Err(Error::Shape { .. })));
    }

    #[test]
    fn tables_without_samples_or_classes_are_empty() {
        let no_rows = Matrix::<u8>::row_major(&[], 0, 3).unwrap();
        assert_eq!(no_rows.column(2).count(), 0);
        let no_columns = Matrix::<u8>::row_major(&[], 3, 0).unwrap();
        assert_eq!(no_columns.row(2).count(), 0);
    }

    #[test]
    fn the_first_fault_is_named_by_row_then_column() {
        let scores = [0.0, f32::INFINITY, f32::NAN, 0.0, f32::NAN, 0.0];
        let message = |matrix: Matrix<'_, f32>| matrix.check_ordered().unwrap_err().to_string();
        let by_row = message(Matrix::row_major(&scores, 3, 2).unwrap());
        assert!(
            by_row.starts_with("score is NaN at row 1, column 0,"),
            "{by_row}"
        );
        let by_column = message(Matrix::column_major(&scores, 3, 2).unwrap());
        assert!(
            by_column.starts_with("score is NaN at row 1, column 1,"),
            "{by_column}"
        );
    }

    #[test]
    fn probabilities_sum_to_one() {
        let good = Matrix::row_major(&[0.25, 0.75, 1.0 + 9e-6, 0.0], 2, 2).unwrap();
        assert_eq!(check_probabilities(good), Ok(()));
        let bad = Matrix::row_major(&[0.25, 0.75, 1.0, 1.0], 2, 2).unwrap();
        let error = check_probabilities(bad).unwrap_err();
        assert_eq!(error, Error::Probabilities { row: 1, sum: 2.0 });
        let bad = Matrix::column_major(&[0.25, 1.0, 0.75, 1.0], 2, 2).unwrap();
        let error = check_probabilities(bad).unwrap_err();
        assert_eq!(error, Error::Probabilities { row: 1, sum: 2.0 });
        let infinite = [f64::INFINITY, f64::NEG_INFINITY];
        for scores in [[1.0, infinite[0]], [1.0, infinite[1]], infinite] {
            let matrix = Matrix::row_major(&scores, 1, 2).unwrap();
            let outcome = check_probabilities(matrix);
            assert!(
                matches!(outcome, Err(Error::Probabilities { row: 0, .. })),
                "{outcome:?}"
            );
        }
    }
}
