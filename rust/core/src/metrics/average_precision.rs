//! Average precision, for one class or for many.

use super::error::Error;
use super::labels::Truth;
use super::matrix::{self, Matrix};
use super::options::Options;
use super::precision_recall::precision;
use super::roc_auc::{check, collect};
use super::score::Score;
use super::thresholds;
use super::weights::{Sum, Weights};

/// Rows that one piece of parallel work holds.
const ROWS_PER_PIECE: usize = 1024;

/// The average precision: at each distinct score, from the highest down, the precision of calling
/// everything from there up positive, weighted by the share of the positives that have that score.
/// `None` without positives.
///
/// The same as:
/// ```text
/// for t in distinct scores {
///     sum += positives.filter(|p| p == t).count() * positives.filter(|p| p >= t).count()
///         / samples.filter(|s| s >= t).count();
/// }
/// sum / positives.count()
/// ```
/// With weights, sums of weights take the place of counts, and what negative ones bring below 0
/// is 0.
///
/// # Errors
/// If lengths differ, a score or a weight is refused, or `options` limit the false positive rate,
/// which has no meaning here.
///
/// # Examples
/// ```
/// use medfast::metrics::{Options, average_precision};
///
/// let labels = [true, false, true, false];
/// let area = average_precision(&labels, &[4, 3, 2, 1], &Options::default())?;
/// assert_eq!(area, Some((1.0 + 2.0 / 3.0) / 2.0));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn average_precision<S: Score>(
    labels: &[bool],
    scores: &[S],
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    if labels.len() != scores.len() {
        return Err(Error::shape("labels", (labels.len(),), (scores.len(),)));
    }
    options.refuse_max_fpr()?;
    matrix::check_ordered(scores)?;
    let weights = options.weights_for(labels.len())?;
    of_samples(
        scores.iter().copied().zip(labels.iter().copied()),
        weights.as_ref().map(Weights::iter),
        options,
    )
}

/// The average precision of every class (column): its samples against all others. `None` for a
/// class that no sample is of.
///
/// # Errors
/// If shapes differ, a score or a weight is refused, a class number has no column, or `options`
/// limit the false positive rate.
///
/// # Examples
/// ```
/// use medfast::metrics::{Classes, Matrix, Options, average_precision_per_class};
///
/// let scores = Matrix::row_major(&[0.7, 0.3, 0.6, 0.4, 0.8, 0.2], 3, 2)?;
/// let found = average_precision_per_class(Classes(&[0_u8, 1, 0]), scores, &Options::default())?;
/// assert_eq!(found, [Some(1.0), Some(1.0)]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn average_precision_per_class<S: Score>(
    truth: impl Truth,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Vec<Option<f64>>, Error> {
    options.refuse_max_fpr()?;
    let weights = check(truth, scores, options)?;
    let threads = options.threads_for(scores.rows() * scores.columns());
    collect(threads, scores.columns(), options, |column| {
        of_samples(
            scores.column(column).zip(truth.of_column(column)),
            weights.as_ref().map(Weights::iter),
            options,
        )
    })
}

/// The average precision of all (sample, class) entries together, as if they were samples of one
/// class.
///
/// # Errors
/// As [`average_precision_per_class`].
///
/// # Examples
/// ```
/// use medfast::metrics::{Classes, Matrix, Options, average_precision_micro};
///
/// let scores = Matrix::row_major(&[0.7, 0.3, 0.6, 0.4], 2, 2)?;
/// let found = average_precision_micro(Classes(&[0_u8, 1]), scores, &Options::default())?;
/// assert_eq!(found, Some((1.0 + 2.0 / 3.0) / 2.0));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn average_precision_micro<S: Score>(
    truth: impl Truth,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    options.refuse_max_fpr()?;
    let weights = check(truth, scores, options)?;
    let labels = (0..scores.columns()).flat_map(|column| truth.of_column(column));
    of_samples(
        scores.values().zip(labels),
        weights.as_ref().map(|weights| weights.iter().cycle()),
        options,
    )
}

