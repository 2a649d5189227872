//! Exact ranking metrics, whole-batch image augmentation and fast `.npz` decoding.
//!
//! Three engines that know nothing of each other:
//!
//! - [`metrics`]: areas under the ROC curve, with their uncertainty, average precision, curves and
//!   accuracy, from slices or arrays;
//! - [`transforms`]: torchvision's augmentations of whole `uint8` batches, a draw for every sample;
//! - [`npz`]: numpy's archives, inflated into buffers of the caller's, with limits and checks.
//!
//! They share the error kinds of [`error`], the thread helper of [`parallel`], whose rule is that no
//! result, and no error, ever depends on the number of threads, and the choice of vector
//! instructions of [`simd`], on which no result depends either.
//!
//! ```
//! use medfast::metrics::roc_auc;
//!
//! let (labels, scores) = ([false, false, true, true], [0.1, 0.4, 0.35, 0.8]);
//! assert_eq!(roc_auc(&labels, &scores)?, Some(0.75));
//! # Ok::<(), medfast::metrics::Error>(())
//! ```
//!
//! # Features
//!
//! `ndarray`, off by default: [`metrics::Matrix`] borrows the arrays of that crate.

#![warn(missing_docs, missing_debug_implementations)]

pub mod error;
pub mod metrics;
pub mod npz;
pub mod parallel;
mod philox;
pub mod simd;
pub mod transforms;

pub use error::{Error, ErrorKind};

/// The examples of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What every error is: an error that threads may share, and that `?` turns into a boxed one.
const _: () = {
    const fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    is_error::<Error>();
    is_error::<metrics::Error>();
    is_error::<npz::Error>();
    is_error::<npz::Fault>();
    is_error::<transforms::Error>();
    is_error::<parallel::Interrupted>();
};
