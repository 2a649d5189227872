//! Bits out of a byte slice, least significant first, as deflate packs them.

/// A place in a slice, counted in bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    /// At bit `position` of `input`.
    pub fn at(input: &'a [u8], position: usize) -> Self {
        Self { input, position }
    }

    /// Bits from the start of the slice.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The next 57 bits or more, zeros where the slice has ended.
    #[inline]
    pub fn peek(&self) -> u64 {
        let byte = self.position / 8;
        let word = match self.input.get(byte..).and_then(<[u8]>::first_chunk) {
            Some(&word) => u64::from_le_bytes(word),
            None => {
                let mut word = [0; 8];
                let rest = self.input.get(byte..).unwrap_or_default();
                word[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(word)
            }
        };
        word >> (self.position % 8)
    }

    #[inline]
    pub fn skip(&mut self, count: u32) {
        self.position += count as usize;
    }

    /// The next `count` bits, at most 32 of them.
    #[inline]
    pub fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek() & ((1 << count) - 1);
        self.skip(count);
        bits as u32
    }

    pub fn align_to_byte(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    /// Whether more bits were taken than there are.
    pub fn overrun(&self) -> bool {
        self.position > self.input.len() * 8
    }
}
