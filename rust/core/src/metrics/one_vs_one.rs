//! The areas of all pairs of classes (Hand and Till 2001).

use super::columns::Columns;
use super::error::Error;
use super::labels::{ClassNumber, Classes};
use super::matrix::Matrix;
use super::options::Options;
use super::pool::Pool;
use super::ranks::Ranks;
use super::ratio;
use super::roc_auc::collect;
use super::score::{Key, Score};
use super::sort;

/// The largest class that is ranked without sorting. Twice its product with any number of rows is
/// below 2^64.
const RANKED_WHOLE: usize = 1 << 15;

/// The areas of all ordered pairs of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct OneVsOne {
    counts: Vec<usize>,
    areas: Vec<Option<f64>>,
}

impl OneVsOne {
    /// The area of `class` against `other`, by the scores of `class`, over the samples of those
    /// two. `None` if no sample is of one of them, or they are the same class.
    ///
    /// # Panics
    /// If a class has no column of scores.
    #[must_use]
    pub fn area(&self, class: usize, other: usize) -> Option<f64> {
        let classes = self.counts.len();
        assert!(
            class < classes && other < classes,
            "there are {classes} classes"
        );
        self.areas[class * classes + other]
    }

    /// The mean over all pairs of classes that have samples; `None` without such a pair.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.mean_with(|_| 1.0)
    }

    /// The mean over all pairs of classes, each with its number of samples as its weight; `None`
    /// without a pair of classes that have samples.
    #[must_use]
    pub fn mean_by_prevalence(&self) -> Option<f64> {
        self.mean_with(|samples| samples as f64)
    }

    fn mean_with(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for a in 0..self.counts.len() {
            for b in a + 1..self.counts.len() {
                if let (Some(ab), Some(ba)) = (self.area(a, b), self.area(b, a)) {
                    let weight = weight(self.counts[a] + self.counts[b]);
                    sum += weight * ((ab + ba) / 2.0);
                    weights += weight;
                }
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
}

/// The area of every class against every other one, over the samples of those two.
///
/// The same as, for classes a != b:
/// ```text
/// let pair = rows.filter(|row| labels[row] == a || labels[row] == b);
/// area(a, b) = roc_auc(pair.map(|row| labels[row] == a), pair.map(|row| scores[row][a]))
/// ```
///
/// # Errors
/// If shapes differ, a score is NaN, or a class number has no column; and
/// [`Error::Unsupported`] for weights and for a limit on the false positive rate.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, roc_auc_one_vs_one};
///
/// let scores = [0.8, 0.1, 0.1, 0.3, 0.4, 0.3, 0.35, 0.5, 0.15, 0.2, 0.2, 0.6];
/// let scores = Matrix::row_major(&scores, 4, 3)?;
/// let pairs = roc_auc_one_vs_one(&[0_u8, 1, 0, 2], scores, &Options::default())?;
/// assert_eq!(pairs.area(0, 1), Some(1.0));
/// assert_eq!(pairs.area(1, 0), Some(0.5));
/// assert_eq!(pairs.mean(), Some((0.75 + 1.0 + 1.0) / 3.0));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_one_vs_one<C: ClassNumber, S: Score>(
    labels: &[C],
    scores: Matrix<'_, S>,
    options: &Options<'_>,
) -> Result<OneVsOne, Error> {
    if options.weights.is_some() {
        return Err(Error::Unsupported(
            "one-vs-one areas take no sample weights",
        ));
    }
    if options.max_fpr != 1.0 {
        return Err(Error::Unsupported("one-vs-one areas take no max_fpr"));
    }
    let classes = scores.columns();
    Classes(labels).check(scores.rows(), classes)?;
    scores.check_ordered()?;
    let mut counts = vec![0; classes];
    for label in labels {
        counts[label.index()] += 1;
    }
    let threads = options.threads_for(scores.rows() * classes);
    let keys = Columns::new(scores, options)?;
    let rankings = Pool::default();
    let areas = collect(threads, classes, options, |class| {
        if counts[class] == 0 {
            return Ok(vec![None; classes]);
        }
        let samples = keys.column(class).flatten().copied();
        let samples = samples.zip(labels.iter().map(|label| label.index()));
        let ranked = rankings.lend(|ranks| ranked(class, samples.clone(), &counts, ranks));
        let twice_right = match ranked {
            Some(twice_right) => twice_right,
            None => sorted(class, samples, &counts, options)?,
        };
        let areas = twice_right.into_iter().zip(&counts).enumerate();
        Ok(areas
            .map(|(other, (twice_right, count))| {
                let pairs = counts[class] as u128 * *count as u128;
                let defined = other != class && pairs > 0;
                defined.then(|| ratio::correctly_rounded(twice_right, 2 * pairs))
            })
            .collect())
    })?;
    Ok(OneVsOne {
        counts,
        areas: areas.concat(),
    })
}

/// For every other class, twice the number of pairs that the scores of `class` order rightly.
/// `None` if the samples of `class` are too many, or too clustered, for this to be quick.
fn ranked<K: Key>(
    class: usize,
    samples: impl Iterator<Item = (K, usize)> + Clone,
    counts: &[usize],
    ranks: &mut Ranks<K>,
) -> Option<Vec<u128>> {
    if counts[class] > RANKED_WHOLE {
        return None;
    }
    let mut own = Vec::with_capacity(counts[class]);
    own.extend(
        samples
            .clone()
            .filter(|(_, label)| *label == class)
            .map(|(key, _)| key),
    );
    ranks.rank(&own);
    // The samples of `class` below another one are wrongly there.
    let mut twice_wrong = vec![0_u64; counts.len()];
    ranks.places(samples, |label, below, not_above| {
        twice_wrong[label] += u64::from(below) + u64::from(not_above);
    })?;
    let wrong_of_all = twice_wrong.into_iter().zip(counts);
    let own = own.len() as u128;
    Some(
        wrong_of_all
            .map(|(wrong, count)| 2 * own * *count as u128 - u128::from(wrong))
            .collect(),
    )
}

/// The same as [`ranked`] for any samples: one sort, and one scan with a counter for each class.
fn sorted<K: Key>(
    class: usize,
    samples: impl Iterator<Item = (K, usize)> + Clone,
    counts: &[usize],
    options: &Options<'_>,
) -> Result<Vec<u128>, Error> {
    let mut samples: Vec<(K, usize)> = samples.collect();
    let mut scratch = samples.clone();
    let sorted = sort::sorted_by_key(
        &mut samples,
        &mut scratch,
        |sample| sample.0,
        options.interrupt,
    )?;

    let mut below = vec![0_u64; counts.len()];
    let mut twice_right = vec![0_u128; counts.len()];
    for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
        let own = tie.iter().filter(|sample| sample.1 == class).count() as u64;
        // Counting the tie in between the two additions counts it half.
        if own > 0 {
            add_multiple(&mut twice_right, own, &below);
        }
        for sample in tie {
            below[sample.1] += 1;
        }
        if own > 0 {
            add_multiple(&mut twice_right, own, &below);
        }
    }
    Ok(twice_right)
}

