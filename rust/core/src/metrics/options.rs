//! How an area is to be computed.

use super::error::Error;
use super::weights::Weights;
use crate::parallel::{self, Interrupt};

/// Scores that are worth a thread of their own.
const SCORES_PER_THREAD: usize = 1 << 14;

/// How an area is to be computed; [`Options::default`] is the plain area.
///
/// Fields may be added: start from the default and name what is to differ.
///
/// # Examples
/// ```
/// use medfast::metrics::{Options, roc_auc_with};
///
/// let labels = [false, true, false, true];
/// let options = Options::default().with_weights(&[1.0, 2.0, 3.0, 2.0]).with_threads(1);
/// let area = roc_auc_with(&labels, &[0.1, 0.4, 0.5, 0.8], &options)?;
/// assert_eq!(area, Some(10.0 / 16.0));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
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
    /// The same with [`weights`](Self::weights).
    #[must_use]
    pub const fn with_weights(mut self, weights: &'a [f64]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The same with another [`max_fpr`](Self::max_fpr).
    #[must_use]
    pub const fn with_max_fpr(mut self, max_fpr: f64) -> Self {
        self.max_fpr = max_fpr;
        self
    }

    /// The same on at most so many [`threads`](Self::threads).
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The same with an [`interrupt`](Self::interrupt).
    #[must_use]
    pub const fn with_interrupt(mut self, interrupt: Interrupt<'a>) -> Self {
        self.interrupt = interrupt;
        self
    }

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
