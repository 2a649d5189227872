//! An open `.npz` archive.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::directory::{self, Member};
use super::error::{Error, Fault};
use super::header::{Header, Prelude};
use super::index::SeekIndex;
use super::inflate::{self, Broken, Compressed, Input, Job, Undone, inflate_all, peek};
use super::limits::Limits;
use super::source::Source;
use crate::parallel::{Interrupt, Interrupted};

/// Enough for nearly every header, so that a second look is rarely needed.
const FIRST_LOOK: usize = 256;
/// Read at a time from a file that is not mapped.
const READ_AHEAD: usize = 1 << 18;

/// An archive, of which only the directory has been read.
pub struct Archive {
    path: PathBuf,
    limits: Limits,
    source: Source,
    members: Vec<Member>,
    by_name: HashMap<String, usize>,
}

/// One array, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// What the data means.
    pub header: Header,
    npy: Vec<u8>,
}

impl Array {
    /// The elements, in the order and byte order that the header states.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.npy[self.header.data_offset..]
    }
}

impl Archive {
    /// Opens the archive at `path` and reads its directory.
    ///
    /// A file of more than 4 MiB is mapped into memory and must not be cut short while the archive
    /// is open: its length is looked at before each use, but the operating system ends a process
    /// that reads a mapped page which another process has cut off meanwhile (SIGBUS). Files that
    /// are replaced by renaming, as downloads should be, are safe. Where the address space has no
    /// room for the map, the file is read by position.
    ///
    /// # Errors
    /// [`Error`] if the file is missing or unreadable, is no zip archive, has more members than
    /// the limit, or has a directory that is damaged.
    pub fn open(path: impl Into<PathBuf>, limits: &Limits) -> Result<Self, Error> {
        let path = path.into();
        match Source::open(&path) {
            Ok(source) => Self::new(path, source, limits),
            Err(fault) => Err(Error::File { path, fault }),
        }
    }

