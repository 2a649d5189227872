//! The Huffman codes of a deflate block (RFC 1951, sections 3.2.2, 3.2.6 and 3.2.7).

use super::bits::Bits;

/// Codes up to this length are found by one look into a table. Five of them fit a refilled
/// 56-bit buffer, and the tables of several streams fit the first-level cache together.
pub(super) const LITLEN_BITS: u32 = 11;
pub(super) const DISTANCE_BITS: u32 = 9;
const MAX_BITS: usize = 15;

pub(super) const LITLENS: usize = 288;
pub(super) const DISTANCES: usize = 32;
/// Of the codes, these may be used (RFC 1951, section 3.2.7).
const MAX_LITLENS: usize = 286;
const MAX_DISTANCES: usize = 30;
const END_OF_BLOCK: usize = 256;

/// In a [`Codes::litlen`] entry: everything but a literal.
pub(super) const RARE: u16 = 0x80;
/// In a [`Codes::litlen`] entry: the length of the code, 0 if the table does not tell.
pub(super) const CODE_LENGTH: u16 = 0x0f;

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// It is not deflate, or of a kind that only the plain path accepts.
    Invalid,
    /// The input ends inside.
    Truncated,
}

/// The tables of one block.
pub(super) struct Codes {
    /// By the next bits: what is decoded in the high byte (a literal, or 0 for the end of the
    /// block, or the number of a length from 1), [`RARE`] and the code's length in the low one.
    pub litlen: [u16; 1 << LITLEN_BITS],
    /// By the next bits: the code's length in the low byte (0 if the table does not tell), the
    /// number of extra bits in the second, the least distance in the upper half.
    pub distance: [u32; 1 << DISTANCE_BITS],
    long_litlen: Canonical<LITLENS>,
    long_distance: Canonical<DISTANCES>,
}

/// A canonical code, in the order of its codewords.
struct Canonical<const N: usize> {
    /// The first codeword of each length, and how many there are.
    first: [u16; MAX_BITS + 1],
    count: [u16; MAX_BITS + 1],
    /// Where the symbols of each length start in `sorted`.
    offset: [u16; MAX_BITS + 1],
    sorted: [u16; N],
}

impl<const N: usize> Canonical<N> {
    const fn empty() -> Self {
        Self {
            first: [0; MAX_BITS + 1],
            count: [0; MAX_BITS + 1],
            offset: [0; MAX_BITS + 1],
            sorted: [0; N],
        }
    }

    /// Sorts the symbols and answers what part of the code space they leave unused, in units of
    /// 2^-15; negative if they need more than there is.
    #[inline]
    fn build(&mut self, lengths: &[u8]) -> i32 {
        self.count = [0; MAX_BITS + 1];
        for &length in lengths {
            self.count[usize::from(length & 15)] += 1;
        }
        self.count[0] = 0;
        let (mut code, mut offset, mut unused) = (0_u32, 0, 1 << MAX_BITS);
        for length in 1..=MAX_BITS {
            code = (code + u32::from(self.count[length - 1])) << 1;
            self.first[length] = code as u16;
            self.offset[length] = offset;
            offset += self.count[length];
            unused -= i32::from(self.count[length]) << (MAX_BITS - length);
        }
        let mut next = self.offset;
        for (symbol, &length) in (0..).zip(lengths) {
            if length != 0 {
                let next = &mut next[usize::from(length & 15)];
                if let Some(place) = self.sorted.get_mut(usize::from(*next)) {
                    *place = symbol;
                }
                *next += 1;
            }
        }
        unused
    }

    /// The symbol whose code, of more than `bits` bits, comes next, and the code's length.
    #[inline]
    fn decode_long(&self, next: u64, bits: u32) -> Option<(usize, u32)> {
        let code = u32::from((next as u16).reverse_bits()) >> 1;
        for length in bits + 1..=MAX_BITS as u32 {
            let at = length as usize;
            let index =
                (code >> (MAX_BITS as u32 - length)).wrapping_sub(u32::from(self.first[at]));
            if index < u32::from(self.count[at]) {
                let symbol = self
                    .sorted
                    .get(usize::from(self.offset[at]) + index as usize)?;
                return Some((usize::from(*symbol), length));
            }
        }
        None
    }

