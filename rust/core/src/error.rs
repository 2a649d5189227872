//! The kinds of failure, and the error that holds any engine's.

/// What a caller can do about an error, whatever engine it came from.
///
/// A binding maps kinds, not variants, to its own exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file does not exist.
    NotFound,
    /// The operating system refused to read or write.
    Io,
    /// The bytes are not what their format promises.
    Corrupt,
    /// The bytes are well formed but ask for something that is refused or not offered.
    Unsupported,
    /// A stated limit would be exceeded.
    Limit,
    /// An array has the wrong rank, length, dtype or layout.
    Shape,
    /// A parameter or a value lies outside its range.
    Value,
    /// A setting is wrong in itself or contradicts another.
    Config,
    /// The caller asked the work to stop.
    Interrupted,
}

/// Any engine's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From [`crate::npz`].
    #[error(transparent)]
    Npz(#[from] crate::npz::Error),
    /// From [`crate::transforms`].
    #[error(transparent)]
    Transforms(#[from] crate::transforms::Error),
    /// From [`crate::metrics`].
    #[error(transparent)]
    Metrics(#[from] crate::metrics::Error),
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Npz(error) => error.kind(),
            Self::Transforms(error) => error.kind(),
            Self::Metrics(error) => error.kind(),
        }
    }
}
