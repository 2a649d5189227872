//! Places in a ranking, without sorting it.

use super::score::Key;

/// Keys that every key is compared with, however few its own group holds. Those beyond the group
/// are higher, so they count nothing.
const AHEAD: usize = 3;

/// Comparisons for each ranked key above which a ranking counts as too clustered.
const CROWD: usize = 16;

/// Groups for each key of the ranking, as a power of two.
const SPREAD: u32 = 2;
const MIN_GROUP_BITS: u32 = 4;

/// A ranking that can be asked for the place of a key: its keys, dealt out to equal intervals of
/// their range, so that a key is compared with the few of its own interval.
#[derive(Debug)]
pub(super) struct Ranks<K> {
    low: K,
    high: K,
    shift: u32,
    /// For each group, how many keys of the ranking are below it; then how many there are.
    starts: Vec<u32>,
    /// The keys by group, and [`AHEAD`] more that are the highest possible.
    keys: Vec<K>,
    count: u32,
}

impl<K: Key> Default for Ranks<K> {
    fn default() -> Self {
        Self {
            low: K::default(),
            high: K::default(),
            shift: 0,
            starts: Vec::new(),
            keys: Vec::new(),
            count: 0,
        }
    }
}

impl<K: Key> Ranks<K> {
    /// Makes this the ranking of `keys`, of which there must be at least one and at most 2^31.
    pub(super) fn rank(&mut self, keys: &[K]) {
        let width = width(keys);
        let mask = low_bits::<K>(width);
        self.low = keys[0] & !mask;
        self.high = self.low | mask;
        let bits = (keys.len().ilog2() + 1 + SPREAD)
            .max(MIN_GROUP_BITS)
            .min(width);
        self.shift = width - bits;
        self.count = keys.len() as u32;

        self.starts.clear();
        self.starts.resize((1 << bits) + 2, 0);
        for key in keys {
            let group = self.group(*key);
            self.starts[group + 2] += 1;
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        // Dealing out moves the start of each group, kept one place later, to its end: which is
        // the start of the next.
        self.keys.clear();
        self.keys.resize(keys.len() + AHEAD, !K::default());
        for key in keys {
            let group = self.group(*key);
            let place = &mut self.starts[group + 1];
            self.keys[*place as usize] = *key;
            *place += 1;
        }
    }

    fn group(&self, key: K) -> usize {
        let place = key.max(self.low).min(self.high) ^ self.low;
        (place >> self.shift).as_u64() as usize
    }

    /// Hands the places of `keys` in the ranking to `take`, in their order. `None`, after some of
    /// them, if the keys are too clustered for this to be quick.
    ///
    /// The same as, for each key and with r over the keys of the ranking:
    /// `take(number of r < key, number of r <= key)`.
    pub(super) fn places<T>(
        &self,
        keys: impl Iterator<Item = (K, T)>,
        mut take: impl FnMut(T, u32, u32),
    ) -> Option<()> {
        let mut asked = 0;
        let mut compared = 0;
        for (key, item) in keys {
            let group = self.group(key);
            let (start, end) = (self.starts[group] as usize, self.starts[group + 1] as usize);
            let (mut below, mut not_above) = (start as u32, start as u32);
            asked += 1;
            for other in &self.keys[start..start + AHEAD] {
                below += u32::from(*other < key);
                not_above += u32::from(*other <= key);
            }
            if end > start + AHEAD {
                if self.shift == 0 {
                    // All of the group are alike.
                    let alike = self.keys[start];
                    below = if alike < key {
                        end as u32
                    } else {
                        start as u32
                    };
                    not_above = if alike <= key {
                        end as u32
                    } else {
                        start as u32
                    };
                } else {
                    for other in &self.keys[start + AHEAD..end] {
                        below += u32::from(*other < key);
                        not_above += u32::from(*other <= key);
                    }
                    compared += end - start;
                    if compared > CROWD * (asked + self.count as usize) {
                        return None;
                    }
                }
            }
            take(item, below, not_above.min(self.count));
        }
        Some(())
    }
}

/// The number of low bits in which the keys differ.
pub(super) fn width<K: Key>(keys: &[K]) -> u32 {
    let first = keys.first().copied().unwrap_or_default();
    let differing = keys
        .iter()
        .fold(K::default(), |bits, key| bits | (*key ^ first));
    u64::BITS - differing.as_u64().leading_zeros()
}

/// A key of `count` ones below zeros.
pub(super) fn low_bits<K: Key>(count: u32) -> K {
    match count {
        0 => K::default(),
        count => !K::default() >> (K::BITS - count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<K: Key>(ranking: &[K], asked: &[K]) -> Result<(), TestCaseError> {
        let mut ranks = Ranks::default();
        for _ in 0..2 {
            ranks.rank(ranking);
            let mut found = Vec::new();
            let keys = asked
                .iter()
                .copied()
                .enumerate()
                .map(|(row, key)| (key, row));
            let all = ranks.places(keys, |row, below, not_above| {
                found.push((row, below, not_above))
            });
            for (at, (row, below, not_above)) in found.iter().enumerate() {
                prop_assert_eq!(at, *row);
                let key = asked[at];
                prop_assert_eq!(
                    *below as usize,
                    ranking.iter().filter(|other| **other < key).count()
                );
                let expected = ranking.iter().filter(|other| **other <= key).count();
                prop_assert_eq!(*not_above as usize, expected);
            }
            prop_assert!(all.is_none() || found.len() == asked.len());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn places_are_counted(
            ranking in prop::collection::vec(any::<u32>(), 1..300),
            asked in prop::collection::vec(any::<u32>(), 0..300),
        ) {
            check(&ranking, &asked)?;
        }

        #[test]
        fn places_are_counted_within_and_beyond_the_range(
            ranking in prop::collection::vec(1000_u64..1020, 1..300),
            asked in prop::collection::vec(990_u64..1030, 0..300),
            far in prop::sample::select(vec![0, 1 << 40, u64::MAX]),
        ) {
            check(&ranking, &asked)?;
            let asked = [asked, vec![far, 0, u64::MAX]].concat();
            check(&ranking, &asked)?;
            check(&[ranking, vec![far]].concat(), &asked)?;
        }
    }

    #[test]
    fn clusters_are_given_up() {
        let mut ranks = Ranks::default();
        let cluster: Vec<u64> = (0..1000).chain([1 << 60]).collect();
        ranks.rank(&cluster);
        let keys = (0..1000).map(|key| (key, ()));
        assert_eq!(ranks.places(keys, |(), _, _| ()), None);
    }
}
