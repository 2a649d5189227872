//! What a decision at each distinct score gets right and wrong.

use super::error::Error;
use super::matrix;
use super::options::Options;
use super::score::{Ranked, Score};
use super::sort;
use super::weights::Weights;
use crate::parallel::Interrupt;

/// Hands every distinct score of (score, positive?) samples, from the highest down, with the
/// positives and the negatives that score as much or more to `step`.
///
/// The same as, for every distinct score `t` from the highest down:
/// ```text
/// let at_or_above = |side| samples.filter(|s| s.positive == side && s.score >= t);
/// step(t, at_or_above(true).map(weight).sum(), at_or_above(false).map(weight).sum());
/// ```
///
/// Samples of weight zero are left out. The weights of each side are added one by one, from the
/// highest score down and by row within a tie. That is scikit-learn's order too, and must be:
/// which points of a curve lie on a line with their neighbours is decided by the last bit.
pub(super) fn scan<S: Score>(
    samples: impl Iterator<Item = (S, bool)>,
    weights: Option<impl Iterator<Item = f64>>,
    interrupt: Interrupt<'_>,
    mut step: impl FnMut(S, f64, f64),
) -> Result<(), Error> {
    match weights {
        None => {
            let (mut positives, mut negatives) = (0_u64, 0_u64);
            for_each_from_the_top(
                samples.collect(),
                |s: &(S, bool)| s.0,
                interrupt,
                |sample, last| {
                    positives += u64::from(sample.1);
                    negatives += u64::from(!sample.1);
                    if last {
                        step(sample.0, positives as f64, negatives as f64);
                    }
                },
            )
        }
        Some(weights) => {
            let weighted = samples.zip(weights).filter(|(_, weight)| *weight != 0.0);
            let (mut positives, mut negatives) = (0.0, 0.0);
            for_each_from_the_top(
                weighted.collect(),
                |s: &((S, bool), f64)| s.0.0,
                interrupt,
                |(sample, weight), last| {
                    positives += if sample.1 { *weight } else { 0.0 };
                    negatives += if sample.1 { 0.0 } else { *weight };
                    if last {
                        step(sample.0, positives, negatives);
                    }
                },
            )
        }
    }
}

/// Visits samples from the highest score down, and says which one is the last of its tie.
fn for_each_from_the_top<T: Copy, S: Ranked>(
    mut samples: Vec<T>,
    score: impl Fn(&T) -> S + Copy,
    interrupt: Interrupt<'_>,
    mut visit: impl FnMut(&T, bool),
) -> Result<(), Error> {
    let mut scratch = samples.clone();
    let key = |sample: &T| score(sample).key();
    let sorted = sort::sorted_from_the_top(&mut samples, &mut scratch, key, interrupt)?;
    for pair in sorted.windows(2) {
        visit(&pair[0], score(&pair[0]) != score(&pair[1]));
    }
    if let Some(lowest) = sorted.last() {
        visit(lowest, true);
    }
    Ok(())
}

/// What [`scan`] finds.
///
/// With weights, the counts are sums of weights, all scaled by the same power of two.
#[derive(Debug, PartialEq)]
pub(super) struct Counts<T> {
    pub(super) thresholds: Vec<T>,
    pub(super) true_positives: Vec<f64>,
    pub(super) false_positives: Vec<f64>,
}

impl<T: Copy> Counts<T> {
    /// Counts the samples of one class, after `first`; `threshold` makes thresholds of scores.
    ///
    /// # Errors
    /// If lengths differ, a score or a weight is refused, or `options` limit the false positive
    /// rate.
    pub(super) fn new<S: Score>(
        labels: &[bool],
        scores: &[S],
        options: &Options<'_>,
        first: Option<T>,
        threshold: impl Fn(S) -> T,
    ) -> Result<Self, Error> {
        options.refuse_max_fpr()?;
        if labels.len() != scores.len() {
            return Err(Error::shape("labels", (labels.len(),), (scores.len(),)));
        }
        matrix::check_ordered(scores)?;
        let weights = options.weights_for(labels.len())?;
        // Room for an end to the curve, too. What is not used is never touched.
        let room = scores.len() + 2;
        let mut counts = Self {
            thresholds: Vec::with_capacity(room),
            true_positives: Vec::with_capacity(room),
            false_positives: Vec::with_capacity(room),
        };
        let mut push = |threshold, true_positives, false_positives| {
            counts.thresholds.push(threshold);
            counts.true_positives.push(true_positives);
            counts.false_positives.push(false_positives);
        };
        if let Some(first) = first {
            push(first, 0.0, 0.0);
        }
        scan(
            scores.iter().copied().zip(labels.iter().copied()),
            weights.as_ref().map(Weights::iter),
            options.interrupt,
            |score, right, wrong| push(threshold(score), right, wrong),
        )?;
        Ok(counts)
    }

    /// All positives, and all negatives.
    pub(super) fn totals(&self) -> (f64, f64) {
        let last = |counts: &[f64]| counts.last().copied().unwrap_or(0.0);
        (last(&self.true_positives), last(&self.false_positives))
    }

