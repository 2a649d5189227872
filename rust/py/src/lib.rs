//! The Python binding of medfast: no computation here, one file per core module, every call
//! through `call::detached`.

mod call;
mod functional;
mod metrics;
mod npz;
mod transforms;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Facts of this build.
#[pyfunction]
fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    let optimised = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    info.set_item("profile", optimised)?;
    info.set_item("os", std::env::consts::OS)?;
    info.set_item("arch", std::env::consts::ARCH)?;
    let simd = if medfast::simd::avx2() { "avx2" } else { "off" };
    info.set_item("simd", simd)?;
    info.set_item("threads", medfast::parallel::available_threads())?;
    Ok(info)
}

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::build_info;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        call::check_switch(module.py(), medfast::simd::VARIABLE)?;
        npz::register(module)?;
        transforms::register(module)?;
        functional::register(module)?;
        metrics::register(module)
    }
}
