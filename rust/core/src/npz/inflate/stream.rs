//! Members in order and in constant memory, whole or from a point of a seek index.

use std::io::{ErrorKind, Read};
use std::mem;
use std::ops::Range;

use libdeflater::Crc;

use super::sequence::{Broken, Sequence};
use crate::npz::directory::{Member, Method};
use crate::npz::error::Fault;
use crate::npz::index::{Identity, Point, SeekIndex};
use crate::npz::source::Source;
use crate::parallel::Interrupt;

/// Copied at a time of a stored member.
const STORED_PIECE: usize = 1 << 18;

/// Inflated bytes from a point of an index to the next.
const SPACING: u64 = 1 << 20;

/// Where a member's bytes lie in its archive.
pub(in super::super) struct Compressed<'a> {
    pub source: &'a Source,
    pub method: Method,
    pub range: Range<u64>,
    pub inflated_len: u64,
    pub crc32: u32,
}

impl<'a> Compressed<'a> {
    pub fn of(member: &Member, source: &'a Source) -> Result<Self, Fault> {
        let (method, range) = member.locate(source)?;
        Ok(Self {
            source,
            method,
            range,
            inflated_len: member.inflated_len(),
            crc32: member.crc32(),
        })
    }

    fn identity(&self) -> Identity {
        Identity {
            compressed_len: self.range.end - self.range.start,
            inflated_len: self.inflated_len,
            crc32: self.crc32,
        }
    }

    fn size_fault(&self) -> Fault {
        Fault::InflatedSize {
            stated: self.inflated_len,
        }
    }

    /// The decoder at a point, and its offset; at the start if there is none.
    fn sequence(&self, point: Option<&Point>) -> Result<Sequence<impl Read + use<'a>>, Fault> {
        let Some(point) = point else {
            return Ok(Sequence::new(self.source.reader(self.range.clone())));
        };
        let start = self.range.start.checked_add(point.bit / 8);
        let start = start.filter(|&start| start < self.range.end);
        let start = start.ok_or(Fault::Index {
            reason: "points behind the member's end",
        })?;
        let reader = self.source.reader(start..self.range.end);
        Ok(Sequence::at(
            reader,
            (point.bit % 8) as usize,
            &point.window,
        ))
    }
}

/// Counts and sums what passes, up to the length and CRC-32 that the archive states.
struct Tally {
    crc: Crc,
    length: u64,
}

impl Tally {
    fn new() -> Self {
        Self {
            crc: Crc::new(),
            length: 0,
        }
    }

    fn add(&mut self, piece: &[u8], member: &Compressed<'_>) -> Result<(), Fault> {
        self.length += piece.len() as u64;
        if self.length > member.inflated_len {
            return Err(member.size_fault());
        }
        self.crc.update(piece);
        Ok(())
    }

    fn finish(&self, member: &Compressed<'_>) -> Result<(), Fault> {
        if self.length != member.inflated_len {
            return Err(member.size_fault());
        }
        let (stated, found) = (member.crc32, self.crc.sum());
        if found == stated {
            Ok(())
        } else {
            Err(Fault::Checksum { stated, found })
        }
    }
}

/// Gives the member's bytes to `sink`, piece by piece and in order; an error of the sink's is
/// answered as `Ok(Some(error))`.
///
/// That the CRC-32 is wrong is known, and an error, only after the last piece.
pub(in super::super) fn stream<E>(
    member: &Compressed<'_>,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    interrupt: Interrupt<'_>,
) -> Result<Option<E>, Broken> {
    let mut tally = Tally::new();
    match member.method {
        Method::Stored => {
            let mut reader = member.source.reader(member.range.clone());
            let mut buffer = vec![0; STORED_PIECE];
            loop {
                interrupt.check()?;
                let count = match reader.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(Fault::Io(error).into()),
                };
                tally.add(&buffer[..count], member)?;
                if let Err(error) = sink(&buffer[..count]) {
                    return Ok(Some(error));
                }
            }
        }
        Method::Deflated => {
            let mut sequence = member.sequence(None)?;
            while sequence.advance(interrupt)? {
                tally.add(sequence.piece(), member)?;
                if let Err(error) = sink(sequence.piece()) {
                    return Ok(Some(error));
                }
            }
        }
    }
    tally.finish(member)?;
    Ok(None)
}

