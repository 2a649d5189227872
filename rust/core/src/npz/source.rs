//! Where the bytes of an archive come from: memory, a mapped file, or positioned reads.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use super::error::Fault;

/// A file up to this size is read at once: that costs less than a map does, and nobody can cut it
/// short afterwards.
const READ_AT_ONCE: u64 = 1 << 22;

/// Bytes that do not change, as far as that can be known.
pub(super) enum Source {
    Memory(Box<dyn AsRef<[u8]> + Send + Sync>),
    Mapped {
        map: Mmap,
        file: File,
    },
    /// A file that does not fit into the address space.
    Unmapped {
        file: File,
        len: u64,
    },
}

impl Source {
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let found = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Fault::NotFound,
            _ => Fault::Io(error),
        };
        // Asked before opening: to open a pipe would wait for its other end.
        refuse_other_kinds(fs::metadata(path).map_err(found)?.file_type())?;
        Self::from_file(File::open(path).map_err(found)?)
    }

    pub fn from_file(file: File) -> Result<Self, Fault> {
        let status = file.metadata()?;
        refuse_other_kinds(status.file_type())?;
        let len = status.len();
        if len <= READ_AT_ONCE {
            let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
            read_exact_at(&file, &mut bytes, 0).map_err(|error| changed(error, &file, len))?;
            return Ok(Self::Memory(Box::new(bytes)));
        }
        // SAFETY: the map is private and read-only, and nothing here writes to it. That no other
        // process changes the file is the condition that `Archive::open` documents.
        match unsafe { Mmap::map(&file) } {
            Ok(map) => Ok(Self::Mapped { map, file }),
            Err(_) => Ok(Self::Unmapped { file, len }),
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => (**bytes).as_ref().len() as u64,
            Self::Mapped { map, .. } => map.len() as u64,
            Self::Unmapped { len, .. } => *len,
        }
    }

    /// Refuses a file that has another length than when it was opened, before its map is touched.
    pub fn check(&self) -> Result<(), Fault> {
        let (Self::Mapped { file, .. } | Self::Unmapped { file, .. }) = self else {
            return Ok(());
        };
        let (expected, found) = (self.len(), file.metadata()?.len());
        if found == expected {
            Ok(())
        } else {
            Err(Fault::Changed { expected, found })
        }
    }

    /// The bytes of a range where they need no reading; `None` for those of an unmapped file, and
    /// beyond the end.
    pub fn slice(&self, range: Range<u64>) -> Option<&[u8]> {
        let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        match self {
            Self::Memory(bytes) => (**bytes).as_ref().get(range),
            Self::Mapped { map, .. } => map.get(range),
            Self::Unmapped { .. } => None,
        }
    }

    /// The bytes of a range, which the caller has found small enough to read; `None` beyond the
    /// end.
    pub fn bytes(&self, range: Range<u64>) -> Result<Option<Cow<'_, [u8]>>, Fault> {
        if range.start > range.end || range.end > self.len() {
            return Ok(None);
        }
        if let Some(bytes) = self.slice(range.clone()) {
            return Ok(Some(Cow::Borrowed(bytes)));
        }
        let size = range.end - range.start;
        let too_large = Fault::AddressSpace { size };
        let mut bytes = Vec::new();
        match usize::try_from(size) {
            Ok(len) if bytes.try_reserve_exact(len).is_ok() => bytes.resize(len, 0),
            _ => return Err(too_large),
        }
        self.reader(range).read_exact(&mut bytes)?;
        Ok(Some(Cow::Owned(bytes)))
    }

    /// Reads a range from its start. Of a file it reads by position, so that what was read does not
    /// stay in this process's memory as a map would.
    pub fn reader(&self, range: Range<u64>) -> Reader<'_> {
        Reader {
            source: self,
            range,
        }
    }
}

/// What is left to read of a range.
pub(super) struct Reader<'a> {
    source: &'a Source,
    range: Range<u64>,
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.range.end.saturating_sub(self.range.start);
        let count = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (out, start) = (&mut out[..count], self.range.start);
        match self.source {
            Source::Memory(_) => {
                let bytes = self.source.slice(start..start + count as u64);
                out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            Source::Mapped { file, .. } | Source::Unmapped { file, .. } => {
                read_exact_at(file, out, start)?;
            }
        }
        self.range.start += count as u64;
        Ok(count)
    }
}

pub(super) fn refuse_other_kinds(kind: fs::FileType) -> Result<(), Fault> {
    if kind.is_file() {
        return Ok(());
    }
    let found = if kind.is_dir() {
        "a directory"
    } else {
        "a device or a pipe"
    };
    Err(Fault::NotAFile { found })
}

/// A file that ends early was cut short since its length was asked.
fn changed(error: io::Error, file: &File, expected: u64) -> Fault {
    match file.metadata() {
        Ok(now) if error.kind() == io::ErrorKind::UnexpectedEof => Fault::Changed {
            expected,
            found: now.len(),
        },
        _ => Fault::Io(error),
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                out = &mut out[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str, len: u64) -> (std::path::PathBuf, File) {
        let path = std::env::temp_dir().join(format!("medfast-{name}-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        file.set_len(len).unwrap();
        (path, file)
    }

    #[test]
    fn the_three_kinds_of_source_read_the_same() {
        let (path, _file) = temporary("kinds", READ_AT_ONCE + 9);
        let content: Vec<u8> = (0..READ_AT_ONCE + 9).map(|at| (at % 251) as u8).collect();
        fs::write(&path, &content).unwrap();
        let file = || File::open(&path).unwrap();
        let sources = [
            Source::Memory(Box::new(content.clone())),
            Source::from_file(file()).unwrap(),
            Source::Unmapped {
                file: file(),
                len: content.len() as u64,
            },
        ];
        fs::remove_file(&path).unwrap();
        assert!(matches!(sources[1], Source::Mapped { .. }));
        for source in sources {
            let end = source.len();
            assert_eq!(end, content.len() as u64);
            assert_eq!(*source.bytes(7..20).unwrap().unwrap(), content[7..20]);
            assert_eq!(*source.bytes(end..end).unwrap().unwrap(), []);
            assert!(source.bytes(end - 1..end + 1).unwrap().is_none());
            #[expect(clippy::reversed_empty_ranges, reason = "a file may state one")]
            let reversed = source.bytes(9..8);
            assert!(reversed.unwrap().is_none());
            let mut all = Vec::new();
            source.reader(5..end).read_to_end(&mut all).unwrap();
            assert!(all == content[5..]);
        }
    }

    #[test]
    fn a_file_that_has_shrunk_is_found_before_its_map_is_touched() {
        let (path, file) = temporary("shrunk", READ_AT_ONCE + 1);
        let source = Source::open(&path).unwrap();
        source.check().unwrap();
        file.set_len(5).unwrap();
        fs::remove_file(&path).unwrap();
        let fault = source.check().unwrap_err();
        assert!(matches!(fault, Fault::Changed { found: 5, .. }), "{fault}");
    }
}
