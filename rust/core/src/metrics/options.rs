//! How an area is to be computed.

use super::error::Error;
use super::weights::Weights;
use crate::parallel::{self, Interrupt};

/// Scores that are worth a thread of their own.
const SCORES_PER_THREAD: usize = 1 << 14;

/// How an area is to be computed; [`Options::default`] is the plain area.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// A weight for every sample. Zero leaves a sample out.
    pub weights: Option<&'a [f64]>,
    /// The largest false positive rate of interest, in (0, 1]. Below 1 the result is the partial
    /// area, standardised after McClish (Medical Decision Making 9, 1989): 0.5 for chance and 1
    /// for a perfect ranking, whatever the limit.
    pub max_fpr: f64,
    /// The most threads to use: by default as many as there are processors. Little work is done
    /// on fewer, and the result is the same for any number, to the last bit.
    pub threads: Option<usize>,
    /// When to stop early.
    pub interrupt: Interrupt<'a>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            weights: None,
            max_fpr: 1.0,
            threads: None,
            interrupt: Interrupt::never(),
        }
    }
}

impl<'a> Options<'a> {
    /// The weights, checked, for this many samples.
    pub(super) fn weights_for(&self, rows: usize) -> Result<Option<Weights<'a>>, Error> {
        self.weights
            .map(|weights| Weights::new(weights, rows))
            .transpose()
    }

    pub(super) fn check_max_fpr(&self) -> Result<(), Error> {
        if self.max_fpr > 0.0 && self.max_fpr <= 1.0 {
            Ok(())
        } else {
            Err(Error::MaxFpr(self.max_fpr))
        }
    }

    /// Fails if a limit is set, for a metric that has no partial area.
    pub(super) fn refuse_max_fpr(&self) -> Result<(), Error> {
        if self.max_fpr == 1.0 {
            Ok(())
        } else {
            Err(Error::Unsupported("max_fpr limits ROC areas alone"))
        }
    }

    pub(super) fn threads_for(&self, scores: usize) -> usize {
        match scores / SCORES_PER_THREAD {
            0 | 1 => 1,
            worth => worth.min(self.threads.unwrap_or_else(parallel::available_threads)),
        }
    }
}
