//! Writing archives: whole or not at all, and the same bytes for the same arrays.
//!
//! A member is deflated in pieces of 1 MiB that do not look back at each other, so that several
//! threads can share it; the pieces are joined at byte boundaries, as `pigz` does it, into one
//! stream that any reader inflates.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};
use libdeflater::Crc;

use super::error::{Error, Fault};
use super::source::refuse_other_kinds;
use crate::parallel::{Interrupt, for_each};

const PIECE: usize = 1 << 20;
/// What is in memory at a time, in pieces for each thread.
const PIECES_AT_A_TIME: usize = 4;

const FULL: u32 = u32::MAX;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const FLAG_UTF8: u16 = 1 << 11;
/// 1 January 1980, the first day that the format knows, so that bytes do not depend on the day.
const DATE: u16 = 1 << 5 | 1;
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// Written on Unix: a regular file that its owner reads and writes.
const MADE_BY_UNIX: u16 = 3 << 8;
const ATTRIBUTES: u32 = 0o600 << 16;
/// A stream of this many bytes may deflate to more than 32 bits can count.
const ZIP64_FROM: u64 = (FULL - (1 << 24)) as u64;

/// An array to be written.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The name in the archive, with `.npy`.
    pub name: &'a str,
    /// The bytes of a `.npy` file up to its data.
    pub header: &'a [u8],
    /// The elements, in the order that the header states.
    pub data: &'a [u8],
}

