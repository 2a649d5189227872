//! `medfast.metrics`: numpy arrays in, numbers out. An undefined area is NaN here.

use medfast::metrics::{self, Classes, Codes, Label, Matrix, Options};
use medfast::parallel::Interrupt;
use numpy::{
    Element, PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods, ToPyArray,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::call;

type Weights<'py> = Option<PyReadonlyArray1<'py, f64>>;
type Floats<'py> = Bound<'py, PyArray1<f64>>;

/// Runs the body with the array as the first of the given types that it has.
macro_rules! with_type {
    ($array:expr, $kind:ident<$($element:ty)|+>, |$typed:ident| $body:expr) => {
        $(if let Ok($typed) = $array.extract::<$kind<'_, $element>>() { $body } else)+
        { Err(unexpected($array)) }
    };
}

/// Runs the body with the two-dimensional array of scores as a matrix.
macro_rules! with_table {
    ($array:expr, |$scores:ident| $body:expr) => {
        with_type!($array, PyReadonlyArray2<f32 | f64 | i64 | u64>, |table| {
            let $scores = matrix(&table)?;
            $body
        })
    };
}

/// Runs the body with the array as class numbers.
macro_rules! with_codes {
    ($array:expr, |$codes:ident| $body:expr) => {
        with_type!($array, PyReadonlyArray1<u8 | usize>, |array| {
            let $codes = slice(&array)?;
            $body
        })
    };
}

/// Runs the body with the truth that goes with a table of scores, whichever kind it is.
macro_rules! with_truth {
    ($array:expr, |$truth:ident| $body:expr) => {
        if let Ok(labels) = $array.extract::<PyReadonlyArray2<'_, bool>>() {
            let $truth = matrix(&labels)?;
            $body
        } else {
            with_codes!($array, |codes| {
                let $truth = Classes(codes);
                $body
            })
        }
    };
}

mod uncertainty;

fn unexpected(array: &Bound<'_, PyAny>) -> PyErr {
    let dtype = array
        .getattr("dtype")
        .map_or_else(|_| "none".into(), |dtype| dtype.to_string());
    PyTypeError::new_err(format!(
        "an array of another dtype or rank was expected, not {dtype}"
    ))
}

fn slice<'a, T: Element>(array: &'a PyReadonlyArray1<'_, T>) -> PyResult<&'a [T]> {
    Ok(array.as_slice()?)
}

fn matrix<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<Matrix<'a, T>> {
    let (data, shape) = (array.as_slice()?, array.shape());
    let matrix = if array.is_c_contiguous() {
        Matrix::row_major(data, shape[0], shape[1])
    } else {
        Matrix::column_major(data, shape[0], shape[1])
    };
    matrix.map_err(|error| call::raise(array.py(), &error.into()))
}

fn options<'a>(
    weights: Option<&'a [f64]>,
    max_fpr: f64,
    threads: Option<usize>,
    interrupt: Interrupt<'a>,
) -> Options<'a> {
    let mut options = Options::default()
        .with_max_fpr(max_fpr)
        .with_interrupt(interrupt);
    options.weights = weights;
    options.threads = threads;
    options
}

fn nan_if_undefined(area: Option<f64>) -> f64 {
    area.unwrap_or(f64::NAN)
}

fn to_array(py: Python<'_>, areas: Vec<Option<f64>>) -> Bound<'_, PyArray1<f64>> {
    PyArray1::from_iter(py, areas.into_iter().map(nan_if_undefined))
}

/// Distinct labels, ascending, and the place of every label among them: bool for up to two
/// classes, uint8 for up to 256, uintp for more.
#[pyfunction]
#[pyo3(signature = (labels, /))]
fn encode_labels<'py>(
    labels: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyAny>)> {
    fn encode<'py, L: Label + Element + Sync>(
        labels: &PyReadonlyArray1<'py, L>,
    ) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyAny>)> {
        let py = labels.py();
        let labels = labels.as_slice()?;
        let encoded = call::detached(py, |_| metrics::encode(labels))?;
        let codes = match encoded.codes {
            Codes::Binary(codes) => PyArray1::from_vec(py, codes).into_any(),
            Codes::Narrow(codes) => PyArray1::from_vec(py, codes).into_any(),
            Codes::Wide(codes) => PyArray1::from_vec(py, codes).into_any(),
        };
        Ok((encoded.classes.to_pyarray(py), codes))
    }
    with_type!(
        labels,
        PyReadonlyArray1<i64 | u8 | i32 | f64 | f32 | u32 | i16 | u16 | i8>,
        |labels| encode(&labels)
    )
}

