//! The area under the ROC curve, for one class or for many.

use std::ops::Range;
use std::sync::OnceLock;

use super::columns::Columns;
use super::curve;
use super::error::Error;
use super::labels::Truth;
use super::matrix::{self, Matrix};
use super::options::Options;
use super::pairs::{self, Counter};
use super::pool::Pool;
use super::score::Score;
use super::weights::Weights;
use crate::parallel;

/// Rows that one piece of parallel work holds.
const ROWS_PER_PIECE: usize = 1024;

/// The area under the ROC curve: the share of (positive, negative) pairs in which the positive
/// has the higher score, a tie counting half. `None` if a side is absent.
///
/// The same as:
/// ```text
/// for p in positives { for n in negatives { twice += if p > n { 2 } else if p == n { 1 } else { 0 } } }
/// twice / (2 * positives.len() * negatives.len())
/// ```
///
/// # Errors
/// If the lengths differ, or a score is NaN.
///
/// # Examples
/// ```
/// use medfast::metrics::roc_auc;
///
/// assert_eq!(roc_auc(&[false, true, false, true], &[-1.5, 0.25, 0.25, 3.0])?, Some(0.875));
/// assert_eq!(roc_auc(&[true, true], &[1, 2])?, None);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc<S: Score>(labels: &[bool], scores: &[S]) -> Result<Option<f64>, Error> {
    roc_auc_with(labels, scores, &Options::default())
}

/// [`roc_auc`] with weights, a limit on the false positive rate, or an interrupt.
///
/// # Errors
/// If lengths differ, a score is NaN, a weight not finite, or an option is out of its range.
///
/// # Examples
/// ```
/// use medfast::metrics::{Options, roc_auc_with};
///
/// let (labels, scores) = ([false, false, true, true], [0.1, 0.4, 0.35, 0.8]);
/// let weighted = Options::default().with_weights(&[1.0, 0.5, 1.0, 1.0]);
/// assert_eq!(roc_auc_with(&labels, &scores, &weighted)?, Some(2.5 / 3.0));
/// // The partial area up to a false positive rate of 0.5, where 0.5 is chance.
/// let partial = Options::default().with_max_fpr(0.5);
/// let area = roc_auc_with(&labels, &scores, &partial)?.expect("both sides are present");
/// assert!((area - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_with<S: Score>(
    labels: &[bool],
    scores: &[S],
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    if labels.len() != scores.len() {
        return Err(Error::shape("labels", (labels.len(),), (scores.len(),)));
    }
    options.check_max_fpr()?;
    matrix::check_ordered(scores)?;
    if let Some(weights) = options.weights_for(labels.len())? {
        let samples = scores.iter().zip(labels).zip(weights.iter());
        let samples = samples.map(|((score, label), weight)| (*score, *label, weight));
        return curve::weighted_area(samples, options.max_fpr, options.interrupt);
    }
    if options.max_fpr < 1.0 {
        let samples = scores.iter().copied().zip(labels.iter().copied());
        return curve::partial_area(samples, options.max_fpr, options.interrupt);
    }
    let part = |range: Range<usize>| {
        let keys = scores[range.clone()].iter().map(|score| score.key());
        keys.zip(labels[range].iter().copied())
    };
    Ok(pairs::count_long(part, labels.len(), options)?.area())
}

/// The area of every class (column): its samples against all others. `None` for a class that no
/// sample or every sample is of.
///
/// # Errors
/// If shapes differ, a score is NaN, a weight not finite, a class number has no column, or an
/// option is out of its range.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, roc_auc_per_class};
///
/// // Multi-label: a yes or no for every sample and class.
/// let labels = Matrix::row_major(&[true, false, false, false, true, false], 3, 2)?;
/// let scores = Matrix::row_major(&[0.7_f32, 0.1, 0.4, 0.2, 0.3, 0.9], 3, 2)?;
/// let areas = roc_auc_per_class(labels, scores, &Options::default())?;
/// assert_eq!(areas, [Some(0.5), None]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_per_class<S: Score>(
    truth: impl Truth,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Vec<Option<f64>>, Error> {
    let weights = check(truth, scores, options)?;
    let threads = options.threads_for(scores.rows() * scores.columns());
    if weights.is_some() || options.max_fpr < 1.0 {
        return collect(threads, scores.columns(), options, |column| {
            let samples = scores.column(column).zip(truth.of_column(column));
            area_of_curve(samples, weights.as_ref().map(Weights::iter), options)
        });
    }
    let keys = Columns::new(scores, options)?;
    let counters = Pool::<Counter<S::Key>>::default();
    collect(threads, scores.columns(), options, |column| {
        counters.lend(|counter| {
            let mut labels = truth.of_column(column);
            counter.start(scores.rows());
            for keys in keys.column(column) {
                counter.add(keys.iter().copied().zip(&mut labels));
            }
            Ok(counter.finish(options.interrupt)?.area())
        })
    })
}

