//! `medfast::npz` for Python: an open archive, the headers of its members, and their bytes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use medfast::npz::{self, Archive, Dtype, Header, Limits, Part, SeekIndex};
use medfast::parallel::{Interrupted, for_each};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyIndexError, PyOSError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::call::detached;

/// Adds this file's functions and classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let (limits, defaults) = (PyDict::new(module.py()), Limits::DEFAULT);
    limits.set_item("max_header_bytes", defaults.max_header_bytes)?;
    limits.set_item("max_total_header_bytes", defaults.max_total_header_bytes)?;
    limits.set_item("max_dims", defaults.max_dims)?;
    limits.set_item("max_members", defaults.max_members)?;
    limits.set_item("max_directory_bytes", defaults.max_directory_bytes)?;
    limits.set_item("max_inflated_bytes", defaults.max_inflated_bytes)?;
    limits.set_item("max_ratio", defaults.max_ratio)?;
    module.add("NPZ_LIMITS", limits)?;
    module.add_function(wrap_pyfunction!(save_npz, module)?)?;
    module.add_class::<NpzSeekIndex>()?;
    module.add_class::<NpzArchive>()
}

/// The attributes of `medfast.npz.Limits`.
#[derive(FromPyObject)]
struct LimitsOf {
    #[pyo3(from_py_with = saturated)]
    max_header_bytes: u64,
    #[pyo3(from_py_with = saturated)]
    max_total_header_bytes: u64,
    #[pyo3(from_py_with = saturated)]
    max_dims: u64,
    #[pyo3(from_py_with = saturated)]
    max_members: u64,
    #[pyo3(from_py_with = saturated)]
    max_directory_bytes: u64,
    #[pyo3(from_py_with = saturated)]
    max_inflated_bytes: u64,
    #[pyo3(from_py_with = saturated)]
    max_ratio: u64,
}

/// Python's integers have no end; beyond 64 bits a limit is none.
fn saturated(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    match value.extract::<u64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(u64::MAX),
        value => value,
    }
}

impl LimitsOf {
    fn limits(&self) -> Limits {
        let count = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        Limits::DEFAULT
            .with_max_header_bytes(count(self.max_header_bytes))
            .with_max_total_header_bytes(self.max_total_header_bytes)
            .with_max_dims(count(self.max_dims))
            .with_max_members(count(self.max_members))
            .with_max_directory_bytes(self.max_directory_bytes)
            .with_max_inflated_bytes(self.max_inflated_bytes)
            .with_max_ratio(self.max_ratio)
    }
}

/// An archive of which the directory has been read.
#[pyclass(frozen, module = "medfast._native")]
struct NpzArchive(Archive);

/// `(descr, fortran_order, shape, data_offset, inflated_len)`
type HeaderParts<'py> = (Bound<'py, PyAny>, bool, Bound<'py, PyTuple>, usize, u64);

#[pymethods]
impl NpzArchive {
    #[new]
    #[pyo3(signature = (path, limits, /))]
    fn new(py: Python<'_>, path: PathBuf, limits: LimitsOf) -> PyResult<Self> {
        detached(py, |_| Archive::open(path, &limits.limits())).map(Self)
    }

    /// An archive in memory, which errors call `name`.
    #[staticmethod]
    #[pyo3(signature = (name, content, limits, /))]
    fn from_bytes(
        py: Python<'_>,
        name: PathBuf,
        content: PyBackedBytes,
        limits: LimitsOf,
    ) -> PyResult<Self> {
        detached(py, |_| Archive::from_bytes(name, content, &limits.limits())).map(Self)
    }

