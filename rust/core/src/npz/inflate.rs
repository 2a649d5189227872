//! From the bytes in the archive to the bytes of the member.

use libdeflater::{Crc, DecompressionError, Decompressor};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
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
pub(super) fn peek(method: Method, bytes: &[u8], count: usize) -> Result<Vec<u8>, Fault> {
    if method == Method::Stored {
        return Ok(bytes[..count.min(bytes.len())].to_vec());
    }
    let mut out = vec![0; count];
    let mut state = Box::<DecompressorOxide>::default();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, _, length) = decompress(&mut state, bytes, &mut out, 0, flags);
    match status {
        TINFLStatus::Done | TINFLStatus::HasMoreOutput => {
            out.truncate(length);
            Ok(out)
        }
        _ => Err(Fault::BadDeflate),
    }
}
