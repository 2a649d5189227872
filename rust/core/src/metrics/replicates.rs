//! Many areas of the same samples, each sample counted more or less often.

use super::error::Error;
use super::options::Options;
use super::roc_auc::collect;
use crate::philox::{high, low, philox};

/// Replicates that one piece of parallel work makes.
const PER_PIECE: usize = 16;

/// What words are drawn for; each purpose has words of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Resampling = 1,
    Exchanging = 2,
}

/// Four random words.
#[inline]
pub(super) fn words(
    block: usize,
    replicate: usize,
    purpose: Purpose,
    stratum: u32,
    seed: u64,
) -> [u32; 4] {
    let counter = [block as u32, replicate as u32, purpose as u32, stratum];
    philox(counter, [low(seed), high(seed)])
}

/// Lets `work` append the figures of each replicate, and returns those of all. `work` is given the
/// number of the replicate and room to say how often each of `units` counts.
pub(super) fn make(
    replicates: usize,
    units: usize,
    options: &Options<'_>,
    work: impl Fn(usize, &mut [u32], &mut Vec<f64>) + Sync,
) -> Result<Vec<f64>, Error> {
    if u32::try_from(replicates).is_err() {
        return Err(Error::Unsupported("2^32 replicates or more"));
    }
    let threads = options.threads_for(replicates.saturating_mul(units));
    let pieces = collect(threads, replicates.div_ceil(PER_PIECE), options, |piece| {
        let mut times = vec![0; units];
        let mut figures = Vec::new();
        for replicate in piece * PER_PIECE..replicates.min((piece + 1) * PER_PIECE) {
            options.interrupt.check()?;
            work(replicate, &mut times, &mut figures);
        }
        Ok(figures)
    })?;
    Ok(pieces.concat())
}
