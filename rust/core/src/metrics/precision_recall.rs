//! The precision-recall curve.

use super::error::Error;
use super::options::Options;
use super::score::Score;
use super::thresholds::Counts;

/// The points of a precision-recall curve, from the lowest threshold to the end at recall 0.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecallCurve<S> {
    /// Of the samples that score `thresholds[i]` or more, the share of positives; 1 at the end.
    pub precision: Vec<f64>,
    /// The share of the positives that score `thresholds[i]` or more, then 0; `None` without
    /// positives.
    pub recall: Option<Vec<f64>>,
    /// Distinct scores, the lowest first: one fewer than there are points.
    pub thresholds: Vec<S>,
}

/// The precision-recall curve of one class.
///
/// The same as, for every distinct score `t` from the lowest up:
/// ```text
/// precision.push(positives.filter(|p| p >= t).count() / samples.filter(|s| s >= t).count());
/// recall.push(positives.filter(|p| p >= t).count() / positives.count());
/// ```
/// and last the point of precision 1 and recall 0. With weights, sums of weights take the place
/// of counts; where those of all samples cancel, precision is 0.
///
/// # Arguments
/// `drop_intermediate` leaves out the inner points of vertical lines, where neither neighbour has
/// another recall.
///
/// # Errors
/// If lengths differ, a score or a weight is refused, or `options` limit the false positive rate,
/// which has no meaning here.
///
/// # Examples
/// ```
/// use medfast::metrics::{Options, precision_recall_curve};
///
/// let labels = [false, false, true, true];
/// let scores = [0.1, 0.4, 0.35, 0.8];
/// let curve = precision_recall_curve(&labels, &scores, false, &Options::default())?;
/// assert_eq!(curve.precision, [0.5, 2.0 / 3.0, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.recall, Some(vec![1.0, 1.0, 0.5, 0.5, 0.0]));
/// assert_eq!(curve.thresholds, [0.1, 0.35, 0.4, 0.8]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn precision_recall_curve<S: Score>(
    labels: &[bool],
    scores: &[S],
    drop_intermediate: bool,
    options: &Options<'_>,
) -> Result<PrecisionRecallCurve<S>, Error> {
    let mut counts = Counts::new(labels, scores, options, None, |score| score)?;
    let (positives, _) = counts.totals();
    if drop_intermediate {
        counts.retain_after(0, |counts, place| {
            let found = &counts.true_positives;
            found[place] != found[place - 1] || found[place + 1] != found[place]
        });
    }
    counts.shrink();
    let Counts {
        mut thresholds,
        true_positives: mut recall,
        false_positives: mut precisions,
    } = counts;
    for (right, wrong) in recall.iter_mut().zip(&mut precisions) {
        *wrong = precision(*right, *wrong);
        *right /= positives;
    }
    thresholds.reverse();
    precisions.reverse();
    precisions.push(1.0);
    recall.reverse();
    recall.push(0.0);
    Ok(PrecisionRecallCurve {
        precision: precisions,
        recall: (positives != 0.0).then_some(recall),
        thresholds,
    })
}

/// The share of `right` in both, 0 if they weigh nothing together.
pub(super) fn precision(right: f64, wrong: f64) -> f64 {
    let both = right + wrong;
    if both == 0.0 { 0.0 } else { right / both }
}

#[cfg(test)]
mod tests {
    use super::super::thresholds::tests::{naive, samples};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_definition_at_each_threshold(
            (labels, scores, weights) in samples(), weighted: bool,
        ) {
            let weights = weighted.then_some(&weights[..]);
            let options = Options { weights, ..Options::default() };
            let curve = precision_recall_curve(&labels, &scores, false, &options).unwrap();
            let mut points = naive(&labels, &scores, weights);
            points.reverse();
            let positives = points[0].1;
            let precision: Vec<f64> = points.iter().map(|p| p.1 / (p.1 + p.2)).chain([1.0]).collect();
            let recall = points.iter().map(|p| p.1 / positives).chain([0.0]).collect();
            prop_assert_eq!(curve.precision, precision);
            prop_assert_eq!(curve.recall, (positives > 0.0).then_some(recall));
            prop_assert!(curve.thresholds.into_iter().eq(points.into_iter().map(|p| p.0)));
        }

        #[test]
        fn every_recall_keeps_its_ends((labels, scores, _) in samples()) {
            let curve = |drop| {
                precision_recall_curve(&labels, &scores, drop, &Options::default()).unwrap()
            };
            let (whole, kept) = (curve(false), curve(true));
            let inner = |place: usize| {
                let of = |place: usize| {
                    let threshold = whole.thresholds[place];
                    let samples = labels.iter().zip(&scores);
                    samples.filter(|(label, score)| **label && **score >= threshold).count()
                };
                let last = whole.thresholds.len() - 1;
                (1..last).contains(&place) && of(place - 1) == of(place) && of(place) == of(place + 1)
            };
            let expected: Vec<f32> = whole.thresholds.iter().enumerate()
                .filter(|(place, _)| !inner(*place)).map(|(_, threshold)| *threshold).collect();
            prop_assert_eq!(kept.thresholds, expected);
        }
    }

    #[test]
    fn without_positives_there_is_no_recall() {
        let curve = precision_recall_curve(&[false, false], &[1_u8, 2], false, &Options::default())
            .unwrap();
        assert_eq!(curve.recall, None);
        assert_eq!(curve.precision, [0.0, 0.0, 1.0]);
        assert_eq!(curve.thresholds, [1, 2]);
    }

    #[test]
    fn weights_that_cancel_have_no_precision() {
        let weights = [1.0, -1.0, 3.0];
        let options = Options {
            weights: Some(&weights),
            ..Options::default()
        };
        let curve =
            precision_recall_curve(&[true, false, true], &[3, 2, 1], false, &options).unwrap();
        assert_eq!(curve.precision, [4.0 / 3.0, 0.0, 1.0, 1.0]);
    }
}
