//! Counting rightly ordered pairs in integers.
//!
//! A pair in two different buckets of scores is ordered by its buckets alone. So the keys are
//! dealt out to buckets, and in each the larger side is asked for its places in the ranking of
//! the smaller one.

use std::ops::Range;

use super::buckets::{Bounds, Dealt};
use super::error::Error;
use super::options::Options;
use super::ranks::{self, Ranks};
use super::ratio;
use super::roc_auc::collect;
use super::score::Key;
use crate::parallel::Interrupt;

/// The largest smaller side that is ranked without buckets.
const RANKED_WHOLE: usize = 4096;

/// Samples that are worth dealing out on threads.
const LONG: usize = 1 << 15;

/// Keys that have been dealt out more often than this are sorted.
const MAX_DEPTH: u32 = 6;

/// The samples of one part: `u32` counts them.
const MAX_PART: usize = 1 << 31;

/// Pieces that the buckets are handed out to the threads in.
const RUNS: usize = 16;

/// The pairs among some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    twice_right: u128,
    negatives: u64,
    positives: u64,
}

impl Pairs {
    /// The share of pairs in the right order, a tie counting half; `None` without pairs.
    pub(super) fn area(self) -> Option<f64> {
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        (pairs > 0).then(|| ratio::correctly_rounded(self.twice_right, 2 * pairs))
    }

    /// Adds samples that are all above those counted so far.
    fn append(&mut self, above: Self) {
        let between = u128::from(self.negatives) * u128::from(above.positives);
        self.twice_right += above.twice_right + 2 * between;
        self.negatives += above.negatives;
        self.positives += above.positives;
    }
}

/// Counts the pairs of `length` (key, positive?) samples, of which `part` gives any range.
///
/// The same as, over all pairs of a positive p and a negative n:
/// `2` if p's key is the higher, `1` if they tie, `0` if it is the lower, added up.
pub(super) fn count_long<K: Key, I: Iterator<Item = (K, bool)>>(
    part: impl Fn(Range<usize>) -> I + Sync,
    length: usize,
    options: &Options<'_>,
) -> Result<Pairs, Error> {
    if length < LONG {
        let mut counter = Counter::default();
        counter.start(length);
        counter.add(part(0..length));
        return counter.finish(options.interrupt);
    }
    let threads = options.threads_for(length);
    let bounds = Bounds::new(length, |row| {
        let sample = part(row..row + 1).next();
        sample.map_or_else(K::default, |(key, _)| key)
    });
    let part_length = length.div_ceil(threads).min(MAX_PART);
    let parts = collect(threads, length.div_ceil(part_length), options, |index| {
        let start = index * part_length;
        let range = start..length.min(start + part_length);
        Ok(bounds.deal(|| part(range.clone()), range.len()))
    })?;
    let runs = if threads == 1 { 1 } else { RUNS };
    let counted = collect(threads, runs, options, |run| {
        let mut counter = Counter::default();
        let mut pairs = Pairs::default();
        for bucket in bounds.count() * run / runs..bounds.count() * (run + 1) / runs {
            options.interrupt.check()?;
            pairs.append(counter.count_bucket(&parts, bucket, options.interrupt)?);
        }
        Ok(pairs)
    })?;
    let mut pairs = Pairs::default();
    for run in counted {
        pairs.append(run);
    }
    Ok(pairs)
}

/// Room for counting, kept between problems.
#[derive(Debug, Default)]
pub(super) struct Counter<K: Key> {
    negatives: Vec<K>,
    positives: Vec<K>,
    /// How many of each are of the current problem.
    negative: usize,
    positive: usize,
    ranks: Ranks<K>,
}

impl<K: Key> Counter<K> {
    /// Begins a problem of at most this many samples.
    pub(super) fn start(&mut self, length: usize) {
        // One more, since a key is written to both sides and kept on one.
        self.negatives.resize(length + 1, K::default());
        self.positives.resize(length + 1, K::default());
        (self.negative, self.positive) = (0, 0);
    }

    /// Adds (key, positive?) samples.
    pub(super) fn add(&mut self, samples: impl Iterator<Item = (K, bool)>) {
        let (mut negative, mut positive) = (self.negative, self.positive);
        for (key, label) in samples {
            self.negatives[negative] = key;
            self.positives[positive] = key;
            negative += usize::from(!label);
            positive += usize::from(label);
        }
        (self.negative, self.positive) = (negative, positive);
    }

    /// [`count_long`] of the samples that were added, on this thread.
    pub(super) fn finish(&mut self, interrupt: Interrupt<'_>) -> Result<Pairs, Error> {
        let negatives = &self.negatives[..self.negative];
        let positives = &self.positives[..self.positive];
        count_sides(negatives, positives, 0, &mut self.ranks, interrupt)
    }