/// The area over all (sample, class) entries together, as if they were samples of one class.
///
/// # Errors
/// As [`roc_auc_per_class`].
///
/// # Examples
/// ```
/// use medfast::metrics::{Classes, Matrix, Options, roc_auc_micro};
///
/// let scores = Matrix::row_major(&[0.7, 0.3, 0.6, 0.4], 2, 2)?;
/// let area = roc_auc_micro(Classes(&[0_u8, 1]), scores, &Options::default())?;
/// assert_eq!(area, Some(0.75));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_micro<S: Score>(
    truth: impl Truth,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    let weights = check(truth, scores, options)?;
    let labels = (0..scores.columns()).flat_map(|column| truth.of_column(column));
    let samples = scores.values().zip(labels);
    if weights.is_some() || options.max_fpr < 1.0 {
        let weights = weights.as_ref().map(|weights| weights.iter().cycle());
        return area_of_curve(samples, weights, options);
    }
    let samples = samples.map(|(score, label)| (score.key(), label));
    let mut counter = Counter::default();
    counter.start(scores.rows() * scores.columns());
    counter.add(samples);
    Ok(counter.finish(options.interrupt)?.area())
}

/// The area of every sample (row): its classes against those it is not of. `None` for a sample of
/// no class or of all.
///
/// # Errors
/// As [`roc_auc_per_class`]; and [`Error::Unsupported`] for weights, which are weights of samples
/// and have no meaning within one.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, roc_auc_per_sample};
///
/// let labels = Matrix::row_major(&[true, false, true, true], 2, 2)?;
/// let scores = Matrix::row_major(&[0.7, 0.3, 0.6, 0.4], 2, 2)?;
/// let areas = roc_auc_per_sample(labels, scores, &Options::default())?;
/// assert_eq!(areas, [Some(1.0), None]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_per_sample<S: Score>(
    labels: Matrix<'_, bool>,
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<Vec<Option<f64>>, Error> {
    if options.weights.is_some() {
        return Err(Error::Unsupported(
            "sample weights have no meaning within one sample",
        ));
    }
    check(labels, scores, options)?;
    let threads = options.threads_for(scores.rows() * scores.columns());
    let pieces = scores.rows().div_ceil(ROWS_PER_PIECE);
    let areas = collect(threads, pieces, options, |piece| {
        let mut counter = Counter::default();
        let start = piece * ROWS_PER_PIECE;
        let rows = start..scores.rows().min(start + ROWS_PER_PIECE);
        rows.map(|row| {
            let samples = scores.row(row).zip(labels.row(row));
            if options.max_fpr < 1.0 {
                return curve::partial_area(samples, options.max_fpr, options.interrupt);
            }
            counter.start(scores.columns());
            counter.add(samples.map(|(score, label)| (score.key(), label)));
            Ok(counter.finish(options.interrupt)?.area())
        })
        .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(areas.concat())
}

pub(super) fn check<'a, S: Score>(
    truth: impl Truth,
    scores: Matrix<'_, S>,
    options: &Options<'a>,
) -> Result<Option<Weights<'a>>, Error> {
    truth.check_against(scores.rows(), scores.columns())?;
    options.check_max_fpr()?;
    scores.check_ordered()?;
    options.weights_for(scores.rows())
}

fn area_of_curve<S: Score>(
    samples: impl Iterator<Item = (S, bool)>,
    weights: Option<impl Iterator<Item = f64>>,
    options: &Options<'_>,
) -> Result<Option<f64>, Error> {
    let (max_fpr, interrupt) = (options.max_fpr, options.interrupt);
    match weights {
        None => curve::partial_area(samples, max_fpr, interrupt),
        Some(weights) => {
            let samples = samples.zip(weights);
            let samples = samples.map(|((score, positive), weight)| (score, positive, weight));
            curve::weighted_area(samples, max_fpr, interrupt)
        }
    }
}