/// The seek index of a deflated member, which is decoded for it once; `None` for a stored one,
/// which needs none.
pub(in super::super) fn build_index(
    member: &Compressed<'_>,
    interrupt: Interrupt<'_>,
) -> Result<Option<SeekIndex>, Broken> {
    if member.method == Method::Stored {
        return Ok(None);
    }
    let mut points = vec![Point {
        bit: 0,
        offset: 0,
        crc32: 0,
        window: Vec::new(),
    }];
    let (mut tally, mut segment, mut start) = (Tally::new(), Crc::new(), 0);
    let mut sequence = member.sequence(None)?.by_blocks();
    while sequence.advance(interrupt)? {
        tally.add(sequence.piece(), member)?;
        segment.update(sequence.piece());
        if let Some(bit) = sequence.at_block()
            && tally.length - start >= SPACING
        {
            let last = points.len() - 1;
            points[last].crc32 = mem::replace(&mut segment, Crc::new()).sum();
            start = tally.length;
            points.push(Point {
                bit,
                offset: start,
                crc32: 0,
                window: sequence.window().to_vec(),
            });
        }
    }
    tally.finish(member)?;
    let last = points.len() - 1;
    points[last].crc32 = segment.sum();
    let member = member.identity();
    Ok(Some(SeekIndex { member, points }))
}

/// Fills `out` with the member's bytes from `start`.
pub(in super::super) fn read_range(
    member: &Compressed<'_>,
    start: u64,
    out: &mut [u8],
    index: Option<&SeekIndex>,
    interrupt: Interrupt<'_>,
) -> Result<(), Broken> {
    let range = Fault::Range {
        start,
        end: start.saturating_add(out.len() as u64),
        len: member.inflated_len,
    };
    let end = match start.checked_add(out.len() as u64) {
        Some(end) if end <= member.inflated_len => end,
        _ => return Err(range.into()),
    };
    if start == end {
        return Ok(());
    }
    if member.method == Method::Stored {
        let at = member.range.start + start;
        let mut reader = member.source.reader(at..at + out.len() as u64);
        for out in out.chunks_mut(STORED_PIECE) {
            interrupt.check()?;
            reader.read_exact(out).map_err(Fault::Io)?;
        }
        return Ok(());
    }
    let wrong = |reason| Broken::Fault(Fault::Index { reason });
    if index.is_some_and(|index| index.member != member.identity()) {
        return Err(wrong("belongs to another member"));
    }
    let found = index.and_then(|index| index.find(start));
    let mut sequence = member.sequence(found.map(|(_, point)| point))?;
    let mut offset = found.map_or(0, |(_, point)| point.offset);
    // The bytes between two points are summed whole, also those that nobody asked for.
    let mut segment = found.map(|(at, _)| at);
    let mut crc = Crc::new();
    loop {
        let segment_end = match (index, segment) {
            (Some(index), Some(at)) => index.end(at),
            _ => end,
        };
        if !sequence.advance(interrupt)? {
            return Err(member.size_fault().into());
        }
        let mut piece = sequence.piece();
        let mut segment_end = segment_end;
        while !piece.is_empty() {
            let left = usize::try_from(segment_end - offset).unwrap_or(usize::MAX);
            let (head, rest) = piece.split_at(left.min(piece.len()));
            copy_overlap(out, start, head, offset);
            offset += head.len() as u64;
            piece = rest;
            let (Some(index), Some(at)) = (index, segment) else {
                if offset >= end {
                    return Ok(());
                }
                continue;
            };
            crc.update(head);
            if offset == segment_end {
                let found = mem::replace(&mut crc, Crc::new()).sum();
                if found != index.points[at].crc32 {
                    return Err(wrong("disagrees with the member's bytes"));
                }
                if offset >= end {
                    return Ok(());
                }
                segment = Some(at + 1);
                segment_end = index.end(at + 1);
            }
        }
    }
}

/// Copies of `piece`, which lies at `offset`, what belongs to `out`, which lies at `start`.
fn copy_overlap(out: &mut [u8], start: u64, piece: &[u8], offset: u64) {
    let skip = usize::try_from(start.saturating_sub(offset)).unwrap_or(usize::MAX);
    let at = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
    if let (Some(piece), Some(out)) = (piece.get(skip..), out.get_mut(at..)) {
        let count = piece.len().min(out.len());
        out[..count].copy_from_slice(&piece[..count]);
    }
}
