//! Several members into several buffers, on several threads.

use std::sync::{Mutex, PoisonError};

use libdeflater::Crc;

use super::super::directory::Method;
use super::super::error::Fault;
use super::super::source::Reader;
use super::crc::combine;
use super::split::{Bench, Plan, Split};
use super::whole::whole;
use crate::parallel::{Interrupt, Interrupted, for_each};

/// What a thread copies of a stored member before it takes other work.
const STORED_PIECE: usize = 4 << 20;
/// Copied and summed at a time, so that the sum finds the bytes in cache.
pub(super) const CACHED: usize = 1 << 17;

/// A member's bytes in the archive, and the buffer that is to hold them inflated.
pub(in super::super) struct Job<'a> {
    pub method: Method,
    pub input: Input<'a>,
    pub out: &'a mut [u8],
    /// The CRC-32 that the archive states.
    pub crc32: u32,
}

/// A member's bytes: in memory, or to be read once.
pub(in super::super) enum Input<'a> {
    Bytes(&'a [u8]),
    Reader(Reader<'a>),
}

/// Why the jobs are not all done.
#[derive(Debug)]
pub(in super::super) enum Undone {
    /// This one of them is at fault; those before it are done.
    At(usize, Fault),
    Interrupted,
}

impl From<Interrupted> for Undone {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

/// How a job is done.
enum Work<'a, 'b> {
    /// At once, by the plain path.
    Whole(Mutex<&'a mut Job<'b>>),
    /// The stream, and the CRC-32 that the archive states.
    Split(Split<'a>, u32),
    /// Pieces, and the CRC-32 that the archive states.
    Stored(Vec<Mutex<Stored<'a>>>, u32),
}

struct Stored<'a> {
    bytes: &'a [u8],
    out: &'a mut [u8],
    sum: u32,
}

/// Does `jobs` on up to `threads` threads.
///
/// The same as the plain path, [`whole`], for one after the other, also in which fault comes back.
pub(in super::super) fn inflate_all(
    jobs: &mut [Job<'_>],
    threads: usize,
    interrupt: Interrupt<'_>,
) -> Result<(), Undone> {
    let plan = |compressed, inflated| Plan::of(compressed, inflated, threads);
    inflate_all_by(jobs, plan, threads, interrupt)
}

pub(super) fn inflate_all_by(
    jobs: &mut [Job<'_>],
    plan: impl Fn(usize, usize) -> Option<Plan>,
    threads: usize,
    interrupt: Interrupt<'_>,
) -> Result<(), Undone> {
    let works: Vec<_> = jobs.iter_mut().map(|job| Work::of(job, &plan)).collect();
    let parts = |(at, work): (usize, &Work<'_, '_>)| (0..work.parts()).map(move |part| (at, part));
    let tasks: Vec<_> = works.iter().enumerate().flat_map(parts).collect();
    let bench = Bench::default();
    // The threads of a split stream wait for one another, so none of its groups may be left out,
    // as `for_each` would when it finds that it should stop.
    let outcome = for_each(threads, tasks.len(), Interrupt::never(), |task| {
        let (at, part) = tasks[task];
        works[at].run(at, part, &bench, interrupt)
    });
    let done = match &outcome {
        Ok(()) => works.len(),
        Err(Undone::At(at, _)) => *at,
        Err(Undone::Interrupted) => return outcome,
    };
    let right: Vec<_> = works.into_iter().take(done).map(Work::finish).collect();
    for ((at, job), right) in jobs.iter_mut().enumerate().zip(right) {
        if !right {
            interrupt.check()?;
            whole(job).map_err(|fault| Undone::At(at, fault))?;
        }
    }
    outcome
}

impl<'a, 'b> Work<'a, 'b> {
    fn of(job: &'a mut Job<'b>, plan: &impl Fn(usize, usize) -> Option<Plan>) -> Self {
        let Input::Bytes(bytes) = job.input else {
            return Self::Whole(Mutex::new(job));
        };
        match job.method {
            Method::Deflated => match plan(bytes.len(), job.out.len()) {
                Some(plan) => Self::Split(Split::new(bytes, job.out, plan), job.crc32),
                None => Self::Whole(Mutex::new(job)),
            },
            Method::Stored if job.out.len() > STORED_PIECE => {
                let pieces = job.out.chunks_mut(STORED_PIECE);
                let pieces = pieces.zip(bytes.chunks(STORED_PIECE));
                let pieces = pieces.map(|(out, bytes)| Mutex::new(Stored { bytes, out, sum: 0 }));
                Self::Stored(pieces.collect(), job.crc32)
            }
            Method::Stored => Self::Whole(Mutex::new(job)),
        }
    }

    /// How many tasks it is.
    fn parts(&self) -> usize {
        match self {
            Self::Whole(_) => 1,
            Self::Split(split, _) => split.groups(),
            Self::Stored(pieces, _) => pieces.len(),
        }
    }

    fn run(
        &self,
        at: usize,
        part: usize,
        bench: &Bench,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Undone> {
        match self {
            Self::Whole(job) => {
                interrupt.check()?;
                let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
                whole(&mut job).map_err(|fault| Undone::At(at, fault))
            }
            Self::Split(split, _) => Ok(split.decode(part, bench, interrupt)?),
            Self::Stored(pieces, _) => {
                interrupt.check()?;
                let mut piece = pieces[part].lock().unwrap_or_else(PoisonError::into_inner);
                let Stored { bytes, out, sum } = &mut *piece;
                *sum = copy_and_sum(bytes.chunks(CACHED), out);
                Ok(())
            }
        }
    }

    /// Whether all its parts together have what the archive states; if not, the plain path tells
    /// what is wrong.
    fn finish(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Split(split, crc32) => split.finish() == Some(crc32),
            Self::Stored(pieces, crc32) => {
                let mut sum = 0;
                for piece in pieces {
                    let piece = piece.into_inner().unwrap_or_else(PoisonError::into_inner);
                    sum = combine(sum, piece.sum, piece.out.len() as u64);
                }
                sum == crc32
            }
        }
    }
}

/// Copies pieces of [`CACHED`] bytes and answers their CRC-32.
pub(super) fn copy_and_sum<'a>(pieces: impl Iterator<Item = &'a [u8]>, out: &mut [u8]) -> u32 {
    let mut crc = Crc::new();
    for (out, bytes) in out.chunks_mut(CACHED).zip(pieces) {
        out.copy_from_slice(bytes);
        crc.update(out);
    }
    crc.sum()
}
