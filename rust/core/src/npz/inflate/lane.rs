//! One deflate stream on its way from bits to bytes.

use std::ops::Range;

use super::bits::Bits;
use super::codes::{Bad, CODE_LENGTH, Codes, Lengths, RARE, length};
use super::race::{INPUT_MARGIN, NOTE_MARGIN, OUTPUT_MARGIN};

/// How far back a match may reach.
pub(super) const WINDOW: usize = 1 << 15;

/// Where in its stream a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the three bits that start a block.
    Header,
    /// In a block of Huffman codes.
    Coded,
    /// In a stored block of which so many bytes are left.
    Stored(usize),
    /// Behind the last block.
    End,
}

/// Why a lane has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// At the start of a block at or behind its goal that [`find_block`](super::search) would find.
    Goal,
    /// Behind the last block of the stream.
    End,
    /// It holds, or has noted, as much as it can.
    Full,
    /// The input ends before the stream does.
    Starved,
    /// The stream is not valid, or of a kind that is left to the plain path.
    Invalid,
}

/// A decoder with the bytes that it has made and those before them.
///
/// A lane that starts in the middle of a stream does not know the 32 KiB before its start. It
/// takes them for zeros and notes its matches; [`settle`](Self::settle) repeats these in order
/// once the bytes are known. Everything else that it wrote are literals, which are right.
pub(super) struct Lane {
    codes: Box<Codes>,
    place: Place,
    last_block: bool,
    bit: usize,
    goal: usize,
    any_block: bool,
    stop: Option<Stop>,
    /// Bytes that it holds before it stops, behind its window.
    capacity: usize,
    /// The window, then what was decoded, then room for a match that starts within the capacity.
    buffer: Vec<u8>,
    /// Where in `buffer` the next byte goes.
    at: usize,
    /// Where in `buffer` the bytes start that a match may repeat.
    floor: usize,
    /// [`Match`]es.
    notes: Vec<u64>,
    noted: usize,
    speculative: bool,
    /// `bit`, `at` and `noted` at the start of the block.
    block: (usize, usize, usize),
    start: usize,
}

/// `length` bytes, at most 258, at `at` that repeat those `distance`, at most 32,768, before them.
///
/// One number, since memory full of these is then had as zeros, untouched.
#[derive(Clone, Copy)]
pub(super) struct Match(u64);

impl Match {
    #[inline(always)]
    pub fn new(at: usize, length: usize, distance: usize) -> Self {
        Self((at as u64) << 32 | (length as u64) << 16 | distance as u64)
    }

    pub fn bits(self) -> u64 {
        self.0
    }

    fn parts(self) -> (usize, usize, usize) {
        let Self(bits) = self;
        (
            (bits >> 32) as usize,
            (bits >> 16 & 0xffff) as usize,
            (bits & 0xffff) as usize,
        )
    }
}

/// What [`race`](super::race::race) changes in a lane.
pub(super) struct Parts<'a> {
    pub codes: &'a Codes,
    pub bit: &'a mut usize,
    pub buffer: &'a mut [u8],
    pub at: &'a mut usize,
    pub notes: &'a mut [u64],
    pub noted: &'a mut usize,
}

impl Lane {
    /// About how many bytes of memory a lane takes.
    pub fn size(capacity: usize) -> usize {
        WINDOW + capacity + capacity / 16 * size_of::<u64>() + size_of::<Codes>()
    }

    pub fn new(capacity: usize) -> Self {
        Self {
            codes: Codes::boxed(),
            place: Place::Header,
            last_block: false,
            bit: 0,
            goal: 0,
            any_block: false,
            stop: None,
            capacity,
            buffer: vec![0; WINDOW + capacity + OUTPUT_MARGIN],
            at: WINDOW,
            floor: WINDOW,
            // Up to one match for every sixteen bytes that it can hold.
            notes: vec![0; capacity / 16 + NOTE_MARGIN],
            noted: 0,
            speculative: false,
            block: (0, WINDOW, 0),
            start: 0,
        }
    }

    /// Starts at the block at `bit`, whose `window`, the bytes before it, is known.
    pub fn start(&mut self, bit: usize, window: &[u8], goal: usize) {
        self.restart(bit, goal);
        self.speculative = false;
        self.set_window(window);
    }

    /// Starts at the block at `bit`, of which is not known what comes before it.
    pub fn start_blind(&mut self, bit: usize, goal: usize) {
        self.restart(bit, goal);
        self.speculative = true;
        self.floor = 0;
    }

    fn restart(&mut self, bit: usize, goal: usize) {
        self.place = Place::Header;
        self.last_block = false;
        self.stop = None;
        (self.start, self.bit, self.goal) = (bit, bit, goal);
        self.any_block = false;
        (self.at, self.noted) = (WINDOW, 0);
        self.block = (bit, WINDOW, 0);
    }

