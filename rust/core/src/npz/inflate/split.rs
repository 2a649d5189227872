//! One deflate stream on several threads.
//!
//! The stream is cut into groups of pieces. A thread decodes a group with its [`Team`], each piece
//! from the first block it finds there and without the 32 KiB before it, and then waits until the
//! group before has told where it ended and with which bytes; what does not fit is decoded again.
//! Short of that, threads do not meet.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libdeflater::crc32;

use super::crc::combine;
use super::jobs::{CACHED, copy_and_sum};
use super::team::{Halt, Link, Team};
use crate::parallel::{Interrupt, Interrupted};

/// How long a thread waits for another before it asks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(20);

/// Pieces that may begin at no block before that is held against a stream.
const MISSED_AT_FIRST: usize = 3;

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Bytes of input of a piece.
    pub piece: usize,
    /// Pieces of a group, which a thread decodes side by side.
    pub lanes: usize,
    /// Bytes that a lane can hold.
    pub capacity: usize,
}

impl Plan {
    /// The plan for a stream of these lengths, unless it is better left whole.
    pub fn of(compressed: usize, inflated: usize, threads: usize) -> Option<Self> {
        /// What a piece should inflate to at most.
        const PIECE: usize = 1 << 20;
        /// Shorter pieces spend too much on finding their first block.
        const LEAST_PIECE: usize = 1 << 17;
        /// Shorter streams are inflated whole before they would have been cut.
        const LEAST_STREAM: usize = 1 << 20;
        /// Denser streams have few literals, and fill a lane before they end a block.
        const MOST_DENSE: usize = 16;
        /// Side by side is faster than one by one by a tenth to a third where a stream is mostly
        /// literals, and slower by a tenth where it is not. More lanes run no faster.
        const LANES: usize = 3;
        let mostly_matches = inflated / 5 > compressed / 4;
        if compressed < LEAST_STREAM
            || inflated / MOST_DENSE > compressed
            || threads == 1 && mostly_matches
        {
            return None;
        }
        let share = |part: usize, of: usize, whole: usize| {
            usize::try_from(part as u128 * of as u128 / whole.max(1) as u128).unwrap_or(usize::MAX)
        };
        // Enough groups that the threads end at nearly the same time.
        let groups = if threads == 1 { 1 } else { 4 * threads };
        let piece = share(PIECE, compressed, inflated).min(compressed / (LANES * groups));
        let piece = piece.max(LEAST_PIECE);
        Some(Self {
            piece,
            lanes: LANES,
            // Pieces differ, and end a block later than they should.
            capacity: 2 * share(piece, inflated, compressed) + (1 << 18),
        })
    }
}

/// Teams that are not at work; a thread takes one of the stream's kind and gives it back.
pub(super) type Bench = Mutex<Vec<Team>>;

/// A stream that threads decode together.
pub(super) struct Split<'a> {
    input: &'a [u8],
    plan: Plan,
    groups: usize,
    chain: Mutex<Chain<'a>>,
    turn: Condvar,
}

struct Chain<'a> {
    /// The group whose turn it is.
    next: usize,
    link: Link,
    /// Where the next bytes go.
    rest: &'a mut [u8],
    offset: usize,
    /// Offset, length and CRC-32 of the bytes that are in place.
    sums: Vec<(usize, usize, u32)>,
    /// Pieces that began at a block that was rightly found, and those that did not.
    found: usize,
    missed: usize,
    halted: Option<Halt>,
}

/// Halts the stream if the thread that holds it does not come to its end.
struct Guard<'a, 'b>(&'a Split<'b>, bool);

impl Drop for Guard<'_, '_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.halt(Halt::Invalid);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A team that can do what is planned; `None` if memory has no room for one.
fn take(bench: &Bench, plan: Plan) -> Option<Team> {
    let mut bench = lock(bench);
    match bench
        .iter()
        .position(|team| team.suits(plan.lanes, plan.capacity))
    {
        Some(at) => Some(bench.swap_remove(at)),
        None => Team::new(plan.lanes, plan.capacity),
    }
}

impl<'a> Split<'a> {
    pub fn new(input: &'a [u8], out: &'a mut [u8], plan: Plan) -> Self {
        Self {
            input,
            plan,
            groups: input.len().div_ceil(plan.piece * plan.lanes).max(1),
            chain: Mutex::new(Chain {
                next: 0,
                link: Link::default(),
                rest: out,
                offset: 0,
                sums: Vec::new(),
                found: 0,
                missed: 0,
                halted: None,
            }),
            turn: Condvar::new(),
        }
    }

