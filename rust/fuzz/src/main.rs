//! Mutated archives against the reader: no panic, no memory beyond the limits, one answer.
//!
//! `medfast-fuzz RUNS [SEED] [FILE...]`: files join the seeds. Four targets take turns: the bytes
//! of a whole archive; the deflated bytes of a member, in an archive that is otherwise right; the
//! same with the sizes and the CRC-32 that `miniz_oxide` finds, which must be read if it could; and
//! the inflated bytes of a member, with sizes and CRC-32 that are right again. Each archive is read
//! whole, streamed, and read in parts through a seek index, and all must agree.
//! What breaks that is written to `fuzz-failure.npz`, and a panic ends the program.

mod memory;
mod mutate;
#[allow(dead_code, reason = "the tests of the crate use the rest")]
#[path = "../../core/tests/npz/zip.rs"]
mod zip;

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use medfast::npz::{Archive, Error, Limits, SeekIndex};
use medfast::parallel::Interrupt;

use mutate::{Random, mutate};
use zip::{Entry, archive, array, deflated, stored, zip64};

#[global_allocator]
static ALLOCATOR: memory::Counted = memory::Counted;

/// What the arrays of one archive may inflate to.
const MAX_INFLATED: u64 = 1 << 20;
/// What reading may take: the arrays twice, since they are read in two ways, and the reader's own.
const MAX_MEMORY: usize = 2 * (MAX_INFLATED as usize) + (24 << 20);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next() {
        Some(text) => text.parse().expect("a number of runs, and a seed"),
        None => default,
    };
    let (runs, seed) = (number(100_000), number(0));
    let mut files: Vec<Vec<u8>> = arguments
        .map(|path| fs::read(path).expect("a file that can be read"))
        .collect();
    let entries = seeds();
    files.push(archive(&entries));
    files.push(zip64(&entries[..2]));
    files.extend(
        entries
            .iter()
            .map(|entry| archive(std::slice::from_ref(entry))),
    );
    let contents: Vec<Vec<u8>> = npys();
    let streams: Vec<Vec<u8>> = entries.iter().map(|entry| entry.bytes.clone()).collect();

    let (start, mut read, mut largest) = (Instant::now(), 0_u64, 0);
    for run in 0..runs {
        let mut random = Random::new(seed.wrapping_mul(runs).wrapping_add(run));
        let mut expected = None;
        let bytes = match run % 4 {
            0 => {
                let mut bytes = random.pick(&files).clone();
                mutate(&mut bytes, &files, &mut random);
                bytes
            }
            1 => {
                let mut entry = random.pick(&entries).clone();
                mutate(&mut entry.bytes, &streams, &mut random);
                entry.compressed_len = u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX);
                archive(&[entry])
            }
            2 => {
                let mut stream = random.pick(&streams).clone();
                mutate(&mut stream, &streams, &mut random);
                let Some((entry, data)) = as_miniz_inflates(&stream, &mut random) else {
                    continue;
                };
                expected = Some(data);
                archive(&[entry])
            }
            _ => {
                let mut npy = random.pick(&contents).clone();
                mutate(&mut npy, &contents, &mut random);
                let make = random.pick(&[stored as fn(&str, &[u8]) -> Entry, deflated]);
                archive(&[make("a.npy", &npy)])
            }
        };
        let before = memory::start();
        let outcome = check(&bytes, expected.as_deref(), &mut random);
        let taken = memory::peak().saturating_sub(before);
        largest = largest.max(taken);
        let complaint = match outcome {
            _ if taken > MAX_MEMORY => format!("took {taken} bytes of memory"),
            Err(complaint) => complaint,
            Ok(count) => {
                read += u64::from(count > 0);
                continue;
            }
        };
        fs::write("fuzz-failure.npz", &bytes).expect("a folder that can be written");
        println!("run {run} of seed {seed}: {complaint}; see fuzz-failure.npz");
        return ExitCode::FAILURE;
    }
    println!(
        "{runs} archives of seed {seed} in {:.0} s: {read} read in part or whole, {largest} bytes \
         of memory at most, no complaint",
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

/// Reads every member in three ways, and answers how many can be read.
fn check(bytes: &[u8], expected: Option<&[u8]>, random: &mut Random) -> Result<u32, String> {
    let limits = Limits::DEFAULT.with_max_inflated_bytes(MAX_INFLATED);
    let Ok(archive) = Archive::from_bytes("fuzzed", bytes.to_vec(), &limits) else {
        return Ok(0);
    };
    let never = Interrupt::never();
    let mut count = 0;
    if let Some(expected) = expected {
        match archive.read(0) {
            Ok(array) if array.data() == expected => {}
            other => return Err(format!("miniz_oxide reads it, but {:?}", other.map(drop))),
        }
    }
    for index in 0..archive.members().len() {
        // Also refuses members beyond the limit.
        let Ok(headers) = archive.headers(&[index], never) else {
            continue;
        };
        let whole = archive.read(index);
        let mut streamed = Vec::new();
        let mut sink = |part: &[u8]| {
            streamed.extend_from_slice(part);
            Ok::<_, Error>(())
        };
        let stream = archive.stream(index, &mut sink, never);
        match (&whole, &stream) {
            (Ok(array), Ok(())) if streamed.ends_with(array.data()) => {}
            (Err(_), Err(_)) => continue,
            _ => return Err(format!("whole {:?}, streamed {stream:?}", whole.map(drop))),
        }
        count += 1;
        let seek = archive
            .build_index(index, never)
            .map_err(|error| format!("read, but has no index: {error}"))?;
        let seek = match random.below(2) {
            0 => seek,
            _ => seek.map(|seek| SeekIndex::from_bytes(&seek.to_bytes()).expect("its own bytes")),
        };
        let end = headers[0].data_offset + headers[0].data_len;
        let start = random.below(end + 1);
        let mut part = vec![0; random.below(end - start + 1)];
        archive
            .read_range(index, start as u64, &mut part, seek.as_ref(), never)
            .map_err(|error| format!("read, but not from {start}: {error}"))?;
        if part != streamed[start..start + part.len()] {
            return Err(format!("other bytes from {start}"));
        }
    }
    Ok(count)
}

/// A member of a header and some filling, in blocks of their own, and what comes of `stream`; and
/// its data.
///
/// Now and then the filling makes the stream begin shortly before the end of what a reader reads at
/// once.
fn as_miniz_inflates(stream: &[u8], random: &mut Random) -> Option<(Entry, Vec<u8>)> {
    const AT_ONCE: usize = 1 << 18;
    let filling = match random.below(16) {
        0 => AT_ONCE - 100 - random.below(stream.len() + 100),
        _ => 0,
    };
    let with_header = |length: usize| {
        let mut content = array("'|u1'", &format!("({length:>9},)"), &[]);
        content.resize(content.len() + filling, 7);
        let mut bytes = Vec::new();
        for part in content.chunks(usize::from(u16::MAX)) {
            let count = u16::try_from(part.len()).expect("a chunk");
            bytes.push(0);
            bytes.extend(count.to_le_bytes());
            bytes.extend((!count).to_le_bytes());
            bytes.extend(part);
        }
        bytes.extend(stream);
        bytes
    };
    let inflate = |bytes: &[u8]| {
        let limit = usize::try_from(MAX_INFLATED).expect("1 MiB");
        miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, limit).ok()
    };
    let header = array("'|u1'", "(        0,)", &[]).len();
    let length = inflate(&with_header(0))?.len() - header;
    let bytes = with_header(length);
    // Its data may look back at the header, and so at the length.
    let content = inflate(&bytes)?;
    let entry = Entry {
        method: 8,
        compressed_len: u32::try_from(bytes.len()).ok()?,
        bytes,
        ..stored("a.npy", &content)
    };
    Some((entry, content[header..].to_vec()))
}

