//! The directory of a zip archive, and the local headers it points to.
//!
//! Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. Where that leaves a choice, what
//! Python's `zipfile` does decides, since that is how numpy finds its arrays; what `zipfile`
//! overlooks (overlaps, a directory that does not reach the end records, counts and sizes that
//! disagree) is an error here. Bytes between members, where data descriptors lie, are passed over.

use std::ops::Range;

use super::error::Fault;
use super::fields::Fields;
use super::limits::Limits;
use super::source::Source;

const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
const ENTRY_SIGNATURE: &[u8] = b"PK\x01\x02";
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END64_SIGNATURE: &[u8] = b"PK\x06\x06";
const LOCATOR64_SIGNATURE: &[u8] = b"PK\x06\x07";

const LOCAL_LENGTH: u64 = 30;
const ENTRY_LENGTH: u64 = 46;
const END_LENGTH: usize = 22;
const END64_LENGTH: usize = 56;
const LOCATOR64_LENGTH: usize = 20;
const MAX_COMMENT: usize = u16::MAX as usize;
/// The records at the end, with the longest comment.
const LONGEST_END: usize = END64_LENGTH + LOCATOR64_LENGTH + END_LENGTH + MAX_COMMENT;

const ZIP64_FIELD: u16 = 1;
const NEWEST_VERSION: u16 = 63;

const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_UTF8: u16 = 1 << 11;
/// Encrypted, patch data, strongly encrypted, masked local header.
const FLAGS_REFUSED: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The cheapest match takes two bits and gives 258 bytes.
const MAX_DEFLATE_RATIO: u64 = 4 * 258;

/// One member, as the archive's directory states it.
#[derive(Clone, Debug)]
pub struct Member {
    name: String,
    /// As the archive has it, where that is not the UTF-8 of `name`.
    raw_name: Option<Box<[u8]>>,
    version: u16,
    flags: u16,
    method: u16,
    crc32: u32,
    compressed_len: u64,
    inflated_len: u64,
    offset: u64,
    /// Where the next member, or the directory, starts.
    end: u64,
}

/// How the bytes of a member lie in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

impl Member {
    /// The name in the archive, such as `train_images.npy`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name by which numpy knows the array: without `.npy`.
    #[must_use]
    pub fn key(&self) -> &str {
        self.name.strip_suffix(".npy").unwrap_or(&self.name)
    }

    /// Bytes in the archive.
    #[must_use]
    pub fn compressed_len(&self) -> u64 {
        self.compressed_len
    }

    /// Bytes once inflated: the `.npy` header and the data.
    #[must_use]
    pub fn inflated_len(&self) -> u64 {
        self.inflated_len
    }

    /// The CRC-32 of the inflated bytes.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Where the archive has this member's local header.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes one in the archive stands for, rounded down.
    pub(super) fn ratio(&self) -> u64 {
        self.inflated_len / self.compressed_len.max(1)
    }

    fn raw_name(&self) -> &[u8] {
        self.raw_name.as_deref().unwrap_or(self.name.as_bytes())
    }

    /// Where the bytes of this member are, after everything about them that can be checked without
    /// inflating them has been.
    pub(super) fn locate(&self, archive: &Source) -> Result<(Method, Range<u64>), Fault> {
        if self.version > NEWEST_VERSION {
            return Err(Fault::ZipVersion {
                version: self.version,
            });
        }
        let local = LocalHeader::read(archive, self.offset)?.ok_or(Fault::NoLocalHeader {
            offset: self.offset,
        })?;
        let flags = self.flags | local.flags;
        if flags & FLAGS_REFUSED != 0 {
            return Err(Fault::Encrypted { flags });
        }
        let method = match self.method {
            STORED if self.compressed_len != self.inflated_len => {
                return Err(Fault::StoredSize {
                    compressed: self.compressed_len,
                    inflated: self.inflated_len,
                });
            }
            STORED => Method::Stored,
            DEFLATED if self.inflated_len / MAX_DEFLATE_RATIO > self.compressed_len => {
                return Err(Fault::ImpossibleRatio {
                    compressed: self.compressed_len,
                    inflated: self.inflated_len,
                });
            }
            DEFLATED => Method::Deflated,
            method => return Err(Fault::Method { method }),
        };

        // A writer that could not seek back left zeros here and the truth in a descriptor behind
        // the data, which the directory repeats.
        let unknown = |value: u64| flags & FLAG_DESCRIPTOR != 0 && value == 0;
        let agree = |local: u64, stated: u64| local == stated || unknown(local);
        for (field, equal) in [
            ("name", *local.name == *self.raw_name()),
            ("method", local.method == self.method),
            ("CRC-32", agree(local.crc32.into(), self.crc32.into())),
            (
                "compressed size",
                agree(local.compressed_len, self.compressed_len),
            ),
            ("size", agree(local.inflated_len, self.inflated_len)),
        ] {
            if !equal {
                return Err(Fault::HeadersDisagree { field });
            }
        }

        let end = local.data.checked_add(self.compressed_len);
        let data = end
            .filter(|&end| end <= self.end)
            .map(|end| local.data..end)
            .ok_or(Fault::HeadersDisagree {
                field: "place of the data",
            })?;
        Ok((method, data))
    }
}

