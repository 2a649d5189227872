//! That streams cut into pieces give what whole ones do, and the same verdict if damaged.

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::{CompressionLvl, Compressor, Decompressor, crc32};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use proptest::prelude::*;

use super::jobs::{Input, Job, Undone, inflate_all_by};
use super::sequence::Sequence;
use super::split::{Bench, Plan, Split};
use crate::npz::directory::Method;
use crate::parallel::{Interrupt, for_each};

/// Bytes of a kind that data has somewhere: noise, runs, far and near repeats.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::collection::vec((0..5_u8, any::<u64>(), 1..6000_usize), 0..24);
    parts.prop_map(|parts| {
        let mut bytes = Vec::new();
        for (kind, seed, length) in parts {
            let mut random = seed;
            for at in 0..length {
                random = random
                    .wrapping_mul(0x5851_f42d_4c95_7f2d)
                    .wrapping_add(seed | 1);
                let (noise, reach) = ((random >> 56) as u8, (random >> 33) as usize);
                let byte = match kind {
                    0 => noise,
                    1 => noise.leading_zeros() as u8 * 3 + noise % 16,
                    2 => seed as u8,
                    3 => (at % (1 + reach % 2 + seed as usize % 40)) as u8,
                    _ => {
                        let back = 1 + (seed as usize) % 33_000;
                        if noise < 8 {
                            noise
                        } else {
                            *bytes.iter().rev().nth(back).unwrap_or(&7)
                        }
                    }
                };
                bytes.push(byte);
            }
        }
        bytes
    })
}

fn with_libdeflate(bytes: &[u8], level: u8) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(i32::from(level) % 13).unwrap());
    let mut out = vec![0; compressor.deflate_compress_bound(bytes.len())];
    let length = compressor.deflate_compress(bytes, &mut out).unwrap();
    out.truncate(length);
    out
}

/// Strategies: default, filtered, Huffman only, runs, fixed codes.
fn with_miniz(bytes: &[u8], level: u8, strategy: i32) -> Vec<u8> {
    let flags = create_comp_flags_from_zip_params(i32::from(level) % 11, 0, strategy);
    let mut out = Vec::new();
    let mut compressor = Box::new(CompressorOxide::new(flags));
    compress_to_output(&mut compressor, bytes, TDEFLFlush::Finish, |piece| {
        out.extend_from_slice(piece);
        true
    });
    out
}

/// As zlib does it, with a flush after every so many bytes.
fn with_zlib(bytes: &[u8], level: u8, flush: FlushCompress, every: usize) -> Vec<u8> {
    let mut compressor = Compress::new(Compression::new(u32::from(level) % 10), false);
    let mut out = Vec::with_capacity(bytes.len() * 2 + 100_000);
    for piece in bytes.chunks(every) {
        compressor.compress_vec(piece, &mut out, flush).unwrap();
    }
    compressor
        .compress_vec(&[], &mut out, FlushCompress::Finish)
        .unwrap();
    assert_eq!(compressor.total_in(), bytes.len() as u64);
    out
}

fn compressed() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (content(), 0..3_u8, any::<u8>(), 0..5_u8, 500..40_000_usize).prop_map(
        |(bytes, library, level, strategy, every)| {
            let stream = match library {
                0 => with_libdeflate(&bytes, level),
                1 => with_miniz(&bytes, level, strategy.into()),
                _ => {
                    let flushes = [
                        FlushCompress::None,
                        FlushCompress::Sync,
                        FlushCompress::Full,
                    ];
                    with_zlib(&bytes, level, flushes[usize::from(strategy % 3)], every)
                }
            };
            (bytes, stream)
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    (16..9000_usize, 1..=4_usize, 1..80_000_usize).prop_map(|(piece, lanes, capacity)| Plan {
        piece,
        lanes,
        capacity,
    })
}

/// What comes of a stream by a plan, or by the plain path: the bytes, or what is wrong.
fn inflated(
    stream: &[u8],
    length: usize,
    sum: u32,
    plan: Option<Plan>,
    threads: usize,
) -> Result<Vec<u8>, String> {
    let mut out = vec![0xaa; length];
    let mut jobs = [Job {
        method: Method::Deflated,
        input: Input::Bytes(stream),
        out: &mut out,
        crc32: sum,
    }];
    match inflate_all_by(&mut jobs, |_, _| plan, threads, Interrupt::never()) {
        Ok(()) => Ok(out),
        Err(Undone::At(0, fault)) => Err(fault.to_string()),
        Err(undone) => panic!("{undone:?}"),
    }
}

/// The bytes by a plan without the plain path to fall back to.
fn split(stream: &[u8], length: usize, plan: Plan, threads: usize) -> Option<(Vec<u8>, u32)> {
    let mut out = vec![0; length];
    let split = Split::new(stream, &mut out, plan);
    let bench = Bench::default();
    for_each(threads, split.groups(), Interrupt::never(), |group| {
        split.decode(group, &bench, Interrupt::never())
    })
    .unwrap();
    let sum = split.finish()?;
    Some((out, sum))
}

/// The bytes in constant memory, from a reader that gives a few at a time.
fn sequence(stream: &[u8]) -> Option<Vec<u8>> {
    let mut sequence = Sequence::new(stream);
    let mut bytes = Vec::new();
    while sequence.advance(Interrupt::never()).ok()? {
        bytes.extend_from_slice(sequence.piece());
    }
    Some(bytes)
}

/// Mostly literals, as pixels are.
fn pixels(length: usize) -> Vec<u8> {
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (random >> 33) as usize
    };
    (0..length)
        .map(|_| (next() % 90 + next() % 90 + next() % 70) as u8)
        .collect()
}

