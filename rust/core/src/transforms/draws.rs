//! Random numbers that depend on nothing but what they are for.
//!
//! They come from [`philox`], a function from a key and a counter to four words. The layout below is
//! a contract: the same (seed, epoch, sample, position) gives the same draws on
//! every platform and in every version.
//!
//! | word | holds |
//! |---|---|
//! | key 0, 1 | the seed, low word first |
//! | counter 0, 1 | the sample's index, low word first |
//! | counter 2 | the epoch |
//! | counter 3 | the transform's position in the pipeline (high 12 bits), the block (low 20 bits) |
//!
//! Word `i` of a transform's stream is word `i % 4` of block `i / 4`. A word `w` stands for the
//! number `w / 2^32` in [0, 1), which an `f64` holds exactly.

use super::pipeline::{Drawn, Transform};
use crate::philox::{high, low, philox};

const BLOCK_BITS: u32 = 20;

/// How many transforms of one pipeline can have draws of their own.
pub(super) const MAX_POSITIONS: usize = 1 << (32 - BLOCK_BITS);

/// One pass over a set of images: what all of its draws have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// Any number; another seed gives unrelated draws.
    pub seed: u64,
    /// Counts the passes under one seed; another epoch gives unrelated draws.
    pub epoch: u32,
}

impl Draws {
    /// The first four words of the stream of the transform at `position`, for one sample.
    #[inline(always)]
    pub(super) fn words(self, sample: u64, position: usize) -> [u32; 4] {
        self.block(sample, position, 0)
    }

    #[inline(always)]
    pub(super) fn block(self, sample: u64, position: usize, block: u32) -> [u32; 4] {
        debug_assert!(position < MAX_POSITIONS && block < 1 << BLOCK_BITS);
        philox(
            [
                low(sample),
                high(sample),
                self.epoch,
                (position as u32) << BLOCK_BITS | block,
            ],
            [low(self.seed), high(self.seed)],
        )
    }
}

/// The stream of one transform for one sample, word by word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    draws: Draws,
    sample: u64,
    position: usize,
    taken: u32,
    block: [u32; 4],
}

impl Stream {
    /// The stream of the transform at `position`, from its word 0 on.
    pub(super) fn new(draws: Draws, sample: u64, position: usize) -> Self {
        Self {
            draws,
            sample,
            position,
            taken: 0,
            block: [0; 4],
        }
    }

    /// The stream of the transform `further` positions on.
    pub(super) fn at(self, further: usize) -> Self {
        Self::new(self.draws, self.sample, self.position + further)
    }

    /// What a transform of a single block draws from this stream.
    pub(super) fn of(self, transform: &Transform) -> Drawn {
        transform.draw(self.draws, self.sample, self.position)
    }

    /// The next word.
    pub(super) fn next(&mut self) -> u32 {
        let place = self.taken % 4;
        if place == 0 {
            self.block = self.draws.block(self.sample, self.position, self.taken / 4);
        }
        self.taken += 1;
        self.block[place as usize]
    }
}

/// The number in [0, 1) that a word stands for.
#[inline(always)]
pub(super) fn unit(word: u32) -> f64 {
    f64::from(word) / 4_294_967_296.0
}

/// A number uniform in [min, max].
#[inline(always)]
pub(super) fn uniform(word: u32, (min, max): (f64, f64)) -> f64 {
    min + (max - min) * unit(word)
}

/// True with probability `p`: never for 0, always for 1.
#[inline(always)]
pub(super) fn bernoulli(word: u32, p: f64) -> bool {
    unit(word) < p
}

/// An order of 0, 1, 2, 3: the one at place `floor(24 * unit(word))` of their lexicographic list.
#[inline(always)]
pub(super) fn permutation(word: u32) -> [u8; 4] {
    PERMUTATIONS[((u64::from(word) * 24) >> 32) as usize]
}

const PERMUTATIONS: [[u8; 4]; 24] = {
    let mut listed = [[0, 1, 2, 3]; 24];
    let mut place = 0;
    while place < 24 {
        // Which of the numbers left comes next; it passes those before it.
        let chosen = [place / 6, place % 6 / 2, place % 2];
        let mut at = 0;
        while at < 3 {
            let mut from = at + chosen[at];
            while from > at {
                listed[place].swap(from, from - 1);
                from -= 1;
            }
            at += 1;
        }
        place += 1;
    }
    listed
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_goes_to_its_own_word() {
        let draws = Draws {
            seed: 0x299f_31d0_a409_3822,
            epoch: 0x1319_8a2e,
        };
        assert_eq!(
            draws.words(0x85a3_08d3_243f_6a88, 5),
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 5 << 20],
                [0xa409_3822, 0x299f_31d0]
            )
        );
    }

    #[test]
    fn units_are_the_words_over_two_to_the_32() {
        assert_eq!(unit(0), 0.0);
        assert_eq!(unit(1 << 31), 0.5);
        assert_eq!(unit(u32::MAX), 1.0 - 2f64.powi(-32));
        assert!(!bernoulli(0, 0.0) && bernoulli(u32::MAX, 1.0));
        assert_eq!(uniform(1 << 30, (1.0, 3.0)), 1.5);
    }

    #[test]
    fn words_in_order_give_the_permutations_in_lexicographic_order() {
        let step = (1u64 << 32) as f64 / 24.0;
        let listed: Vec<_> = (0..24)
            .map(|place| permutation((step * (f64::from(place) + 0.5)) as u32))
            .collect();
        let mut naive = Vec::new();
        for code in 0..256u32 {
            let order = [code >> 6 & 3, code >> 4 & 3, code >> 2 & 3, code & 3].map(|x| x as u8);
            if (0..4).all(|digit| order.contains(&digit)) {
                naive.push(order);
            }
        }
        assert_eq!(listed, naive);
    }
}