    fn set_window(&mut self, window: &[u8]) {
        let known = &window[window.len().saturating_sub(WINDOW)..];
        self.floor = WINDOW - known.len();
        self.buffer[self.floor..WINDOW].copy_from_slice(known);
    }

    /// The bit at which it started.
    pub fn start_bit(&self) -> usize {
        self.start
    }

    /// The bit up to which it has decoded.
    pub fn bit(&self) -> usize {
        self.bit
    }

    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    pub fn speculative(&self) -> bool {
        self.speculative
    }

    /// What was decoded since the start or the last [`slide`](Self::slide).
    pub fn decoded(&self) -> &[u8] {
        &self.buffer[WINDOW..self.at]
    }

    /// The bytes before the next one, at most a window's worth.
    pub fn window(&self) -> &[u8] {
        &self.buffer[self.floor.max(self.at - WINDOW)..self.at]
    }

    /// Makes room: forgets what was decoded but for the window, and goes on from there.
    pub fn slide(&mut self) {
        let known = self.floor.max(self.at - WINDOW)..self.at;
        self.floor = WINDOW - known.len();
        self.buffer.copy_within(known, self.floor);
        self.at = WINDOW;
        self.stop = None;
    }

    /// Lets it go on until `goal`, where it stops at a block of any kind.
    pub fn set_goal(&mut self, goal: usize) {
        (self.goal, self.any_block, self.stop) = (goal, true, None);
    }

    /// Lets it go on with another slice of its input, in which it is at `bit`.
    pub fn rebase(&mut self, bit: usize) {
        (self.bit, self.stop) = (bit, None);
    }

    /// Takes back the block that it could not finish.
    pub fn back_to_block(&mut self) {
        if self.place != Place::End {
            (self.bit, self.at, self.noted) = self.block;
            self.place = Place::Header;
        }
    }

    /// Puts right what a lane decoded that did not know its `window`; false if the window is too
    /// short for that.
    #[must_use]
    pub fn settle(&mut self, window: &[u8]) -> bool {
        self.speculative = false;
        self.set_window(window);
        self.repeat_matches()
    }

    /// Fills in the matches noted; false if one reaches before the stream's start.
    fn repeat_matches(&mut self) -> bool {
        let mut right = true;
        for &note in &self.notes[..self.noted] {
            let (at, length, distance) = Match(note).parts();
            right &= distance <= at - self.floor;
            repeat(&mut self.buffer, at..at + length, distance.min(at));
        }
        self.noted = 0;
        right
    }

