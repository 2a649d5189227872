//! Changes to bytes, drawn from a generator that a seed repeats.

/// Xorshift, by Marsaglia: fast, and repeatable from its state.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.next() >> 16) % end as u64).expect("below a usize")
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    3,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    258,
    32_768,
];

const WORDS: [&[u8]; 20] = [
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"\x93NUMPY\x01\x00",
    b"'descr': ",
    b"'shape': (",
    b"'fortran_order': True",
    b"'|O'",
    b"'<U4'",
    b"('x', '<f4', (2,))",
    b"99999999999999999999",
    b"-1",
    b"((((((((",
    b"[[[[[[[[",
    b"\x01\x00\x10\x00",
    b"\x00\x00\xff\xff",
    b"\\x41",
    b"}\n",
];

/// Changes `bytes` in one to eight places; `others` are spliced in.
pub fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(8) {
        let length = bytes.len();
        if length == 0 {
            bytes.push(0);
            continue;
        }
        let at = random.below(length);
        match random.below(10) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            3 => {
                let number = random.pick(&NUMBERS).to_le_bytes();
                let width = *random.pick(&[1, 2, 4, 8]);
                let width = width.min(length - at);
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            4 => bytes[at] = bytes[at].wrapping_add(*random.pick(&[1, 255, 16, 240])),
            5 => bytes.truncate(at),
            6 => {
                let end = (at + 1 + random.below(64)).min(length);
                bytes.drain(at..end);
            }
            7 => {
                let end = (at + 1 + random.below(64)).min(length);
                let part = bytes[at..end].to_vec();
                let to = random.below(length);
                bytes.splice(to..to, part);
            }
            8 => {
                let word = random.pick(&WORDS);
                let end = match random.below(2) {
                    0 => at,
                    _ => (at + word.len()).min(length),
                };
                bytes.splice(at..end, word.iter().copied());
            }
            _ => {
                let other = random.pick(others);
                if !other.is_empty() {
                    bytes.truncate(at);
                    bytes.extend(&other[random.below(other.len())..]);
                }
            }
        }
    }
}
