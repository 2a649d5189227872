//! The transforms engine: `Transform`, `Pipeline`.

use medfast::transforms::{self, Drawn, Draws, Dtype, Images, Layout, Output};
use numpy::{PyArray1, PyArray4, PyArrayMethods, PyReadonlyArray4, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call;

/// One step of a pipeline, its settings checked.
#[pyclass(frozen, module = "medfast._native")]
struct Transform(transforms::Transform);

impl Transform {
    fn checked(py: Python<'_>, transform: transforms::Transform) -> PyResult<Self> {
        transform
            .validate()
            .map_err(|error| call::raise(py, &error.into()))?;
        Ok(Self(transform))
    }
}

#[pymethods]
impl Transform {
    #[staticmethod]
    #[pyo3(signature = (brightness, contrast, /))]
    fn color_jitter(
        py: Python<'_>,
        brightness: Option<(f64, f64)>,
        contrast: Option<(f64, f64)>,
    ) -> PyResult<Self> {
        Self::checked(
            py,
            transforms::Transform::ColorJitter {
                brightness,
                contrast,
            },
        )
    }

    #[staticmethod]
    #[pyo3(signature = (p, /))]
    fn random_horizontal_flip(py: Python<'_>, p: f64) -> PyResult<Self> {
        Self::checked(py, transforms::Transform::RandomHorizontalFlip { p })
    }

    #[staticmethod]
    #[pyo3(signature = (p, /))]
    fn random_vertical_flip(py: Python<'_>, p: f64) -> PyResult<Self> {
        Self::checked(py, transforms::Transform::RandomVerticalFlip { p })
    }

    #[staticmethod]
    #[pyo3(signature = (to_float, scale, /))]
    fn to_dtype(py: Python<'_>, to_float: bool, scale: bool) -> PyResult<Self> {
        let dtype = if to_float { Dtype::F32 } else { Dtype::U8 };
        Self::checked(py, transforms::Transform::ToDtype { dtype, scale })
    }

    #[staticmethod]
    #[pyo3(signature = (mean, std, /))]
    fn normalize(py: Python<'_>, mean: Vec<f64>, std: Vec<f64>) -> PyResult<Self> {
        Self::checked(py, transforms::Transform::Normalize { mean, std })
    }
}

/// A compiled list of transforms.
#[pyclass(frozen, module = "medfast._native")]
struct Pipeline(transforms::Pipeline);

#[pymethods]
impl Pipeline {
    #[new]
    #[pyo3(signature = (transforms, channels_last, /))]
    fn new(
        py: Python<'_>,
        transforms: Vec<PyRef<'_, Transform>>,
        channels_last: bool,
    ) -> PyResult<Self> {
        let transforms = transforms
            .iter()
            .map(|transform| transform.0.clone())
            .collect();
        let layout = if channels_last {
            Layout::Nhwc
        } else {
            Layout::Nchw
        };
        transforms::Pipeline::new(transforms, layout)
            .map(Self)
            .map_err(|error| call::raise(py, &error.into()))
    }

    /// Whether the output is float32; else it is uint8.
    #[getter]
    fn is_float(&self) -> bool {
        self.0.dtype() == Dtype::F32
    }

    /// The shape of the output for so many rows of images of this shape.
    #[pyo3(signature = (images, rows, /))]
    fn output_shape(
        &self,
        py: Python<'_>,
        images: &Bound<'_, PyArray4<u8>>,
        rows: usize,
    ) -> PyResult<(usize, usize, usize, usize)> {
        self.0
            .output_shape(&borrow(&images.try_readonly()?), rows)
            .map(Into::into)
            .map_err(|error| call::raise(py, &error.into()))
    }

    /// Transforms rows of `images` into `out`, which is C-contiguous and apart from them.
    #[pyo3(signature = (images, index, seed, epoch, out, threads, /))]
    #[expect(clippy::too_many_arguments, reason = "they are the Python call's")]
    fn run(
        &self,
        py: Python<'_>,
        images: &Bound<'_, PyArray4<u8>>,
        index: Option<&Bound<'_, PyArray1<i64>>>,
        seed: u64,
        epoch: u32,
        out: &Bound<'_, PyAny>,
        threads: Option<usize>,
    ) -> PyResult<()> {
        let images = images
            .try_readonly()
            .map_err(|_| call::in_use(py, "images"))?;
        let view = borrow(&images);
        let index = index.map(|index| index.try_readonly()).transpose()?;
        let index = index.as_ref().map(|index| index.as_slice()).transpose()?;
        let draws = Draws { seed, epoch };
        if let Ok(out) = out.cast::<PyArray4<f32>>() {
            let mut out = out.try_readwrite().map_err(|_| call::in_use(py, "out"))?;
            let out = Output::F32(out.as_slice_mut()?);
            call::detached(py, |interrupt| {
                self.0.run(&view, index, draws, out, threads, interrupt)
            })
        } else if let Ok(out) = out.cast::<PyArray4<u8>>() {
            let mut out = out.try_readwrite().map_err(|_| call::in_use(py, "out"))?;
            let out = Output::U8(out.as_slice_mut()?);
            call::detached(py, |interrupt| {
                self.0.run(&view, index, draws, out, threads, interrupt)
            })
        } else {
            Err(PyTypeError::new_err(
                "out must be a 4-D uint8 or float32 array",
            ))
        }
    }

    /// What each transform draws for one sample.
    #[pyo3(signature = (sample, seed, epoch, /))]
    fn parameters<'py>(
        &self,
        py: Python<'py>,
        sample: u64,
        seed: u64,
        epoch: u32,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0
            .parameters(sample, Draws { seed, epoch })
            .into_iter()
            .map(|drawn| drawn_as_dict(py, drawn))
            .collect()
    }
}

fn drawn_as_dict(py: Python<'_>, drawn: Drawn) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    match drawn {
        Drawn::ColorJitter {
            fn_idx,
            brightness_factor,
            contrast_factor,
        } => {
            dict.set_item("fn_idx", fn_idx.map(u32::from))?;
            dict.set_item("brightness_factor", brightness_factor)?;
            dict.set_item("contrast_factor", contrast_factor)?;
        }
        Drawn::HorizontalFlip(applied) | Drawn::VerticalFlip(applied) => {
            dict.set_item("applied", applied)?;
        }
        Drawn::Nothing => {}
        // One that has no names here yet.
        drawn => dict.set_item("drawn", format!("{drawn:?}"))?,
    }
    Ok(dict)
}

fn borrow<'a>(images: &'a PyReadonlyArray4<'_, u8>) -> Images<'a> {
    let lengths = images.shape();
    let steps = images.strides();
    // SAFETY: numpy vouches for the bytes at these strides, and the read-only borrow lasts as long
    // as the view. That no other thread of Python writes them is asked of the caller, as by numpy.
    unsafe {
        Images::from_raw_parts(
            images.data(),
            [lengths[0], lengths[1], lengths[2], lengths[3]],
            [steps[0], steps[1], steps[2], steps[3]],
        )
    }
}

/// Adds this file's functions and classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Transform>()?;
    module.add_class::<Pipeline>()
}
