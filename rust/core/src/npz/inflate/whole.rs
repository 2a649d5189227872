//! The plain path: a member as one piece, by libdeflate.

use libdeflater::{DecompressionError, Decompressor, crc32};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::super::directory::Method;
use super::super::error::Fault;
use super::jobs::{CACHED, Job, copy_and_sum};

/// Fills the job's buffer, whose length is what the archive states.
pub(super) fn whole(job: &mut Job<'_>) -> Result<(), Fault> {
    let out = &mut *job.out;
    let found = match job.method {
        Method::Stored => copy_and_sum(job.bytes.chunks(CACHED), out),
        Method::Deflated => {
            match Decompressor::new().deflate_decompress(job.bytes, out) {
                Ok(length) if length == out.len() => {}
                Ok(_) | Err(DecompressionError::InsufficientSpace) => {
                    return Err(Fault::InflatedSize {
                        stated: out.len() as u64,
                    });
                }
                Err(DecompressionError::BadData) => return Err(Fault::BadDeflate),
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

/// The first bytes of a member, as many as `count` or as there are.
pub(in super::super) fn peek(method: Method, bytes: &[u8], count: usize) -> Result<Vec<u8>, Fault> {
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
