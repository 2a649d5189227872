//! From the bytes in the archive to the bytes of the member.

use std::io::BufRead;

use libdeflater::{Crc, DecompressionError, Decompressor};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::directory::Method;
use super::error::Fault;

/// Copied and summed at a time, so that the sum finds the bytes in cache.
const STORED_CHUNK: usize = 1 << 17;

/// Fills `out`, whose length is what the archive states, and answers its CRC-32.
pub(super) fn inflate(method: Method, bytes: &[u8], out: &mut [u8]) -> Result<u32, Fault> {
    let mut crc = Crc::new();
    match method {
        Method::Stored => {
            for (out, bytes) in out.chunks_mut(STORED_CHUNK).zip(bytes.chunks(STORED_CHUNK)) {
                out.copy_from_slice(bytes);
                crc.update(out);
            }
        }
        Method::Deflated => {
            match Decompressor::new().deflate_decompress(bytes, out) {
                Ok(length) if length == out.len() => {}
                Ok(_) | Err(DecompressionError::InsufficientSpace) => {
                    return Err(Fault::InflatedSize {
                        stated: out.len() as u64,
                    });
                }
                Err(DecompressionError::BadData) => return Err(Fault::BadDeflate),
            }
            crc.update(out);
        }
    }
    Ok(crc.sum())
}

/// The first bytes of a member, as many as `count` or as there are.
pub(super) fn peek(method: Method, bytes: impl BufRead, count: usize) -> Result<Vec<u8>, Fault> {
    let mut out = vec![0; count];
    let (length, _) = fill(method, bytes, &mut out)?;
    out.truncate(length);
    Ok(out)
}

/// The same as [`inflate`] of bytes that are read little by little.
pub(super) fn inflate_from(
    method: Method,
    bytes: impl BufRead,
    out: &mut [u8],
) -> Result<u32, Fault> {
    if fill(method, bytes, out)? != (out.len(), true) {
        return Err(Fault::InflatedSize {
            stated: out.len() as u64,
        });
    }
    let mut crc = Crc::new();
    crc.update(out);
    Ok(crc.sum())
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
