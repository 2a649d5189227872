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
use super::team::{Halt, LANES, Link, Team};
use crate::parallel::{Interrupt, Interrupted};

/// How long a thread waits for another before it asks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(20);

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Bytes of input of a piece.
    pub piece: usize,
    pub groups: usize,
    /// Bytes that a lane can hold.
    pub capacity: usize,
}

const CAPACITY: usize = 4 << 20;

impl Plan {
    /// The plan for a stream of these lengths, unless it is better left whole.
    pub fn of(compressed: usize, inflated: usize, threads: usize) -> Option<Self> {
        /// Shorter pieces spend too much on finding their first block.
        const LEAST_PIECE: usize = 1 << 17;
        /// What a piece should inflate to: a share of the capacity that most pieces keep within.
        const PIECE: usize = CAPACITY / 4;
        /// Denser streams fill a lane before they end a block, and need no second lane.
        const MOST_DENSE: usize = 16;
        if compressed < LEAST_PIECE * LANES || inflated / MOST_DENSE > compressed {
            return None;
        }
        let by_output = (compressed as u128 * PIECE as u128 / inflated.max(1) as u128) as usize;
        // Enough groups that the threads end at nearly the same time.
        let by_threads = compressed / (LANES * threads * 4);
        let piece = by_output.min(by_threads).max(LEAST_PIECE);
        Some(Self {
            piece,
            groups: compressed.div_ceil(piece * LANES),
            capacity: CAPACITY,
        })
    }
}

/// Teams that are not at work; a thread takes one and gives it back.
pub(super) type Bench = Mutex<Vec<Team>>;

/// A stream that threads decode together.
pub(super) struct Split<'a> {
    input: &'a [u8],
    plan: Plan,
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

impl<'a> Split<'a> {
    pub fn new(input: &'a [u8], out: &'a mut [u8], plan: Plan) -> Self {
        Self {
            input,
            plan,
            chain: Mutex::new(Chain {
                next: 0,
                link: Link::default(),
                rest: out,
                offset: 0,
                sums: Vec::new(),
                halted: None,
            }),
            turn: Condvar::new(),
        }
    }

    pub fn groups(&self) -> usize {
        self.plan.groups
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
        let team = lock(bench).pop();
        let mut team = team.unwrap_or_else(|| Team::new(self.plan.capacity));
        let outcome = self.try_decode(group, &mut team, interrupt);
        lock(bench).push(team);
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
        let last = group + 1 == self.plan.groups;
        let mut bounds = [0; LANES + 1];
        for (at, bound) in bounds.iter_mut().enumerate() {
            *bound = ((group * LANES + at) * self.plan.piece * 8).min(end);
        }
        if last {
            bounds[LANES] = usize::MAX;
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
        let useful = team.join(
            self.input,
            &mut state.link,
            bounds[LANES],
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
        // Where no block is found ahead, the plain path is faster.
        if useful == 0 && !last {
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
            && chain.next == self.plan.groups
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