/// The name of a member, and where its local header should be.
pub(super) type Place = (String, u64);

/// Reads the directory of `archive`.
pub(super) fn read(
    archive: &Source,
    limits: &Limits,
) -> Result<Vec<Member>, (Option<Place>, Fault)> {
    check_start(archive).map_err(|fault| (None, fault))?;
    let end = End::find(archive).map_err(|fault| (None, fault))?;
    let mut members = entries(archive, &end, limits).map_err(|fault| (None, fault))?;
    bound(&mut members, end.offset).map_err(|(place, fault)| (Some(place), fault))?;
    Ok(members)
}

fn entries(archive: &Source, end: &End, limits: &Limits) -> Result<Vec<Member>, Fault> {
    let stated_end = u128::from(end.offset) + u128::from(end.size);
    if stated_end != u128::from(end.place) {
        return Err(Fault::DirectoryPlace {
            start: end.offset,
            stated_end,
            end: end.place,
        });
    }
    let count = match usize::try_from(end.members) {
        Ok(count) if count <= limits.max_members => count,
        _ => {
            return Err(Fault::TooManyMembers {
                count: end.members,
                limit: limits.max_members,
            });
        }
    };
    if end.members > end.size / ENTRY_LENGTH {
        return Err(Fault::MemberCount {
            stated: end.members,
            found: end.size / ENTRY_LENGTH,
        });
    }

    if end.size > limits.max_directory_bytes {
        return Err(Fault::DirectoryTooLong {
            length: end.size,
            limit: limits.max_directory_bytes,
        });
    }
    let directory = archive.bytes(end.offset..end.place)?;
    let directory = directory.ok_or(Fault::NoEndRecord)?;

    let mut members = Vec::with_capacity(count);
    let mut fields = Fields(&directory);
    while !fields.0.is_empty() {
        if members.len() == count {
            return Err(Fault::MemberCount {
                stated: end.members,
                found: end.members + 1,
            });
        }
        members.push(entry(&mut fields, members.len())?);
    }
    if members.len() != count {
        return Err(Fault::MemberCount {
            stated: end.members,
            found: members.len() as u64,
        });
    }
    Ok(members)
}

/// numpy decides by the first bytes what a file is, and so reads no archive that has anything
/// before its first member.
fn check_start(archive: &Source) -> Result<(), Fault> {
    let start = archive.bytes(0..archive.len().min(8))?.unwrap_or_default();
    if start.is_empty() {
        Err(Fault::Empty)
    } else if start.starts_with(LOCAL_SIGNATURE) || start.starts_with(END_SIGNATURE) {
        Ok(())
    } else if start.starts_with(super::header::MAGIC) {
        Err(Fault::SingleArray)
    } else {
        Err(Fault::NotZip {
            start: start.into_owned(),
        })
    }
}

/// What the end records say of the directory.
struct End {
    members: u64,
    size: u64,
    offset: u64,
    /// Where the first of the end records lies, and so where the directory must end.
    place: u64,
}

impl End {
    fn find(archive: &Source) -> Result<Self, Fault> {
        let tail_at = archive.len().saturating_sub(LONGEST_END as u64);
        let tail = archive.bytes(tail_at..archive.len())?.unwrap_or_default();
        let at = Self::search(&tail).ok_or(Fault::NoEndRecord)?;
        let mut fields = Fields(&tail[at + END_SIGNATURE.len()..]);
        let mut read = || {
            let volumes = [fields.u16()?, fields.u16()?];
            let members = [fields.u16()?, fields.u16()?];
            let (size, offset) = (fields.u32()?, fields.u32()?);
            Some((volumes, members, size, offset, fields.u16()?))
        };
        let (volumes, members, size, offset, comment) = read().ok_or(Fault::NoEndRecord)?;
        if usize::from(comment) != fields.0.len() {
            return Err(Fault::CommentLength {
                stated: comment.into(),
                found: fields.0.len() as u64,
            });
        }
        if volumes != [0, 0] || members[0] != members[1] {
            return Err(Fault::ManyVolumes);
        }
        let end = Self {
            members: members[0].into(),
            size: size.into(),
            offset: offset.into(),
            place: tail_at + at as u64,
        };
        match Self::find_zip64(&tail[..at], tail_at)? {
            Some(zip64) => end.check_against(zip64),
            None => Ok(end),
        }
    }

