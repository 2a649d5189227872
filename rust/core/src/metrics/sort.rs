//! Sorting by an unsigned key.

use super::score::Key;
use crate::parallel::{Interrupt, Interrupted};

const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
const MAX_PASSES: u32 = 3;

/// Below this length the standard sort is quicker than clearing the counters.
const SMALL: usize = 512;

/// Sorts `items` by `key`, using `scratch`, and returns whichever of the two holds the result.
///
/// The same as `items.sort_by_key(key)`: a tie keeps its order.
pub(super) fn sorted_by_key<'a, T: Copy, K: Key>(
    items: &'a mut [T],
    scratch: &'a mut [T],
    key: impl Fn(&T) -> K + Copy,
    interrupt: Interrupt<'_>,
) -> Result<&'a [T], Interrupted> {
    sorted(items, scratch, |item| key(item).as_u64(), interrupt)
}

/// Sorts `items` by `key` from the largest to the smallest.
///
/// The same as `items.sort_by_key(|item| Reverse(key(item)))`: a tie keeps its order.
pub(super) fn sorted_from_the_top<'a, T: Copy, K: Key>(
    items: &'a mut [T],
    scratch: &'a mut [T],
    key: impl Fn(&T) -> K + Copy,
    interrupt: Interrupt<'_>,
) -> Result<&'a [T], Interrupted> {
    sorted(items, scratch, |item| !key(item).as_u64(), interrupt)
}

fn sorted<'a, T: Copy>(
    items: &'a mut [T],
    scratch: &'a mut [T],
    key: impl Fn(&T) -> u64 + Copy,
    interrupt: Interrupt<'_>,
) -> Result<&'a [T], Interrupted> {
    if items.is_sorted_by_key(key) {
        return Ok(items);
    }
    if items.is_sorted_by(|a, b| key(a) > key(b)) {
        items.reverse();
        return Ok(items);
    }
    let in_scratch = sort(items, scratch, key, interrupt)?;
    Ok(if in_scratch { scratch } else { items })
}

/// Sorts, and says whether the result is in `scratch`.
///
/// A radix sort from the least significant digit, over the three digits below the highest bit in
/// which the keys differ. For a million scores that is nearly always the whole order; what still
/// ties on those digits is sorted on the rest.
fn sort<T: Copy>(
    items: &mut [T],
    scratch: &mut [T],
    key: impl Fn(&T) -> u64 + Copy,
    interrupt: Interrupt<'_>,
) -> Result<bool, Interrupted> {
    if items.len() < SMALL {
        items.sort_by_key(key);
        return Ok(false);
    }
    let first = key(&items[0]);
    let differing = items
        .iter()
        .fold(0, |bits, item| bits | (key(item) ^ first));
    let width = u64::BITS - differing.leading_zeros();
    let passes = width.div_ceil(DIGIT_BITS).min(MAX_PASSES);
    let low_bit = width.saturating_sub(passes * DIGIT_BITS);
    let digit =
        |item: &T, pass: u32| (key(item) >> (low_bit + pass * DIGIT_BITS)) as usize % BUCKETS;

    let mut counts = vec![[0_usize; BUCKETS]; passes as usize];
    for item in items.iter() {
        for (pass, counts) in (0..).zip(&mut counts) {
            counts[digit(item, pass)] += 1;
        }
    }
    let (mut from, mut to) = (items, scratch);
    for (pass, counts) in (0..).zip(&mut counts) {
        interrupt.check()?;
        let mut next = 0;
        for count in counts.iter_mut() {
            let start = next;
            next += *count;
            *count = start;
        }
        for item in from.iter() {
            let place = &mut counts[digit(item, pass)];
            to[*place] = *item;
            *place += 1;
        }
        (from, to) = (to, from);
    }
    if low_bit > 0 {
        let prefix = |item: &T| key(item) >> low_bit;
        let mut rest = to;
        for run in from.chunk_by_mut(|a, b| prefix(a) == prefix(b)) {
            let (spare, after) = rest.split_at_mut(run.len());
            rest = after;
            if run.len() > 1 && sort(run, spare, key, interrupt)? {
                run.copy_from_slice(spare);
            }
        }
    }
    Ok(passes % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<K: Key>(mut keys: Vec<K>) -> Result<(), TestCaseError> {
        let mut expected = keys.clone();
        expected.sort();
        let mut scratch = keys.clone();
        let sorted = sorted_by_key(&mut keys, &mut scratch, |key| *key, Interrupt::never());
        prop_assert_eq!(sorted, Ok(&expected[..]));
        Ok(())
    }

    proptest! {
        #[test]
        fn sorts_narrow_keys(keys in prop::collection::vec(any::<u32>(), 0..3000)) {
            check(keys)?;
        }

        #[test]
        fn sorts_keys_that_tie_on_the_high_digits(
            high in prop::collection::vec(any::<u64>(), 1..4),
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 0..5000),
            low_bits in 0_u32..64,
        ) {
            let mask = (1 << low_bits) - 1;
            check(picks.iter().map(|(pick, low)| pick.get(&high) & !mask | low & mask).collect())?;
        }
    }

    proptest! {
        #[test]
        fn a_tie_keeps_its_order(keys in prop::collection::vec(any::<u16>(), 0..3000), bits in 0..16) {
            let keys = keys.into_iter().map(|key| u32::from(key >> bits));
            let items: Vec<(u32, usize)> = keys.zip(0..).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            let (mut from, mut scratch) = (items.clone(), items.clone());
            let found = sorted_by_key(&mut from, &mut scratch, |item| item.0, Interrupt::never());
            prop_assert_eq!(found, Ok(&expected[..]));
            expected.sort_by_key(|item| (std::cmp::Reverse(item.0), item.1));
            let (mut from, mut scratch) = (items.clone(), items);
            let found =
                sorted_from_the_top(&mut from, &mut scratch, |item| item.0, Interrupt::never());
            prop_assert_eq!(found, Ok(&expected[..]));
        }
    }

    #[test]
    fn what_is_in_order_or_in_reverse_stays_and_turns() {
        let sorted: Vec<u32> = (0..2000).collect();
        for mut keys in [sorted.clone(), sorted.iter().rev().copied().collect()] {
            let mut scratch = keys.clone();
            let found = sorted_by_key(&mut keys, &mut scratch, |key| *key, Interrupt::never());
            assert_eq!(found, Ok(&sorted[..]));
        }
    }

    #[test]
    fn stops_when_told() {
        let stop = || true;
        let mut keys: Vec<u32> = (0..1000).map(|place| place ^ 1).collect();
        let mut scratch = keys.clone();
        let outcome = sorted_by_key(&mut keys, &mut scratch, |key| *key, Interrupt::when(&stop));
        assert_eq!(outcome, Err(Interrupted));
    }
}
