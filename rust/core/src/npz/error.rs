//! What can be wrong with an archive: one variant per fault.

use std::io;
use std::path::PathBuf;

use crate::error::ErrorKind;
use crate::parallel::Interrupted;

/// A fault, and where it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// In the file as a whole.
    #[error("{}: {fault}{}", path.display(), fault.next_step())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// In one of its members.
    #[error("{}: member {} at byte {offset}: {fault}{}", path.display(), quoted(member), fault.next_step())]
    Member {
        /// The file.
        path: PathBuf,
        /// The name in the archive's directory, with `.npy` where it has it.
        member: String,
        /// Where the archive's directory says that the member is.
        offset: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The caller asked the work to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Error {
    /// What a caller can do about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::File { fault, .. } | Self::Member { fault, .. } => fault.kind(),
            Self::Interrupted(_) => ErrorKind::Interrupted,
        }
    }

    /// The fault itself, without its place; `None` for an interrupt.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::File { fault, .. } | Self::Member { fault, .. } => Some(fault),
            Self::Interrupted(_) => None,
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the messages document the variants and their fields"
)]
pub enum Fault {
    // The file.
    #[error("no such file")]
    NotFound,
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("could not be written: {0}")]
    Write(std::io::Error),
    #[error(
        "cannot have a member {}: names are distinct, without null bytes, of 65,535 bytes at most",
        quoted(name)
    )]
    Name { name: String },
    #[error("expected a regular file, found {found}")]
    NotAFile { found: &'static str },
    #[error("the file is empty")]
    Empty,
    #[error("had {expected} bytes when it was opened and has {found} now")]
    Changed { expected: u64, found: u64 },
    #[error("a single .npy array, not an .npz archive")]
    SingleArray,
    #[error(
        "expected a zip archive, which starts with \"PK\", found {}",
        ascii(start)
    )]
    NotZip { start: Vec<u8> },

    // The records at the end of the archive.
    #[error("the zip archive has no end record, so its end is missing")]
    NoEndRecord,
    #[error(
        "the archive's end record states a comment of {stated} bytes, but {found} bytes follow it"
    )]
    CommentLength { stated: u64, found: u64 },
    #[error("the archive is one of several volumes")]
    ManyVolumes,
    #[error("the zip64 locator points to byte {offset}, where no zip64 end record is")]
    NoZip64Record { offset: u64 },
    #[error("the zip and zip64 end records disagree on the {field}: {zip} and {zip64}")]
    EndRecordsDisagree {
        field: &'static str,
        zip: u64,
        zip64: u64,
    },
    #[error(
        "the archive's directory is stated at bytes {start} to {stated_end}, \
         but must end at byte {end}"
    )]
    DirectoryPlace {
        start: u64,
        stated_end: u128,
        end: u64,
    },

    // The directory.
    #[error("{count} members, more than the limit of {limit}")]
    TooManyMembers { count: u64, limit: usize },
    #[error("a directory of {length} bytes, more than the limit of {limit}")]
    DirectoryTooLong { length: u64, limit: u64 },
    #[error("the archive's directory states {stated} members, but holds {found}")]
    MemberCount { stated: u64, found: u64 },
    #[error("entry {index} of the archive's directory does not start with its signature")]
    EntrySignature { index: usize },
    #[error("entry {index} of the archive's directory is cut short")]
    EntryTruncated { index: usize },
    #[error("entry {index} of the archive's directory has an extra field that is cut short")]
    ExtraField { index: usize },
    #[error("entry {index} of the archive's directory has a name that is not valid UTF-8")]
    NameEncoding { index: usize },
    #[error("entry {index} of the archive's directory has a null byte in its name")]
    NameNull { index: usize },
    #[error("its bytes overlap those of {}", quoted(next))]
    Overlap { next: String },
    #[error("its bytes reach into the archive's directory")]
    OverlapsDirectory,

    // A member's place and sizes.
    #[error("needs version {}.{} of the zip format; 6.3 is the newest known", version / 10, version % 10)]
    ZipVersion { version: u16 },
    #[error("is encrypted or patched (zip flags {flags:#06x})")]
    Encrypted { flags: u16 },
    #[error("is compressed with zip method {method}{}; only stored (0) and deflated (8) are read", method_name(*method))]
    Method { method: u16 },
    #[error("no local header at byte {offset}")]
    NoLocalHeader { offset: u64 },
    #[error("its local header and the archive's directory disagree on the {field}")]
    HeadersDisagree { field: &'static str },
    #[error("is stored, but in {compressed} bytes for a size of {inflated}")]
    StoredSize { compressed: u64, inflated: u64 },
    #[error(
        "{compressed} deflated bytes cannot hold the {inflated} stated; deflate gives at most 1032 for one"
    )]
    ImpossibleRatio { compressed: u64, inflated: u64 },
    #[error("each of its bytes would inflate to {ratio}, more than the limit of {limit}")]
    TooDense { ratio: u64, limit: u64 },
    #[error("would inflate to {total} bytes in all, more than the limit of {limit}")]
    TooLarge { total: u128, limit: u64 },
    #[error("{size} bytes do not fit this machine's memory")]
    AddressSpace { size: u64 },

    // A member's content.
    #[error("the deflated bytes are not valid")]
    BadDeflate,
    #[error("inflates to more or fewer than the {stated} bytes stated")]
    InflatedSize { stated: u64 },
    #[error("expected CRC-32 {stated:08x}, found {found:08x}")]
    Checksum { stated: u32, found: u32 },
    #[error("expected a buffer of {expected} bytes, found {found}")]
    BufferLength { expected: u64, found: usize },

    #[error("the seek index {reason}")]
    Index { reason: &'static str },
    #[error("expected bytes within the {len} that it inflates to, found {start} to {end}")]
    Range { start: u64, end: u64, len: u64 },

    // A .npy header.
    #[error("is not a .npy array")]
    NotAnArray,
    #[error(
        "expected a .npy array, which starts with \"\\x93NUMPY\", found {}",
        ascii(start)
    )]
    Magic { start: Vec<u8> },
    #[error("version {major}.{minor} of the .npy format; 1.0, 2.0 and 3.0 are known")]
    NpyVersion { major: u8, minor: u8 },
    #[error("ends inside its .npy header")]
    HeaderTruncated,
    #[error("a .npy header of {length} bytes, more than the limit of {limit}")]
    HeaderTooLong { length: usize, limit: usize },
    #[error(".npy headers of {total} bytes in all, more than the limit of {limit}")]
    HeadersTooLong { total: u64, limit: u64 },
    #[error("{dims} axes, more than the limit of {limit}")]
    TooManyDims { dims: usize, limit: usize },
    #[error("the .npy header is not valid UTF-8")]
    HeaderEncoding,
    #[error("expected {expected} at character {at} of the .npy header")]
    HeaderSyntax { at: usize, expected: &'static str },
    #[error("the .npy header nests deeper than {limit} levels")]
    HeaderNesting { limit: usize },
    #[error("expected a .npy header with 'descr', 'fortran_order' and 'shape', once each")]
    HeaderKeys,
    #[error("expected {expected} for '{key}' in the .npy header")]
    HeaderValue {
        key: &'static str,
        expected: &'static str,
    },
    #[error("holds Python objects, which can run code when they are read")]
    ObjectArray,
    #[error("dtype {} is not known", quoted(descr))]
    UnknownDtype { descr: String },
    #[error("the shape and dtype in the .npy header overflow the size of memory")]
    ArraySize,
    #[error("shape and dtype need {expected} bytes of data, found {found}")]
    DataLength { expected: u64, found: u64 },
}

