//! Members in order and in part.

use proptest::prelude::*;

use crate::zip::{archive, array, deflated, stored};
use medfast::npz::{Archive, Error, Fault, Limits, SeekIndex};
use medfast::parallel::Interrupt;

/// Noise that compresses like pixels: mostly literals, and matches at every distance.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(length);
    while bytes.len() < length {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let random = (seed >> 33) as usize;
        if random.is_multiple_of(40) && bytes.len() > 40_000 {
            let from = bytes.len() - 1 - random % 32_768;
            bytes.extend_from_within(from..(from + 3 + random % 9).min(bytes.len()));
        } else {
            bytes.push((random % 200 + random / 256 % 56) as u8);
        }
    }
    bytes.truncate(length);
    bytes
}

fn member(length: usize) -> Vec<u8> {
    array("'|u1'", &format!("({length},)"), &noise(length, 7))
}

fn open(bytes: Vec<u8>) -> Archive {
    Archive::from_bytes("set.npz", bytes, &Limits::default()).unwrap()
}

fn streamed(archive: &Archive, index: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut sink = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok::<(), Error>(())
    };
    archive.stream(index, &mut sink, Interrupt::never())?;
    Ok(bytes)
}

#[test]
fn a_stream_has_the_bytes_of_the_member() {
    for length in [0, 1, 70_000, 3_500_000] {
        let npy = member(length);
        let archive = open(archive(&[deflated("a.npy", &npy), stored("b.npy", &npy)]));
        assert!(streamed(&archive, 0).unwrap() == npy);
        assert!(streamed(&archive, 1).unwrap() == npy);
    }
}

#[test]
fn an_error_of_the_sink_comes_back() {
    #[derive(Debug)]
    struct Mine(usize);
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            panic!("{error}")
        }
    }
    let archive = open(archive(&[deflated("a.npy", &member(3_000_000))]));
    let mut passed = 0;
    let mut sink = |piece: &[u8]| {
        passed += piece.len();
        if passed > 1_500_000 {
            return Err(Mine(passed));
        }
        Ok(())
    };
    let error = archive
        .stream(0, &mut sink, Interrupt::never())
        .unwrap_err();
    assert!(error.0 > 1_500_000);
}

#[test]
fn a_damaged_stream_is_an_error() {
    let npy = member(200_000);
    for (edit, expected) in [
        (0, "expected CRC-32"),
        (1, "inflates to more or fewer"),
        (2, "inflates to more or fewer"),
        (3, "not valid"),
    ] {
        let mut entry = deflated("a.npy", &npy);
        match edit {
            0 => entry.crc32 ^= 1,
            1 => entry.inflated_len += 1,
            2 => entry.inflated_len -= 1,
            _ => {
                entry.bytes.truncate(entry.bytes.len() - 9);
                entry.compressed_len -= 9;
            }
        }
        let error = streamed(&open(archive(&[entry])), 0).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn streaming_stops_when_it_is_told_to() {
    let archive = open(archive(&[deflated("a.npy", &member(100_000))]));
    let mut sink = |_: &[u8]| Ok::<(), Error>(());
    let stopped = archive.stream(0, &mut sink, Interrupt::when(&|| true));
    assert!(matches!(stopped, Err(Error::Interrupted(_))));
}

#[test]
fn ranges_are_read_with_an_index_and_without() {
    let npy = member(5_000_000);
    let archive = open(archive(&[deflated("a.npy", &npy), stored("b.npy", &npy)]));
    let seek = archive.build_index(0, Interrupt::never()).unwrap().unwrap();
    assert!((4..6).contains(&seek.len()), "{}", seek.len());
    assert!(
        archive
            .build_index(1, Interrupt::never())
            .unwrap()
            .is_none()
    );
    assert_eq!(SeekIndex::from_bytes(&seek.to_bytes()).unwrap(), seek);
    let end = npy.len();
    for range in [
        0..0,
        0..10,
        1_048_000..2_200_000,
        3_000_000..3_000_001,
        17..end,
        end - 5..end,
        end..end,
    ] {
        for (member, seek) in [(0, Some(&seek)), (0, None), (1, None)] {
            let mut out = vec![0; range.len()];
            let start = range.start as u64;
            archive
                .read_range(member, start, &mut out, seek, Interrupt::never())
                .unwrap();
            assert!(out == npy[range.clone()], "{range:?}");
        }
    }
    for start in [end as u64 - 4, u64::MAX - 1] {
        let read = archive.read_range(0, start, &mut [0; 5], None, Interrupt::never());
        assert!(matches!(
            read.unwrap_err().fault(),
            Some(Fault::Range { .. })
        ));
    }
}

#[test]
fn an_index_of_other_bytes_is_an_error() {
    let npy = member(2_500_000);
    let mut other = npy.clone();
    other[1_500_000] ^= 1;
    let archive = open(archive(&[
        deflated("a.npy", &npy),
        deflated("b.npy", &other),
    ]));
    let seek = archive.build_index(1, Interrupt::never()).unwrap().unwrap();
    let read = archive.read_range(0, 0, &mut [0; 5], Some(&seek), Interrupt::never());
    assert!(matches!(
        read.unwrap_err().fault(),
        Some(Fault::Index { .. })
    ));

    // One that claims to be of this member, though its first window is another's.
    let right = archive.build_index(0, Interrupt::never()).unwrap().unwrap();
    let mut bytes = right.to_bytes();
    let (body, window) = (bytes.len() - 4, 36 + 20 + 20);
    for byte in &mut bytes[window..window + 32_768] {
        *byte ^= 1;
    }
    let sum = libdeflater::crc32(&bytes[..body]);
    bytes[body..].copy_from_slice(&sum.to_le_bytes());
    let wrong = SeekIndex::from_bytes(&bytes).unwrap();
    let mut outcomes = Vec::new();
    for start in (0..npy.len() - 100).step_by(100_000) {
        let mut out = [0; 100];
        let read = archive.read_range(0, start as u64, &mut out, Some(&wrong), Interrupt::never());
        assert!(read.is_err() || out == npy[start..start + 100]);
        outcomes.push(read.is_err());
    }
    assert!(outcomes.contains(&true) && outcomes.contains(&false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_damaged_index_is_never_taken(at: usize, flip in 1_u8.., cut: usize) {
        let archive = open(archive(&[deflated("a.npy", &member(9_000))]));
        let seek = archive.build_index(0, Interrupt::never()).unwrap().unwrap();
        let mut bytes = seek.to_bytes();
        let cut = cut % bytes.len();
        prop_assert!(SeekIndex::from_bytes(&bytes[..cut]).is_err());
        let at = at % bytes.len();
        bytes[at] ^= flip;
        prop_assert!(SeekIndex::from_bytes(&bytes).is_err());
    }
}
