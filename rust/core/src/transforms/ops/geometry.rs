//! Where pixels are: flips, crops, rotations, resizing.
//!
//! What is of images is done in every slice of a volume, as torchvision does with leading axes.

mod grid;
mod resize;
mod volume;
mod window;

pub use grid::{Interpolation, Motion, Sampling};
pub use resize::{Filter, Resize};
pub use volume::{Cuboid, Orientation};
pub use window::{Border, Margins, Window};

use super::Shape;
use crate::transforms::error::Error;
use crate::transforms::images::Flips;

/// A change of where pixels are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Geometry {
    /// `horizontal_flip`.
    HorizontalFlip,
    /// `vertical_flip`.
    VerticalFlip,
    /// `crop`, black where the window leaves the image.
    Crop(Window),
    /// `center_crop` to a height and a width.
    CenterCrop(usize, usize),
    /// `pad`.
    Pad(Margins, Border),
    /// `erase`: what lies in the window becomes these bytes, one, or one for each channel.
    Erase(Window, Vec<f64>),
    /// Quarter turns against the clock, as of `numpy.rot90`.
    Rot90(i64),
    /// `rotate` by degrees against the clock, around a point (x, y) or the middle.
    Rotate {
        /// In degrees.
        angle: f64,
        /// In pixels, from the top left corner.
        center: Option<(f64, f64)>,
        /// How values are found.
        sampling: Sampling,
    },
    /// `affine`.
    Affine(Motion, Sampling),
    /// `resize`.
    Resize(Resize),
    /// `resized_crop`.
    ResizedCrop(Window, Resize),
    /// `depth_flip`.
    DepthFlip,
    /// `rot90` from one axis of a volume towards another: 0 depth, 1 height, 2 width.
    Rot90Plane(i64, (usize, usize)),
    /// `cubic_symmetry` of a volume whose sides are equal.
    CubicSymmetry(Orientation),
    /// `crop` of a volume, black where the cuboid leaves it.
    CropVolume(Cuboid),
    /// `center_crop` of a volume to a depth, a height and a width.
    CenterCropVolume([usize; 3]),
}

impl Geometry {
    /// The shape that an image of `shape` gets.
    pub(super) fn output_shape(&self, shape: Shape) -> Result<Shape, Error> {
        let no_volumes = |op| match shape.depth {
            Some(_) => Err(Error::NoVolumes { op }),
            None => Ok(()),
        };
        let (op, (height, width)) = match self {
            Self::HorizontalFlip | Self::VerticalFlip => return Ok(shape),
            Self::DepthFlip
            | Self::Rot90Plane(..)
            | Self::CubicSymmetry(_)
            | Self::CropVolume(_)
            | Self::CenterCropVolume(_) => return self.output_volume(shape),
            Self::Crop(window) => ("crop", (window.height, window.width)),
            &Self::CenterCrop(height, width) => ("center_crop", (height, width)),
            Self::Pad(margins, border) => {
                no_volumes("pad")?;
                ("pad", margins.output_size(shape, border)?)
            }
            Self::Erase(window, value) => {
                window.check_inside("erase")?;
                check_bytes("erase", "v", value, shape)?;
                ("erase", (shape.height, shape.width))
            }
            Self::Rot90(quarters) => (
                "rot90",
                if quarters % 2 == 0 {
                    (shape.height, shape.width)
                } else {
                    (shape.width, shape.height)
                },
            ),
            Self::Rotate {
                angle,
                center,
                sampling,
            } => {
                grid::check_finite("rotate", "an angle", &[*angle])?;
                grid::check_finite("rotate", "a center", &center.map_or([0.0; 2], Into::into))?;
                sampling.check("rotate", shape)?;
                ("rotate", (shape.height, shape.width))
            }
            Self::Affine(motion, sampling) => {
                motion.check()?;
                sampling.check("affine", shape)?;
                ("affine", (shape.height, shape.width))
            }
            Self::Resize(resize) => {
                no_volumes("resize")?;
                ("resize", (resize.height, resize.width))
            }
            Self::ResizedCrop(window, resize) => {
                no_volumes("resized_crop")?;
                check_size("resized_crop", (window.height, window.width))?;
                ("resized_crop", (resize.height, resize.width))
            }
        };
        if shape.area() > 0 {
            check_size(op, (height, width))?;
        } else if (height, width) != (shape.height, shape.width) {
            return Err(Error::Parameter {
                op,
                expected: "images of at least one pixel".to_owned(),
                got: format!("{} x {}", shape.height, shape.width),
            });
        }
        Ok(Shape {
            height,
            width,
            ..shape
        })
    }