    /// Fills `table` with the entries of the codes that it can hold, and with 0-length `unknown`
    /// where it can not.
    #[inline]
    fn fill<E: Copy>(&self, table: &mut [E], unknown: E, entry: impl Fn(usize, u32) -> E) {
        let bits = table.len().ilog2();
        let mut size = 1;
        table[0] = unknown;
        let mut code = 0_usize;
        let mut sorted = self.sorted.iter();
        for length in 1..=bits {
            // A longer code repeats what the shorter ones put there.
            table.copy_within(..size, size);
            size *= 2;
            for _ in 0..self.count[length as usize] {
                let Some(&symbol) = sorted.next() else { return };
                let Some(place) = table.get_mut(code) else {
                    return;
                };
                *place = entry(symbol.into(), length);
                // The next code, of bits in reverse order: clear the leading ones, set the next.
                let clear = !code & (size - 1);
                if clear == 0 {
                    // The last code of all; nothing is left for longer ones.
                    code = 0;
                } else {
                    let bit = 1 << clear.ilog2();
                    code = (code & (bit - 1)) | bit;
                }
            }
        }
    }
}

impl Codes {
    pub fn boxed() -> Box<Self> {
        Box::new(Self {
            litlen: [RARE; 1 << LITLEN_BITS],
            distance: [0; 1 << DISTANCE_BITS],
            long_litlen: Canonical::empty(),
            long_distance: Canonical::empty(),
        })
    }

    /// The codes of a block without codes of its own.
    pub fn build_fixed(&mut self) {
        let mut lengths = Lengths::default();
        lengths.litlen[..144].fill(8);
        lengths.litlen[144..256].fill(9);
        lengths.litlen[256..280].fill(7);
        lengths.litlen[280..].fill(8);
        lengths.distance.fill(5);
        self.build(&lengths);
    }

    /// The codes that `lengths`, which [`Lengths::read`] has checked, state.
    pub fn build(&mut self, lengths: &Lengths) {
        self.long_litlen.build(&lengths.litlen);
        self.long_litlen
            .fill(&mut self.litlen, RARE, |symbol, length| {
                let length = length as u16;
                match symbol.checked_sub(END_OF_BLOCK) {
                    None => (symbol as u16) << 8 | length,
                    Some(number) => (number as u16) << 8 | RARE | length,
                }
            });
        self.long_distance.build(&lengths.distance);
        self.long_distance
            .fill(&mut self.distance, 0, |symbol, length| {
                match DISTANCE.get(symbol) {
                    Some(&(least, extra)) => {
                        u32::from(least) << 16 | u32::from(extra) << 8 | length
                    }
                    None => 0,
                }
            });
    }

    /// The symbol whose code is too long for the table, and the code's length.
    #[inline]
    pub fn long_litlen(&self, next: u64) -> Option<(usize, u32)> {
        self.long_litlen.decode_long(next, LITLEN_BITS)
    }

    /// An entry, as of [`Codes::distance`], for a code that is too long for the table.
    #[inline]
    pub fn long_distance(&self, next: u64) -> Option<u32> {
        let (symbol, length) = self.long_distance.decode_long(next, DISTANCE_BITS)?;
        let &(least, extra) = DISTANCE.get(symbol)?;
        Some(u32::from(least) << 16 | u32::from(extra) << 8 | length)
    }
}

/// The least length and the number of extra bits, by the symbol's number from 257.
const LENGTH: [(u16, u8); 29] = {
    let mut table = [(0, 0); 29];
    let (mut number, mut least) = (0, 3);
    while number < 28 {
        let extra = if number < 8 { 0 } else { number as u8 / 4 - 1 };
        table[number] = (least, extra);
        least += 1 << extra;
        number += 1;
    }
    table[28] = (258, 0);
    table
};

/// The least distance and the number of extra bits, by symbol.
const DISTANCE: [(u16, u8); MAX_DISTANCES] = {
    let mut table = [(0, 0); MAX_DISTANCES];
    let (mut symbol, mut least) = (0, 1);
    while symbol < MAX_DISTANCES {
        let extra = if symbol < 4 { 0 } else { symbol as u8 / 2 - 1 };
        table[symbol] = (least as u16, extra);
        least += 1_u32 << extra;
        symbol += 1;
    }
    table
};