/// The area under the ROC curve of one class.
#[pyfunction]
#[pyo3(signature = (labels, scores, weights, max_fpr, threads=None, /))]
fn roc_auc(
    py: Python<'_>,
    labels: PyReadonlyArray1<'_, bool>,
    scores: &Bound<'_, PyAny>,
    weights: Weights<'_>,
    max_fpr: f64,
    threads: Option<usize>,
) -> PyResult<f64> {
    let labels = slice(&labels)?;
    let weights = weights.as_ref().map(slice).transpose()?;
    with_type!(scores, PyReadonlyArray1<f32 | f64 | i64 | u64>, |scores| {
        let scores = slice(&scores)?;
        let area = call::detached(py, |interrupt| {
            let options = options(weights, max_fpr, threads, interrupt);
            metrics::roc_auc_with(labels, scores, &options)
        })?;
        Ok(nan_if_undefined(area))
    })
}

/// The area of every class: its samples against all others.
#[pyfunction]
#[pyo3(signature = (truth, scores, weights, max_fpr, threads, /))]
fn roc_auc_per_class<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    scores: &Bound<'py, PyAny>,
    weights: Weights<'py>,
    max_fpr: f64,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let weights = weights.as_ref().map(slice).transpose()?;
    with_table!(scores, |scores| {
        with_truth!(truth, |truth| {
            let areas = call::detached(py, |interrupt| {
                let options = options(weights, max_fpr, threads, interrupt);
                metrics::roc_auc_per_class(truth, scores, &options)
            })?;
            Ok(to_array(py, areas))
        })
    })
}

/// The area over all entries of the table together.
#[pyfunction]
#[pyo3(signature = (truth, scores, weights, max_fpr, /))]
fn roc_auc_micro(
    py: Python<'_>,
    truth: &Bound<'_, PyAny>,
    scores: &Bound<'_, PyAny>,
    weights: Weights<'_>,
    max_fpr: f64,
) -> PyResult<f64> {
    let weights = weights.as_ref().map(slice).transpose()?;
    with_table!(scores, |scores| {
        with_truth!(truth, |truth| {
            let area = call::detached(py, |interrupt| {
                let options = options(weights, max_fpr, None, interrupt);
                metrics::roc_auc_micro(truth, scores, &options)
            })?;
            Ok(nan_if_undefined(area))
        })
    })
}

/// The area of every sample: its classes against those it is not of.
#[pyfunction]
#[pyo3(signature = (labels, scores, max_fpr, threads, /))]
fn roc_auc_per_sample<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray2<'py, bool>,
    scores: &Bound<'py, PyAny>,
    max_fpr: f64,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let labels = matrix(&labels)?;
    with_table!(scores, |scores| {
        let areas = call::detached(py, |interrupt| {
            let options = options(None, max_fpr, threads, interrupt);
            metrics::roc_auc_per_sample(labels, scores, &options)
        })?;
        Ok(to_array(py, areas))
    })
}

/// The mean area of all pairs of classes, weighted by their numbers of samples if asked for.
#[pyfunction]
#[pyo3(signature = (codes, scores, weighted, threads, /))]
fn roc_auc_one_vs_one(
    py: Python<'_>,
    codes: &Bound<'_, PyAny>,
    scores: &Bound<'_, PyAny>,
    weighted: bool,
    threads: Option<usize>,
) -> PyResult<f64> {
    with_table!(scores, |scores| {
        with_codes!(codes, |codes| {
            let pairs = call::detached(py, |interrupt| {
                let options = options(None, 1.0, threads, interrupt);
                metrics::roc_auc_one_vs_one(codes, scores, &options)
            })?;
            let mean = if weighted {
                pairs.mean_by_prevalence()
            } else {
                pairs.mean()
            };
            Ok(nan_if_undefined(mean))
        })
    })
}

