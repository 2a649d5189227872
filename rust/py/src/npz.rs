//! `medfast::npz` for Python: an open archive, the headers of its members, and their bytes.

use std::path::PathBuf;

use medfast::npz::{Archive, Dtype, Header, Limits};
use numpy::{PyArray1, PyArrayMethods, PyReadwriteArray1};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::call::detached;

/// Adds this file's functions and classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("NPZ_MAX_HEADER_BYTES", Limits::DEFAULT.max_header_bytes)?;
    module.add("NPZ_MAX_MEMBERS", Limits::DEFAULT.max_members)?;
    module.add("NPZ_MAX_INFLATED_BYTES", Limits::DEFAULT.max_inflated_bytes)?;
    module.add_class::<NpzArchive>()
}

/// An archive of which the directory has been read.
#[pyclass(frozen, module = "medfast._native")]
struct NpzArchive(Archive);

/// `(descr, fortran_order, shape, data_offset, inflated_len)`
type HeaderParts<'py> = (Bound<'py, PyAny>, bool, Bound<'py, PyTuple>, usize, u64);

#[pymethods]
impl NpzArchive {
    #[new]
    #[pyo3(signature = (path, max_header_bytes, max_members, max_inflated_bytes, /))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        max_header_bytes: usize,
        max_members: usize,
        max_inflated_bytes: u64,
    ) -> PyResult<Self> {
        let limits = Limits::DEFAULT
            .with_max_header_bytes(max_header_bytes)
            .with_max_members(max_members)
            .with_max_inflated_bytes(max_inflated_bytes);
        detached(py, |_| Archive::open(path, &limits)).map(Self)
    }

    /// The names by which numpy knows the members, in the order of the directory.
    fn keys(&self) -> Vec<&str> {
        self.0.members().iter().map(|member| member.key()).collect()
    }

    /// The index of the member that numpy would read for `key`.
    #[pyo3(signature = (key, /))]
    fn find(&self, key: &str) -> Option<usize> {
        self.0.find(key)
    }

    /// The headers of the members at `indices`.
    #[pyo3(signature = (indices, /))]
    fn headers<'py>(
        &self,
        py: Python<'py>,
        indices: Vec<usize>,
    ) -> PyResult<Vec<HeaderParts<'py>>> {
        self.check(&indices)?;
        let headers = detached(py, |interrupt| self.0.headers(&indices, interrupt))?;
        let parts = |(header, &index): (Header, &usize)| {
            Ok((
                descr(py, &header.dtype)?,
                header.fortran_order,
                PyTuple::new(py, header.shape)?,
                header.data_offset,
                self.0.members()[index].inflated_len(),
            ))
        };
        headers.into_iter().zip(&indices).map(parts).collect()
    }

    /// Inflates members into buffers of their inflated lengths.
    #[pyo3(signature = (reads, threads, /))]
    fn read_into(
        &self,
        py: Python<'_>,
        reads: Vec<(usize, Bound<'_, PyArray1<u8>>)>,
        threads: Option<usize>,
    ) -> PyResult<()> {
        let indices: Vec<usize> = reads.iter().map(|(index, _)| *index).collect();
        self.check(&indices)?;
        let mut buffers = reads
            .iter()
            .map(|(_, buffer)| Ok(buffer.try_readwrite()?))
            .collect::<PyResult<Vec<PyReadwriteArray1<'_, u8>>>>()?;
        let mut slices = Vec::with_capacity(buffers.len());
        for (index, buffer) in indices.into_iter().zip(&mut buffers) {
            slices.push((index, buffer.as_slice_mut()?));
        }
        let threads = threads.unwrap_or_else(medfast::parallel::available_threads);
        detached(py, |interrupt| self.0.read_into(slices, threads, interrupt))
    }
}

impl NpzArchive {
    fn check(&self, indices: &[usize]) -> PyResult<()> {
        let count = self.0.members().len();
        match indices.iter().find(|&&index| index >= count) {
            Some(index) => Err(PyIndexError::new_err(format!(
                "member {index} of an archive of {count}"
            ))),
            None => Ok(()),
        }
    }
}

/// What `numpy.lib.format.descr_to_dtype` takes.
fn descr<'py>(py: Python<'py>, dtype: &Dtype) -> PyResult<Bound<'py, PyAny>> {
    match dtype {
        Dtype::Scalar(scalar) => scalar.to_string().into_bound_py_any(py),
        Dtype::SubArray { item, shape } => {
            (descr(py, item)?, PyTuple::new(py, shape)?).into_bound_py_any(py)
        }
        Dtype::Struct(fields) => {
            let tuples = fields.iter().map(|field| {
                let dtype = descr(py, &field.dtype)?;
                match &field.title {
                    Some(title) => ((title, &field.name), dtype).into_bound_py_any(py),
                    None => (&field.name, dtype).into_bound_py_any(py),
                }
            });
            let tuples: PyResult<Vec<_>> = tuples.collect();
            Ok(PyList::new(py, tuples?)?.into_any())
        }
    }
}
