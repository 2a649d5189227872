//! Exact areas under the ROC curve, average precision, both curves, and accuracy, for binary,
//! multi-class and multi-label labels.
//!
//! The area under the ROC curve is the share of (positive, negative) pairs that the scores put in
//! the right order, a tie counting half. Here it is counted in integers: scores become unsigned
//! keys of the same order, the keys are dealt out to small buckets, and in each of them twice the
//! number of rightly ordered pairs is added up. The result is the correctly rounded quotient of
//! two integers, so neither the order of the rows nor the number of threads can change a bit of
//! it. With sample weights it is a sum of products, compensated and in the order of the scores:
//! again the same for any number of threads, but another order of rows with equal scores may
//! change its last bit.
//!
//! Infinite scores are the lowest and the highest; NaN is an error that names its row.
//!
//! ```
//! use medfast::metrics::{self, Classes, Matrix, Options};
//!
//! let labels = [false, false, true, true];
//! let scores = [0.1_f32, 0.4, 0.35, 0.8];
//! assert_eq!(metrics::roc_auc(&labels, &scores)?, Some(0.75));
//!
//! // Three classes, each against the rest. No sample is of the last class, so it has no area.
//! let classes = [0_u8, 1, 1];
//! let scores = [0.7, 0.2, 0.1, 0.3, 0.6, 0.1, 0.1, 0.8, 0.1];
//! let scores = Matrix::row_major(&scores, 3, 3)?;
//! let areas = metrics::roc_auc_per_class(Classes(&classes), scores, &Options::default())?;
//! assert_eq!(areas, [Some(1.0), Some(1.0), None]);
//! # Ok::<(), metrics::Error>(())
//! ```
//!
//! | for | one class | many classes |
//! |---|---|---|
//! | area under the ROC curve | [`roc_auc`], [`roc_auc_with`] | [`roc_auc_per_class`], [`roc_auc_micro`], [`roc_auc_per_sample`], [`roc_auc_one_vs_one`] |
//! | its uncertainty | the same functions as for many | [`roc_auc_covariance`], [`roc_auc_bootstrap`], [`roc_auc_exchanges`] |
//! | average precision | [`average_precision`] | [`average_precision_per_class`], [`average_precision_micro`], [`average_precision_per_sample`] |
//! | curves | [`roc_curve`], [`precision_recall_curve`] | |
//! | accuracy | | [`accuracy_argmax`], [`accuracy_threshold`] |
//!
//! One class is a slice of `bool` and a slice of scores. Many classes are a [`Matrix`] of scores,
//! and either [`Classes`], where a sample is of one class, or a [`Matrix`] of `bool`, where it is
//! of any number of them. Labels that are not yet `bool` or class numbers go through [`encode`].
//! A [`Matrix`] borrows a slice, or, with the feature `ndarray`, an array of that crate.
//! An area that is not defined, since a side is absent, is `None`, and NaN among replicates.

mod accuracy;
#[cfg(feature = "ndarray")]
mod arrays;
mod average_precision;
mod bootstrap;
mod buckets;
mod columns;
mod covariance;
mod curve;
mod error;
mod exchanges;
mod labels;
mod matrix;
mod numbering;
mod one_vs_one;
mod options;
mod pairs;
mod pool;
mod precision_recall;
mod ranking;
mod ranks;
mod ratio;
mod replicates;
mod roc_auc;
mod roc_curve;
mod score;
mod sort;
mod thresholds;
mod weights;

pub use accuracy::{accuracy_argmax, accuracy_threshold};
pub use average_precision::{
    average_precision, average_precision_micro, average_precision_per_class,
    average_precision_per_sample,
};
pub use bootstrap::{Resampling, roc_auc_bootstrap};
pub use covariance::{Covariance, roc_auc_covariance};
pub use error::{Error, Place};
pub use exchanges::{Exchanges, roc_auc_exchanges};
pub use labels::{ClassNumber, Classes, Codes, Encoded, Label, Truth, encode};
pub use matrix::{Matrix, check_probabilities};
pub use one_vs_one::{OneVsOne, roc_auc_one_vs_one};
pub use options::Options;
pub use precision_recall::{PrecisionRecallCurve, precision_recall_curve};
pub use roc_auc::{roc_auc, roc_auc_micro, roc_auc_per_class, roc_auc_per_sample, roc_auc_with};
pub use roc_curve::{RocCurve, roc_curve};
pub use score::Score;
