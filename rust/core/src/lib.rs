//! Exact ranking metrics, whole-batch image augmentation and fast `.npz` decoding.
//!
//! Three engines that know nothing of each other: [`npz`], [`transforms`] and [`metrics`].
//! They share the error kinds of [`error`], a counter-based generator, and the thread helper of
//! [`parallel`], whose rule is that no result, and no error, ever depends on the number of threads.

pub mod error;
pub mod metrics;
pub mod npz;
pub mod parallel;
mod philox;
pub mod transforms;

pub use error::{Error, ErrorKind};

/// The examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