    /// `(name, compressed_len, inflated_len, crc32, offset)` of every member, in the order of the
    /// directory.
    fn members(&self) -> Vec<(&str, u64, u64, u32, u64)> {
        let members = self.0.members().iter();
        let facts = members.map(|member| {
            let (compressed, inflated) = (member.compressed_len(), member.inflated_len());
            let (crc32, offset) = (member.crc32(), member.offset());
            (member.name(), compressed, inflated, crc32, offset)
        });
        facts.collect()
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

    /// Inflates members into files that exist and are empty, and flushes them to the disk, in
    /// memory that does not depend on their sizes.
    ///
    /// A file that cannot be written is a plain `OSError`.
    #[pyo3(signature = (members, threads, /))]
    fn extract(
        &self,
        py: Python<'_>,
        members: Vec<(usize, PathBuf)>,
        threads: Option<usize>,
    ) -> PyResult<()> {
        let indices: Vec<usize> = members.iter().map(|(index, _)| *index).collect();
        self.check(&indices)?;
        let threads = threads.unwrap_or_else(medfast::parallel::available_threads);
        let mut refused = None;
        detached(py, |interrupt| {
            let extract = |rank: usize| {
                let (index, path) = &members[rank];
                let refusal = |error| Stop::Refused(path.clone(), error);
                let file = OpenOptions::new().write(true).open(path);
                let mut file = file.map_err(refusal)?;
                let mut write = |bytes: &[u8]| file.write_all(bytes).map_err(refusal);
                self.0.stream(*index, &mut write, interrupt)?;
                file.sync_all().map_err(refusal)
            };
            match for_each(threads, members.len(), interrupt, extract) {
                Err(Stop::Archive(error)) => Err(error),
                Err(Stop::Refused(path, error)) => {
                    refused = Some((path, error));
                    Ok(())
                }
                Ok(()) => Ok(()),
            }
        })?;
        match refused {
            Some((path, error)) => Err(os_error(&path, &error)),
            None => Ok(()),
        }
    }

    /// Inflates a member once, to find where reading can begin; `None` for a stored one.
    #[pyo3(signature = (index, /))]
    fn build_index(&self, py: Python<'_>, index: usize) -> PyResult<Option<NpzSeekIndex>> {
        self.check(&[index])?;
        let built = detached(py, |interrupt| self.0.build_index(index, interrupt))?;
        Ok(built.map(NpzSeekIndex))
    }

    /// Fills `out` with a member's inflated bytes from `start`.
    #[pyo3(signature = (index, start, out, seek, /))]
    fn read_range(
        &self,
        py: Python<'_>,
        index: usize,
        start: u64,
        out: &Bound<'_, PyArray1<u8>>,
        seek: Option<&Bound<'_, NpzSeekIndex>>,
    ) -> PyResult<()> {
        self.check(&[index])?;
        let mut out = out.try_readwrite()?;
        let out = out.as_slice_mut()?;
        let seek = seek.map(|seek| &seek.get().0);
        detached(py, |interrupt| {
            self.0.read_range(index, start, out, seek, interrupt)
        })
    }

    /// Inflates members, in memory that does not depend on their sizes, and compares their CRC-32.
    #[pyo3(signature = (indices, threads, /))]
    fn verify(&self, py: Python<'_>, indices: Vec<usize>, threads: Option<usize>) -> PyResult<()> {
        self.check(&indices)?;
        let threads = threads.unwrap_or_else(medfast::parallel::available_threads);
        detached(py, |interrupt| {
            for_each(threads, indices.len(), interrupt, |rank| {
                let mut ignore = |_: &[u8]| Ok::<_, npz::Error>(());
                self.0.stream(indices[rank], &mut ignore, interrupt)
            })
        })
    }
}

/// Where in a member reading can begin.
#[pyclass(frozen, module = "medfast._native")]
struct NpzSeekIndex(SeekIndex);

#[pymethods]
impl NpzSeekIndex {
    /// What `to_bytes` made.
    #[staticmethod]
    #[pyo3(signature = (content, /))]
    fn from_bytes(py: Python<'_>, content: PyBackedBytes) -> PyResult<Self> {
        detached(py, |_| {
            SeekIndex::from_bytes(&content).map_err(|fault| npz::Error::File {
                path: PathBuf::from("<seek index>"),
                fault,
            })
        })
        .map(Self)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }
}

/// Why an extraction stopped.
enum Stop {
    Archive(npz::Error),
    Refused(PathBuf, io::Error),
}

impl From<npz::Error> for Stop {
    fn from(error: npz::Error) -> Self {
        Self::Archive(error)
    }
}

impl From<Interrupted> for Stop {
    fn from(interrupted: Interrupted) -> Self {
        Self::Archive(interrupted.into())
    }
}

fn os_error(path: &Path, error: &io::Error) -> PyErr {
    PyOSError::new_err((error.raw_os_error(), error.to_string(), path.to_owned()))
}

/// Writes an archive of `(name, header, data)`.
#[pyfunction]
#[pyo3(signature = (path, parts, level, threads, /))]
fn save_npz(
    py: Python<'_>,
    path: PathBuf,
    parts: Vec<(String, PyBackedBytes, PyReadonlyArray1<'_, u8>)>,
    level: u32,
    threads: Option<usize>,
) -> PyResult<()> {
    let mut borrowed = Vec::with_capacity(parts.len());
    for (name, header, data) in &parts {
        let data = data.as_slice()?;
        borrowed.push(Part { name, header, data });
    }
    let threads = threads.unwrap_or_else(medfast::parallel::available_threads);
    detached(py, |interrupt| {
        npz::save(path, &borrowed, level, threads, interrupt)
    })
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
