//! Keys, dealt out to buckets of neighbours that fit the first cache.

use super::score::Key;

/// Keys that a bucket should hold.
const BUCKET: usize = 2048;

/// More buckets would be written to more places than the caches close by hold.
const MAX_BUCKETS: usize = 512;

/// Keys looked at, for each bucket, to choose the bounds.
const SAMPLE: usize = 8;

/// Cells for each bucket, as a power of two.
const CELL_BITS: u32 = 7;

/// The bounds of buckets: equal cells of the range of the keys, neighbours joined until they hold
/// their share of a sample.
pub(super) struct Bounds<K> {
    low: K,
    high: K,
    shift: u32,
    /// The bucket of each cell.
    cells: Vec<u16>,
    count: usize,
}

impl<K: Key> Bounds<K> {
    /// Bounds for `length` keys, at least one, of which `key` gives any.
    pub(super) fn new(length: usize, key: impl Fn(usize) -> K) -> Self {
        let wanted = (length / BUCKET).clamp(4, MAX_BUCKETS);
        let looks = wanted * SAMPLE;
        let sample: Vec<K> = (0..looks)
            .map(|look| key((look as u128 * length as u128 / looks as u128) as usize))
            .collect();
        let (low, high) = sample
            .iter()
            .fold((sample[0], sample[0]), |(low, high), key| {
                (low.min(*key), high.max(*key))
            });
        let width = u64::BITS - (high - low).as_u64().leading_zeros();
        let cell_bits = (wanted.ilog2() + CELL_BITS).min(width);
        let shift = width - cell_bits;
        let mut cells = vec![0_u16; 1 << cell_bits];
        for key in &sample {
            cells[((*key - low) >> shift).as_u64() as usize] += 1;
        }
        // A cell goes by the middle of its share, so that a large share gets a bucket of its own.
        let mut below = 0;
        for cell in &mut cells {
            let share = *cell;
            *cell = ((below + share / 2) / SAMPLE as u16).min(wanted as u16 - 1);
            below += share;
        }
        Self {
            low,
            high,
            shift,
            cells,
            count: wanted,
        }
    }

    /// The number of buckets.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The bucket of a key. The same as: some function that never decreases as the key grows.
    fn bucket(&self, key: K) -> usize {
        let place = key.max(self.low).min(self.high) - self.low;
        usize::from(self.cells[(place >> self.shift).as_u64() as usize])
    }

    /// Deals out `length` (key, positive?) samples, which `samples` gives any number of times.
    pub(super) fn deal<I: Iterator<Item = (K, bool)>>(
        &self,
        samples: impl Fn() -> I,
        length: usize,
    ) -> Dealt<K> {
        let mut ends = vec![0_u32; 2 * self.count];
        let mut places = vec![0_u16; length];
        for ((key, positive), place) in samples().zip(&mut places) {
            let side = 2 * self.bucket(key) + usize::from(positive);
            ends[side] += 1;
            *place = side as u16;
        }
        let mut next = 0;
        for end in &mut ends {
            let start = next;
            next += *end;
            *end = start;
        }
        let mut keys = vec![K::default(); length];
        for ((key, _), place) in samples().zip(&places) {
            let end = &mut ends[usize::from(*place)];
            keys[*end as usize] = key;
            *end += 1;
        }
        Dealt { keys, ends }
    }
}

/// Keys by bucket, and in it the negatives before the positives.
pub(super) struct Dealt<K> {
    keys: Vec<K>,
    /// Where each side of each bucket ends.
    ends: Vec<u32>,
}

impl<K> Dealt<K> {
    /// The keys of one side of a bucket.
    pub(super) fn keys(&self, bucket: usize, positive: bool) -> &[K] {
        let side = 2 * bucket + usize::from(positive);
        let start = side.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start as usize..self.ends[side] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<K: Key>(samples: &[(K, bool)]) -> Result<(), TestCaseError> {
        let bounds = Bounds::new(samples.len(), |row| samples[row].0);
        let dealt = bounds.deal(|| samples.iter().copied(), samples.len());
        let mut found = Vec::new();
        let mut highest = None;
        for bucket in 0..bounds.count() {
            let sides = [false, true].map(|side| dealt.keys(bucket, side));
            let keys = || sides.concat().into_iter();
            prop_assert!(highest.is_none() || keys().min() > highest || keys().len() == 0);
            highest = highest.max(keys().max());
            for (keys, positive) in sides.into_iter().zip([false, true]) {
                found.extend(keys.iter().map(|key| (*key, positive)));
            }
        }
        let mut expected = samples.to_vec();
        expected.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
        Ok(())
    }

    proptest! {
        #[test]
        fn buckets_are_in_order(samples in prop::collection::vec(any::<(u32, bool)>(), 1..3000)) {
            check(&samples)?;
        }

        #[test]
        fn buckets_of_clusters_are_in_order(
            picks in prop::collection::vec((any::<u64>(), 0_u32..64, any::<bool>()), 1..20_000),
        ) {
            let samples: Vec<(u64, bool)> =
                picks.iter().map(|(bits, shift, positive)| (bits >> shift, *positive)).collect();
            check(&samples)?;
        }
    }
}
