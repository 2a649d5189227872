//! The samples of one class in the order of their scores, for the areas of many resamples of them.

use super::error::Error;
use super::ratio;
use super::score::Key;
use super::sort;
use crate::parallel::Interrupt;

/// The units (samples, or clusters of them) that an item has room for.
pub(super) const MAX_UNITS: usize = 1 << 30;

const POSITIVE: u32 = 1;
const FIRST_OF_TIE: u32 = 2;
const UNIT_SHIFT: u32 = 2;

/// Samples in ascending order of score, the negatives of a tie before its positives: of each, the
/// number of its unit, whether it begins a tie, and whether it is a positive.
#[derive(Debug)]
pub(super) struct Ranking(Vec<u32>);

impl Ranking {
    /// Ranks (key, positive?, unit) samples, whose units are numbered below [`MAX_UNITS`].
    pub(super) fn new<K: Key>(
        samples: impl Iterator<Item = (K, bool, usize)>,
        interrupt: Interrupt<'_>,
    ) -> Result<Self, Error> {
        let mut samples: Vec<(K, u32)> = samples
            .map(|(key, positive, unit)| (key, (unit as u32) << UNIT_SHIFT | u32::from(positive)))
            .collect();
        let mut scratch = samples.clone();
        let sorted = sort::sorted_by_key(&mut samples, &mut scratch, |s| s.0, interrupt)?;
        let mut items = Vec::with_capacity(sorted.len());
        for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
            let start = items.len();
            for side in [0, POSITIVE] {
                let of_side = tie.iter().filter(|sample| sample.1 & POSITIVE == side);
                items.extend(of_side.map(|sample| sample.1));
            }
            items[start] |= FIRST_OF_TIE;
        }
        Ok(Self(items))
    }

    /// The area when every sample counts as often as `times` says of its unit; `None` if that
    /// leaves no positives or no negatives.
    ///
    /// The same as the area of the samples, each repeated `times[unit]` times. Their number must
    /// stay below 2^31.
    pub(super) fn area(&self, times: &[u32]) -> Option<f64> {
        let (mut negatives, mut positives) = (0_u64, 0_u64);
        let mut negatives_below = 0;
        let mut twice_right = 0;
        for &item in &self.0 {
            let times = u64::from(times[(item >> UNIT_SHIFT) as usize]);
            let positive = u64::from(item & POSITIVE) * times;
            if item & FIRST_OF_TIE != 0 {
                negatives_below = negatives;
            }
            // The negatives of a tie precede its positives: those counted so far are the ones
            // below and the tied ones.
            twice_right += positive * (negatives_below + negatives);
            positives += positive;
            negatives += times - positive;
        }
        let pairs = u128::from(positives) * u128::from(negatives);
        (pairs > 0).then(|| ratio::correctly_rounded(twice_right.into(), 2 * pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::super::roc_auc::roc_auc;
    use super::super::score::Ranked;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_area_of_repeated_samples(
            samples in prop::collection::vec((-3_i8..3, any::<bool>(), 0_usize..5), 0..60),
            times in prop::collection::vec(0_u32..4, 5),
        ) {
            let keyed = samples.iter().map(|(score, label, unit)| (score.key(), *label, *unit));
            let ranking = Ranking::new(keyed, Interrupt::never()).unwrap();
            let repeated = samples.iter().flat_map(|(score, label, unit)| {
                std::iter::repeat_n((*label, *score), times[*unit] as usize)
            });
            let (labels, scores): (Vec<bool>, Vec<i8>) = repeated.unzip();
            prop_assert_eq!(ranking.area(&times), roc_auc(&labels, &scores).unwrap());
        }
    }
}
