//! What a decision at each distinct score gets right and wrong.

use super::error::Error;
use super::matrix;
use super::options::Options;
use super::score::Score;
use super::sort;
use super::weights::Weights;
use crate::parallel::Interrupt;

/// The positives and the negatives at or above each distinct score, the highest score first.
///
/// With weights these are sums of weights, all scaled by the same power of two.
#[derive(Debug, PartialEq)]
pub(super) struct Counts<S> {
    pub(super) thresholds: Vec<S>,
    pub(super) true_positives: Vec<f64>,
    pub(super) false_positives: Vec<f64>,
}

/// Counts (score, positive?) samples, and hands every distinct score, from the highest down, with
/// the positives and the negatives that score as much or more to `step`.
///
/// The same as, for every distinct score `t` from the highest down:
/// ```text
/// let weight_of = |side| samples.filter(|s| s.positive == side && s.score >= t).map(|s| s.weight).sum();
/// step(t, weight_of(true), weight_of(false));
/// ```
///
/// Samples of weight zero are left out. The weights of each side are added one by one, from the
/// highest score down and by row within a tie. That is scikit-learn's order too, and must be:
/// which points of a curve lie on a line with their neighbours is decided by the last bit.
pub(super) fn scan<S: Score>(
    samples: impl Iterator<Item = (S, bool)>,
    weights: Option<impl Iterator<Item = f64>>,
    interrupt: Interrupt<'_>,
    step: impl FnMut(S, f64, f64),
) -> Result<(), Error> {
    match weights {
        None => scan_counts(samples, interrupt, step),
        Some(weights) => scan_weights(samples.zip(weights), interrupt, step),
    }
}

fn scan_counts<S: Score>(
    samples: impl Iterator<Item = (S, bool)>,
    interrupt: Interrupt<'_>,
    mut step: impl FnMut(S, f64, f64),
) -> Result<(), Error> {
    let mut samples: Vec<(S, bool)> = samples.collect();
    let mut scratch = samples.clone();
    let sorted = sort::sorted_by_key(&mut samples, &mut scratch, |s| s.0.key(), interrupt)?;
    let (mut positives, mut negatives) = (0_u64, 0_u64);
    for tie in sorted.chunk_by(|a, b| a.0 == b.0).rev() {
        let of_tie = tie.iter().filter(|sample| sample.1).count();
        positives += of_tie as u64;
        negatives += (tie.len() - of_tie) as u64;
        step(tie[0].0, positives as f64, negatives as f64);
    }
    Ok(())
}

fn scan_weights<S: Score>(
    samples: impl Iterator<Item = ((S, bool), f64)>,
    interrupt: Interrupt<'_>,
    mut step: impl FnMut(S, f64, f64),
) -> Result<(), Error> {
    let samples: Vec<((S, bool), f64)> = samples.filter(|(_, weight)| *weight != 0.0).collect();
    let mut places: Vec<(S, usize)> = samples.iter().map(|s| s.0.0).zip(0..).collect();
    let mut scratch = places.clone();
    let sorted = sort::sorted_by_key(&mut places, &mut scratch, |p| p.0.key(), interrupt)?;
    let (mut positives, mut negatives) = (0.0, 0.0);
    let mut rows = Vec::new();
    for tie in sorted.chunk_by(|a, b| a.0 == b.0).rev() {
        rows.clear();
        rows.extend(tie.iter().map(|place| place.1));
        rows.sort_unstable();
        for &row in &rows {
            let ((_, positive), weight) = samples[row];
            *(if positive {
                &mut positives
            } else {
                &mut negatives
            }) += weight;
        }
        step(tie[0].0, positives, negatives);
    }
    Ok(())
}

impl<S: Score> Counts<S> {
    /// All positives, and all negatives.
    pub(super) fn totals(&self) -> (f64, f64) {
        let last = |counts: &[f64]| counts.last().copied().unwrap_or(0.0);
        (last(&self.true_positives), last(&self.false_positives))
    }

    /// Keeps the first and the last threshold, and of those between them the ones for whose
    /// place `keep` is true.
    pub(super) fn retain_between(&mut self, keep: impl Fn(&Self, usize) -> bool) {
        let last = self.thresholds.len().saturating_sub(1);
        let kept: Vec<usize> = (0..=last)
            .filter(|&place| place == 0 || place == last || keep(self, place))
            .collect();
        if kept.len() > last {
            return;
        }
        // Places ascend, so none is written before it is read.
        for (to, &from) in kept.iter().enumerate() {
            self.thresholds[to] = self.thresholds[from];
            self.true_positives[to] = self.true_positives[from];
            self.false_positives[to] = self.false_positives[from];
        }
        self.thresholds.truncate(kept.len());
        self.true_positives.truncate(kept.len());
        self.false_positives.truncate(kept.len());
    }
}

/// The counts of one class.
///
/// # Errors
/// If lengths differ, a score or a weight is refused, or `options` limit the false positive rate.
pub(super) fn count<S: Score>(
    labels: &[bool],
    scores: &[S],
    options: &Options<'_>,
) -> Result<Counts<S>, Error> {
    options.refuse_max_fpr()?;
    if labels.len() != scores.len() {
        return Err(Error::shape("labels", (labels.len(),), (scores.len(),)));
    }
    matrix::check_finite(scores)?;
    let weights = options.weights_for(labels.len())?;
    let mut counts = Counts {
        thresholds: Vec::new(),
        true_positives: Vec::new(),
        false_positives: Vec::new(),
    };
    scan(
        scores.iter().copied().zip(labels.iter().copied()),
        weights.as_ref().map(Weights::iter),
        options.interrupt,
        |threshold, true_positives, false_positives| {
            counts.thresholds.push(threshold);
            counts.true_positives.push(true_positives);
            counts.false_positives.push(false_positives);
        },
    )?;
    Ok(counts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

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
