//! Huffman decoding of several streams at a time on one core.
//!
//! A stream is a chain: the table says how long a code is, and only then can the next be looked
//! up. Most of a core idles meanwhile, so the steps of several streams are mixed.

use std::ptr;

use super::codes::{CODE_LENGTH, Codes, DISTANCE_BITS, LITLEN_BITS, RARE, length};
use super::lane::{Lane, Match, Parts};

/// The most streams that are mixed.
pub(super) const MOST: usize = 4;

/// Bytes of input that a stream must have left: what is read ahead, and two refills, each of which
/// moves on by at most seven and reads eight.
pub(super) const INPUT_MARGIN: usize = 8 + ROUND_MARGIN;
const ROUND_MARGIN: usize = 32;

/// Bytes behind the limit of a stream's buffer: those of the literals and the match of one round,
/// and what is copied beyond a match.
pub(super) const OUTPUT_MARGIN: usize = 8 + 258 + 32;

/// The state of a stream, as wide as the registers that hold it.
#[derive(Clone, Copy)]
struct Runner {
    bits: u64,
    /// Its lower six bits say how many of `bits` are counted; beyond them `bits` may hold more.
    count: u32,
    input: *const u8,
    input_limit: *const u8,
    out: *mut u8,
    out_limit: *mut u8,
    floor: *const u8,
    start: *const u8,
    note: *mut Match,
    note_limit: *mut Match,
    codes: *const Codes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Too near an end of its input, its buffer or its notes.
    Margin,
    BlockEnd,
    Invalid,
}

/// Decodes lanes, each [`prepare`](Lane::prepare)d, until one of them needs that again.
///
/// # Panics
/// If there are none, or more than [`MOST`].
pub(super) fn race(lanes: &mut [&mut Lane], input: &[u8]) {
    let (at, outcome) = match lanes {
        [a] => dispatch([a], input),
        [a, b] => dispatch([a, b], input),
        [a, b, c] => dispatch([a, b, c], input),
        [a, b, c, d] => dispatch([a, b, c, d], input),
        _ => unreachable!("between one and four lanes"),
    };
    match outcome {
        Outcome::Margin => {}
        Outcome::BlockEnd => lanes[at].end_block(),
        Outcome::Invalid => lanes[at].fail(),
    }
}

fn dispatch<const N: usize>(lanes: [&mut Lane; N], input: &[u8]) -> (usize, Outcome) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has BMI2.
        return unsafe { run_bmi2(lanes, input) };
    }
    run(lanes, input)
}

/// Shifts by a variable count are one step with BMI2 and up to three without.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2")]
fn run_bmi2<const N: usize>(lanes: [&mut Lane; N], input: &[u8]) -> (usize, Outcome) {
    run(lanes, input)
}

#[inline(always)]
fn run<const N: usize>(lanes: [&mut Lane; N], input: &[u8]) -> (usize, Outcome) {
    let mut parts = lanes.map(Lane::parts);
    let mut runners = parts.each_mut().map(|parts| Runner::new(parts, input));
    // SAFETY: `Runner::new` set each runner's pointers into the input and into the lane's own
    // memory, all of which are borrowed until the end of this function.
    let result = unsafe { decode(&mut runners) };
    for (runner, parts) in runners.iter().zip(&mut parts) {
        runner.store(parts, input);
    }
    result
}

impl Runner {
    #[inline(always)]
    fn new(parts: &mut Parts<'_>, input: &[u8]) -> Self {
        let (byte, shift) = (*parts.bit / 8, *parts.bit % 8);
        let (input_left, room) = (
            input.len().checked_sub(byte + INPUT_MARGIN),
            parts.buffer.len().checked_sub(*parts.at + OUTPUT_MARGIN),
        );
        // A lane that has not been prepared stops at once.
        let ready = input_left.is_some() && room.is_some() && parts.floor <= *parts.at;
        let word = match input.get(byte..).and_then(<[u8]>::first_chunk) {
            Some(&word) if ready => u64::from_le_bytes(word),
            _ => 0,
        };
        let start = input.as_ptr();
        let input_limit = start.wrapping_add(input.len()).wrapping_sub(ROUND_MARGIN);
        let limit = if ready { input_limit } else { start };
        let buffer = parts.buffer.as_mut_ptr();
        let notes = match &mut parts.notes {
            Some(notes) => notes
                .get_mut(*parts.noted..)
                .unwrap_or_default()
                .as_mut_ptr_range(),
            None => ptr::null_mut()..ptr::null_mut(),
        };
        Self {
            bits: word >> shift,
            count: 56 - shift as u32,
            input: start.wrapping_add(byte + 7),
            input_limit: limit,
            out: buffer.wrapping_add(*parts.at),
            out_limit: buffer
                .wrapping_add(parts.buffer.len())
                .wrapping_sub(OUTPUT_MARGIN),
            floor: buffer.wrapping_add(parts.floor),
            start: buffer,
            note: notes.start,
            note_limit: notes.end,
            codes: parts.codes,
        }
    }

