//! The ROC curve.

use super::error::Error;
use super::options::Options;
use super::score::Score;
use super::thresholds::Counts;

/// The points of a ROC curve, from (0, 0) on.
#[derive(Clone, Debug, PartialEq)]
pub struct RocCurve {
    /// The share of the negatives that score `thresholds[i]` or more; `None` without negatives.
    pub false_positive_rate: Option<Vec<f64>>,
    /// The share of the positives that score `thresholds[i]` or more; `None` without positives.
    pub true_positive_rate: Option<Vec<f64>>,
    /// Infinity, then distinct scores, the highest first.
    pub thresholds: Vec<f64>,
}

/// The ROC curve of one class.
///
/// The same as, for `t` in infinity and every distinct score from the highest down:
/// ```text
/// false_positive_rate.push(negatives.filter(|n| n >= t).count() / negatives.count());
/// true_positive_rate.push(positives.filter(|p| p >= t).count() / positives.count());
/// ```
/// With weights, sums of weights take the place of counts.
///
/// # Arguments
/// `drop_intermediate` leaves out points whose counts rise by as much before them as after them:
/// they lie on the line between their neighbours, so the curve keeps its shape.
///
/// # Errors
/// If lengths differ, a score or a weight is refused, or `options` limit the false positive rate,
/// which has no meaning here.
///
/// # Examples
/// ```
/// use medfast::metrics::{Options, roc_curve};
///
/// let labels = [false, false, true, true];
/// let curve = roc_curve(&labels, &[0.1, 0.4, 0.35, 0.8], true, &Options::default())?;
/// assert_eq!(curve.false_positive_rate, Some(vec![0.0, 0.0, 0.5, 0.5, 1.0]));
/// assert_eq!(curve.true_positive_rate, Some(vec![0.0, 0.5, 0.5, 1.0, 1.0]));
/// assert_eq!(curve.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_curve<S: Score>(
    labels: &[bool],
    scores: &[S],
    drop_intermediate: bool,
    options: &Options<'_>,
) -> Result<RocCurve, Error> {
    let infinity = Some(f64::INFINITY);
    let mut counts = Counts::new(labels, scores, options, infinity, |score| score.to_f64())?;
    let (positives, negatives) = counts.totals();
    if drop_intermediate {
        // The point at infinity is no neighbour: the first one after it stays.
        counts.retain_after(1, |counts, place| {
            let bends = |c: &[f64]| (c[place + 1] - c[place]) - (c[place] - c[place - 1]) != 0.0;
            bends(&counts.false_positives) || bends(&counts.true_positives)
        });
    }
    counts.shrink();
    Ok(RocCurve {
        false_positive_rate: rate(counts.false_positives, negatives),
        true_positive_rate: rate(counts.true_positives, positives),
        thresholds: counts.thresholds,
    })
}

fn rate(mut counts: Vec<f64>, total: f64) -> Option<Vec<f64>> {
    counts.iter_mut().for_each(|count| *count /= total);
    (total > 0.0).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::super::thresholds::tests::{naive, samples};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_share_at_or_above_each_threshold(
            (labels, scores, weights) in samples(), weighted: bool,
        ) {
            let weights = weighted.then_some(&weights[..]);
            let options = Options { weights, ..Options::default() };
            let curve = roc_curve(&labels, &scores, false, &options).unwrap();
            let points = naive(&labels, &scores, weights);
            let &(_, positives, negatives) = points.last().unwrap();
            let shares = |total: f64, count: fn(&(f32, f64, f64)) -> f64| (total > 0.0).then(|| {
                std::iter::once(0.0).chain(points.iter().map(|p| count(p) / total)).collect()
            });
            prop_assert_eq!(curve.false_positive_rate, shares(negatives, |p| p.2));
            prop_assert_eq!(curve.true_positive_rate, shares(positives, |p| p.1));
            let expected = points.iter().map(|point| f64::from(point.0));
            prop_assert!(curve.thresholds[1..].iter().copied().eq(expected));
        }

        #[test]
        fn dropped_points_lie_on_the_line((labels, scores, _) in samples()) {
            let whole = roc_curve(&labels, &scores, false, &Options::default()).unwrap();
            let kept = roc_curve(&labels, &scores, true, &Options::default()).unwrap();
            let area = |curve: &RocCurve| {
                let x = curve.false_positive_rate.as_ref()?;
                let y = curve.true_positive_rate.as_ref()?;
                let steps = x.windows(2).zip(y.windows(2));
                Some(steps.map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0).sum::<f64>())
            };
            prop_assert!(kept.thresholds.len() <= whole.thresholds.len());
            prop_assert!(kept.thresholds.iter().all(|t| whole.thresholds.contains(t)));
            match (area(&whole), area(&kept)) {
                (Some(whole), Some(kept)) => prop_assert!((whole - kept).abs() < 1e-12),
                (whole, kept) => prop_assert_eq!(whole, kept),
            }
        }
    }

    #[test]
    fn only_corners_are_kept() {
        let labels = [false, false, false, false, true, true];
        let curve = roc_curve(&labels, &[0, 1, 2, 3, 4, 5], true, &Options::default()).unwrap();
        assert_eq!(curve.thresholds, [f64::INFINITY, 5.0, 4.0, 0.0]);
    }

    #[test]
    fn a_side_without_samples_has_no_rate() {
        let curve = roc_curve(&[true, true], &[1, 2], true, &Options::default()).unwrap();
        assert_eq!(curve.false_positive_rate, None);
        assert_eq!(curve.true_positive_rate, Some(vec![0.0, 0.5, 1.0]));
    }

    #[test]
    fn a_limit_is_refused() {
        let options = Options {
            max_fpr: 0.5,
            ..Options::default()
        };
        let error = roc_curve(&[true], &[1], true, &options).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)));
    }
}