    /// Counts the pairs in a bucket, of which each part holds some.
    fn count_bucket(
        &mut self,
        parts: &[Dealt<K>],
        bucket: usize,
        interrupt: Interrupt<'_>,
    ) -> Result<Pairs, Error> {
        if let [part] = parts {
            let (negatives, positives) = (part.keys(bucket, false), part.keys(bucket, true));
            return count_sides(negatives, positives, 1, &mut self.ranks, interrupt);
        }
        self.negatives.clear();
        self.positives.clear();
        for part in parts {
            self.negatives.extend_from_slice(part.keys(bucket, false));
            self.positives.extend_from_slice(part.keys(bucket, true));
        }
        count_sides(
            &self.negatives,
            &self.positives,
            1,
            &mut self.ranks,
            interrupt,
        )
    }
}

fn count_sides<K: Key>(
    negatives: &[K],
    positives: &[K],
    depth: u32,
    ranks: &mut Ranks<K>,
    interrupt: Interrupt<'_>,
) -> Result<Pairs, Error> {
    let swapped = positives.len() < negatives.len();
    let (few, many) = if swapped {
        (positives, negatives)
    } else {
        (negatives, positives)
    };
    let twice = if few.is_empty() {
        Some(0)
    } else if few.len() <= RANKED_WHOLE {
        twice_the_places(few, many, ranks)
    } else {
        None
    };
    let Some(twice) = twice else {
        return count_in_buckets(negatives, positives, depth, ranks, interrupt);
    };
    // A place of a negative counts the positives that are wrongly below it.
    let all = 2 * few.len() as u128 * many.len() as u128;
    Ok(Pairs {
        twice_right: if swapped { all - twice } else { twice },
        negatives: negatives.len() as u64,
        positives: positives.len() as u64,
    })
}

fn twice_the_places<K: Key>(few: &[K], many: &[K], ranks: &mut Ranks<K>) -> Option<u128> {
    ranks.rank(few);
    let mut total = 0_u64;
    let keys = many.iter().map(|key| (*key, ()));
    ranks.places(keys, |(), below, not_above| {
        total += u64::from(below) + u64::from(not_above);
    })?;
    Some(u128::from(total))
}

fn count_in_buckets<K: Key>(
    negatives: &[K],
    positives: &[K],
    depth: u32,
    ranks: &mut Ranks<K>,
    interrupt: Interrupt<'_>,
) -> Result<Pairs, Error> {
    interrupt.check()?;
    let length = negatives.len() + positives.len();
    let alike = |a: &[K], b: &[K]| ranks::width(a) == 0 && ranks::width(b) == 0 && a[0] == b[0];
    if alike(negatives, positives) {
        return Ok(Pairs {
            twice_right: negatives.len() as u128 * positives.len() as u128,
            negatives: negatives.len() as u64,
            positives: positives.len() as u64,
        });
    }
    if depth >= MAX_DEPTH || length >= MAX_PART {
        return Ok(count_sorted(negatives, positives));
    }
    let bounds = Bounds::new(length, |row| match row.checked_sub(negatives.len()) {
        None => negatives[row],
        Some(row) => positives[row],
    });
    let samples = || {
        let negatives = negatives.iter().map(|key| (*key, false));
        negatives.chain(positives.iter().map(|key| (*key, true)))
    };
    let dealt = bounds.deal(samples, length);
    let mut pairs = Pairs::default();
    for bucket in 0..bounds.count() {
        let (negatives, positives) = (dealt.keys(bucket, false), dealt.keys(bucket, true));
        pairs.append(count_sides(
            negatives,
            positives,
            depth + 1,
            ranks,
            interrupt,
        )?);
    }
    Ok(pairs)
}

