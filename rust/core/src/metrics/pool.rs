//! Things that threads use in turn.

use std::sync::{Mutex, PoisonError};

/// As many things as there are threads that use one at a time, made when first needed.
#[derive(Debug, Default)]
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    /// Lends a thing, in whatever state the last use left it.
    pub(super) fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let list = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut thing = list().pop().unwrap_or_default();
        let result = work(&mut thing);
        list().push(thing);
        result
    }
}
