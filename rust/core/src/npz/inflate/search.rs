//! Finding a block in the middle of a deflate stream.

use super::bits::Bits;
use super::codes::Lengths;

/// The share of a complete code, in units of 2^-7, that four code lengths of three bits take.
const SHARES: [u16; 1 << 12] = {
    let mut table = [0; 1 << 12];
    let mut lengths = 0;
    while lengths < table.len() {
        let mut rest = lengths;
        while rest != 0 {
            if rest & 7 != 0 {
                table[lengths] += 128 >> (rest & 7);
            }
            rest >>= 3;
        }
        lengths += 1;
    }
    table
};

/// The first bit in `from..to` at which a block with codes of its own can start that is not the
/// last.
///
/// The same as asking [`Lengths::read`] at every bit with a three-bit header of 0, 0, 1. That
/// something else looks like a block is possible: whoever starts here must see later that the
/// stream comes by.
pub(super) fn find_block(input: &[u8], from: usize, to: usize) -> Option<usize> {
    /// Bits of a word of which each has the twelve after it in the word, whatever the shift.
    const STEP: usize = 45;
    let to = to.min(input.len() * 8);
    let mut at = from;
    while at < to {
        let word = Bits::at(input, at).peek();
        // All at once: the block's header, and no more than 286 and 30 codes.
        let header = !word & !(word >> 1) & (word >> 2);
        let many_litlens = (word >> 4) & (word >> 5) & (word >> 6) & (word >> 7);
        let many_distances = (word >> 9) & (word >> 10) & (word >> 11) & (word >> 12);
        let mut candidates = header & !many_litlens & !many_distances & ((1 << STEP) - 1);
        while candidates != 0 {
            let place = at + candidates.trailing_zeros() as usize;
            candidates &= candidates - 1;
            if place < to && is_block(input, place) {
                return Some(place);
            }
        }
        at += STEP;
    }
    None
}

#[inline]
fn is_block(input: &[u8], place: usize) -> bool {
    let count = Bits::at(input, place + 13).peek() & 15;
    let lengths = Bits::at(input, place + 17).peek() & ((1 << (3 * (count + 4))) - 1);
    let share = |shift: u32| SHARES[(lengths >> shift) as usize % SHARES.len()];
    share(0) + share(12) + share(24) + share(36) + share(48) == 128 && {
        let mut bits = Bits::at(input, place + 3);
        Lengths::read(&mut bits).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_look_at_every_bit_finds(
            mut input in prop::collection::vec(any::<u8>(), 0..3000),
            stream in prop::collection::vec(0_u8..20, 0..3000),
            from in 0_usize..4000,
        ) {
            input.extend(miniz_oxide::deflate::compress_to_vec(&stream, 6));
            let to = input.len() * 8;
            let naive = (from..to).find(|&at| {
                let mut bits = Bits::at(&input, at);
                bits.take(3) == 0b100 && Lengths::read(&mut bits).is_ok()
            });
            prop_assert_eq!(find_block(&input, from, to), naive);
        }
    }
}