fn npys() -> Vec<Vec<u8>> {
    let noise: Vec<u8> = (0..40_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let ramp: Vec<u8> = (0..9_000_u32).map(|at| (at / 7) as u8).collect();
    vec![
        array("'|u1'", "(4,)", &[1, 2, 3, 4]),
        array("'<f8'", "()", &[0; 8]),
        array("'>i2'", "(0, 3)", &[]),
        array("'<U3'", "(2,)", &[0; 24]),
        array("'<M8[25s]'", "(1,)", &[1; 8]),
        array(
            "[('a', '|u1'), (('t', 'b'), '<f4', (2, 3)), ('c', [('d', '|S3')])]",
            "(2,)",
            &[7; 56],
        ),
        array("'|u1'", "(40000,)", &noise),
        array("'|u1'", "(90, 10, 10)", &ramp),
        array("'|u1'", "(500000,)", &[0; 500_000]),
        zip::npy(
            2,
            b"{'descr': '|b1', 'fortran_order': True, 'shape': (2L, 2L), }",
            &[1; 4],
        ),
        zip::npy(
            3,
            "{'descr': [('größe', '<i4')], 'fortran_order': False, 'shape': (1,), }".as_bytes(),
            &[0; 4],
        ),
    ]
}

/// Members of every kind, of which `deflated` makes blocks of every kind.
fn seeds() -> Vec<Entry> {
    let npys = npys();
    let mut entries: Vec<Entry> = npys.iter().map(|npy| deflated("a.npy", npy)).collect();
    entries.extend(npys.iter().take(4).map(|npy| stored("größe.npy", npy)));
    entries
}