    pub fn parts(&mut self) -> Parts<'_> {
        Parts {
            codes: &self.codes,
            bit: &mut self.bit,
            buffer: &mut self.buffer,
            at: &mut self.at,
            notes: &mut self.notes,
            noted: &mut self.noted,
        }
    }

    /// The block of Huffman codes is at its end.
    pub fn end_block(&mut self) {
        self.place = if self.last_block {
            Place::End
        } else {
            Place::Header
        };
    }

    /// The block of Huffman codes is not valid.
    pub fn fail(&mut self) {
        self.stop = Some(Stop::Invalid);
    }

    /// Does everything that is not a run of Huffman codes far from the ends of input and buffer,
    /// until one follows (true) or the lane has stopped.
    pub fn prepare(&mut self, input: &[u8]) -> bool {
        while self.stop.is_none() {
            // Where the window is known, the cache still holds what matches repeat.
            if !self.speculative && !self.repeat_matches() {
                self.stop = Some(Stop::Invalid);
                break;
            }
            let stop = match self.place {
                Place::End => Err(Stop::End),
                Place::Header => self.header(input),
                Place::Stored(left) => self.copy_stored(input, left),
                Place::Coded if self.full() => Err(Stop::Full),
                Place::Coded if self.bit / 8 + INPUT_MARGIN <= input.len() => return true,
                Place::Coded => self.symbol(input),
            };
            self.stop = stop.err();
        }
        false
    }

    fn full(&self) -> bool {
        self.at >= WINDOW + self.capacity || self.noted + NOTE_MARGIN > self.notes.len()
    }

    fn header(&mut self, input: &[u8]) -> Result<(), Stop> {
        self.block = (self.bit, self.at, self.noted);
        if self.full() {
            return Err(Stop::Full);
        }
        let mut bits = Bits::at(input, self.bit);
        let first = bits.take(3);
        if self.bit >= self.goal && (self.any_block || first == 0b100) {
            return Err(Stop::Goal);
        }
        let stop = |bad| match bad {
            Bad::Invalid => Stop::Invalid,
            Bad::Truncated => Stop::Starved,
        };
        let place = match first >> 1 {
            0 => {
                bits.align_to_byte();
                let (length, complement) = (bits.take(16), bits.take(16));
                if !bits.overrun() && length != !complement & 0xffff {
                    return Err(Stop::Invalid);
                }
                Place::Stored(length as usize)
            }
            1 => {
                self.codes.build_fixed();
                Place::Coded
            }
            2 => {
                let lengths = Lengths::read(&mut bits).map_err(stop)?;
                self.codes.build(&lengths);
                Place::Coded
            }
            _ => return Err(Stop::Invalid),
        };
        if bits.overrun() {
            return Err(Stop::Starved);
        }
        self.place = place;
        self.last_block = first & 1 != 0;
        self.bit = bits.position();
        Ok(())
    }

    fn copy_stored(&mut self, input: &[u8], left: usize) -> Result<(), Stop> {
        if left == 0 {
            self.end_block();
            return Ok(());
        }
        let room = (WINDOW + self.capacity).saturating_sub(self.at);
        if room == 0 {
            return Err(Stop::Full);
        }
        let bytes = input.get(self.bit / 8..).unwrap_or_default();
        let count = left.min(room).min(bytes.len());
        if count == 0 {
            return Err(Stop::Starved);
        }
        self.buffer[self.at..self.at + count].copy_from_slice(&bytes[..count]);
        self.at += count;
        self.bit += count * 8;
        self.place = Place::Stored(left - count);
        Ok(())
    }

    /// Decodes one literal or match with every check.
    fn symbol(&mut self, input: &[u8]) -> Result<(), Stop> {
        let mut bits = Bits::at(input, self.bit);
        let next = bits.peek();
        let entry = self.codes.litlen[next as usize % self.codes.litlen.len()];
        let mut code_length = u32::from(entry & CODE_LENGTH);
        let mut value = usize::from(entry >> 8);
        let mut rare = entry & RARE != 0;
        if code_length == 0 {
            let (symbol, length) = self.codes.long_litlen(next).ok_or_else(|| invalid(&bits))?;
            code_length = length;
            rare = symbol >= 256;
            value = symbol % 256;
        }
        bits.skip(code_length);
        let mut copy = None;
        if rare && value != 0 {
            let (least, extra) = length(value).ok_or_else(|| invalid(&bits))?;
            let length = (least + bits.take(extra)) as usize;
            let next = bits.peek();
            let mut entry = self.codes.distance[next as usize % self.codes.distance.len()];
            if entry & 0xff == 0 {
                entry = self
                    .codes
                    .long_distance(next)
                    .ok_or_else(|| invalid(&bits))?;
            }
            bits.skip(entry & 0xff);
            let distance = (entry >> 16) + bits.take(entry >> 8 & 0xff);
            copy = Some((length, distance as usize));
        }
        if bits.overrun() {
            return Err(Stop::Starved);
        }
        if let Some((length, distance)) = copy {
            self.notes[self.noted] = Match::new(self.at, length, distance).bits();
            self.noted += 1;
            self.at += length;
        } else if rare {
            self.end_block();
        } else {
            self.buffer[self.at] = value as u8;
            self.at += 1;
        }
        self.bit = bits.position();
        Ok(())
    }
}

/// No code where bits of the input end says nothing about what would follow.
fn invalid(bits: &Bits<'_>) -> Stop {
    let mut ahead = *bits;
    ahead.skip(15);
    if ahead.overrun() {
        Stop::Starved
    } else {
        Stop::Invalid
    }
}

/// Fills `to` with the bytes `distance` before it, which may be those that it fills.
#[inline]
fn repeat(bytes: &mut [u8], to: Range<usize>, distance: usize) {
    const STEP: usize = 16;
    let (mut at, mut left) = (to.start, to.len());
    if distance < left.min(STEP) || at + left + STEP > bytes.len() {
        for at in to {
            bytes[at] = bytes[at - distance];
        }
        return;
    }
    while left > STEP {
        let new = chunk::<STEP>(bytes, at - distance);
        bytes[at..at + STEP].copy_from_slice(&new);
        (at, left) = (at + STEP, left - STEP);
    }
    // What follows is there already, and stays. Most matches are short.
    if left <= 8 {
        let new = u64::from_le_bytes(chunk(bytes, at - distance));
        let old = u64::from_le_bytes(chunk(bytes, at));
        let mask = u64::MAX >> (8 * (8 - left));
        bytes[at..at + 8].copy_from_slice(&(new & mask | old & !mask).to_le_bytes());
    } else {
        let new = u128::from_le_bytes(chunk(bytes, at - distance));
        let old = u128::from_le_bytes(chunk(bytes, at));
        let mask = u128::MAX >> (8 * (STEP - left));
        bytes[at..at + STEP].copy_from_slice(&(new & mask | old & !mask).to_le_bytes());
    }
}

#[inline]
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().unwrap_or(&[0; N])
}