/// The ROC curve of one class: false and true positive rates (`None` where that side has no
/// samples) and thresholds.
#[pyfunction]
#[pyo3(signature = (labels, scores, weights, drop_intermediate, /))]
fn roc_curve<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray1<'py, bool>,
    scores: &Bound<'py, PyAny>,
    weights: Weights<'py>,
    drop_intermediate: bool,
) -> PyResult<(Option<Floats<'py>>, Option<Floats<'py>>, Floats<'py>)> {
    let labels = slice(&labels)?;
    let weights = weights.as_ref().map(slice).transpose()?;
    with_type!(scores, PyReadonlyArray1<f32 | f64 | i64 | u64>, |scores| {
        let scores = slice(&scores)?;
        let curve = call::detached(py, |interrupt| {
            let options = options(weights, 1.0, None, interrupt);
            metrics::roc_curve(labels, scores, drop_intermediate, &options)
        })?;
        let array = |rates| PyArray1::from_vec(py, rates);
        Ok((
            curve.false_positive_rate.map(array),
            curve.true_positive_rate.map(array),
            array(curve.thresholds),
        ))
    })
}

/// The precision-recall curve of one class: precision, recall (`None` without positives) and
/// thresholds in the dtype of the scores.
#[pyfunction]
#[pyo3(signature = (labels, scores, weights, drop_intermediate, /))]
fn precision_recall_curve<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray1<'py, bool>,
    scores: &Bound<'py, PyAny>,
    weights: Weights<'py>,
    drop_intermediate: bool,
) -> PyResult<(Floats<'py>, Option<Floats<'py>>, Bound<'py, PyAny>)> {
    let labels = slice(&labels)?;
    let weights = weights.as_ref().map(slice).transpose()?;
    with_type!(scores, PyReadonlyArray1<f32 | f64 | i64 | u64>, |scores| {
        let scores = slice(&scores)?;
        let curve = call::detached(py, |interrupt| {
            let options = options(weights, 1.0, None, interrupt);
            metrics::precision_recall_curve(labels, scores, drop_intermediate, &options)
        })?;
        Ok((
            PyArray1::from_vec(py, curve.precision),
            curve.recall.map(|recall| PyArray1::from_vec(py, recall)),
            PyArray1::from_vec(py, curve.thresholds).into_any(),
        ))
    })
}

/// The average precision of one class.
#[pyfunction]
#[pyo3(signature = (labels, scores, weights, /))]
fn average_precision(
    py: Python<'_>,
    labels: PyReadonlyArray1<'_, bool>,
    scores: &Bound<'_, PyAny>,
    weights: Weights<'_>,
) -> PyResult<f64> {
    let labels = slice(&labels)?;
    let weights = weights.as_ref().map(slice).transpose()?;
    with_type!(scores, PyReadonlyArray1<f32 | f64 | i64 | u64>, |scores| {
        let scores = slice(&scores)?;
        let area = call::detached(py, |interrupt| {
            metrics::average_precision(labels, scores, &options(weights, 1.0, None, interrupt))
        })?;
        Ok(nan_if_undefined(area))
    })
}

/// The average precision of every class.
#[pyfunction]
#[pyo3(signature = (truth, scores, weights, threads, /))]
fn average_precision_per_class<'py>(
    py: Python<'py>,
    truth: &Bound<'py, PyAny>,
    scores: &Bound<'py, PyAny>,
    weights: Weights<'py>,
    threads: Option<usize>,
) -> PyResult<Floats<'py>> {
    let weights = weights.as_ref().map(slice).transpose()?;
    with_table!(scores, |scores| {
        with_truth!(truth, |truth| {
            let areas = call::detached(py, |interrupt| {
                let options = options(weights, 1.0, threads, interrupt);
                metrics::average_precision_per_class(truth, scores, &options)
            })?;
            Ok(to_array(py, areas))
        })
    })
}