/// Writes an archive of `parts`, deflated at `level` (0, stored, to 9) on up to `threads` threads.
///
/// The file is written beside `path`, flushed to the disk, and renamed. It keeps the permissions of
/// a file that it replaces. Its bytes do not depend on the number of threads, the day, or the
/// machine.
///
/// # Errors
/// [`Error`] if a name is longer than 65,535 bytes, has a null byte or comes twice, if `path` is a
/// directory, a device or a pipe, or if the operating system refuses. `path` is then as it was
/// before.
///
/// # Panics
/// If `level` is above 9.
pub fn save(
    path: impl AsRef<Path>,
    parts: &[Part<'_>],
    level: u32,
    threads: usize,
    interrupt: Interrupt<'_>,
) -> Result<(), Error> {
    assert!(level <= 9, "level {level} of 9");
    let path = path.as_ref();
    let failed = |fault| Error::File {
        path: path.to_owned(),
        fault,
    };
    check_names(parts).map_err(failed)?;
    // A link stays one, and what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let replaced = fs::metadata(&target).ok();
    if let Some(replaced) = &replaced {
        refuse_other_kinds(replaced.file_type()).map_err(failed)?;
    }
    let temporary = Temporary::create(&target, replaced.map(|file| file.permissions()))
        .map_err(|error| failed(Fault::Write(error)))?;
    let mut archive = Writer {
        out: BufWriter::new(&temporary.file),
        at: 0,
        directory: Vec::new(),
        level,
        threads,
        interrupt,
    };
    for part in parts {
        archive.add(part).map_err(|stop| stop.at(path))?;
    }
    archive.finish(parts.len()).map_err(|stop| stop.at(path))?;
    drop(archive);
    temporary
        .rename_to(&target)
        .map_err(|error| failed(Fault::Write(error)))
}

fn check_names(parts: &[Part<'_>]) -> Result<(), Fault> {
    let mut names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    let wrong = |name: &&&str| name.len() > usize::from(u16::MAX) || name.contains('\0');
    match twice.map(|pair| &pair[0]).or(names.iter().find(wrong)) {
        Some(name) => Err(Fault::Name {
            name: (*name).to_owned(),
        }),
        None => Ok(()),
    }
}

/// A file that is gone unless it was renamed.
struct Temporary {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    #[cfg_attr(not(unix), expect(unused_variables))]
    fn create(target: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if let Some(permissions) = &permissions {
            use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
            // From the start: nobody else reads what is being written for a private file.
            options.mode(permissions.mode() & 0o777);
        }
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let mut name = OsString::from(".");
            name.push(target.file_name().unwrap_or_default());
            name.push(format!(".{}-{number}.tmp", std::process::id()));
            let path = target.with_file_name(name);
            match options.open(&path) {
                // Left by a process that was killed and had this one's number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => {
                    let file = file?;
                    #[cfg(unix)]
                    if let Some(permissions) = permissions {
                        // What the umask took. A file system without permissions may refuse.
                        let _ = file.set_permissions(permissions);
                    }
                    return Ok(Self {
                        file,
                        path,
                        kept: false,
                    });
                }
            }
        }
    }

    fn rename_to(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.kept = true;
        // Where a folder cannot be flushed the file is whole all the same.
        if let Some(Ok(folder)) = target.parent().map(File::open) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Why writing stopped.
enum Stop {
    Io(io::Error),
    Interrupted(crate::parallel::Interrupted),
}

impl Stop {
    fn at(self, path: &Path) -> Error {
        match self {
            Self::Io(error) => Error::File {
                path: path.to_owned(),
                fault: Fault::Write(error),
            },
            Self::Interrupted(interrupted) => interrupted.into(),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<crate::parallel::Interrupted> for Stop {
    fn from(interrupted: crate::parallel::Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

struct Writer<'a, W: Write + Seek> {
    out: W,
    at: u64,
    directory: Vec<u8>,
    level: u32,
    threads: usize,
    interrupt: Interrupt<'a>,
}

/// What both headers of a member state.
struct Stated {
    version: u16,
    flags: u16,
    method: u16,
    crc32: u32,
    compressed: u64,
    inflated: u64,
}

impl Stated {
    /// The fields that both headers have in the same order, with sizes that are too large, or all
    /// sizes in a zip64 header, left to the zip64 field.
    fn put(&self, out: &mut Vec<u8>, zip64: bool) {
        let narrow = |size: u64| match u32::try_from(size) {
            Ok(size) if !zip64 => size,
            _ => FULL,
        };
        for value in [self.version, self.flags, self.method, 0, DATE] {
            out.extend(value.to_le_bytes());
        }
        for value in [self.crc32, narrow(self.compressed), narrow(self.inflated)] {
            out.extend(value.to_le_bytes());
        }
    }
}

impl<W: Write + Seek> Writer<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn add(&mut self, part: &Part<'_>) -> Result<(), Stop> {
        let inflated = part.header.len() as u64 + part.data.len() as u64;
        let zip64 = inflated >= ZIP64_FROM;
        let mut stated = Stated {
            version: if zip64 { VERSION_ZIP64 } else { VERSION },
            flags: if part.name.is_ascii() { 0 } else { FLAG_UTF8 },
            method: if self.level == 0 { STORED } else { DEFLATED },
            crc32: 0,
            compressed: 0,
            inflated,
        };
        let start = self.at;
        let local = local_header(part.name, &stated, zip64);
        self.write(&local)?;
        let data_start = self.at;

        let mut crc = Crc::new();
        let mut pieces = Pieces::of(part).peekable();
        while pieces.peek().is_some() {
            let at_a_time = self.threads.max(1) * PIECES_AT_A_TIME;
            let batch: Vec<Piece<'_>> = pieces.by_ref().take(at_a_time).collect();
            for piece in &batch {
                crc.update(piece.head);
                crc.update(piece.tail);
            }
            if self.level == 0 {
                for piece in &batch {
                    self.interrupt.check()?;
                    self.write(piece.head)?;
                    self.write(piece.tail)?;
                }
                continue;
            }
            let deflated: Vec<Mutex<Vec<u8>>> = batch.iter().map(|_| Mutex::default()).collect();
            for_each(self.threads, batch.len(), self.interrupt, |index| {
                let bytes = batch[index].deflate(self.level)?;
                *deflated[index]
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = bytes;
                Ok::<_, Stop>(())
            })?;
            for bytes in deflated {
                self.write(&bytes.into_inner().unwrap_or_else(PoisonError::into_inner))?;
            }
        }

        stated.crc32 = crc.sum();
        stated.compressed = self.at - data_start;
        let local = local_header(part.name, &stated, zip64);
        self.out.seek(SeekFrom::Start(start))?;
        self.out.write_all(&local)?;
        self.out.seek(SeekFrom::Start(self.at))?;
        self.enter(part.name, &stated, start);
        Ok(())
    }

    /// Adds a member to the directory.
    fn enter(&mut self, name: &str, stated: &Stated, offset: u64) {
        let mut extra = Vec::new();
        let full = u64::from(FULL);
        for value in [stated.inflated, stated.compressed, offset] {
            if value >= full {
                extra.extend(value.to_le_bytes());
            }
        }
        if !extra.is_empty() {
            let length = u16::try_from(extra.len()).expect("three numbers");
            extra.splice(0..0, zip64_field(length));
        }
        let version = match extra.is_empty() {
            true => stated.version,
            false => VERSION_ZIP64,
        };
        let out = &mut self.directory;
        out.extend(b"PK\x01\x02");
        out.extend((MADE_BY_UNIX | version).to_le_bytes());
        let stated = Stated { version, ..*stated };
        stated.put(out, false);
        out.extend(length_of(name));
        out.extend(u16::try_from(extra.len()).expect("short").to_le_bytes());
        out.extend([0; 6]);
        out.extend(ATTRIBUTES.to_le_bytes());
        out.extend(u32::try_from(offset).unwrap_or(FULL).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(extra);
    }

    fn finish(&mut self, count: usize) -> Result<(), Stop> {
        let (start, size) = (self.at, self.directory.len() as u64);
        let directory = std::mem::take(&mut self.directory);
        self.write(&directory)?;
        let mut end = Vec::new();
        let count = count as u64;
        if count >= u16::MAX.into() || size >= FULL.into() || start >= FULL.into() {
            let at = self.at;
            end.extend(b"PK\x06\x06");
            end.extend(44_u64.to_le_bytes());
            end.extend((MADE_BY_UNIX | VERSION_ZIP64).to_le_bytes());
            end.extend(VERSION_ZIP64.to_le_bytes());
            end.extend([0; 8]);
            for value in [count, count, size, start] {
                end.extend(value.to_le_bytes());
            }
            end.extend(b"PK\x06\x07");
            end.extend([0; 4]);
            end.extend(at.to_le_bytes());
            end.extend(1_u32.to_le_bytes());
        }
        end.extend(b"PK\x05\x06");
        end.extend([0; 4]);
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend(u32::try_from(size).unwrap_or(FULL).to_le_bytes());
        end.extend(u32::try_from(start).unwrap_or(FULL).to_le_bytes());
        end.extend([0; 2]);
        self.write(&end)?;
        Ok(self.out.flush()?)
    }
}

fn length_of(name: &str) -> [u8; 2] {
    let length = u16::try_from(name.len());
    length.expect("`check_names` has looked").to_le_bytes()
}

fn zip64_field(length: u16) -> [u8; 4] {
    let [low, high] = length.to_le_bytes();
    [1, 0, low, high]
}

fn local_header(name: &str, stated: &Stated, zip64: bool) -> Vec<u8> {
    let mut out = b"PK\x03\x04".to_vec();
    stated.put(&mut out, zip64);
    out.extend(length_of(name));
    out.extend(if zip64 { [20, 0] } else { [0, 0] });
    out.extend(name.as_bytes());
    if zip64 {
        out.extend(zip64_field(16));
        out.extend(stated.inflated.to_le_bytes());
        out.extend(stated.compressed.to_le_bytes());
    }
    out
}

/// A piece of a header and its data, which are no one slice.
struct Piece<'a> {
    head: &'a [u8],
    tail: &'a [u8],
    last: bool,
}

impl<'a> Piece<'a> {
    /// A stream that ends at a byte boundary, and that looks back at nothing.
    fn deflate(&self, level: u32) -> io::Result<Vec<u8>> {
        let mut deflate = Compress::new(Compression::new(level), false);
        let input = self.head.len() + self.tail.len();
        let mut out = Vec::with_capacity(input + input / 1000 + 128);
        let last = match self.last {
            true => FlushCompress::Finish,
            false => FlushCompress::Full,
        };
        for (bytes, flush) in [(self.head, FlushCompress::None), (self.tail, last)] {
            let before = deflate.total_in();
            loop {
                let done = usize::try_from(deflate.total_in() - before).unwrap_or(usize::MAX);
                let status = deflate
                    .compress_vec(&bytes[done.min(bytes.len())..], &mut out, flush)
                    .map_err(io::Error::other)?;
                // The deflater has more to give as long as it fills all that it was lent.
                if status == Status::StreamEnd || out.len() < out.capacity() {
                    break;
                }
                out.reserve(input / 8 + 64);
            }
        }
        Ok(out)
    }
}

struct Pieces<'a> {
    head: &'a [u8],
    tail: &'a [u8],
    done: bool,
}

impl<'a> Pieces<'a> {
    fn of(part: &Part<'a>) -> Self {
        Self {
            head: part.header,
            tail: part.data,
            done: false,
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.done {
            return None;
        }
        let (head, more_head) = self.head.split_at(self.head.len().min(PIECE));
        let room = PIECE - head.len();
        let (tail, more_tail) = self.tail.split_at(self.tail.len().min(room));
        (self.head, self.tail) = (more_head, more_tail);
        self.done = more_head.is_empty() && more_tail.is_empty();
        Some(Piece {
            head,
            tail,
            last: self.done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npz::{Archive, Limits};

    fn saved(parts: &[Part<'_>], level: u32, threads: usize) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!(
            "medfast-save-{}-{level}-{threads}.npz",
            std::process::id()
        ));
        save(&path, parts, level, threads, Interrupt::never()).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        bytes
    }

    fn header(length: usize) -> Vec<u8> {
        let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({length},), }}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat()
    }

    #[test]
    fn arrays_come_back_and_bytes_do_not_depend_on_threads() {
        let noise: Vec<u8> = (0..3 * PIECE as u64 + 5)
            .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        let ramp: Vec<u8> = (0..2 * PIECE).map(|at| (at / 999) as u8).collect();
        let headers = [header(noise.len()), header(ramp.len()), header(0)];
        let parts = [
            ("noise.npy", &noise[..]),
            ("größe/ramp.npy", &ramp[..]),
            ("empty.npy", &[]),
        ];
        let parts: Vec<Part<'_>> = parts
            .into_iter()
            .zip(&headers)
            .map(|((name, data), header)| Part { name, header, data })
            .collect();
        for level in [0, 1, 6, 9] {
            let bytes = saved(&parts, level, 1);
            assert!(bytes == saved(&parts, level, 3));
            let archive = Archive::from_bytes("saved", bytes, &Limits::default()).unwrap();
            for (index, part) in parts.iter().enumerate() {
                assert_eq!(archive.members()[index].name(), part.name);
                assert!(archive.read(index).unwrap().data() == part.data);
            }
        }
    }

    #[test]
    fn sizes_and_places_beyond_32_bits_are_in_zip64_fields() {
        let mut writer = Writer {
            out: io::Cursor::new(Vec::new()),
            at: 5 << 32,
            directory: Vec::new(),
            level: 6,
            threads: 1,
            interrupt: Interrupt::never(),
        };
        let stated = Stated {
            version: VERSION,
            flags: 0,
            method: DEFLATED,
            crc32: 7,
            compressed: 100,
            inflated: 6 << 32,
        };
        writer.enter("a.npy", &stated, 5 << 32);
        let directory = writer.directory.clone();
        let extra = [
            &[1, 0, 16, 0],
            &(6_u64 << 32).to_le_bytes()[..],
            &(5_u64 << 32).to_le_bytes(),
        ];
        assert!(directory.ends_with(&extra.concat()));
        assert_eq!(directory[20..28], [100, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let local = local_header("a.npy", &stated, true);
        assert!(local.ends_with(&100_u64.to_le_bytes()));
        assert_eq!(local[18..26], [0xff; 8]);
    }

    #[test]
    fn names_that_no_reader_would_find_are_refused() {
        for names in [&["a", "a"][..], &["a\0"], &[&"x".repeat(65_536)]] {
            let part = |name| Part {
                name,
                header: &[],
                data: &[],
            };
            let parts: Vec<_> = names.iter().copied().map(part).collect();
            let error = save("unused", &parts, 6, 1, Interrupt::never()).unwrap_err();
            assert!(matches!(error.fault(), Some(Fault::Name { .. })), "{error}");
        }
    }

    #[test]
    fn a_refusal_to_write_says_what_helps() {
        for (kind, step) in [
            (
                io::ErrorKind::StorageFull,
                "; free some space, or choose another disk",
            ),
            (
                io::ErrorKind::QuotaExceeded,
                "; free some space, or choose another disk",
            ),
            (
                io::ErrorKind::FileTooLarge,
                "; lift the limit on the size of files, or choose another disk",
            ),
            (
                io::ErrorKind::PermissionDenied,
                "; choose a folder that can be written",
            ),
            (
                io::ErrorKind::ReadOnlyFilesystem,
                "; choose a folder that can be written",
            ),
            (io::ErrorKind::NotADirectory, "; choose another place"),
        ] {
            let error = Stop::Io(kind.into()).at(Path::new("a.npz")).to_string();
            assert!(error.ends_with(step), "{error}");
        }
    }

    #[test]
    fn what_stops_the_writing_leaves_nothing() {
        let folder = std::env::temp_dir().join(format!("medfast-stop-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("a.npz");
        fs::write(&path, "old").unwrap();
        let header = header(9);
        let part = Part {
            name: "a.npy",
            header: &header,
            data: &[1; 9],
        };
        let error = save(&path, &[part], 6, 1, Interrupt::when(&|| true)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Interrupted);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        let error = save(folder.join("no/a.npz"), &[], 6, 1, Interrupt::never()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Io);
        assert!(
            error.to_string().ends_with("; make its folder first"),
            "{error}"
        );
        let error = save(&folder, &[], 6, 1, Interrupt::never()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
        fs::remove_dir_all(&folder).unwrap();
    }
}