/// The same as `(0..count).map(work).collect()`.
pub(super) fn collect<T: Send + Sync>(
    threads: usize,
    count: usize,
    options: &Options<'_>,
    work: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let results: Vec<OnceLock<T>> = (0..count).map(|_| OnceLock::new()).collect();
    parallel::for_each(threads, count, options.interrupt, |index| {
        let result = work(index)?;
        // Every index is worked on once, so its place is free.
        let _ = results[index].set(result);
        Ok::<(), Error>(())
    })?;
    Ok(results
        .into_iter()
        .filter_map(OnceLock::into_inner)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::labels::Classes;
    use super::*;
    use proptest::prelude::*;

    fn naive<S: Score>(labels: &[bool], scores: &[S]) -> Option<f64> {
        let side = |label: bool| {
            let pairs = labels.iter().zip(scores);
            pairs
                .filter(move |(l, _)| **l == label)
                .map(|(_, score)| *score)
        };
        let mut twice = 0_u64;
        for p in side(true) {
            for n in side(false) {
                twice += if p > n { 2 } else { u64::from(p == n) };
            }
        }
        let pairs = side(true).count() * side(false).count();
        (pairs > 0).then(|| twice as f64 / (2 * pairs) as f64)
    }

    fn naive_weighted(labels: &[bool], scores: &[f64], weights: &[f64]) -> Option<f64> {
        let (mut right, mut all) = (0.0, 0.0);
        for p in (0..labels.len()).filter(|row| labels[*row]) {
            for n in (0..labels.len()).filter(|row| !labels[*row]) {
                let weight = weights[p] * weights[n];
                all += weight;
                if scores[p] > scores[n] {
                    right += weight;
                } else if scores[p] == scores[n] {
                    right += weight / 2.0;
                }
            }
        }
        (all > 0.0).then_some(right / all)
    }

    fn samples<S: Strategy>(score: S) -> impl Strategy<Value = (Vec<bool>, Vec<S::Value>)> {
        prop::collection::vec((any::<bool>(), score), 0..700)
            .prop_map(|samples| samples.into_iter().unzip())
    }

    proptest! {
        #[test]
        fn equals_the_pair_count_for_probabilities((labels, scores) in samples(0.0_f32..=1.0)) {
            prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), naive(&labels, &scores));
        }

        #[test]
        fn equals_the_pair_count_for_logits((labels, scores) in samples(-1e3_f64..1e3)) {
            prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), naive(&labels, &scores));
        }

        #[test]
        fn equals_the_pair_count_with_ties((labels, scores) in samples(-2_i8..3)) {
            let floats: Vec<f32> = scores.iter().map(|score| f32::from(*score)).collect();
            let expected = naive(&labels, &scores);
            prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), expected);
            prop_assert_eq!(roc_auc(&labels, &floats).unwrap(), expected);
        }

        #[test]
        fn equals_the_pair_count_for_any_bits((labels, scores) in samples(any::<f64>())) {
            let scores: Vec<f64> =
                scores.iter().map(|score| if score.is_nan() { 0.0 } else { *score }).collect();
            prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), naive(&labels, &scores));
        }

        #[test]
        fn equals_the_weighted_pair_count(
            (labels, rest) in samples((-3_i8..3, 0_u8..4)),
        ) {
            let scores: Vec<f64> = rest.iter().map(|(score, _)| f64::from(*score)).collect();
            let weights: Vec<f64> = rest.iter().map(|(_, weight)| f64::from(*weight)).collect();
            let options = Options { weights: Some(&weights), ..Options::default() };
            if weights.iter().any(|weight| *weight > 0.0) {
                let found = roc_auc_with(&labels, &scores, &options).unwrap();
                let expected = naive_weighted(&labels, &scores, &weights);
                prop_assert_eq!(found.is_some(), expected.is_some());
                let difference = found.unwrap_or(0.0) - expected.unwrap_or(0.0);
                prop_assert!(difference.abs() < 1e-14, "{found:?} is not {expected:?}");
            }
        }

        #[test]
        fn columns_rows_and_entries_are_problems_of_their_own(
            entries in prop::collection::vec((any::<bool>(), 0_u8..9), 0..60),
            columns in 1_usize..5,
        ) {
            let rows = entries.len() / columns;
            let (labels, scores): (Vec<bool>, Vec<u8>) =
                entries[..rows * columns].iter().copied().unzip();
            let options = Options::default();
            let truth = Matrix::row_major(&labels, rows, columns).unwrap();
            let table = Matrix::row_major(&scores, rows, columns).unwrap();

            prop_assert_eq!(roc_auc_micro(truth, table, &options).unwrap(), naive(&labels, &scores));
            let pick = |start: usize, step: usize, length: usize| {
                let places = (0..length).map(|i| start + i * step);
                let (labels, scores): (Vec<bool>, Vec<u8>) =
                    places.map(|place| (labels[place], scores[place])).unzip();
                naive(&labels, &scores)
            };
            let by_column: Vec<_> = (0..columns).map(|c| pick(c, columns, rows)).collect();
            prop_assert_eq!(roc_auc_per_class(truth, table, &options).unwrap(), by_column);
            let by_row: Vec<_> = (0..rows).map(|r| pick(r * columns, 1, columns)).collect();
            prop_assert_eq!(roc_auc_per_sample(truth, table, &options).unwrap(), by_row);
        }
    }

    /// Deterministic noise, enough of it for several threads.
    fn noise(count: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f64 / 1e3
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let (rows, columns) = (8192, 9);
        let scores = noise(rows * columns);
        let weights = noise(rows);
        let classes: Vec<u8> = noise(rows).iter().map(|x| (*x as u64 % 9) as u8).collect();
        let table = Matrix::row_major(&scores, rows, columns).unwrap();
        for weights in [None, Some(&weights[..])] {
            let areas = [1, 2, 7].map(|threads| {
                let threads = Some(threads);
                let options = Options {
                    threads,
                    weights,
                    ..Options::default()
                };
                roc_auc_per_class(Classes(&classes), table, &options).unwrap()
            });
            assert_eq!(areas[0], areas[1]);
            assert_eq!(areas[0], areas[2]);
        }
    }

    #[test]
    fn long_inputs_agree_with_their_parts() {
        // Above and below zero each get a sort of their own; ties across the two must not.
        let scores: Vec<f32> = (0..100_000)
            .map(|row| (row % 1000) as f32 - 500.0)
            .collect();
        let labels: Vec<bool> = (0..100_000).map(|row| row / 1000 % 3 == 0).collect();
        let short = naive(&labels[..6000], &scores[..6000]);
        assert_eq!(roc_auc(&labels[..6000], &scores[..6000]).unwrap(), short);
        assert_eq!(roc_auc(&labels, &scores).unwrap(), Some(0.5));
    }

    #[test]
    fn infinities_are_the_ends() {
        let scores = [
            f32::NEG_INFINITY,
            -1.0,
            f32::MAX,
            f32::INFINITY,
            f32::INFINITY,
        ];
        let labels = [false, true, false, true, false];
        let expected = naive(&labels, &scores);
        assert_eq!(roc_auc(&labels, &scores).unwrap(), expected);
        assert_eq!(expected, Some(3.5 / 6.0));
        let weights = Some(&[1.0; 5][..]);
        let options = Options {
            weights,
            ..Options::default()
        };
        let weighted = roc_auc_with(&labels, &scores, &options).unwrap();
        assert!((weighted.unwrap() - 3.5 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn weights_of_one_change_no_partial_area() {
        let scores: Vec<f64> = noise(3000)
            .iter()
            .map(|score| (score * 10.0) % 50.0)
            .collect();
        let labels: Vec<bool> = noise(3000)
            .iter()
            .map(|x| (*x as u64).is_multiple_of(3))
            .collect();
        let ones = vec![1.0; 3000];
        for max_fpr in [0.01, 0.3, 0.999] {
            let plain = Options {
                max_fpr,
                ..Options::default()
            };
            let weighted = Options {
                weights: Some(&ones),
                ..plain
            };
            let area = |options| roc_auc_with(&labels, &scores, options).unwrap().unwrap();
            assert!((area(&plain) - area(&weighted)).abs() < 1e-14);
        }
    }

    #[test]
    fn zeros_of_both_signs_tie() {
        assert_eq!(
            roc_auc(&[true, false], &[0.0_f64, -0.0]).unwrap(),
            Some(0.5)
        );
        assert_eq!(
            roc_auc(&[true, false], &[-0.0_f32, 0.0]).unwrap(),
            Some(0.5)
        );
    }

    #[test]
    fn faults_are_named() {
        let error = roc_auc(&[true], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "labels has shape (1,), expected (2,)");
        let error = roc_auc(&[true, false], &[1.0, f32::NAN]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "score is NaN at row 1, so it cannot be ranked; leave such samples out"
        );
        for max_fpr in [0.0, -1.0, 1.5, f64::NAN] {
            let options = Options {
                max_fpr,
                ..Options::default()
            };
            let error = roc_auc_with(&[true, false], &[1.0, 2.0], &options).unwrap_err();
            assert!(matches!(error, Error::MaxFpr(_)));
        }
        let table = Matrix::row_major(&[0.5, 0.5, 0.5, 0.5], 2, 2).unwrap();
        let error = roc_auc_per_class(Classes(&[1_u8, 2]), table, &Options::default());
        assert_eq!(
            error,
            Err(Error::Class {
                class: 2,
                row: 1,
                columns: 2
            })
        );
        let weights = Some(&[1.0, -2.0, 4.0][..]);
        let options = Options {
            weights,
            ..Options::default()
        };
        let error = roc_auc_with(&[true, false, false], &[1.0, 2.0, 3.0], &options);
        assert_eq!(error, Err(Error::FallingRate));
    }
}