    /// The same search as `zipfile`'s: the record is the last thing in the file or, failing that,
    /// wherever its signature was seen last.
    fn search(tail: &[u8]) -> Option<usize> {
        let last = tail.len().checked_sub(END_LENGTH)?;
        let record = &tail[last..];
        if record.starts_with(END_SIGNATURE) && record.ends_with(&[0, 0]) {
            return Some(last);
        }
        let start = last.saturating_sub(MAX_COMMENT);
        tail[start..]
            .windows(END_SIGNATURE.len())
            .rposition(|window| window == END_SIGNATURE)
            .map(|at| start + at)
            .filter(|&at| at <= last)
    }

    /// Looks for zip64's record and its locator at the end of `tail`, which starts at byte
    /// `tail_at` of the archive.
    fn find_zip64(tail: &[u8], tail_at: u64) -> Result<Option<Self>, Fault> {
        let Some(locator_at) = tail.len().checked_sub(LOCATOR64_LENGTH) else {
            return Ok(None);
        };
        let mut locator = Fields(&tail[locator_at..]);
        if locator.bytes(LOCATOR64_SIGNATURE.len()) != Some(LOCATOR64_SIGNATURE) {
            return Ok(None);
        }
        let mut read_locator = || Some((locator.u32()?, locator.u64()?, locator.u32()?));
        let (volume, offset, volumes) = read_locator().ok_or(Fault::NoEndRecord)?;
        if volume != 0 || volumes > 1 {
            return Err(Fault::ManyVolumes);
        }

        let missing = || Fault::NoZip64Record { offset };
        let record_at = locator_at
            .checked_sub(END64_LENGTH)
            .filter(|&at| tail_at + at as u64 == offset)
            .ok_or_else(missing)?;
        let mut record = Fields(&tail[record_at..locator_at]);
        if record.bytes(END64_SIGNATURE.len()) != Some(END64_SIGNATURE) {
            return Err(missing());
        }
        let mut read_record = || {
            let _length_and_versions = record.bytes(12)?;
            let volumes = [record.u32()?, record.u32()?];
            let members = [record.u64()?, record.u64()?];
            Some((volumes, members, record.u64()?, record.u64()?))
        };
        let (volumes, members, size, offset) = read_record().ok_or_else(missing)?;
        if volumes != [0, 0] || members[0] != members[1] {
            return Err(Fault::ManyVolumes);
        }
        Ok(Some(Self {
            members: members[0],
            size,
            offset,
            place: tail_at + record_at as u64,
        }))
    }

    /// The zip64 record counts; a field of the older record must agree unless it is full.
    fn check_against(&self, zip64: Self) -> Result<Self, Fault> {
        for (field, zip, zip64, full) in [
            (
                "number of members",
                self.members,
                zip64.members,
                u64::from(u16::MAX),
            ),
            (
                "size of the directory",
                self.size,
                zip64.size,
                u64::from(u32::MAX),
            ),
            (
                "place of the directory",
                self.offset,
                zip64.offset,
                u64::from(u32::MAX),
            ),
        ] {
            if zip != full && zip != zip64 {
                return Err(Fault::EndRecordsDisagree { field, zip, zip64 });
            }
        }
        Ok(zip64)
    }
}

/// Reads entry `index` of the directory.
fn entry(fields: &mut Fields<'_>, index: usize) -> Result<Member, Fault> {
    if !fields.0.starts_with(ENTRY_SIGNATURE) {
        return Err(Fault::EntrySignature { index });
    }
    let mut read = || {
        let _signature_and_writer = fields.bytes(ENTRY_SIGNATURE.len() + 2)?;
        let (version, flags, method) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let _time_and_date = fields.bytes(4)?;
        let (crc32, compressed, inflated) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let _volume_and_attributes = fields.bytes(8)?;
        let offset = fields.u32()?;
        let raw_name = fields.bytes(name.into())?;
        let extra = fields.bytes(extra.into())?;
        let _comment = fields.bytes(comment.into())?;
        let member = Member {
            name: String::new(),
            raw_name: None,
            version,
            flags,
            method,
            crc32,
            compressed_len: compressed.into(),
            inflated_len: inflated.into(),
            offset: offset.into(),
            end: 0,
        };
        Some((member, raw_name, extra))
    };
    let (mut member, raw_name, extra) = read().ok_or(Fault::EntryTruncated { index })?;
    let sizes = [
        &mut member.inflated_len,
        &mut member.compressed_len,
        &mut member.offset,
    ];
    widen(extra, sizes).ok_or(Fault::ExtraField { index })?;
    if raw_name.contains(&0) {
        return Err(Fault::NameNull { index });
    }
    member.name = if member.flags & FLAG_UTF8 == 0 {
        raw_name.iter().copied().map(cp437).collect()
    } else {
        let name = std::str::from_utf8(raw_name).map_err(|_| Fault::NameEncoding { index })?;
        name.to_owned()
    };
    if member.name.as_bytes() != raw_name {
        member.raw_name = Some(raw_name.into());
    }
    Ok(member)
}