/// 400 cases of each, or as many as `PROPTEST_CASES` says: a fuzzer, if they are many.
fn cases() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(400),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn pieces_give_the_whole((bytes, stream) in compressed(), plan in plan()) {
        let sum = crc32(&bytes);
        for threads in [1, 2, 7] {
            let found = inflated(&stream, bytes.len(), sum, Some(plan), threads);
            prop_assert!(found.as_ref() == Ok(&bytes), "{threads} threads");
            if let Some((found, found_sum)) = split(&stream, bytes.len(), plan, threads) {
                prop_assert!(found == bytes && found_sum == sum);
            }
        }
        prop_assert!(sequence(&stream).as_ref() == Some(&bytes));
    }

    #[test]
    fn a_damaged_stream_has_the_plain_verdict(
        (bytes, mut stream) in compressed(),
        plan in plan(),
        flips in prop::collection::vec((any::<usize>(), 0..8_u8), 0..4),
        cut in prop::option::of(any::<usize>()),
        longer in -3..3_isize,
    ) {
        for (at, bit) in flips {
            let at = at % stream.len();
            stream[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            stream.truncate(cut % (stream.len() + 1));
        }
        let length = bytes.len().saturating_add_signed(longer);
        // With the sum of what the damaged stream holds, if it holds anything, so that more than
        // the sum is compared.
        let mut out = vec![0; length];
        let sum = match Decompressor::new().deflate_decompress(&stream, &mut out) {
            Ok(_) => crc32(&out),
            Err(_) => crc32(&bytes),
        };
        let plain = inflated(&stream, length, sum, None, 1);
        for threads in [1, 2, 7] {
            prop_assert_eq!(&inflated(&stream, length, sum, Some(plan), threads), &plain);
        }
        if let Ok(bytes) = plain {
            prop_assert!(sequence(&stream).is_none_or(|found| found == bytes));
        }
    }
}

#[test]
fn streams_of_pixels_are_cut_for_every_number_of_threads() {
    let bytes = pixels(2_000_000);
    for (stream, block) in [
        (with_zlib(&bytes, 6, FlushCompress::None, 100_000), 16_000),
        (with_libdeflate(&bytes, 6), 300_000),
        (with_miniz(&bytes, 6, 0), 60_000),
    ] {
        for (piece, lanes, capacity) in [
            (block, 1, 8 * block),
            (2 * block, 3, 8 * block),
            (3 * block, 4, 8 * block),
            // Lanes that fill up before they reach the next piece.
            (4 * block, 2, 2 * block),
        ] {
            let plan = Plan {
                piece,
                lanes,
                capacity,
            };
            for threads in [1, 2, 7] {
                let (found, sum) = split(&stream, bytes.len(), plan, threads).unwrap();
                assert!(found == bytes && sum == crc32(&bytes));
            }
        }
    }
}

#[test]
fn a_stream_without_places_to_start_is_left_to_the_plain_path() {
    let bytes = pixels(300_000);
    let stream = with_miniz(&bytes, 6, 4);
    let plan = Plan {
        piece: 20_000,
        lanes: 2,
        capacity: 20_000,
    };
    assert!(split(&stream, bytes.len(), plan, 2).is_none());
    assert!(inflated(&stream, bytes.len(), crc32(&bytes), Some(plan), 2) == Ok(bytes));
}

#[test]
fn pieces_stop_when_they_are_told_to() {
    let bytes = pixels(700_000);
    let stream = with_zlib(&bytes, 6, FlushCompress::None, 100_000);
    let plan = Plan {
        piece: 30_000,
        lanes: 2,
        capacity: 400_000,
    };
    for threads in [1, 2, 7] {
        let mut out = vec![0; bytes.len()];
        let mut jobs = [Job {
            method: Method::Deflated,
            input: Input::Bytes(&stream),
            out: &mut out,
            crc32: crc32(&bytes),
        }];
        // Only once: no thread may wait for one that has stopped.
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 20;
        let undone = inflate_all_by(
            &mut jobs,
            |_, _| Some(plan),
            threads,
            Interrupt::when(&stop),
        );
        assert!(matches!(undone, Err(Undone::Interrupted)), "{undone:?}");
    }
}

#[test]
fn a_bomb_is_inflated() {
    let bytes = vec![0; 40_000_000];
    let stream = with_zlib(&bytes, 9, FlushCompress::None, 1 << 20);
    let plan = Plan {
        piece: 5000,
        lanes: 3,
        capacity: 50_000,
    };
    for threads in [1, 3] {
        assert!(
            inflated(&stream, bytes.len(), crc32(&bytes), Some(plan), threads).as_ref()
                == Ok(&bytes)
        );
    }
    assert!(sequence(&stream).as_ref() == Some(&bytes));
}