/// The average precision of all entries of the table together.
#[pyfunction]
#[pyo3(signature = (truth, scores, weights, /))]
fn average_precision_micro(
    py: Python<'_>,
    truth: &Bound<'_, PyAny>,
    scores: &Bound<'_, PyAny>,
    weights: Weights<'_>,
) -> PyResult<f64> {
    let weights = weights.as_ref().map(slice).transpose()?;
    with_table!(scores, |scores| {
        with_truth!(truth, |truth| {
            let area = call::detached(py, |interrupt| {
                let options = options(weights, 1.0, None, interrupt);
                metrics::average_precision_micro(truth, scores, &options)
            })?;
            Ok(nan_if_undefined(area))
        })
    })
}

/// The average precision of every sample.
#[pyfunction]
#[pyo3(signature = (labels, scores, threads, /))]
fn average_precision_per_sample<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray2<'py, bool>,
    scores: &Bound<'py, PyAny>,
    threads: Option<usize>,
) -> PyResult<Floats<'py>> {
    let labels = matrix(&labels)?;
    with_table!(scores, |scores| {
        let areas = call::detached(py, |interrupt| {
            let options = options(None, 1.0, threads, interrupt);
            metrics::average_precision_per_sample(labels, scores, &options)
        })?;
        Ok(to_array(py, areas))
    })
}

/// Raises unless the scores of every sample sum to one.
#[pyfunction]
#[pyo3(signature = (scores, /))]
fn check_probabilities(py: Python<'_>, scores: &Bound<'_, PyAny>) -> PyResult<()> {
    with_table!(scores, |scores| {
        call::detached(py, |_| metrics::check_probabilities(scores))
    })
}

/// The share of entries whose score is above the threshold exactly where the label is true.
#[pyfunction]
#[pyo3(signature = (labels, scores, threshold, /))]
fn accuracy_threshold(
    py: Python<'_>,
    labels: PyReadonlyArray2<'_, bool>,
    scores: &Bound<'_, PyAny>,
    threshold: f64,
) -> PyResult<f64> {
    let labels = matrix(&labels)?;
    with_table!(scores, |scores| {
        let share = call::detached(py, |_| {
            metrics::accuracy_threshold(labels, scores, threshold)
        })?;
        Ok(nan_if_undefined(share))
    })
}

/// The share of samples whose own class has the largest score.
#[pyfunction]
#[pyo3(signature = (codes, scores, /))]
fn accuracy_argmax(
    py: Python<'_>,
    codes: &Bound<'_, PyAny>,
    scores: &Bound<'_, PyAny>,
) -> PyResult<f64> {
    with_table!(scores, |scores| {
        with_codes!(codes, |codes| {
            let share = call::detached(py, |_| metrics::accuracy_argmax(codes, scores))?;
            Ok(nan_if_undefined(share))
        })
    })
}

/// Adds this file's functions and classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(encode_labels, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_per_class, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_micro, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_per_sample, module)?)?;
    module.add_function(wrap_pyfunction!(roc_auc_one_vs_one, module)?)?;
    module.add_function(wrap_pyfunction!(roc_curve, module)?)?;
    module.add_function(wrap_pyfunction!(precision_recall_curve, module)?)?;
    module.add_function(wrap_pyfunction!(average_precision, module)?)?;
    module.add_function(wrap_pyfunction!(average_precision_per_class, module)?)?;
    module.add_function(wrap_pyfunction!(average_precision_micro, module)?)?;
    module.add_function(wrap_pyfunction!(average_precision_per_sample, module)?)?;
    module.add_function(wrap_pyfunction!(check_probabilities, module)?)?;
    module.add_function(wrap_pyfunction!(accuracy_threshold, module)?)?;
    module.add_function(wrap_pyfunction!(accuracy_argmax, module)?)?;
    uncertainty::register(module)
}