/// The average precision of every sample (row): its classes against those it is not of. `None`
/// for a sample of no class.
///
/// # Errors
/// As [`average_precision_per_class`]; and [`Error::Unsupported`] for weights, which are weights
/// of samples and have no meaning within one.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, average_precision_per_sample};
///
/// let labels = Matrix::row_major(&[true, false, false, false], 2, 2)?;
/// let scores = Matrix::row_major(&[0.7, 0.3, 0.6, 0.4], 2, 2)?;
/// let found = average_precision_per_sample(labels, scores, &Options::default())?;
/// assert_eq!(found, [Some(1.0), None]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn average_precision_per_sample<S: Score>(
    labels: Matrix<'_, bool>,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Vec<Option<f64>>, Error> {
    options.refuse_max_fpr()?;
    if options.weights.is_some() {
        return Err(Error::Unsupported(
            "sample weights have no meaning within one sample",
        ));
    }
    check(labels, scores, options)?;
    let threads = options.threads_for(scores.rows() * scores.columns());
    let pieces = scores.rows().div_ceil(ROWS_PER_PIECE);
    let areas = collect(threads, pieces, options, |piece| {
        let start = piece * ROWS_PER_PIECE;
        let rows = start..scores.rows().min(start + ROWS_PER_PIECE);
        rows.map(|row| {
            let samples = scores.row(row).zip(labels.row(row));
            of_samples(samples, None::<std::iter::Empty<f64>>, options)
        })
        .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(areas.concat())
}

fn of_samples<S: Score>(
    samples: impl Iterator<Item = (S, bool)>,
    weights: Option<impl Iterator<Item = f64>>,
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    let mut sum = Sum::default();
    let mut positives = 0.0;
    thresholds::scan(samples, weights, options.interrupt, |_, right, wrong| {
        sum.add((right - positives) * precision(right, wrong));
        positives = right;
    })?;
    Ok((positives != 0.0).then(|| (sum.value() / positives).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::super::labels::Classes;
    use super::super::thresholds::tests::{naive, samples};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_precision_averaged_over_recall(
            (labels, scores, weights) in samples(), weighted: bool,
        ) {
            let weights = weighted.then_some(&weights[..]);
            let options = Options { weights, ..Options::default() };
            let found = average_precision(&labels, &scores, &options).unwrap();
            let points = naive(&labels, &scores, weights);
            let positives = points.last().unwrap().1;
            let (mut sum, mut before) = (0.0, 0.0);
            for (_, right, wrong) in points {
                sum += (right - before) * (right / (right + wrong));
                before = right;
            }
            match found {
                Some(found) => prop_assert!((found - sum / positives).abs() < 1e-13),
                None => prop_assert_eq!(positives, 0.0),
            }
        }

        #[test]
        fn columns_rows_and_entries_agree_with_one_class(
            (labels, scores, weights) in samples(), columns in 1_usize..5, threads in 1_usize..8,
        ) {
            let rows = labels.len() / columns;
            let (labels, scores) = (&labels[..rows * columns], &scores[..rows * columns]);
            let mut weights = weights[..rows].to_vec();
            weights.iter_mut().take(1).for_each(|weight| *weight = 1.0);
            if rows == 0 { return Ok(()); }
            let options = Options { threads: Some(threads), ..Options::default() };
            let weighted = Options { weights: Some(&weights), ..options };
            let truth = Matrix::column_major(labels, rows, columns).unwrap();
            let table = Matrix::column_major(scores, rows, columns).unwrap();
            let by_class = average_precision_per_class(truth, table, &weighted).unwrap();
            for (column, found) in by_class.into_iter().enumerate() {
                let cells = column * rows..(column + 1) * rows;
                let alone = average_precision(&labels[cells.clone()], &scores[cells], &weighted);
                prop_assert_eq!(found, alone.unwrap());
            }
            let truth = Matrix::row_major(labels, rows, columns).unwrap();
            let table = Matrix::row_major(scores, rows, columns).unwrap();
            let by_sample = average_precision_per_sample(truth, table, &options).unwrap();
            for (row, found) in by_sample.into_iter().enumerate() {
                let cells = row * columns..(row + 1) * columns;
                let alone = average_precision(&labels[cells.clone()], &scores[cells], &options);
                prop_assert_eq!(found, alone.unwrap());
            }
            let together = average_precision_micro(truth, table, &options).unwrap();
            prop_assert_eq!(together, average_precision(labels, scores, &options).unwrap());
        }
    }

    #[test]
    fn class_numbers_are_yes_and_no() {
        let scores = [0.7, 0.2, 0.1, 0.3, 0.6, 0.1, 0.1, 0.8, 0.1];
        let scores = Matrix::row_major(&scores, 3, 3).unwrap();
        let areas =
            average_precision_per_class(Classes(&[0_u8, 1, 1]), scores, &Options::default());
        assert_eq!(areas, Ok(vec![Some(1.0), Some(1.0), None]));
    }

    #[test]
    fn a_side_without_samples() {
        let area = |labels: &[bool]| average_precision(labels, &[1, 2], &Options::default());
        assert_eq!(area(&[true, true]), Ok(Some(1.0)));
        assert_eq!(area(&[false, false]), Ok(None));
        let none: [bool; 0] = [];
        assert_eq!(
            average_precision::<f32>(&none, &[], &Options::default()),
            Ok(None)
        );
    }

    #[test]
    fn options_without_meaning_are_refused() {
        let limited = Options {
            max_fpr: 0.5,
            ..Options::default()
        };
        let error = average_precision(&[true], &[1], &limited).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)));
        let weights = [1.0];
        let weighted = Options {
            weights: Some(&weights),
            ..Options::default()
        };
        let (truth, scores) = (
            Matrix::row_major(&[true], 1, 1),
            Matrix::row_major(&[1], 1, 1),
        );
        let error = average_precision_per_sample(truth.unwrap(), scores.unwrap(), &weighted);
        assert!(matches!(error, Err(Error::Unsupported(_))));
    }
}