    /// Keeps what is before `start`, at `start`, and last, and of the rest the places for which
    /// `keep` is true.
    pub(super) fn retain_after(&mut self, start: usize, keep: impl Fn(&Self, usize) -> bool) {
        let length = self.thresholds.len();
        let kept: Vec<bool> = (0..length)
            .map(|place| place <= start || place + 1 == length || keep(self, place))
            .collect();
        let mut to = 0;
        for (from, kept) in kept.into_iter().enumerate() {
            // Where `from` is not kept, the next place writes over it.
            self.thresholds[to] = self.thresholds[from];
            self.true_positives[to] = self.true_positives[from];
            self.false_positives[to] = self.false_positives[from];
            to += usize::from(kept);
        }
        self.thresholds.truncate(to);
        self.true_positives.truncate(to);
        self.false_positives.truncate(to);
    }

    /// Gives the room back that a curve of few points does not need.
    pub(super) fn shrink(&mut self) {
        self.thresholds.shrink_to_fit();
        self.true_positives.shrink_to_fit();
        self.false_positives.shrink_to_fit();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count<S: Score>(
        labels: &[bool],
        scores: &[S],
        options: &Options<'_>,
    ) -> Result<Counts<S>, Error> {
        Counts::new(labels, scores, options, None, |score| score)
    }

    /// Samples with few distinct scores among many, and small whole weights.
    pub(crate) fn samples() -> impl Strategy<Value = (Vec<bool>, Vec<f32>, Vec<f64>)> {
        let score = prop_oneof![any::<i8>().prop_map(f32::from), -1e30_f32..1e30];
        let sample = (any::<bool>(), score, 0_u8..4);
        prop::collection::vec(sample, 1..700).prop_map(|samples| {
            let labels = samples.iter().map(|sample| sample.0).collect();
            let scores = samples.iter().map(|sample| sample.1).collect();
            let mut weights: Vec<f64> = samples.iter().map(|s| f64::from(s.2)).collect();
            weights[0] = 1.0;
            (labels, scores, weights)
        })
    }

    /// The definition, threshold by threshold.
    pub(crate) fn naive(
        labels: &[bool],
        scores: &[f32],
        weights: Option<&[f64]>,
    ) -> Vec<(f32, f64, f64)> {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let rows: Vec<usize> = (0..scores.len())
            .filter(|row| weight(*row) != 0.0)
            .collect();
        let mut thresholds: Vec<f32> = rows.iter().map(|row| scores[*row]).collect();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let at_or_above = |threshold: f32, side: bool| {
            let rows = rows.iter().filter(|row| labels[**row] == side);
            rows.filter(|row| scores[**row] >= threshold)
                .map(|row| weight(*row))
                .sum::<f64>()
        };
        thresholds
            .into_iter()
            .map(|t| (t, at_or_above(t, true), at_or_above(t, false)))
            .collect()
    }

    proptest! {
        #[test]
        fn counts_what_is_at_or_above((labels, scores, weights) in samples(), weighted: bool) {
            let weights = weighted.then_some(&weights[..]);
            let options = Options { weights, ..Options::default() };
            let counts = count(&labels, &scores, &options).unwrap();
            // Weights of up to 3 are scaled by at most a half.
            let largest = weights.map_or(1.0, |w| w.iter().fold(0.0_f64, |a, b| a.max(*b)));
            let scale = if largest >= 2.0 { 2.0 } else { 1.0 };
            let found: Vec<_> = counts.thresholds.iter().zip(&counts.true_positives)
                .zip(&counts.false_positives)
                .map(|((t, tp), fp)| (*t, tp * scale, fp * scale))
                .collect();
            prop_assert_eq!(found, naive(&labels, &scores, weights));
        }
    }

    #[test]
    fn zeros_of_both_signs_are_one_threshold() {
        let counts = count(&[true, false], &[-0.0, 0.0], &Options::default()).unwrap();
        assert_eq!(counts.thresholds, [0.0]);
        assert_eq!(counts.totals(), (1.0, 1.0));
    }

    #[test]
    fn the_weights_of_a_tie_are_added_by_row() {
        // Below 2^-53 of the sum a weight is lost, unless it is added before the large ones.
        let tiny = 2.0_f64.powi(-54);
        let count = |weights: &[f64]| {
            let options = Options {
                weights: Some(weights),
                ..Options::default()
            };
            count(&[true; 3], &[1.0; 3], &options).unwrap().totals().0
        };
        assert_eq!(count(&[1.0, tiny, tiny]), 1.0);
        assert_eq!(count(&[tiny, tiny, 1.0]), 1.0 + 2.0 * tiny);
    }

    #[test]
    fn faults_are_named() {
        let count = |labels: &[bool], scores: &[f64], weights| {
            count(
                labels,
                scores,
                &Options {
                    weights,
                    ..Options::default()
                },
            )
            .unwrap_err()
        };
        assert!(matches!(count(&[true], &[], None), Error::Shape { .. }));
        assert!(matches!(
            count(&[true], &[f64::NAN], None),
            Error::Score { .. }
        ));
        assert_eq!(count(&[true], &[1.0], Some(&[0.0])), Error::ZeroWeights);
    }
}
