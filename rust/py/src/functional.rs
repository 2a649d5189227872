//! The functional transforms: one op by its name, over a batch.

use medfast::transforms::{Op, ops};
use numpy::{PyArray2, PyArray4, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::call;
use crate::transforms::{borrow, in_slices};

/// Applies the op `name` to images of shape (N, H, W, C), or volumes of so many slices, (N, D x H, W,
/// C); `parameters` has a row for each of its parameters and a column for all images, or one for
/// each. Gives the result, and the number of its slices.
#[pyfunction]
#[pyo3(signature = (name, images, depth, parameters, threads, /))]
fn apply_op<'py>(
    py: Python<'py>,
    name: &str,
    images: &Bound<'py, PyArray4<u8>>,
    depth: Option<usize>,
    parameters: &Bound<'py, PyArray2<f64>>,
    threads: Option<usize>,
) -> PyResult<(Bound<'py, PyArray4<u8>>, Option<usize>)> {
    let images = images
        .try_readonly()
        .map_err(|_| call::in_use(py, "images"))?;
    let view = in_slices(borrow(&images), depth).map_err(|error| call::raise(py, &error.into()))?;
    let parameters = parameters.try_readonly()?;
    let columns = parameters.as_array();
    let ops: Vec<Op> = columns
        .columns()
        .into_iter()
        .map(|values| Op::named(name, &values.to_vec()))
        .collect::<Option<_>>()
        .ok_or_else(|| PyValueError::new_err(format!("no op {name} of such parameters")))?;
    let shape = ops::output_shape(&ops, &view).map_err(|error| call::raise(py, &error.into()))?;
    let rows = images.shape()[0];
    let out = PyArray4::zeros(
        py,
        [rows, shape.lines(), shape.width, shape.channels],
        false,
    );
    {
        let mut out = out.try_readwrite()?;
        let out = out.as_slice_mut()?;
        call::detached(py, |interrupt| {
            ops::apply(&ops, &view, out, threads, interrupt)
        })?;
    }
    Ok((out, shape.depth))
}

/// Adds this file's functions to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(apply_op, module)?)
}