/// The least length and the number of extra bits of the length with this number from 1.
#[inline]
pub(super) fn length(number: usize) -> Option<(u32, u32)> {
    let &(least, extra) = LENGTH.get(number.wrapping_sub(1))?;
    Some((least.into(), extra.into()))
}

/// The code lengths of a block.
pub(super) struct Lengths {
    litlen: [u8; LITLENS],
    distance: [u8; DISTANCES],
}

impl Default for Lengths {
    fn default() -> Self {
        Self {
            litlen: [0; LITLENS],
            distance: [0; DISTANCES],
        }
    }
}

/// The order in which a block states the lengths of the code for its code lengths.
const PRECODE_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const PRECODE_BITS: u32 = 7;

impl Lengths {
    /// Reads what follows the three bits that start a block with codes of its own.
    ///
    /// Only complete codes are taken, or a single distance code of one bit, or none: what every
    /// known compressor writes.
    pub fn read(bits: &mut Bits<'_>) -> Result<Self, Bad> {
        // Bits that the input lacks read as zeros, which may seem to be wrong lengths.
        Self::read_padded(bits).map_err(|bad| match bits.overrun() {
            true => Bad::Truncated,
            false => bad,
        })
    }

    fn read_padded(bits: &mut Bits<'_>) -> Result<Self, Bad> {
        let litlens = bits.take(5) as usize + 257;
        let distances = bits.take(5) as usize + 1;
        let precodes = bits.take(4) as usize + 4;
        if litlens > MAX_LITLENS || distances > MAX_DISTANCES {
            return Err(Bad::Invalid);
        }
        let mut precode = [0; PRECODE_ORDER.len()];
        for &place in &PRECODE_ORDER[..precodes] {
            precode[place] = bits.take(3) as u8;
        }
        let mut canonical = Canonical::<{ PRECODE_ORDER.len() }>::empty();
        if canonical.build(&precode) != 0 {
            return Err(Bad::Invalid);
        }
        let mut table = [0_u8; 1 << PRECODE_BITS];
        canonical.fill(&mut table, 0, |symbol, length| {
            (symbol as u8) << 3 | length as u8
        });

        let mut lengths = [0_u8; LITLENS + DISTANCES];
        let count = litlens + distances;
        let mut at = 0;
        while at < count {
            let next = bits.peek();
            let entry = table[(next & ((1 << PRECODE_BITS) - 1)) as usize];
            let code_length = u32::from(entry & 7);
            let symbol = entry >> 3;
            if symbol < 16 {
                lengths[at] = symbol;
                at += 1;
                bits.skip(code_length);
                continue;
            }
            let (value, least, extra) = match symbol {
                16 if at == 0 => {
                    bits.skip(code_length);
                    return Err(Bad::Invalid);
                }
                16 => (lengths[at - 1], 3, 2),
                17 => (0, 3, 3),
                _ => (0, 11, 7),
            };
            let repeat = least + (next >> code_length) as usize % (1 << extra);
            bits.skip(code_length + extra);
            let Some(repeated) = lengths[..count].get_mut(at..at + repeat) else {
                return Err(Bad::Invalid);
            };
            repeated.fill(value);
            at += repeat;
        }
        if bits.overrun() {
            return Err(Bad::Truncated);
        }

        let mut all = Self::default();
        all.litlen[..litlens].copy_from_slice(&lengths[..litlens]);
        all.distance[..distances].copy_from_slice(&lengths[litlens..count]);
        let lone_distance = || {
            let mut used = all.distance.iter().filter(|&&length| length != 0);
            matches!((used.next(), used.next()), (None | Some(1), None))
        };
        if all.litlen[END_OF_BLOCK] == 0
            || unused(&all.litlen) != 0
            || unused(&all.distance) != 0 && !lone_distance()
        {
            return Err(Bad::Invalid);
        }
        Ok(all)
    }
}

/// The part of the code space that the lengths leave, in units of 2^-15.
fn unused(lengths: &[u8]) -> i32 {
    let used = |&length: &u8| match length {
        0 => 0,
        length => 1 << (MAX_BITS - usize::from(length)),
    };
    (1 << MAX_BITS) - lengths.iter().map(used).sum::<i32>()
}
