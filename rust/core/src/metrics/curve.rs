//! The area under a ROC curve that is given as steps: partial areas, and weighted samples.

use super::error::Error;
use super::score::{Key, Ranked};
use super::sort;
use super::weights::Sum;
use crate::parallel::Interrupt;

/// The weight of the positives and of the negatives that share a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) positive: f64,
    pub(super) negative: f64,
}

/// The area up to `max_fpr`, standardised if that is below 1, of the curve whose steps `groups`
/// are, the highest score first. `None` if a side weighs nothing.
///
/// The same as the trapezoids under the points (false positive rate, true positive rate), the
/// last one cut off at `max_fpr`.
pub(super) fn area(
    groups: impl Iterator<Item = Group>,
    totals: Group,
    max_fpr: f64,
) -> Option<f64> {
    if !(totals.positive > 0.0 && totals.negative > 0.0) {
        return None;
    }
    // The area of a perfect order is summed in the same steps, so that its share is 1 and not the
    // number next to it.
    let (mut area, mut whole) = (Sum::default(), Sum::default());
    let mut true_positives = Sum::default();
    let mut false_positives = Sum::default();
    for group in groups {
        let (x, y) = (false_positives.value(), true_positives.value());
        true_positives.add(group.positive);
        false_positives.add(group.negative);
        if max_fpr < 1.0 && false_positives.value() / totals.negative > max_fpr {
            let width = max_fpr * totals.negative - x;
            let rise = group.positive * (width / group.negative);
            area.add(width * (y + rise / 2.0));
            whole.add(width * totals.positive);
            break;
        }
        area.add(group.negative * (y + group.positive / 2.0));
        whole.add(group.negative * totals.positive);
    }
    let whole = whole.value();
    // The products of the smallest weights may vanish.
    let share = (whole > 0.0).then(|| area.value() / whole)?;
    if max_fpr == 1.0 {
        return Some(share);
    }
    let chance = 0.5 * max_fpr;
    Some(0.5 * (1.0 + (share - chance) / (1.0 - chance)))
}

/// The partial area up to `max_fpr` under the ROC curve of (score, positive?) samples; `None` if
/// all are alike.
///
/// The same as [`weighted_area`] with weights of 1.
pub(super) fn partial_area<S: Ranked>(
    samples: impl Iterator<Item = (S, bool)>,
    max_fpr: f64,
    interrupt: Interrupt<'_>,
) -> Result<Option<f64>, Error> {
    let mut samples: Vec<(S::Key, bool)> = samples
        .map(|(score, positive)| (score.key(), positive))
        .collect();
    let mut scratch = samples.clone();
    let sorted = sort::sorted_by_key(&mut samples, &mut scratch, |sample| sample.0, interrupt)?;
    let count = |samples: &[(S::Key, bool)]| {
        let positives = samples.iter().filter(|sample| sample.1).count();
        Group {
            positive: positives as f64,
            negative: (samples.len() - positives) as f64,
        }
    };
    let ties = sorted.chunk_by(|a, b| a.0 == b.0);
    Ok(area(ties.rev().map(count), count(sorted), max_fpr))
}

#[derive(Clone, Copy)]
struct Sample<K> {
    key: K,
    weight: f64,
    positive: bool,
}

/// The area under the ROC curve of weighted (score, positive?, weight) samples; `None` if all are
/// alike or a side weighs nothing.
///
/// The same as, over all pairs of a positive p and a negative n, `weight(p) * weight(n)` times 1
/// if p's score is the higher, 1/2 if they tie and 0 if it is the lower, added up, divided by the
/// same sum without those factors.
pub(super) fn weighted_area<S: Ranked>(
    samples: impl Iterator<Item = (S, bool, f64)>,
    max_fpr: f64,
    interrupt: Interrupt<'_>,
) -> Result<Option<f64>, Error> {
    let mut samples: Vec<Sample<S::Key>> = samples
        .map(|(score, positive, weight)| Sample {
            key: score.key(),
            weight,
            positive,
        })
        .collect();
    let mut scratch = samples.clone();
    let sorted = sort::sorted_by_key(&mut samples, &mut scratch, |sample| sample.key, interrupt)?;
    let groups: Vec<Group> = sorted
        .chunk_by(|a, b| a.key == b.key)
        .rev()
        .map(weigh)
        .collect();
    let (mut positive, mut negative) = (Sum::default(), Sum::default());
    for group in &groups {
        positive.add(group.positive);
        negative.add(group.negative);
    }
    let totals = Group {
        positive: positive.value(),
        negative: negative.value(),
    };
    if totals.negative > 0.0 && groups.iter().any(|group| group.negative < 0.0) {
        return Err(Error::FallingRate);
    }
    Ok(area(groups.into_iter(), totals, max_fpr))
}

fn weigh<K: Key>(tie: &[Sample<K>]) -> Group {
    let (mut positive, mut negative) = (Sum::default(), Sum::default());
    for sample in tie {
        // Adding a zero changes nothing, and asking which side to add to costs more.
        positive.add(if sample.positive { sample.weight } else { 0.0 });
        negative.add(if sample.positive { 0.0 } else { sample.weight });
    }
    Group {
        positive: positive.value(),
        negative: negative.value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(positive: f64, negative: f64) -> Group {
        Group { positive, negative }
    }

    #[test]
    fn a_limit_cuts_the_trapezoid() {
        let one_tie = || [group(2.0, 4.0)].into_iter();
        assert_eq!(area(one_tie(), group(2.0, 4.0), 1.0), Some(0.5));
        assert_eq!(area(one_tie(), group(2.0, 4.0), 0.25), Some(0.5));
        let perfect = || [group(2.0, 0.0), group(0.0, 4.0)].into_iter();
        assert_eq!(area(perfect(), group(2.0, 4.0), 0.3), Some(1.0));
        assert_eq!(area(perfect(), group(2.0, 4.0), 1.0), Some(1.0));
    }

    #[test]
    fn a_step_at_the_limit_counts_whole() {
        let steps = [group(0.0, 1.0), group(1.0, 0.0), group(0.0, 1.0)].into_iter();
        let limit = 0.5;
        let (found, chance) = (0.0, 0.5 * limit * limit);
        let expected = 0.5 * (1.0 + (found - chance) / (limit - chance));
        assert_eq!(area(steps, group(1.0, 2.0), limit), Some(expected));
    }

    #[test]
    fn a_side_without_weight_has_no_area() {
        for totals in [group(0.0, 1.0), group(1.0, 0.0), group(-1.0, 1.0)] {
            assert_eq!(area(std::iter::empty(), totals, 1.0), None);
        }
    }
}