    pub fn groups(&self) -> usize {
        self.groups
    }

    fn halt(&self, halt: Halt) {
        lock(&self.chain).halted.get_or_insert(halt);
        self.turn.notify_all();
    }

    /// Decodes a group. Each must be, once, and those before one must have begun before it.
    ///
    /// A stream that cannot be decoded so is no error here: [`finish`](Self::finish) tells.
    pub fn decode(
        &self,
        group: usize,
        bench: &Bench,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Interrupted> {
        let mut guard = Guard(self, false);
        let outcome = match take(bench, self.plan) {
            Some(mut team) => {
                let outcome = self.try_decode(group, &mut team, interrupt);
                lock(bench).push(team);
                outcome
            }
            None => Err(Halt::Invalid),
        };
        guard.1 = true;
        match outcome {
            Ok(()) => Ok(()),
            Err(halt) => {
                self.halt(halt);
                match halt {
                    Halt::Invalid => Ok(()),
                    Halt::Interrupted => Err(Interrupted),
                }
            }
        }
    }

    fn try_decode(
        &self,
        group: usize,
        team: &mut Team,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Halt> {
        let end = self.input.len() * 8;
        let last = group + 1 == self.groups;
        let lanes = self.plan.lanes;
        let bound = |at: usize| ((group * lanes + at) * self.plan.piece * 8).min(end);
        let mut bounds: Vec<_> = (0..=lanes).map(bound).collect();
        if last {
            bounds[lanes] = usize::MAX;
        }
        let known = {
            let chain = lock(&self.chain);
            match chain.halted {
                Some(halt) => return Err(halt),
                None => (chain.next == group).then(|| chain.link.clone()),
            }
        };
        if known.as_ref().is_some_and(|link| link.end) {
            // Bytes behind the end of the stream.
            lock(&self.chain).next += 1;
            self.turn.notify_all();
            return Ok(());
        }
        team.decode(self.input, &bounds, known.as_ref(), interrupt)?;

        let mut chain = self.wait(group, interrupt)?;
        let mut placed: Vec<(Option<usize>, usize, &mut [u8])> = Vec::new();
        let state = &mut *chain;
        let (rest, offset) = (&mut state.rest, &mut state.offset);
        let (found, missed) = team.join(
            self.input,
            &mut state.link,
            bounds[lanes],
            interrupt,
            |lane, bytes| {
                let Some((out, left)) = mem::take(rest).split_at_mut_checked(bytes.len()) else {
                    return Err(Halt::Invalid);
                };
                *rest = left;
                if lane.is_none() {
                    out.copy_from_slice(bytes);
                }
                placed.push((lane, *offset, out));
                *offset += bytes.len();
                Ok(())
            },
        )?;
        chain.found += found;
        chain.missed += missed;
        // Where blocks are rarely found ahead, the plain path is faster.
        if chain.missed > chain.found + MISSED_AT_FIRST {
            return Err(Halt::Invalid);
        }
        chain.next += 1;
        drop(chain);
        self.turn.notify_all();

        let mut sums = Vec::with_capacity(placed.len());
        for (lane, offset, out) in placed {
            let sum = match lane {
                Some(lane) => copy_and_sum(team.lane(lane).decoded().chunks(CACHED), out),
                None => crc32(out),
            };
            sums.push((offset, out.len(), sum));
        }
        lock(&self.chain).sums.append(&mut sums);
        Ok(())
    }

    /// The chain, once it is this group's turn.
    fn wait(
        &self,
        group: usize,
        interrupt: Interrupt<'_>,
    ) -> Result<MutexGuard<'_, Chain<'a>>, Halt> {
        let mut chain = lock(&self.chain);
        loop {
            if let Some(halt) = chain.halted {
                return Err(halt);
            }
            if chain.next == group {
                return Ok(chain);
            }
            let waited = self.turn.wait_timeout(chain, PATIENCE);
            chain = waited.unwrap_or_else(PoisonError::into_inner).0;
            interrupt.check()?;
        }
    }

    /// The CRC-32 of the whole, if it was decoded and has the length that it should have.
    pub fn finish(self) -> Option<u32> {
        let chain = self
            .chain
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let whole = chain.halted.is_none()
            && chain.next == self.groups
            && chain.link.end
            && chain.rest.is_empty();
        let mut sums = chain.sums;
        sums.sort_unstable_by_key(|&(offset, ..)| offset);
        whole.then(|| {
            sums.iter()
                .fold(0, |crc, &(_, length, sum)| combine(crc, sum, length as u64))
        })
    }
}