impl Fault {
    /// What a caller can do about this fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Io(_) | Self::Write(_) => ErrorKind::Io,
            Self::Name { .. } => ErrorKind::Value,
            Self::NotAFile { .. }
            | Self::SingleArray
            | Self::ManyVolumes
            | Self::ZipVersion { .. }
            | Self::Encrypted { .. }
            | Self::Method { .. }
            | Self::NotAnArray
            | Self::NpyVersion { .. }
            | Self::HeaderNesting { .. }
            | Self::ObjectArray
            | Self::UnknownDtype { .. } => ErrorKind::Unsupported,
            Self::TooManyMembers { .. }
            | Self::DirectoryTooLong { .. }
            | Self::TooDense { .. }
            | Self::TooLarge { .. }
            | Self::HeaderTooLong { .. }
            | Self::HeadersTooLong { .. }
            | Self::TooManyDims { .. }
            | Self::AddressSpace { .. } => ErrorKind::Limit,
            Self::BufferLength { .. } => ErrorKind::Shape,
            Self::Range { .. } => ErrorKind::Value,
            _ => ErrorKind::Corrupt,
        }
    }

    fn next_step(&self) -> &'static str {
        match self {
            Self::NotFound => "; check the path",
            Self::Io(_) => "; check its permissions and its disk",
            Self::Write(error) => match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "; free some space, or choose another disk"
                }
                io::ErrorKind::FileTooLarge => {
                    "; lift the limit on the size of files, or choose another disk"
                }
                io::ErrorKind::NotFound => "; make its folder first",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "; choose a folder that can be written"
                }
                _ => "; choose another place",
            },
            Self::Name { .. } => "; choose another name",
            Self::NotAFile { .. } => "; name the .npz file itself",
            Self::Changed { .. } => "; replace files by renaming, and open it again",
            Self::SingleArray => "; numpy.load reads it",
            Self::ManyVolumes => "; join the volumes into one file",
            Self::NotAnArray => "; name the arrays to load",
            Self::ObjectArray => "; save it again with a numeric or string dtype",
            Self::Index { .. } => "; build it again",
            Self::Range { .. } => "; ask for bytes that it has",
            Self::BufferLength { .. } => "; make one of the member's inflated size",
            Self::AddressSpace { .. } => "; load fewer members at once, or use a 64-bit machine",
            fault => match fault.kind() {
                ErrorKind::Limit => "; raise the limit if the file is to be trusted",
                ErrorKind::Unsupported => "; save it again with numpy.savez_compressed",
                _ => "; the file is damaged: fetch or write it again",
            },
        }
    }
}

fn method_name(method: u16) -> &'static str {
    match method {
        9 => " (deflate64)",
        12 => " (bzip2)",
        14 => " (lzma)",
        93 => " (zstandard)",
        95 => " (xz)",
        _ => "",
    }
}

/// A name out of a file, which may hold anything and be of any length.
fn quoted(name: &str) -> String {
    const SHOWN: usize = 100;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &name[..end]),
        None => format!("{name:?}"),
    }
}

fn ascii(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}
