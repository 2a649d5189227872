//! Huffman decoding of several streams at a time on one core.
//!
//! A stream is a chain: the table says how long a code is, and only then can the next be looked
//! up. Part of a core idles meanwhile, so the steps of several streams are mixed. Matches are only
//! noted here; [`Lane`] fills them in.

use super::codes::{CODE_LENGTH, Codes, DISTANCE_BITS, LITLEN_BITS, RARE, length};
use super::lane::{Lane, Match, Parts};

/// Symbols of a stream in a round: as many short codes as a refill is sure to hold.
const ROUND: usize = 5;
const _: () = assert!(ROUND * LITLEN_BITS as usize <= 56);

/// Bytes of input that a stream must have left: what is read ahead, and a round's refills, one and
/// two for each symbol, which move on by at most seven and read eight.
pub(super) const INPUT_MARGIN: usize = 8 + ROUND_MARGIN;
const ROUND_MARGIN: usize = 7 * 2 * ROUND + 8;

/// Bytes behind the limit of a stream's buffer: a round of the longest matches.
pub(super) const OUTPUT_MARGIN: usize = ROUND * 258;

/// Notes that a stream must have room for: a round of matches.
pub(super) const NOTE_MARGIN: usize = ROUND;

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
    start: *const u8,
    note: *mut u64,
    note_limit: *mut u64,
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
/// If there are none, or more than four.
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
    if crate::simd::bmi2() {
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
        let start = input.as_ptr();
        let buffer = parts.buffer.as_mut_ptr_range();
        let notes = parts.notes.as_mut_ptr_range();
        let word = match input.get(byte..).and_then(<[u8]>::first_chunk) {
            Some(&word) => u64::from_le_bytes(word),
            None => 0,
        };
        // A stream that has not been prepared stops at once.
        let ready = byte + INPUT_MARGIN <= input.len()
            && *parts.at + OUTPUT_MARGIN <= parts.buffer.len()
            && *parts.noted + NOTE_MARGIN <= parts.notes.len();
        let input_limit = start.wrapping_add(input.len()).wrapping_sub(ROUND_MARGIN);
        Self {
            bits: word >> shift,
            count: 56 - shift as u32,
            input: start.wrapping_add(byte + 7),
            input_limit: if ready { input_limit } else { start },
            out: buffer.start.wrapping_add(*parts.at),
            out_limit: buffer.end.wrapping_sub(OUTPUT_MARGIN),
            start: buffer.start,
            note: notes.start.wrapping_add(*parts.noted),
            note_limit: notes.end.wrapping_sub(NOTE_MARGIN),
            codes: parts.codes,
        }
    }

    #[inline(always)]
    fn store(&self, parts: &mut Parts<'_>, input: &[u8]) {
        let consumed = (self.input as usize - input.as_ptr() as usize) * 8;
        *parts.bit = consumed - (self.count & 63) as usize;
        *parts.at = self.out as usize - self.start as usize;
        let noted = self.note as usize - parts.notes.as_ptr() as usize;
        *parts.noted = noted / size_of::<u64>();
    }

    #[inline(always)]
    fn is_near_a_limit(&self) -> bool {
        self.input > self.input_limit || self.out > self.out_limit || self.note > self.note_limit
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
    /// A byte can be written at `out`.
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
        // SAFETY: the caller's promise.
        unsafe { self.out.write((entry >> 8) as u8) };
        self.out = self.out.wrapping_add(1);
        None
    }

    /// Goes on from an entry that is no literal with a short code, and refills.
    ///
    /// # Safety
    /// The input has two refills left, and a byte can be written at `out` and a note at `note`.
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
                // SAFETY: the caller's promise.
                unsafe { self.out.write(symbol as u8) };
                self.out = self.out.wrapping_add(1);
                // SAFETY: the caller's promise.
                unsafe { self.refill() };
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
        let note = Match::new(self.out as usize - self.start as usize, length, distance);
        // SAFETY: the caller's promise.
        unsafe { self.note.write(note.bits()) };
        self.note = self.note.wrapping_add(1);
        self.out = self.out.wrapping_add(length);
        // SAFETY: the caller's promise.
        unsafe { self.refill() };
        None
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
                if runner.is_near_a_limit() {
                    break 'race ($at, Outcome::Margin);
                }
                // SAFETY: the input has its margin left.
                unsafe { runner.refill() };
            };
        }
        each!(refill);
        macro_rules! symbol {
            ($at:expr) => {
                // SAFETY: since input, buffer and notes were found to have their margins, there
                // were fewer than `ROUND` symbols.
                if let Some(entry) = unsafe { runners[$at].literal() } {
                    // SAFETY: the same.
                    if let Some(outcome) = unsafe { runners[$at].rare(entry) } {
                        break 'race ($at, outcome);
                    }
                }
            };
        }
        each!(symbol);
        each!(symbol);
        each!(symbol);
        each!(symbol);
        each!(symbol);
    };
    *result = runners;
    stopped
}
