//! `gaussian_noise`.

use crate::philox::{high, low, philox};
use crate::transforms::normal::normals;

/// Normal noise, added to every byte.
///
/// Value `i` of an image, plane after plane, gets number `i % 4` of block `i / 4`: the four normal
/// numbers that Box and Muller's map makes of the words of Philox, with the seed as its key and, as
/// its counter, the block and the row, low word first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// The mean, where 1 is white.
    pub mean: f64,
    /// The standard deviation, where 1 is white.
    pub sigma: f64,
    /// Whether what leaves the range of a byte becomes its end; else it comes in at the other end.
    pub clip: bool,
    /// What noise it is.
    pub seed: u64,
    /// The noise of one seed is another for another row.
    pub row: u64,
}

/// Blocks at a time, for wide instructions.
const LANES: usize = 16;

impl Noise {
    /// The largest mean and standard deviation: with them, values fit torch's 16 bits.
    pub(super) const LIMIT: f64 = 16.0;

    #[inline(always)]
    pub(super) fn add(&self, from: &[u8], to: &mut [u8]) {
        let (mean, sigma) = ((self.mean * 255.0) as f32, (self.sigma * 255.0) as f32);
        let key = [low(self.seed), high(self.seed)];
        let row = [low(self.row), high(self.row)];
        let mut first = 0_u64;
        for (from, to) in from.chunks(4 * LANES).zip(to.chunks_mut(4 * LANES)) {
            let mut noise = [[0_i32; LANES]; 4];
            #[expect(
                clippy::needless_range_loop,
                reason = "four tables at once, of wide lanes"
            )]
            for lane in 0..LANES {
                let block = first + lane as u64;
                let words = philox([low(block), high(block), row[0], row[1]], key);
                let [one, two] = normals(words[0], words[1]);
                let [three, four] = normals(words[2], words[3]);
                noise[0][lane] = (one * sigma + mean) as i32;
                noise[1][lane] = (two * sigma + mean) as i32;
                noise[2][lane] = (three * sigma + mean) as i32;
                noise[3][lane] = (four * sigma + mean) as i32;
            }
            for (place, (to, &byte)) in to.iter_mut().zip(from).enumerate() {
                let sum = i32::from(byte) + noise[place % 4][place / 4];
                *to = if self.clip { sum.clamp(0, 255) } else { sum } as u8;
            }
            first += LANES as u64;
        }
    }
}
