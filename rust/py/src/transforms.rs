//! The transforms engine: `Transform`, `Pipeline`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use medfast::transforms::half::slice::HalfBitsSliceExt;
use medfast::transforms::{
    self, AugMix, Drawn, Draws, Dtype, Images, Layout, Output, Parameter, Random, Shape,
};
use numpy::{PyArray1, PyArray4, PyArrayMethods, PyReadonlyArray4, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

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
    #[pyo3(signature = (brightness, contrast, saturation, hue, /))]
    fn color_jitter(
        py: Python<'_>,
        brightness: Option<(f64, f64)>,
        contrast: Option<(f64, f64)>,
        saturation: Option<(f64, f64)>,
        hue: Option<(f64, f64)>,
    ) -> PyResult<Self> {
        Self::checked(
            py,
            transforms::Transform::ColorJitter {
                brightness,
                contrast,
                saturation,
                hue,
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

    /// An op with drawn parameters, each as its kind and its numbers.
    #[staticmethod]
    #[pyo3(signature = (name, op, parameters, p, /))]
    fn random_op(
        py: Python<'_>,
        name: &str,
        op: &str,
        parameters: Vec<(String, Vec<f64>)>,
        p: f64,
    ) -> PyResult<Self> {
        let parameters = parameters
            .into_iter()
            .map(|(kind, numbers)| parameter(&kind, numbers))
            .collect::<PyResult<_>>()?;
        let (name, op) = (kept(name), kept(op));
        Self::checked(
            py,
            transforms::Transform::Random(Random::Op {
                name,
                op,
                parameters,
                p,
            }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (size, scale, ratio, rest, /))]
    fn random_resized_crop(
        py: Python<'_>,
        size: (usize, usize),
        scale: (f64, f64),
        ratio: (f64, f64),
        rest: Vec<f64>,
    ) -> PyResult<Self> {
        Self::checked(
            py,
            transforms::Transform::Random(Random::ResizedCrop {
                size,
                scale,
                ratio,
                rest,
            }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (p, scale, ratio, value, /))]
    fn random_erasing(
        py: Python<'_>,
        p: f64,
        scale: (f64, f64),
        ratio: (f64, f64),
        value: Vec<f64>,
    ) -> PyResult<Self> {
        Self::checked(
            py,
            transforms::Transform::Random(Random::Erasing {
                p,
                scale,
                ratio,
                value,
            }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (transforms, p, /))]
    fn random_apply(py: Python<'_>, transforms: Vec<PyRef<'_, Self>>, p: f64) -> PyResult<Self> {
        let transforms = inner(&transforms);
        Self::checked(
            py,
            transforms::Transform::Random(Random::Apply { transforms, p }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (transforms, weights, /))]
    fn random_choice(
        py: Python<'_>,
        transforms: Vec<PyRef<'_, Self>>,
        weights: Vec<f64>,
    ) -> PyResult<Self> {
        let transforms = inner(&transforms);
        Self::checked(
            py,
            transforms::Transform::Random(Random::Choice {
                transforms,
                weights,
            }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (transforms, /))]
    fn random_order(py: Python<'_>, transforms: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let transforms = inner(&transforms);
        Self::checked(
            py,
            transforms::Transform::Random(Random::Order { transforms }),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (links, width, random_depth, alpha, /))]
    fn aug_mix(
        py: Python<'_>,
        links: Vec<PyRef<'_, Self>>,
        width: usize,
        random_depth: bool,
        alpha: f64,
    ) -> PyResult<Self> {
        let links = inner(&links);
        Self::checked(
            py,
            transforms::Transform::Random(Random::AugMix(AugMix {
                links,
                width,
                random_depth,
                alpha,
            })),
        )
    }

    #[staticmethod]
    #[pyo3(signature = (dtype, scale, /))]
    fn to_dtype(py: Python<'_>, dtype: &str, scale: bool) -> PyResult<Self> {
        let dtype = DTYPES.into_iter().find(|known| known.name() == dtype);
        let dtype = dtype.ok_or_else(|| PyTypeError::new_err("no such dtype"))?;
        Self::checked(py, transforms::Transform::ToDtype { dtype, scale })
    }

    #[staticmethod]
    #[pyo3(signature = (mean, std, /))]
    fn normalize(py: Python<'_>, mean: Vec<f64>, std: Vec<f64>) -> PyResult<Self> {
        Self::checked(py, transforms::Transform::Normalize { mean, std })
    }
}

const DTYPES: [Dtype; 4] = [Dtype::U8, Dtype::F32, Dtype::F16, Dtype::Bf16];

fn inner(transforms: &[PyRef<'_, Transform>]) -> Vec<transforms::Transform> {
    transforms.iter().map(|step| step.0.clone()).collect()
}

fn parameter(kind: &str, numbers: Vec<f64>) -> PyResult<Parameter> {
    Ok(match (kind, numbers.as_slice()) {
        ("fixed", &[value]) => Parameter::Fixed(value),
        ("uniform", &[min, max]) => Parameter::Uniform(min, max),
        ("one_of", _) => Parameter::OneOf(numbers),
        ("share", &[min, max, axis]) => Parameter::Share(min, max, axis as usize),
        ("place", &[size, axis]) => Parameter::Place(size as usize, axis as usize),
        ("step", &[axis, share, first, last, count]) => Parameter::Step {
            axis: axis as usize,
            share,
            first: first as usize,
            last: last as usize,
            count: count as usize,
        },
        ("edge", &[size, axis]) => Parameter::Edge(size as usize, axis as usize),
        ("channels", &[]) => Parameter::Channels,
        ("seed", &[]) => Parameter::Seed,
        ("again", &[place]) => Parameter::Again(place as usize),
        _ => return Err(PyTypeError::new_err(format!("no parameter {kind}"))),
    })
}

/// The same text for good. There are as many as names of transforms and ops.
fn kept(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    name
}

type Shape4 = (usize, usize, usize, usize);

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

    /// The name of the output's dtype.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.dtype().name()
    }

    /// The shape of the output for so many rows of images of this shape, and the number of its
    /// slices, which its height counts.
    #[pyo3(signature = (images, depth, rows, /))]
    fn output_shape(
        &self,
        py: Python<'_>,
        images: &Bound<'_, PyArray4<u8>>,
        depth: Option<usize>,
        rows: usize,
    ) -> PyResult<(Shape4, Option<usize>)> {
        let images = images.try_readonly()?;
        let view =
            in_slices(borrow(&images), depth).map_err(|error| call::raise(py, &error.into()))?;
        let shape = self.0.output_shape(&view, rows);
        let depth = self.0.output_depth(&view);
        shape
            .and_then(|shape| Ok((shape.into(), depth?)))
            .map_err(|error| call::raise(py, &error.into()))
    }

    /// Transforms rows of `images` into `out`, which is C-contiguous and apart from them.
    #[pyo3(signature = (images, depth, index, seed, epoch, out, threads, /))]
    #[expect(clippy::too_many_arguments, reason = "they are the Python call's")]
    fn run(
        &self,
        py: Python<'_>,
        images: &Bound<'_, PyArray4<u8>>,
        depth: Option<usize>,
        index: Option<&Bound<'_, PyArray1<i64>>>,
        seed: u64,
        epoch: u32,
        out: &Bound<'_, PyAny>,
        threads: Option<usize>,
    ) -> PyResult<()> {
        let images = images
            .try_readonly()
            .map_err(|_| call::in_use(py, "images"))?;
        let view =
            in_slices(borrow(&images), depth).map_err(|error| call::raise(py, &error.into()))?;
        let index = index.map(|index| index.try_readonly()).transpose()?;
        let index = index.as_ref().map(|index| index.as_slice()).transpose()?;
        let draws = Draws { seed, epoch };
        let run = |out: Output<'_>| {
            call::detached(py, |interrupt| {
                self.0.run(&view, index, draws, out, threads, interrupt)
            })
        };
        let in_use = |_| call::in_use(py, "out");
        if let Ok(out) = out.cast::<PyArray4<f32>>() {
            let mut out = out.try_readwrite().map_err(in_use)?;
            run(Output::F32(out.as_slice_mut()?))
        } else if let Ok(out) = out.cast::<PyArray4<u8>>() {
            let mut out = out.try_readwrite().map_err(in_use)?;
            run(Output::U8(out.as_slice_mut()?))
        } else if let Ok(out) = out.cast::<PyArray4<u16>>() {
            let mut out = out.try_readwrite().map_err(in_use)?;
            let bits = out.as_slice_mut()?;
            run(match self.0.dtype() {
                Dtype::Bf16 => Output::Bf16(bits.reinterpret_cast_mut()),
                _ => Output::F16(bits.reinterpret_cast_mut()),
            })
        } else {
            Err(PyTypeError::new_err(
                "out must be a 4-D array of uint8, float32, or uint16 for the bits of halves",
            ))
        }
    }

    /// What each transform draws for one sample.
    #[pyo3(signature = (sample, seed, epoch, depth, shape, /))]
    fn parameters<'py>(
        &self,
        py: Python<'py>,
        sample: u64,
        seed: u64,
        epoch: u32,
        depth: Option<usize>,
        shape: (usize, usize, usize),
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let (height, width, channels) = shape;
        let shape = Shape {
            channels,
            depth,
            height,
            width,
        };
        self.0
            .parameters(sample, Draws { seed, epoch }, shape)
            .map_err(|error| call::raise(py, &error.into()))?
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
            saturation_factor,
            hue_factor,
        } => {
            dict.set_item("fn_idx", fn_idx.map(u32::from))?;
            dict.set_item("brightness_factor", brightness_factor)?;
            dict.set_item("contrast_factor", contrast_factor)?;
            dict.set_item("saturation_factor", saturation_factor)?;
            dict.set_item("hue_factor", hue_factor)?;
        }
        Drawn::HorizontalFlip(applied) | Drawn::VerticalFlip(applied) => {
            dict.set_item("applied", applied)?;
        }
        Drawn::Ops(ops_drawn) => {
            let ops = PyList::empty(py);
            for named in ops_drawn {
                // A number that stands for none, as for the middle of the image, is None.
                let values = named.values.into_iter().map(Some);
                let values: Vec<_> = values.map(|value| value.filter(|v| !v.is_nan())).collect();
                let parts = (named.op, values).into_pyobject(py)?;
                ops.append(PyList::new(py, parts.iter())?)?;
            }
            dict.set_item("ops", ops)?;
        }
        Drawn::Nothing => {}
        // One that has no names here yet.
        drawn => dict.set_item("drawn", format!("{drawn:?}"))?,
    }
    Ok(dict)
}

/// The bytes of a numpy array, by its strides.
pub fn borrow<'a>(images: &'a PyReadonlyArray4<'_, u8>) -> Images<'a> {
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

/// The images as they are, or as volumes of so many slices.
pub fn in_slices(
    images: Images<'_>,
    depth: Option<usize>,
) -> Result<Images<'_>, transforms::Error> {
    match depth {
        None => Ok(images),
        Some(depth) => images.as_volumes(depth),
    }
}

/// Adds this file's functions and classes to the extension module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Transform>()?;
    module.add_class::<Pipeline>()
}
