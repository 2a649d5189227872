//! Places in a deflated member at which decoding can begin.

use libdeflater::crc32;

use super::error::Fault;
use super::fields::Fields;

const MAGIC: &[u8; 8] = b"MFSEEK\x00\x01";
/// The farthest that a match reaches back.
const WINDOW: u64 = 1 << 15;
/// A point's bit, offset and CRC-32; the window follows.
const POINT_LENGTH: u64 = 8 + 8 + 4;

/// Where to begin in a deflated member so as to read some bytes of it without all before them.
///
/// A point lies at the start of a deflate block, one after about every MiB of inflated bytes, and
/// holds the 32 KiB before it, which the block may repeat. The bytes from each point to the next
/// have a CRC-32 here, so that a wrong index is found out where it is used. Made by
/// [`Archive::build_index`](super::Archive::build_index).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeekIndex {
    pub(super) member: Identity,
    /// By offset; the first is at 0.
    pub(super) points: Vec<Point>,
}

/// What tells one member's bytes from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub compressed_len: u64,
    pub inflated_len: u64,
    pub crc32: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// In the deflated bytes.
    pub bit: u64,
    /// In the inflated bytes.
    pub offset: u64,
    /// Of the bytes up to the next point, or to the end.
    pub crc32: u32,
    pub window: Vec<u8>,
}

impl SeekIndex {
    /// The number of points.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "there is always a point at the start"
    )]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// The last point at or before `offset`, and the offset at which the one after it lies.
    pub(super) fn find(&self, offset: u64) -> Option<(usize, &Point)> {
        let after = self.points.partition_point(|point| point.offset <= offset);
        let at = after.checked_sub(1)?;
        Some((at, self.points.get(at)?))
    }

    /// Where the bytes of a point end.
    pub(super) fn end(&self, at: usize) -> u64 {
        let next = self.points.get(at + 1);
        next.map_or(self.member.inflated_len, |next| next.offset)
    }

    /// The index as bytes to keep, which end with their own CRC-32.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.member.compressed_len.to_le_bytes());
        bytes.extend(self.member.inflated_len.to_le_bytes());
        bytes.extend(self.member.crc32.to_le_bytes());
        bytes.extend((self.points.len() as u64).to_le_bytes());
        for point in &self.points {
            bytes.extend(point.bit.to_le_bytes());
            bytes.extend(point.offset.to_le_bytes());
            bytes.extend(point.crc32.to_le_bytes());
            bytes.extend(&point.window);
        }
        bytes.extend(crc32(&bytes).to_le_bytes());
        bytes
    }

    /// The index that [`to_bytes`](Self::to_bytes) made these of.
    ///
    /// # Errors
    /// [`Fault::Index`] if they are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |reason| Fault::Index { reason };
        let cut = || fault("is cut short");
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
        if body.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(fault("does not start as one of this version does"));
        }
        if crc32(body) != u32::from_le_bytes(*sum) {
            return Err(fault("does not match its CRC-32"));
        }
        let mut fields = Fields(&body[MAGIC.len()..]);
        let mut identity = || {
            Some(Identity {
                compressed_len: fields.u64()?,
                inflated_len: fields.u64()?,
                crc32: fields.u32()?,
            })
        };
        let member = identity().ok_or_else(cut)?;
        let count = fields.u64().ok_or_else(cut)?;
        if count > fields.0.len() as u64 / POINT_LENGTH {
            return Err(cut());
        }
        let mut points: Vec<Point> = Vec::new();
        let mut point = || {
            let (bit, offset, crc32) = (fields.u64()?, fields.u64()?, fields.u32()?);
            let window = fields.bytes(offset.min(WINDOW) as usize)?.to_vec();
            Some(Point {
                bit,
                offset,
                crc32,
                window,
            })
        };
        for _ in 0..count {
            let point = point().ok_or_else(cut)?;
            let in_order = match points.last() {
                None => (point.bit, point.offset) == (0, 0),
                Some(last) => point.bit > last.bit && point.offset > last.offset,
            };
            if !in_order
                || point.bit / 8 >= member.compressed_len.max(1)
                || point.offset > member.inflated_len
            {
                return Err(fault("has points that are out of order"));
            }
            points.push(point);
        }
        if points.is_empty() || !fields.0.is_empty() {
            return Err(fault("does not end with its last point"));
        }
        Ok(Self { member, points })
    }
}
