//! How areas vary from sample to sample.

use medfast::metrics::{self, Classes, Exchanges, Matrix, Options, Resampling};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::{matrix, slice, to_array, unexpected};
use crate::call;

type Groups<'py> = Option<PyReadonlyArray1<'py, usize>>;
type AreasAndCovariance<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>);

/// Runs the body with a list of tables of one type as matrices.
macro_rules! with_tables {
    ($arrays:expr, |$tables:ident| $body:expr) => {
        with_tables!(@each $arrays, |$tables| $body, f32 f64 i64 u64)
    };
    (@each $arrays:expr, |$tables:ident| $body:expr, $($element:ty)+) => {
        $(if let Ok(arrays) = $arrays.extract::<Vec<PyReadonlyArray2<'_, $element>>>() {
            let $tables = arrays.iter().map(matrix).collect::<PyResult<Vec<_>>>()?;
            $body
        } else)+
        { Err(PyTypeError::new_err("a list of tables of one dtype was expected")) }
    };
}

/// The area of every column of every table, and the covariance of all of them.
#[pyfunction]
#[pyo3(signature = (truth, tables, clusters, threads, /))]
fn roc_auc_covariance<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    tables: &Bound<'py, PyAny>,
    clusters: Groups<'py>,
    threads: Option<usize>,
) -> PyResult<AreasAndCovariance<'py>> {
    let clusters = clusters.as_ref().map(slice).transpose()?;
    with_tables!(tables, |tables| {
        with_truth!(truth, |truth| {
            let covariance = call::detached(py, |interrupt| {
                let mut options = Options::default().with_interrupt(interrupt);
                options.threads = threads;
                metrics::roc_auc_covariance(truth, &tables, clusters, &options)
            })?;
            let areas = to_array(py, covariance.areas().to_vec());
            let columns = covariance.areas().len();
            let values = covariance
                .values()
                .to_pyarray(py)
                .reshape([columns, columns])?;
            Ok((areas, values))
        })
    })
}

/// The area of every column of every table, in every replicate of the samples.
#[pyfunction]
#[pyo3(signature = (truth, tables, replicates, seed, strata, clusters, threads, /))]
#[expect(
    clippy::too_many_arguments,
    reason = "one for each field of what it calls"
)]
fn roc_auc_bootstrap<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    tables: &Bound<'py, PyAny>,
    replicates: usize,
    seed: u64,
    strata: Groups<'py>,
    clusters: Groups<'py>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let mut resampling = Resampling::new(replicates, seed);
    resampling.strata = strata.as_ref().map(slice).transpose()?;
    resampling.clusters = clusters.as_ref().map(slice).transpose()?;
    with_tables!(tables, |tables| {
        with_truth!(truth, |truth| {
            let columns = tables.iter().map(Matrix::columns).sum::<usize>();
            let areas = call::detached(py, |interrupt| {
                let mut options = Options::default().with_interrupt(interrupt);
                options.threads = threads;
                metrics::roc_auc_bootstrap(truth, &tables, resampling, &options)
            })?;
            PyArray1::from_vec(py, areas).reshape([replicates, columns])
        })
    })
}

/// The differences of two models' areas after exchanges of scores: every exchange, or so many
/// random ones.
#[pyfunction]
#[pyo3(signature = (truth, tables, clusters, random, threads, /))]
fn roc_auc_exchanges<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    tables: &Bound<'py, PyAny>,
    clusters: Groups<'py>,
    random: Option<(usize, u64)>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let clusters = clusters.as_ref().map(slice).transpose()?;
    let exchanges = random.map_or(Exchanges::Every, |(replicates, seed)| Exchanges::Random {
        replicates,
        seed,
    });
    with_tables!(tables, |tables| {
        let [first, second] = tables[..] else {
            return Err(PyTypeError::new_err("two tables were expected"));
        };
        with_truth!(truth, |truth| {
            let differences = call::detached(py, |interrupt| {
                let mut options = Options::default().with_interrupt(interrupt);
                options.threads = threads;
                let models = [first, second];
                metrics::roc_auc_exchanges(truth, models, clusters, exchanges, &options)
            })?;
            let columns = first.columns();
            let replicates = differences.len() / columns.max(1);
            PyArray1::from_vec(py, differences).reshape([replicates, columns])
        })
    })
}

/// Adds this file's functions to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(roc_auc_covariance, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_bootstrap, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_exchanges, module)?)
}
