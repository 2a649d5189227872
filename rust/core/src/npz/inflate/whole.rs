//! The plain path: a member as one piece.

use std::io::{BufRead, BufReader};

use libdeflater::{DecompressionError, Decompressor, crc32};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::super::directory::Method;
use super::super::error::Fault;
use super::jobs::{CACHED, Input, Job, copy_and_sum};

/// Fills the job's buffer, whose length is what the archive states.
pub(super) fn whole(job: &mut Job<'_>) -> Result<(), Fault> {
    let out = &mut *job.out;
    let size = Fault::InflatedSize {
        stated: out.len() as u64,
    };
    let found = match (job.method, &mut job.input) {
        (Method::Stored, Input::Bytes(bytes)) => copy_and_sum(bytes.chunks(CACHED), out),
        (Method::Deflated, Input::Bytes(bytes)) => {
            match Decompressor::new().deflate_decompress(bytes, out) {
                Ok(length) if length == out.len() => {}
                Ok(_) | Err(DecompressionError::InsufficientSpace) => return Err(size),
                Err(DecompressionError::BadData) => return Err(Fault::BadDeflate),
            }
            crc32(out)
        }
        (method, Input::Reader(reader)) => {
            let bytes = BufReader::with_capacity(READ_AHEAD, reader);
            if fill(method, bytes, out)? != (out.len(), true) {
                return Err(size);
            }
            crc32(out)
        }
    };
    if found == job.crc32 {
        Ok(())
    } else {
        Err(Fault::Checksum {
            stated: job.crc32,
            found,
        })
    }
}

/// Read at a time from a file that is not mapped.
const READ_AHEAD: usize = 1 << 18;

/// The first bytes of a member, as many as `count` or as there are.
pub(in super::super) fn peek(
    method: Method,
    bytes: impl BufRead,
    count: usize,
) -> Result<Vec<u8>, Fault> {
    let mut out = vec![0; count];
    let (length, _) = fill(method, bytes, &mut out)?;
    out.truncate(length);
    Ok(out)
}

/// Inflates until `out` is full: how much of it is, and whether that was all.
fn fill(method: Method, mut bytes: impl BufRead, out: &mut [u8]) -> Result<(usize, bool), Fault> {
    let mut length = 0;
    let mut state = Box::<DecompressorOxide>::default();
    loop {
        let chunk = bytes.fill_buf()?;
        let (used, status) = match method {
            Method::Stored => {
                let count = chunk.len().min(out.len() - length);
                out[length..length + count].copy_from_slice(&chunk[..count]);
                length += count;
                match (chunk.is_empty(), count < chunk.len()) {
                    (true, _) => (count, TINFLStatus::Done),
                    (_, true) => (count, TINFLStatus::HasMoreOutput),
                    _ => (count, TINFLStatus::NeedsMoreInput),
                }
            }
            Method::Deflated => {
                let mut flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
                if !chunk.is_empty() {
                    flags |= TINFL_FLAG_HAS_MORE_INPUT;
                }
                let (status, used, count) = decompress(&mut state, chunk, out, length, flags);
                length += count;
                (used, status)
            }
        };
        bytes.consume(used);
        match status {
            TINFLStatus::Done => return Ok((length, true)),
            TINFLStatus::HasMoreOutput => return Ok((length, false)),
            TINFLStatus::NeedsMoreInput => {}
            _ => return Err(Fault::BadDeflate),
        }
    }
}
