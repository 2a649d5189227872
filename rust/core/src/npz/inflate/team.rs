//! The lanes of one thread: neighbouring pieces of a stream, decoded side by side.

use std::hint::black_box;

use super::lane::{Lane, Stop};
use super::race::race;
use super::search::find_block;
use crate::parallel::{Interrupt, Interrupted};

/// Where the decoded part of a stream ends.
#[derive(Clone, Default)]
pub(super) struct Link {
    /// The bit that comes next: the first of a block.
    pub bit: usize,
    /// The last 32 KiB, or all that there are.
    pub window: Vec<u8>,
    /// Whether the last block has been decoded.
    pub end: bool,
}

/// Why a stream is not decoded further here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// What is wrong is for the plain path to say.
    Invalid,
    Interrupted,
}

impl From<Interrupted> for Halt {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

/// Lanes for as many neighbouring pieces, and one for what they leave out.
pub(super) struct Team {
    lanes: Vec<Lane>,
    spare: Option<Lane>,
    capacity: usize,
    /// Of the lanes, those from the first that have a start.
    started: Vec<bool>,
}

impl Team {
    /// A team of so many lanes, each of which holds so many bytes; `None` if memory has no room.
    pub fn new(lanes: usize, capacity: usize) -> Option<Self> {
        // Asked for and given back, since zeros that cost nothing until they are used are only had
        // in a way that ends the process where there are none.
        let mut room = Vec::<u8>::new();
        let size = Lane::size(capacity).checked_mul(lanes + 1)?;
        room.try_reserve_exact(size).ok()?;
        drop(black_box(room));
        Some(Self {
            lanes: (0..lanes).map(|_| Lane::new(capacity)).collect(),
            spare: None,
            capacity,
            started: vec![false; lanes],
        })
    }

    /// Whether it has so many lanes, each of which holds so many bytes or more.
    pub fn suits(&self, lanes: usize, capacity: usize) -> bool {
        self.lanes.len() == lanes && self.capacity >= capacity
    }

    pub fn lane(&self, index: usize) -> &Lane {
        &self.lanes[index]
    }

    /// Decodes a piece of `input` in each lane: lane `n` from the first block found in
    /// `bounds[n]..bounds[n + 1]` to where the next lane has started, or to the last bound. There
    /// is a bound more than there are lanes.
    ///
    /// If it is known what is before the first piece, its lane starts there.
    pub fn decode(
        &mut self,
        input: &[u8],
        bounds: &[usize],
        known: Option<&Link>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Interrupted> {
        let mut goal = bounds[self.lanes.len()];
        for (index, lane) in self.lanes.iter_mut().enumerate().rev() {
            self.started[index] = true;
            match known {
                Some(link) if index == 0 => lane.start(link.bit, &link.window, goal),
                _ => match find_block(input, bounds[index], bounds[index + 1]) {
                    Some(bit) => {
                        lane.start_blind(bit, goal);
                        goal = bit;
                    }
                    None => self.started[index] = false,
                },
            }
        }
        let started = self.lanes.iter_mut().zip(&self.started);
        let mut lanes: Vec<_> = started
            .filter_map(|(lane, &on)| on.then_some(lane))
            .collect();
        run(&mut lanes, input, interrupt)?;
        for lane in lanes {
            if lane.stop() != Some(Stop::Goal) {
                lane.back_to_block();
            }
        }
        Ok(())
    }

    /// Joins what was decoded to `link` in the order of the stream, up to the first block at or
    /// behind `goal`. `place` is given the bytes, and the lane that has them if one has.
    ///
    /// Answers how many pieces began at a block that was rightly found, and how many did not.
    pub fn join(
        &mut self,
        input: &[u8],
        link: &mut Link,
        goal: usize,
        interrupt: Interrupt<'_>,
        mut place: impl FnMut(Option<usize>, &[u8]) -> Result<(), Halt>,
    ) -> Result<(usize, usize), Halt> {
        let (mut found, mut missed) = (0, 0);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if link.end {
                break;
            }
            if !self.started[index] || lane.start_bit() < link.bit {
                missed += 1;
                continue;
            }
            let start = lane.start_bit();
            if start > link.bit {
                let spare = self.spare.get_or_insert_with(|| Lane::new(self.capacity));
                bridge(spare, input, link, start, interrupt, &mut place)?;
            }
            if link.bit != start || link.end {
                missed += 1;
                continue;
            }
            if lane.stop() == Some(Stop::Invalid) {
                return Err(Halt::Invalid);
            }
            if lane.speculative() {
                found += 1;
                if !lane.settle(&link.window) {
                    return Err(Halt::Invalid);
                }
            }
            place(Some(index), lane.decoded())?;
            follow(link, lane);
        }
        if !link.end && link.bit < goal {
            let spare = self.spare.get_or_insert_with(|| Lane::new(self.capacity));
            bridge(spare, input, link, goal, interrupt, &mut place)?;
        }
        Ok((found, missed))
    }
}

fn follow(link: &mut Link, lane: &Lane) {
    link.bit = lane.bit();
    link.window.clear();
    link.window.extend_from_slice(lane.window());
    link.end = lane.stop() == Some(Stop::End);
}

/// What a bridge may hold, in lanes: behind that the plain path, which has no bounds to keep to, is
/// faster.
const LONGEST_BRIDGE: usize = 8;

/// Decodes from `link` to the first block at or behind `goal`.
fn bridge(
    lane: &mut Lane,
    input: &[u8],
    link: &mut Link,
    goal: usize,
    interrupt: Interrupt<'_>,
    place: &mut impl FnMut(Option<usize>, &[u8]) -> Result<(), Halt>,
) -> Result<(), Halt> {
    lane.start(link.bit, &link.window, goal);
    for _ in 0..LONGEST_BRIDGE {
        run(&mut [&mut *lane], input, interrupt)?;
        place(None, lane.decoded())?;
        match lane.stop() {
            Some(Stop::Goal | Stop::End) => {
                follow(link, lane);
                return Ok(());
            }
            Some(Stop::Full) => lane.slide(),
            _ => break,
        }
    }
    Err(Halt::Invalid)
}

/// Decodes in every lane until all have stopped.
pub(super) fn run(
    lanes: &mut [&mut Lane],
    input: &[u8],
    interrupt: Interrupt<'_>,
) -> Result<(), Interrupted> {
    loop {
        interrupt.check()?;
        let lanes = lanes.iter_mut();
        let mut ready: Vec<_> = lanes
            .filter_map(|lane| lane.prepare(input).then_some(&mut **lane))
            .collect();
        if ready.is_empty() {
            return Ok(());
        }
        race(&mut ready, input);
    }
}
