//! Counting rightly ordered pairs in integers.

use super::curve::{self, Group};
use super::error::Error;
use super::ratio;
use super::score::{Key, Ranked};
use super::sort;
use crate::parallel::Interrupt;

/// How many terms of the count fit in a `u64`: each is below twice the number of samples, and no
/// slice is longer than 2^47.
const TERMS: usize = 1 << 16;

/// Room for sorting, kept between problems.
#[derive(Default)]
pub(super) struct Workspace<K> {
    keys: Vec<K>,
    scratch: Vec<K>,
}

/// Samples as sorted keys. Those with the top bit clear come first, so that the bit need not be
/// kept and the label takes its room.
struct Sorted<'a, K> {
    low: &'a [K],
    high: &'a [K],
    positives: u64,
}

impl<K: Key> Workspace<K> {
    /// The area under the ROC curve of (score, positive?) samples; `None` if all are alike.
    pub(super) fn area<S: Ranked<Key = K>>(
        &mut self,
        samples: impl Iterator<Item = (S, bool)> + Clone,
        length: usize,
        max_fpr: f64,
        interrupt: Interrupt<'_>,
    ) -> Result<Option<f64>, Error> {
        let sorted = self.sort(samples, length, interrupt)?;
        let Some(sorted) = sorted else {
            return Ok(None);
        };
        let negatives = length as u64 - sorted.positives;
        if max_fpr == 1.0 {
            let pairs = u128::from(sorted.positives) * u128::from(negatives);
            let twice_right = sorted.twice_rightly_ordered();
            return Ok(Some(ratio::correctly_rounded(twice_right, 2 * pairs)));
        }
        let totals = Group {
            positive: sorted.positives as f64,
            negative: negatives as f64,
        };
        Ok(curve::area(sorted.groups_from_the_top(), totals, max_fpr))
    }

    fn sort<S: Ranked<Key = K>>(
        &mut self,
        samples: impl Iterator<Item = (S, bool)> + Clone,
        length: usize,
        interrupt: Interrupt<'_>,
    ) -> Result<Option<Sorted<'_, K>>, Error> {
        if self.keys.len() < length {
            self.keys = vec![K::default(); length];
            self.scratch = vec![K::default(); length];
        }
        let keys = &mut self.keys[..length];
        let mut positives = 0;
        let mut top_bits = 0_usize;
        for (slot, (score, label)) in keys.iter_mut().zip(samples.clone()) {
            let key = score.key();
            top_bits += usize::from(key.top_bit());
            positives += u64::from(label);
            *slot = key.pack(label);
        }
        if positives == 0 || positives == length as u64 {
            return Ok(None);
        }
        let middle = length - top_bits;
        if 0 < middle && middle < length {
            let (mut low, mut high) = (0, length);
            for (score, label) in samples {
                let key = score.key();
                let top = key.top_bit();
                high -= usize::from(top);
                keys[if top { high } else { low }] = key.pack(label);
                low += usize::from(!top);
            }
        }
        let (low, high) = keys.split_at_mut(middle);
        let (low_scratch, high_scratch) = self.scratch[..length].split_at_mut(middle);
        Ok(Some(Sorted {
            low: sort::sorted_by_key(low, low_scratch, |key| *key, interrupt)?,
            high: sort::sorted_by_key(high, high_scratch, |key| *key, interrupt)?,
            positives,
        }))
    }
}

impl<K: Key> Sorted<'_, K> {
    /// Twice the Mann-Whitney U of the positives.
    ///
    /// The same as, over all pairs of a positive p and a negative n:
    /// `2` if p's score is the higher, `1` if they tie, `0` if it is the lower, added up.
    fn twice_rightly_ordered(&self) -> u128 {
        let mut total = 0;
        let mut negatives = 0_u64;
        for run in [self.low, self.high] {
            let mut negatives_below = negatives;
            let mut previous = run.first().copied().unwrap_or_default();
            for keys in run.chunks(TERMS) {
                let mut sum = 0;
                for &key in keys {
                    if !key.same_score(previous) {
                        negatives_below = negatives;
                    }
                    previous = key;
                    let positive = u64::from(key.label());
                    // The negatives of a tie precede its positives: those counted so far are the
                    // ones below and the tied ones.
                    sum += positive * (negatives_below + negatives);
                    negatives += 1 - positive;
                }
                total += u128::from(sum);
            }
        }
        total
    }

    /// How many positives and negatives have each distinct score, the highest score first.
    fn groups_from_the_top(&self) -> impl Iterator<Item = Group> {
        let ties = |run| <[K]>::chunk_by(run, |a, b| a.same_score(*b)).rev();
        ties(self.high).chain(ties(self.low)).map(|tie| {
            let positives = tie.iter().filter(|key| key.label()).count();
            Group {
                positive: positives as f64,
                negative: (tie.len() - positives) as f64,
            }
        })
    }
}