/// Replaces every value that is full in 32 bits by the next one of the zip64 extra field.
fn widen<const N: usize>(extra: &[u8], values: [&mut u64; N]) -> Option<()> {
    let mut extra = Fields(extra);
    let mut zip64 = None;
    // Fewer than four bytes at the end are padding.
    while extra.0.len() >= 4 {
        let (kind, length) = (extra.u16()?, extra.u16()?);
        let content = extra.bytes(length.into())?;
        if kind == ZIP64_FIELD {
            zip64.get_or_insert(Fields(content));
        }
    }
    if let Some(mut zip64) = zip64 {
        for value in values {
            if *value == u64::from(u32::MAX) {
                *value = zip64.u64()?;
            }
        }
    }
    Some(())
}

/// Gives every member the end of its room, and refuses those whose bytes cannot all fit there.
fn bound(members: &mut [Member], directory: u64) -> Result<(), (Place, Fault)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&index| members[index].offset);
    for (rank, &index) in order.iter().enumerate() {
        let next = order.get(rank + 1).map(|&next| &members[next]);
        let end = next.map_or(directory, |next| next.offset.min(directory));
        let member = &members[index];
        let least = u128::from(member.offset)
            + u128::from(LOCAL_LENGTH)
            + member.raw_name().len() as u128
            + u128::from(member.compressed_len);
        if least > u128::from(end) {
            let fault = match next {
                Some(next) if next.offset < directory => Fault::Overlap {
                    next: next.name.clone(),
                },
                _ => Fault::OverlapsDirectory,
            };
            return Err(((member.name.clone(), member.offset), fault));
        }
        members[index].end = end;
    }
    Ok(())
}

/// What stands directly before a member's data.
struct LocalHeader {
    flags: u16,
    method: u16,
    crc32: u32,
    compressed_len: u64,
    inflated_len: u64,
    name: Box<[u8]>,
    /// Where the data starts in the archive.
    data: u64,
}

impl LocalHeader {
    /// Reads the one at `offset`; `None` if there is none.
    fn read(archive: &Source, offset: u64) -> Result<Option<Self>, Fault> {
        let after = |length: u64| Some(offset..offset.checked_add(length)?);
        let Some(fixed) = after(LOCAL_LENGTH) else {
            return Ok(None);
        };
        let Some(fixed) = archive.bytes(fixed)? else {
            return Ok(None);
        };
        let Some((mut header, name, extra)) = Self::fixed(&fixed) else {
            return Ok(None);
        };
        let length = LOCAL_LENGTH + u64::from(name) + u64::from(extra);
        let Some(whole) = after(length) else {
            return Ok(None);
        };
        header.data = whole.end;
        let names = whole.start + LOCAL_LENGTH..whole.end;
        let Some(names) = archive.bytes(names)? else {
            return Ok(None);
        };
        let Some((name, extra)) = names.split_at_checked(name.into()) else {
            return Ok(None);
        };
        header.name = name.into();
        let sizes = [&mut header.inflated_len, &mut header.compressed_len];
        Ok(widen(extra, sizes).map(|()| header))
    }

    /// The part of known length, and the lengths of the name and of the extra fields.
    fn fixed(bytes: &[u8]) -> Option<(Self, u16, u16)> {
        let mut fields = Fields(bytes);
        if fields.bytes(LOCAL_SIGNATURE.len())? != LOCAL_SIGNATURE {
            return None;
        }
        let _version = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time_and_date = fields.bytes(4)?;
        let (crc32, compressed, inflated) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let header = Self {
            flags,
            method,
            crc32,
            compressed_len: compressed.into(),
            inflated_len: inflated.into(),
            name: Box::default(),
            data: 0,
        };
        Some((header, fields.u16()?, fields.u16()?))
    }
}

/// The encoding of names without the UTF-8 flag: that of the IBM PC.
fn cp437(byte: u8) -> char {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»\
        ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
        αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    match byte.checked_sub(128) {
        Some(upper) => UPPER.chars().nth(upper.into()).unwrap_or('\u{fffd}'),
        None => byte.into(),
    }
}
