//! What can go wrong in a metric.

use crate::error::ErrorKind;
use crate::parallel::Interrupted;

/// What can go wrong here.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two inputs that go together differ in shape.
    #[error("{what} has shape {found}, expected {expected}")]
    Shape {
        /// The input that does not fit.
        what: &'static str,
        /// The shape it has.
        found: String,
        /// The shape it should have.
        expected: String,
    },
    /// The values of an array do not lie side by side, so they cannot be borrowed as they are.
    #[error(
        "array of shape {shape:?} has strides {strides:?}, so its values do not lie side by side; \
         copy it with .as_standard_layout() and pass that"
    )]
    Layout {
        /// Its shape.
        shape: Vec<usize>,
        /// How many values its neighbours along each axis are apart.
        strides: Vec<isize>,
    },
    /// A score is NaN.
    #[error("score is NaN at {place}, so it cannot be ranked; leave such samples out")]
    Score {
        /// Its row, and its column where there are columns.
        place: Place,
    },
    /// A label is not a whole number, or too large for an `i64`.
    #[error("label is {value} at row {row}; labels must be whole numbers below 2^63")]
    Label {
        /// The label.
        value: f64,
        /// Its row.
        row: usize,
    },
    /// A class number has no column of scores.
    #[error(
        "label is {class} at row {row}; with {columns} columns of scores it must be below that"
    )]
    Class {
        /// The class number.
        class: usize,
        /// Its row.
        row: usize,
        /// The number of columns of scores.
        columns: usize,
    },
    /// The scores of a sample are not probabilities.
    #[error(
        "scores of row {row} sum to {sum}; as probabilities of the classes they must sum to 1: \
         compute the softmax in float32 or wider"
    )]
    Probabilities {
        /// The row.
        row: usize,
        /// The sum of its scores.
        sum: f64,
    },
    /// A sample weight is NaN or infinite.
    #[error("sample weight is {value} at row {row}; weights must be finite")]
    Weight {
        /// The weight.
        value: f64,
        /// Its row.
        row: usize,
    },
    /// Every sample weight is zero.
    #[error("every sample weight is 0; at least one must not be")]
    ZeroWeights,
    /// Negative weights make the false positive rate fall along the curve.
    #[error("negative sample weights make the false positive rate fall: no area is defined")]
    FallingRate,
    /// The largest false positive rate lies outside (0, 1].
    #[error("max_fpr is {0}; it must lie in (0, 1]")]
    MaxFpr(f64),
    /// Groups of samples are not numbered as they must be.
    #[error("{what} must be numbered from 0 on without gaps; no row has the number {missing}")]
    Numbering {
        /// What is numbered.
        what: &'static str,
        /// A number that should have come.
        missing: usize,
    },
    /// The metric is not defined with this option.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The caller asked the work to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Where in the scores something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The row.
    pub row: usize,
    /// The column, where there are columns.
    pub column: Option<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}", self.row)?;
        match self.column {
            Some(column) => write!(f, ", column {column}"),
            None => Ok(()),
        }
    }
}

impl Error {
    pub(super) fn shape(
        what: &'static str,
        found: impl std::fmt::Debug,
        expected: impl std::fmt::Debug,
    ) -> Self {
        Self::Shape {
            what,
            found: format!("{found:?}"),
            expected: format!("{expected:?}"),
        }
    }

    /// What a caller can do about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Shape { .. } | Self::Layout { .. } => ErrorKind::Shape,
            Self::Unsupported(_) => ErrorKind::Unsupported,
            Self::Interrupted(_) => ErrorKind::Interrupted,
            Self::Score { .. }
            | Self::Label { .. }
            | Self::Class { .. }
            | Self::Probabilities { .. }
            | Self::Weight { .. }
            | Self::ZeroWeights
            | Self::FallingRate
            | Self::Numbering { .. }
            | Self::MaxFpr(_) => ErrorKind::Value,
        }
    }
}