    /// Reads the directory of an open file; errors call it `name`.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn from_file(name: impl Into<PathBuf>, file: File, limits: &Limits) -> Result<Self, Error> {
        let path = name.into();
        match Source::from_file(file) {
            Ok(source) => Self::new(path, source, limits),
            Err(fault) => Err(Error::File { path, fault }),
        }
    }

    /// Reads the directory of an archive that is in memory; errors call it `name`.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn from_bytes(
        name: impl Into<PathBuf>,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Self::new(name.into(), Source::Memory(Box::new(bytes)), limits)
    }

    fn new(path: PathBuf, source: Source, limits: &Limits) -> Result<Self, Error> {
        let members = match directory::read(&source, limits) {
            Ok(members) => members,
            Err((None, fault)) => return Err(Error::File { path, fault }),
            Err((Some((member, offset)), fault)) => {
                return Err(Error::Member {
                    path,
                    member,
                    offset,
                    fault,
                });
            }
        };
        // Later entries shadow earlier ones of the same name, and a whole name shadows a key.
        let by_key = members.iter().map(Member::key).zip(0..);
        let by_name = by_key.chain(members.iter().map(Member::name).zip(0..));
        let by_name = by_name
            .map(|(name, index)| (name.to_owned(), index))
            .collect();
        Ok(Self {
            path,
            limits: limits.clone(),
            source,
            members,
            by_name,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The members, in the order of the directory.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The index of the member called `key` or `key.npy`; of the last one, if there are several.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<usize> {
        self.by_name.get(key).copied()
    }

    /// The headers of the members at `indices`, of which no more is inflated than that.
    ///
    /// `interrupt` is asked before each.
    ///
    /// # Errors
    /// [`Error`] if the members would inflate to more bytes in all than the limit, if one would at
    /// a higher ratio, has more axes or, with the others, a longer header, or if one is damaged, is
    /// not an array, or holds Python objects.
    ///
    /// # Panics
    /// If an index is not below the number of members.
    pub fn headers(
        &self,
        indices: &[usize],
        interrupt: Interrupt<'_>,
    ) -> Result<Vec<Header>, Error> {
        self.check_source()?;
        let mut total = 0;
        for &index in indices {
            let member = &self.members[index];
            total += u128::from(member.inflated_len());
            let limit = self.limits.max_inflated_bytes;
            if total > u128::from(limit) {
                return Err(self.fault(member, Fault::TooLarge { total, limit }));
            }
        }
        let mut left = self.limits.max_total_header_bytes;
        let header = |&index| {
            interrupt.check()?;
            let member: &Member = &self.members[index];
            self.header(member, &mut left)
                .map_err(|fault| self.fault(member, fault))
        };
        indices.iter().map(header).collect()
    }

    /// Takes what the header needs from the bytes that are `left` for headers.
    fn header(&self, member: &Member, left: &mut u64) -> Result<Header, Fault> {
        let (method, range) = member.locate(&self.source)?;
        let (ratio, limit) = (member.ratio(), self.limits.max_ratio);
        if ratio > limit {
            return Err(Fault::TooDense { ratio, limit });
        }
        let peek = |count| match self.source.slice(range.clone()) {
            Some(bytes) => peek(method, bytes, count),
            None => peek(
                method,
                BufReader::with_capacity(READ_AHEAD, self.source.reader(range.clone())),
                count,
            ),
        };
        let mut start = peek(FIRST_LOOK)?;
        let prelude = match Prelude::parse(&start, &self.limits) {
            Err(Fault::Magic { .. }) if !member.name().ends_with(".npy") => {
                return Err(Fault::NotAnArray);
            }
            prelude => prelude?,
        };
        let length = prelude.data_offset as u64;
        *left = left.checked_sub(length).ok_or_else(|| {
            let limit = self.limits.max_total_header_bytes;
            let total = (limit - *left).saturating_add(length);
            Fault::HeadersTooLong { total, limit }
        })?;
        if prelude.data_offset > start.len() {
            start = peek(prelude.data_offset)?;
        }
        let header = Header::parse(&start, &self.limits)?;
        Self::check_length(&header, member)?;
        Ok(header)
    }

    fn check_length(header: &Header, member: &Member) -> Result<(), Fault> {
        let found = member.inflated_len().checked_sub(header.data_offset as u64);
        let found = found.ok_or(Fault::HeaderTruncated)?;
        let expected = header.data_len as u64;
        if found == expected {
            Ok(())
        } else {
            Err(Fault::DataLength { expected, found })
        }
    }

    /// Inflates members into buffers of exactly their inflated lengths, on up to `threads`
    /// threads, the largest first.
    ///
    /// A member of a MB or more is cut into pieces that the threads share, for which each takes
    /// about ten MiB, never more than thirty.
    ///
    /// # Errors
    /// [`Error`] if a member's bytes are damaged or do not match their CRC-32, or if a buffer has
    /// another length. What the buffers hold is then unspecified.
    ///
    /// # Panics
    /// If an index is not below the number of members.
    pub fn read_into(
        &self,
        mut reads: Vec<(usize, &mut [u8])>,
        threads: usize,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Error> {
        self.check_source()?;
        reads.sort_by_key(|(_, out)| Reverse(out.len()));
        let members: Vec<_> = reads
            .iter()
            .map(|(index, _)| &self.members[*index])
            .collect();
        let (mut jobs, mut unfit) = (Vec::with_capacity(reads.len()), None);
        for (member, (_, out)) in members.iter().zip(reads) {
            match self.job(member, out) {
                Ok(job) => jobs.push(job),
                Err(fault) => {
                    unfit = Some(self.fault(member, fault));
                    break;
                }
            }
        }
        inflate_all(&mut jobs, threads, interrupt).map_err(|undone| match undone {
            Undone::At(rank, fault) => self.fault(members[rank], fault),
            Undone::Interrupted => Error::Interrupted(Interrupted),
        })?;
        unfit.map_or(Ok(()), Err)
    }

    fn job<'a>(&'a self, member: &Member, out: &'a mut [u8]) -> Result<Job<'a>, Fault> {
        let (method, range) = member.locate(&self.source)?;
        if out.len() as u64 != member.inflated_len() {
            return Err(Fault::BufferLength {
                expected: member.inflated_len(),
                found: out.len(),
            });
        }
        let input = match self.source.slice(range.clone()) {
            Some(bytes) => Input::Bytes(bytes),
            None => Input::Reader(self.source.reader(range)),
        };
        let crc32 = member.crc32();
        Ok(Job {
            method,
            input,
            out,
            crc32,
        })
    }

    /// Reads the member at `index` whole.
    ///
    /// # Errors
    /// As for [`headers`](Self::headers) and [`read_into`](Self::read_into).
    ///
    /// # Panics
    /// If `index` is not below the number of members.
    pub fn read(&self, index: usize) -> Result<Array, Error> {
        self.headers(&[index], Interrupt::never())?;
        let member = &self.members[index];
        let read = || {
            let size = member.inflated_len();
            let length = usize::try_from(size).map_err(|_| Fault::AddressSpace { size })?;
            let mut npy = vec![0; length];
            let mut jobs = [self.job(member, &mut npy)?];
            match inflate_all(&mut jobs, 1, Interrupt::never()) {
                Err(Undone::At(_, fault)) => return Err(fault),
                Ok(()) | Err(Undone::Interrupted) => {}
            }
            let header = Header::parse(&npy, &self.limits)?;
            Self::check_length(&header, member)?;
            Ok(Array { header, npy })
        };
        read().map_err(|fault| self.fault(member, fault))
    }

    /// Gives the bytes of the member at `index`, its `.npy` header first, to `sink`: piece by piece,
    /// in order, and in a few MiB of memory whatever the member's size. A file is read by position
    /// for it, not through its map.
    ///
    /// # Errors
    /// [`Error`] as for [`read_into`](Self::read_into), as the sink's error type, and the sink's
    /// own. That the bytes do not match their CRC-32 is known only after the last of them.
    ///
    /// # Panics
    /// If `index` is not below the number of members.
    pub fn stream<E: From<Error>>(
        &self,
        index: usize,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), E> {
        let sunk = self.with_member(index, |member| inflate::stream(member, sink, interrupt))?;
        sunk.map_or(Ok(()), Err)
    }

    /// The seek index of the member at `index`, for [`read_range`](Self::read_range); the member is
    /// decoded and checked for it once. `None` for a stored member, which needs none.
    ///
    /// # Errors
    /// As for [`read_into`](Self::read_into).
    ///
    /// # Panics
    /// If `index` is not below the number of members.
    pub fn build_index(
        &self,
        index: usize,
        interrupt: Interrupt<'_>,
    ) -> Result<Option<SeekIndex>, Error> {
        self.with_member(index, |member| inflate::build_index(member, interrupt))
    }

    /// Fills `out` with the bytes of the member at `index` from `start` on, counted from the start
    /// of its `.npy` header.
    ///
    /// With a seek index about a MiB more than asked for is decoded, and what was decoded is
    /// checked against the index's CRC-32s; without one a deflated member is decoded from its
    /// start, and like a stored one not checked.
    ///
    /// # Errors
    /// [`Error`] if the bytes asked for are not all there, are damaged, or are not what the index
    /// says.
    ///
    /// # Panics
    /// If `index` is not below the number of members.
    pub fn read_range(
        &self,
        index: usize,
        start: u64,
        out: &mut [u8],
        seek: Option<&SeekIndex>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Error> {
        self.with_member(index, |member| {
            inflate::read_range(member, start, out, seek, interrupt)
        })
    }

    fn with_member<T>(
        &self,
        index: usize,
        work: impl FnOnce(&Compressed<'_>) -> Result<T, Broken>,
    ) -> Result<T, Error> {
        self.check_source()?;
        let member = &self.members[index];
        let located = Compressed::of(member, &self.source).map_err(Broken::from);
        located
            .and_then(|located| work(&located))
            .map_err(|broken| match broken {
                Broken::Fault(fault) => self.fault(member, fault),
                Broken::Interrupted => Error::Interrupted(Interrupted),
            })
    }

    fn check_source(&self) -> Result<(), Error> {
        let path = || self.path.clone();
        self.source.check().map_err(|fault| Error::File {
            path: path(),
            fault,
        })
    }

    fn fault(&self, member: &Member, fault: Fault) -> Error {
        Error::Member {
            path: self.path.clone(),
            member: member.name().to_owned(),
            offset: member.offset(),
            fault,
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}