fn add_multiple(totals: &mut [u128], factor: u64, counts: &[u64]) {
    for (total, count) in totals.iter_mut().zip(counts) {
        *total += u128::from(factor) * u128::from(*count);
    }
}

#[cfg(test)]
mod tests {
    use super::super::roc_auc::roc_auc;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_binary_area_of_each_pair(
            samples in prop::collection::vec((0_u8..4, prop::array::uniform4(-3_i16..4)), 0..700),
        ) {
            let labels: Vec<u8> = samples.iter().map(|sample| sample.0).collect();
            let scores: Vec<i16> = samples.iter().flat_map(|sample| sample.1).collect();
            let scores = Matrix::row_major(&scores, samples.len(), 4).unwrap();
            let pairs = roc_auc_one_vs_one(&labels, scores, &Options::default()).unwrap();
            let (mut sum, mut count) = (0.0, 0);
            for a in 0..4 {
                for b in (0..4).filter(|b| *b != a) {
                    let pair = samples.iter().filter(|(label, _)| [a, b].contains(label));
                    let (labels, scores): (Vec<bool>, Vec<i16>) =
                        pair.map(|(label, scores)| (*label == a, scores[usize::from(a)])).unzip();
                    let expected = roc_auc(&labels, &scores).unwrap();
                    prop_assert_eq!(pairs.area(a.into(), b.into()), expected);
                    sum += expected.unwrap_or(0.0);
                    count += u32::from(expected.is_some());
                }
            }
            let expected = (count > 0).then(|| sum / f64::from(count));
            prop_assert_eq!(pairs.mean().is_some(), expected.is_some());
            prop_assert!((pairs.mean().unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-14);
        }
    }

    #[test]
    fn prevalence_weighs_the_pairs() {
        let pairs = OneVsOne {
            counts: vec![1, 2, 3],
            areas: [0.0, 0.2, 0.4, 0.2, 0.0, 0.6, 0.4, 0.6, 0.0]
                .map(Some)
                .to_vec(),
        };
        let expected = (3.0 * 0.2 + 4.0 * 0.4 + 5.0 * 0.6) / 12.0;
        assert!((pairs.mean_by_prevalence().unwrap() - expected).abs() < 1e-15);
    }
}