    /// The shape that a volume of `shape` gets.
    fn output_volume(&self, shape: Shape) -> Result<Shape, Error> {
        let op = match self {
            Self::DepthFlip => "depth_flip",
            Self::Rot90Plane(..) => "rot90 of a plane",
            Self::CubicSymmetry(_) => "cubic_symmetry",
            Self::CropVolume(_) => "crop of (depth, height, width)",
            _ => "center_crop of (depth, height, width)",
        };
        let Some(depth) = shape.depth else {
            return Err(Error::NoImages { op });
        };
        let cut = |[depth, height, width]: [usize; 3]| {
            check_size(op, (height, width))?;
            check_size(op, (depth, height * width))?;
            Ok(Shape {
                depth: Some(depth),
                height,
                width,
                ..shape
            })
        };
        match self {
            &Self::Rot90Plane(quarters, plane) => {
                Ok(Orientation::turned(quarters, plane).output_shape(shape))
            }
            Self::CubicSymmetry(_) if depth != shape.height || depth != shape.width => {
                Err(Error::Parameter {
                    op,
                    expected: "volumes whose three sides are equal".to_owned(),
                    got: format!("{depth} x {} x {}", shape.height, shape.width),
                })
            }
            Self::CropVolume(Cuboid { depth, window, .. }) => {
                cut([*depth, window.height, window.width])
            }
            &Self::CenterCropVolume(sides) => cut(sides),
            _ => Ok(shape),
        }
    }

    /// Writes what becomes of the image `from` to `to`, which has the output's volume.
    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8], spare: &mut Vec<u8>) {
        match self {
            Self::DepthFlip => {
                let axes = [0, 1, 2];
                let reversed = [true, false, false];
                return Orientation { axes, reversed }.apply(from, shape, to);
            }
            &Self::Rot90Plane(quarters, plane) => {
                return Orientation::turned(quarters, plane).apply(from, shape, to);
            }
            Self::CubicSymmetry(orientation) => return orientation.apply(from, shape, to),
            Self::CropVolume(cuboid) => return cuboid.cut(from, shape, to),
            &Self::CenterCropVolume(sides) => {
                return Cuboid::center(sides, shape).cut(from, shape, to);
            }
            _ => {}
        }
        // A volume goes channel by channel, the slices of each as planes of one image.
        let (parts, planes) = match shape.depth {
            None => (1, shape),
            Some(depth) => {
                let (channels, depth) = (depth, None);
                let planes = Shape {
                    channels,
                    depth,
                    ..shape
                };
                (shape.channels, planes)
            }
        };
        let cut = to.len() / parts;
        for part in 0..parts {
            let filled = shape.depth.and_then(|_| self.filled_as(part));
            let (from, to) = (&from[part * planes.volume()..], &mut to[part * cut..]);
            let op = filled.as_ref().unwrap_or(self);
            op.apply_to_planes(&from[..planes.volume()], planes, &mut to[..cut], spare);
        }
    }

    /// The same, filling all planes as it fills that of a channel; none if it fills none.
    fn filled_as(&self, channel: usize) -> Option<Self> {
        let sampled = |sampling: &Sampling| Sampling {
            fill: match &sampling.fill[..] {
                [] => Vec::new(),
                fill => vec![of_channel(fill, channel)],
            },
            ..*sampling
        };
        match self {
            Self::Erase(window, value) => {
                Some(Self::Erase(*window, vec![of_channel(value, channel)]))
            }
            Self::Rotate {
                angle,
                center,
                sampling,
            } => Some(Self::Rotate {
                angle: *angle,
                center: *center,
                sampling: sampled(sampling),
            }),
            Self::Affine(motion, sampling) => Some(Self::Affine(*motion, sampled(sampling))),
            _ => None,
        }
    }

    #[inline(always)]
    fn apply_to_planes(&self, from: &[u8], shape: Shape, to: &mut [u8], spare: &mut Vec<u8>) {
        match self {
            Self::HorizontalFlip => turn(2, true, from, shape, to),
            Self::VerticalFlip => turn(0, true, from, shape, to),
            Self::Crop(window) => window.cut(from, shape, &[0.0], to),
            &Self::CenterCrop(height, width) => {
                Window::center(height, width, shape).cut(from, shape, &[0.0], to);
            }
            Self::Pad(margins, border) => margins.pad(from, shape, border, to),
            Self::Erase(window, value) => window.erase(from, shape, value, to),
            Self::Rot90(quarters) => turn(*quarters, false, from, shape, to),
            Self::Rotate {
                angle,
                center,
                sampling,
            } => match grid::quarters(*angle, *center, shape) {
                Some(quarters) => turn(quarters, false, from, shape, to),
                None => {
                    let motion = Motion::rotation(*angle, *center);
                    sampling.apply(&motion, from, shape, to, spare);
                }
            },
            Self::Affine(motion, sampling) => sampling.apply(motion, from, shape, to, spare),
            Self::Resize(resize) => resize.apply(from, shape, to),
            Self::ResizedCrop(window, resize) => {
                let cut = Shape {
                    height: window.height,
                    width: window.width,
                    ..shape
                };
                let mut planes = vec![0; cut.volume()];
                window.cut(from, shape, &[0.0], &mut planes);
                resize.apply(&planes, cut, to);
            }
            // Those of volumes alone are done.
            Self::DepthFlip
            | Self::Rot90Plane(..)
            | Self::CubicSymmetry(_)
            | Self::CropVolume(_)
            | Self::CenterCropVolume(_) => {}
        }
    }
}

