//! The rows of a batch, handed out to threads.

use std::sync::{Mutex, PoisonError};

use super::error::Error;
use crate::parallel::{self, Interrupt};

/// Work handed to a thread at a time, in bytes of images: long enough to hide the handing out.
const CHUNK_BYTES: usize = 1 << 16;

/// Work that is worth starting another thread for, in bytes of images.
const THREAD_BYTES: usize = 1 << 18;

/// Calls `render(first, rows)` for parts of `out`, whose first row is number `first`, on up to
/// `threads` threads; as many as the work is worth, if none are named.
///
/// A row of `out` has `row` elements, at least one, and takes `work` bytes of images.
///
/// # Errors
/// [`Error::Interrupted`] alone.
pub(super) fn render_rows<T: Send>(
    out: &mut [T],
    row: usize,
    work: usize,
    threads: Option<usize>,
    interrupt: Interrupt<'_>,
    render: impl Fn(usize, &mut [T]) + Sync,
) -> Result<(), Error> {
    let rows = out.len() / row;
    let threads = threads.unwrap_or_else(|| match rows.saturating_mul(work) / THREAD_BYTES {
        0 | 1 => 1,
        worth => worth.min(parallel::available_threads()),
    });
    let rows_per_chunk = (CHUNK_BYTES / work).max(1);
    let chunks: Vec<_> = out
        .chunks_mut(rows_per_chunk * row)
        .map(Mutex::new)
        .collect();
    parallel::for_each(threads, chunks.len(), interrupt, |chunk| {
        let mut rows = chunks[chunk].lock().unwrap_or_else(PoisonError::into_inner);
        render(chunk * rows_per_chunk, &mut rows);
        Ok(())
    })
}
