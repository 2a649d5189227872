//! To be written.

use crate::error::ErrorKind;
use crate::parallel::Interrupted;

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller asked the work to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Error {
    /// What a caller can do about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Interrupted(_) => ErrorKind::Interrupted,
        }
    }
}