    #[inline(always)]
    fn store(&self, parts: &mut Parts<'_>, input: &[u8]) {
        let consumed = (self.input as usize - input.as_ptr() as usize) * 8;
        *parts.bit = consumed - (self.count & 63) as usize;
        *parts.at = self.out as usize - self.start as usize;
        if let Some(notes) = &parts.notes {
            let bytes = self.note as usize - notes.as_ptr() as usize;
            *parts.noted = bytes / size_of::<Match>();
        }
    }

    /// Makes the count 56 or more.
    ///
    /// # Safety
    /// Eight bytes can be read at `input`.
    #[inline(always)]
    unsafe fn refill(&mut self) {
        // SAFETY: the caller's promise.
        let word = unsafe { self.input.cast::<[u8; 8]>().read() };
        self.bits |= u64::from_le_bytes(word) << (self.count & 63);
        self.input = self.input.wrapping_add(7 - (self.count >> 3 & 7) as usize);
        self.count |= 56;
    }

    #[inline(always)]
    fn consume(&mut self, count: u32) {
        self.bits >>= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    #[inline(always)]
    fn take(&mut self, count: u32) -> u32 {
        let taken = self.bits & ((1 << (count & 63)) - 1);
        self.consume(count);
        taken as u32
    }

    /// Decodes a literal with a short code; otherwise answers the table's entry, consumed.
    ///
    /// # Safety
    /// `out` is below `out_limit`, or has passed it by fewer than five bytes.
    #[inline(always)]
    unsafe fn literal(&mut self) -> Option<u16> {
        // SAFETY: `codes` is borrowed for as long as the runner lives.
        let codes = unsafe { &*self.codes };
        let entry = codes.litlen[self.bits as usize & ((1 << LITLEN_BITS) - 1)];
        // Of the low byte, shift and count use six bits, which hold the code's length alone.
        self.bits >>= entry & 63;
        self.count = self.count.wrapping_sub(entry.into());
        if entry & RARE != 0 {
            return Some(entry);
        }
        // SAFETY: the caller's promise; the margin behind `out_limit` is writeable.
        unsafe { self.out.write((entry >> 8) as u8) };
        self.out = self.out.wrapping_add(1);
        None
    }

    /// Goes on from an entry that is no literal with a short code.
    ///
    /// # Safety
    /// The input has a refill left, `out` is less than five bytes beyond `out_limit`, and `note`
    /// below `note_limit` if they differ.
    #[inline(always)]
    unsafe fn rare(&mut self, entry: u16) -> Option<Outcome> {
        // SAFETY: the caller's promise.
        unsafe { self.refill() };
        // SAFETY: `codes` is borrowed for as long as the runner lives.
        let codes = unsafe { &*self.codes };
        let mut number = usize::from(entry >> 8);
        if entry & CODE_LENGTH == 0 {
            let Some((symbol, length)) = codes.long_litlen(self.bits) else {
                return Some(Outcome::Invalid);
            };
            self.consume(length);
            if symbol < 256 {
                // SAFETY: the caller's promise about `out`.
                unsafe { self.out.write(symbol as u8) };
                self.out = self.out.wrapping_add(1);
                return None;
            }
            number = symbol - 256;
        }
        if number == 0 {
            return Some(Outcome::BlockEnd);
        }
        // The code, its extra bits, and those of a distance are at most 15 + 5 + 15 + 13.
        let Some((least, extra)) = length(number) else {
            return Some(Outcome::Invalid);
        };
        let length = (least + self.take(extra)) as usize;
        let mut entry = codes.distance[self.bits as usize & ((1 << DISTANCE_BITS) - 1)];
        if entry & 0xff == 0 {
            match codes.long_distance(self.bits) {
                Some(long) => entry = long,
                None => return Some(Outcome::Invalid),
            }
        }
        self.consume(entry & 0xff);
        let distance = ((entry >> 16) + self.take(entry >> 8 & 0xff)) as usize;
        if distance > self.out as usize - self.floor as usize {
            return Some(Outcome::Invalid);
        }
        if self.note != self.note_limit {
            let note = Match {
                at: (self.out as usize - self.start as usize) as u32,
                length: length as u16,
                distance: distance as u16,
            };
            // SAFETY: `note` is below its limit, both within or at the end of one slice.
            unsafe { self.note.write(note) };
            self.note = self.note.wrapping_add(1);
        }
        // SAFETY: `distance` bytes before `out` belong to the buffer, as was just checked, and
        // `OUTPUT_MARGIN` leaves room for a round's literals, the longest match and 16 bytes.
        unsafe { copy_match(self.out, distance, length) };
        self.out = self.out.wrapping_add(length);
        None
    }
}

/// Repeats at `out` the bytes `distance` before it; writes up to 16 bytes more than `length`.
///
/// # Safety
/// The bytes from `distance` before `out` to `length` + 16 behind it are one buffer's.
#[inline(always)]
unsafe fn copy_match(out: *mut u8, distance: usize, length: usize) {
    let mut to = out;
    let mut from = out.wrapping_sub(distance).cast_const();
    let end = out.wrapping_add(length);
    if distance >= 16 {
        loop {
            // SAFETY: `to` is before `end`, so 16 bytes from it are the buffer's, and `from` is
            // 16 or more before it.
            unsafe { to.cast::<[u8; 16]>().write(from.cast::<[u8; 16]>().read()) };
            (to, from) = (to.wrapping_add(16), from.wrapping_add(16));
            if to >= end {
                return;
            }
        }
    }
    // Of eight bytes copied so near, the first `distance` are right.
    let step = distance.min(8);
    loop {
        // SAFETY: as above; reading ends before the written eight bytes do.
        unsafe { to.cast::<[u8; 8]>().write(from.cast::<[u8; 8]>().read()) };
        (to, from) = (to.wrapping_add(step), from.wrapping_add(step));
        if to >= end {
            return;
        }
    }
}

/// Runs until one of the runners cannot go on; answers which, and why.
///
/// # Safety
/// Each runner's pointers are as [`Runner::new`] made them, and what they point to is borrowed.
#[inline(always)]
unsafe fn decode<const N: usize>(result: &mut [Runner; N]) -> (usize, Outcome) {
    let mut runners = *result;
    macro_rules! each {
        ($do:ident) => {
            $do!(0);
            if N > 1 {
                $do!(1 % N);
            }
            if N > 2 {
                $do!(2 % N);
            }
            if N > 3 {
                $do!(3 % N);
            }
        };
    }
    let stopped = 'race: loop {
        macro_rules! refill {
            ($at:expr) => {
                let runner = &mut runners[$at];
                if runner.input > runner.input_limit || runner.out > runner.out_limit {
                    break 'race ($at, Outcome::Margin);
                }
                // SAFETY: the input has a margin left for two refills.
                unsafe { runner.refill() };
            };
        }
        each!(refill);
        let (at, entry) = 'rare: {
            macro_rules! literal {
                ($at:expr) => {
                    // SAFETY: `out` was not beyond its limit, and at most five literals follow.
                    if let Some(entry) = unsafe { runners[$at].literal() } {
                        break 'rare ($at, entry);
                    }
                };
            }
            each!(literal);
            each!(literal);
            each!(literal);
            each!(literal);
            each!(literal);
            continue 'race;
        };
        macro_rules! rare {
            ($at:expr) => {
                if at == $at {
                    // SAFETY: one refill and at most four literals since the margins were asked.
                    if let Some(outcome) = unsafe { runners[$at].rare(entry) } {
                        break 'race ($at, outcome);
                    }
                    // A stream that could note matches and has no room for more must stop.
                    if runners[$at].note == runners[$at].note_limit
                        && result[$at].note != result[$at].note_limit
                    {
                        break 'race ($at, Outcome::Margin);
                    }
                    continue 'race;
                }
            };
        }
        each!(rare);
    };
    *result = runners;
    stopped
}