/// The largest side, and the largest plane, that an op makes.
const MAX_SIDE: usize = 1 << 23;
const MAX_AREA: usize = 1 << 31;

fn check_size(op: &'static str, (height, width): (usize, usize)) -> Result<(), Error> {
    let sides = 1..=MAX_SIDE;
    if sides.contains(&height) && sides.contains(&width) && height * width < MAX_AREA {
        return Ok(());
    }
    Err(Error::Parameter {
        op,
        expected: format!("sides of 1 to {MAX_SIDE} and fewer than {MAX_AREA} pixels"),
        got: format!("{height} x {width}"),
    })
}

/// Whether `values` are one value of a byte's range, or one for each channel.
fn check_bytes(
    op: &'static str,
    name: &'static str,
    values: &[f64],
    shape: Shape,
) -> Result<(), Error> {
    if values.len() != 1 && values.len() != shape.channels {
        return Err(Error::Parameter {
            op,
            expected: format!(
                "{name} as one number, or {} for the channels",
                shape.channels
            ),
            got: format!("{} numbers", values.len()),
        });
    }
    match values.iter().find(|value| !(0.0..=255.0).contains(*value)) {
        None => Ok(()),
        Some(value) => Err(Error::Parameter {
            op,
            expected: format!("{name} from 0 to 255"),
            got: value.to_string(),
        }),
    }
}

/// The value of a channel, where there is one for all or one for each.
#[inline(always)]
fn of_channel<T: Copy>(values: &[T], channel: usize) -> T {
    values[if values.len() == 1 { 0 } else { channel }]
}

/// Turns by quarters against the clock, after a reflection of top and bottom where asked for.
#[inline(always)]
fn turn(quarters: i64, reflect: bool, from: &[u8], shape: Shape, to: &mut [u8]) {
    let (area, width) = (shape.area(), shape.width);
    let half = matches!(quarters.rem_euclid(4), 2 | 3);
    if quarters % 2 == 0 {
        let flips = Flips {
            horizontal: half,
            vertical: half != reflect,
        };
        return flips.turn(from, area, width, to);
    }
    // Column x of the image becomes a line: the last one first, or its mirror image.
    let height = shape.height;
    for (plane, turned) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
        for (number, line) in turned.chunks_exact_mut(height).enumerate() {
            if half {
                let column = plane[number..].iter().step_by(width);
                for (byte, &pixel) in line.iter_mut().rev().zip(column) {
                    *byte = pixel;
                }
            } else {
                let column = plane[width - 1 - number..].iter().step_by(width);
                for (byte, &pixel) in line.iter_mut().zip(column) {
                    *byte = pixel;
                }
            }
        }
    }
}
