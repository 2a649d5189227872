//! To be written.

use pyo3::prelude::*;

/// Adds this file's functions and classes to the extension module.
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
