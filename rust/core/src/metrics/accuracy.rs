//! The share of right decisions.

use super::error::Error;
use super::labels::{ClassNumber, Classes, ColumnTruth};
use super::matrix::Matrix;
use super::score::Score;

/// The share of (sample, class) entries whose score is above `threshold` exactly where the label
/// is true. `None` without entries.
///
/// The same as `((scores > threshold) == labels).mean()`.
///
/// # Errors
/// If shapes differ, or a score is NaN.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, accuracy_threshold};
///
/// let labels = Matrix::row_major(&[true, false, true, true], 2, 2)?;
/// let scores = Matrix::row_major(&[0.9, 0.5, 0.4, 0.6], 2, 2)?;
/// assert_eq!(accuracy_threshold(labels, scores, 0.5)?, Some(0.75));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn accuracy_threshold<S: Score>(
    labels: Matrix<'_, bool>,
    scores: Matrix<'_, S>,
    threshold: f64,
) -> Result<Option<f64>, Error> {
    labels.check_against(scores.rows(), scores.columns())?;
    scores.check_ordered()?;
    let entries = labels.values().zip(scores.values());
    let right = entries.filter(|(label, score)| (score.to_f64() > threshold) == *label);
    Ok(share(right.count(), scores.rows() * scores.columns()))
}

/// The share of samples whose own class has the largest score, the first of equals counting as
/// the largest. `None` without samples.
///
/// The same as `(scores.argmax(axis=1) == labels).mean()`.
///
/// # Errors
/// If shapes differ, a score is NaN, or a class number has no column.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, accuracy_argmax};
///
/// let scores = Matrix::row_major(&[0.5, 0.3, 0.2, 0.1, 0.2, 0.7], 2, 3)?;
/// assert_eq!(accuracy_argmax(&[0_u8, 1], scores)?, Some(0.5));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn accuracy_argmax<C: ClassNumber, S: Score>(
    labels: &[C],
    scores: Matrix<'_, S>,
) -> Result<Option<f64>, Error> {
    Classes(labels).check(scores.rows(), scores.columns())?;
    scores.check_ordered()?;
    let right = (0..scores.rows()).filter(|row| {
        let columns = scores.row(*row).enumerate();
        let largest = columns.reduce(|best, next| if next.1 > best.1 { next } else { best });
        largest.is_some_and(|(column, _)| column == labels[*row].index())
    });
    Ok(share(right.count(), scores.rows()))
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_is_a_no() {
        let labels = Matrix::row_major(&[false, true, true, false], 4, 1).unwrap();
        let scores = Matrix::row_major(&[0.5_f32, 0.5, 0.6, 0.4], 4, 1).unwrap();
        assert_eq!(accuracy_threshold(labels, scores, 0.5), Ok(Some(0.75)));
    }

    #[test]
    fn the_first_of_equals_is_the_largest() {
        let scores = Matrix::row_major(&[0.4, 0.4, 0.2, 0.1, 0.3, 0.3], 2, 3).unwrap();
        assert_eq!(accuracy_argmax(&[0_u8, 1], scores), Ok(Some(1.0)));
        assert_eq!(accuracy_argmax(&[1_u8, 2], scores), Ok(Some(0.0)));
    }

    #[test]
    fn nothing_has_no_accuracy() {
        let none = Matrix::<f32>::row_major(&[], 0, 3).unwrap();
        assert_eq!(accuracy_argmax::<u8, _>(&[], none), Ok(None));
    }

    #[test]
    fn labels_outside_the_classes_are_an_error() {
        let scores = Matrix::row_major(&[0.4, 0.6], 1, 2).unwrap();
        let error = accuracy_argmax(&[2_u8], scores).unwrap_err();
        assert_eq!(
            error.to_string(),
            "label is 2 at row 0; with 2 columns of scores it must be below that"
        );
    }
}
