//! A deflate stream from a reader, in order and in constant memory.

use std::io::{ErrorKind, Read};

use super::lane::{Lane, Stop};
use super::team::run;
use crate::npz::error::Fault;
use crate::parallel::{Interrupt, Interrupted};

/// What comes out at a time, and a block more.
const PIECE: usize = 1 << 20;
/// Read at a time.
const INPUT: usize = 1 << 18;

/// Why no more comes.
#[derive(Debug)]
pub(in super::super) enum Broken {
    Fault(Fault),
    Interrupted,
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Interrupted> for Broken {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

/// The decoder of a stream, which hands out piece after piece.
pub(super) struct Sequence<R> {
    reader: R,
    input: Vec<u8>,
    filled: usize,
    lane: Lane,
    /// Bits before `input`.
    passed: u64,
    /// Whether pieces are to end with a block.
    whole_blocks: bool,
}

impl<R: Read> Sequence<R> {
    /// At the start of the stream that `reader` reads.
    pub fn new(reader: R) -> Self {
        Self::at(reader, 0, &[])
    }

    /// At bit `bit` of what `reader` reads, where a block starts that has `window` before it.
    pub fn at(reader: R, bit: usize, window: &[u8]) -> Self {
        let mut lane = Lane::new(PIECE);
        lane.start(bit, window, usize::MAX);
        Self {
            reader,
            input: vec![0; INPUT],
            filled: 0,
            lane,
            passed: 0,
            whole_blocks: false,
        }
    }

    /// The same with pieces that end where a block does.
    pub fn by_blocks(mut self) -> Self {
        self.whole_blocks = true;
        self
    }

    /// Makes the next piece, for [`piece`](Self::piece); false behind the end of the stream.
    ///
    /// A piece of a stream of whole blocks may be one of several that make up a block; the last
    /// of these is at a [block's end](Self::at_block).
    pub fn advance(&mut self, interrupt: Interrupt<'_>) -> Result<bool, Broken> {
        match self.lane.stop() {
            Some(Stop::End) => return Ok(false),
            Some(Stop::Full) => {
                self.lane.slide();
                if self.whole_blocks {
                    self.lane.set_goal(0);
                }
            }
            Some(Stop::Goal) => {
                self.lane.slide();
                self.lane.set_goal(usize::MAX);
            }
            _ => {}
        }
        loop {
            run(&mut [&mut self.lane], &self.input[..self.filled], interrupt)?;
            match self.lane.stop() {
                Some(Stop::Starved) => self.read()?,
                Some(Stop::Invalid) | None => return Err(Fault::BadDeflate.into()),
                Some(Stop::Full | Stop::Goal | Stop::End) => return Ok(true),
            }
        }
    }

    pub fn piece(&self) -> &[u8] {
        self.lane.decoded()
    }

    /// The bytes up to here, at most a window's worth.
    pub fn window(&self) -> &[u8] {
        self.lane.window()
    }

    /// The bit at which the next block starts, if it does directly behind the piece.
    pub fn at_block(&self) -> Option<u64> {
        (self.lane.stop() == Some(Stop::Goal)).then(|| self.passed + self.lane.bit() as u64)
    }

    /// Moves on in the input; that it has ended too early is an error.
    fn read(&mut self) -> Result<(), Fault> {
        let used = self.lane.bit() / 8;
        self.input.copy_within(used..self.filled, 0);
        self.filled -= used;
        self.passed += used as u64 * 8;
        self.lane.rebase(self.lane.bit() % 8);
        let before = self.filled;
        while self.filled < self.input.len() {
            match self.reader.read(&mut self.input[self.filled..]) {
                Ok(0) => break,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.filled == before {
            return Err(Fault::BadDeflate);
        }
        Ok(())
    }
}