fn count_sorted<K: Key>(negatives: &[K], positives: &[K]) -> Pairs {
    let mut sorted = negatives.to_vec();
    sorted.sort_unstable();
    let twice_right = positives.iter().map(|key| {
        let below = sorted.partition_point(|other| other < key);
        let tied = sorted[below..].partition_point(|other| other == key);
        (2 * below + tied) as u128
    });
    Pairs {
        twice_right: twice_right.sum(),
        negatives: negatives.len() as u64,
        positives: positives.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::score::Ranked;
    use super::*;
    use proptest::prelude::*;

    /// The pair count, as one merge of the sorted sides.
    fn merged<K: Key>(samples: &[(K, bool)]) -> Pairs {
        let side = |positive: bool| -> Vec<K> {
            let side = samples.iter().filter(|sample| sample.1 == positive);
            side.map(|sample| sample.0).collect()
        };
        count_sorted(&side(false), &side(true))
    }

    fn naive<K: Key>(samples: &[(K, bool)]) -> u128 {
        let side = |positive: bool| samples.iter().filter(move |sample| sample.1 == positive);
        let pairs = side(true).flat_map(|p| side(false).map(move |n| p.0.cmp(&n.0)));
        pairs.map(|order| (order as i8 + 1) as u128).sum()
    }

    fn check<K: Key>(samples: &[(K, bool)]) {
        let expected = merged(samples);
        for threads in [1, 2, 7] {
            let options = Options {
                threads: Some(threads),
                ..Options::default()
            };
            let part = |range: Range<usize>| samples[range].iter().copied();
            let found = count_long(part, samples.len(), &options).unwrap();
            assert_eq!(found, expected, "{} samples", samples.len());
        }
    }

    /// Deterministic noise.
    fn noise() -> impl Iterator<Item = u64> {
        let mut state = 88_172_645_463_325_252_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    proptest! {
        #[test]
        fn sorting_counts_the_pairs(
            samples in prop::collection::vec((0_u32..50, any::<bool>()), 0..200),
        ) {
            prop_assert_eq!(merged(&samples).twice_right, naive(&samples));
        }

        #[test]
        fn short_problems_count_the_pairs(
            samples in prop::collection::vec((any::<u32>(), any::<bool>()), 0..500),
            bits in 0_u32..32,
        ) {
            let samples: Vec<_> = samples.iter().map(|(key, side)| (key >> bits, *side)).collect();
            let mut counter = Counter::default();
            counter.start(samples.len());
            let (first, second) = samples.split_at(samples.len() / 3);
            counter.add(first.iter().copied());
            counter.add(second.iter().copied());
            let found = counter.finish(Interrupt::never()).unwrap();
            prop_assert_eq!(found.twice_right, naive(&samples));
        }
    }

    #[test]
    fn every_length_and_kind_of_input_counts_the_pairs() {
        let around = |length| [length - 1, length, length + 1];
        let lengths = [around(2 * RANKED_WHOLE), around(LONG), [0, 1, 4 * LONG]];
        let kinds: [fn(u64) -> f64; 8] = [
            |bits| (bits >> 11) as f64,
            |bits| (bits % 10) as f64 - 5.0,
            |_| 1.5,
            |bits| [f64::NEG_INFINITY, -0.0, 0.0, f64::INFINITY][bits as usize % 4],
            |bits| f64::from_bits(bits % 1000),
            |bits| {
                if bits.is_multiple_of(5000) {
                    f64::INFINITY
                } else {
                    1.0 + (bits % 97) as f64 * 1e-9
                }
            },
            |bits| 0.5_f64.powi((bits % 1000) as i32),
            |bits| ((bits >> 11) as f64).ln(),
        ];
        for kind in kinds {
            for length in lengths.concat() {
                for positives in [2, 50] {
                    let labels = noise().skip(7).map(|bits| bits % positives == 0);
                    let scores = noise().map(kind);
                    let mut samples: Vec<_> = scores
                        .zip(labels)
                        .take(length)
                        .map(|(score, side)| (score.key(), side))
                        .collect();
                    check(&samples);
                    samples.sort_unstable_by_key(|sample| sample.0);
                    check(&samples);
                    samples.reverse();
                    check(&samples);
                }
            }
        }
    }

    #[test]
    fn clusters_in_clusters_are_counted() {
        // Each bucket holds nearly all that is left, until the keys are sorted.
        let nested = |bits: u64| 1_u64 << (bits % 60) | bits >> 8 & ((1 << (bits % 60)) - 1);
        let samples: Vec<_> = noise()
            .map(|bits| (nested(bits), bits >> 63 == 1))
            .take(40_000)
            .collect();
        check(&samples);
        let (negatives, positives) = ([1_u64, 3, 3, 9], [0, 3, 10]);
        let mut ranks = Ranks::default();
        let found = count_in_buckets(
            &negatives,
            &positives,
            MAX_DEPTH,
            &mut ranks,
            Interrupt::never(),
        );
        assert_eq!(found.unwrap(), count_sorted(&negatives, &positives));
    }

    #[test]
    fn long_work_stops_when_told() {
        let stop = || true;
        let options = Options {
            interrupt: Interrupt::when(&stop),
            ..Options::default()
        };
        let samples: Vec<(u32, bool)> = (0..100_000).map(|row| (row, row % 3 == 0)).collect();
        let part = |range: Range<usize>| samples[range].iter().copied();
        let outcome = count_long(part, samples.len(), &options);
        assert!(matches!(outcome, Err(Error::Interrupted(_))));
    }
}
