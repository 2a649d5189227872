//! Ops that change where pixels are, by their names in Python.

use crate::transforms::ops::Op;
use crate::transforms::ops::{
    Border, Cuboid, Filter, Geometry, Interpolation, Margins, Motion, Orientation, Resize,
    Sampling, Window,
};

/// The op of this name and these parameters, if it is one of this file.
pub(super) fn parse(name: &str, values: &[f64]) -> Option<Op> {
    Some(Op::Geometry(match (name, values) {
        ("horizontal_flip", &[]) => Geometry::HorizontalFlip,
        ("vertical_flip", &[]) => Geometry::VerticalFlip,
        ("crop", &[top, left, height, width]) => Geometry::Crop(window(top, left, height, width)?),
        ("center_crop", &[height, width]) => Geometry::CenterCrop(size(height)?, size(width)?),
        ("pad", &[left, top, right, bottom, mode, ref fill @ ..]) => Geometry::Pad(
            Margins {
                left: whole(left)?,
                top: whole(top)?,
                right: whole(right)?,
                bottom: whole(bottom)?,
            },
            match whole(mode)? {
                0 => Border::Constant(fill.to_vec()),
                1 => Border::Edge,
                2 => Border::Reflect,
                3 => Border::Symmetric,
                _ => return None,
            },
        ),
        ("erase", &[top, left, height, width, ref value @ ..]) => {
            Geometry::Erase(window(top, left, height, width)?, value.to_vec())
        }
        ("crop", &[front, top, left, depth, height, width]) => Geometry::CropVolume(Cuboid {
            front: whole(front)?,
            depth: size(depth)?,
            window: window(top, left, height, width)?,
        }),
        ("center_crop", &[depth, height, width]) => {
            Geometry::CenterCropVolume([size(depth)?, size(height)?, size(width)?])
        }
        ("depth_flip", &[]) => Geometry::DepthFlip,
        ("rot90", &[quarters, first, second]) => {
            let plane = (size(first)?, size(second)?);
            let fits = plane.0 < 3 && plane.1 < 3 && plane.0 != plane.1;
            Geometry::Rot90Plane(whole(quarters)?, fits.then_some(plane)?)
        }
        ("cubic_symmetry", &[number]) => Geometry::CubicSymmetry(Orientation::numbered(
            whole(number).and_then(|number| u8::try_from(number).ok())?,
        )?),
        ("rot90", &[quarters]) => Geometry::Rot90(whole(quarters)?),
        ("rotate", &[angle, mode, x, y, ref fill @ ..]) => Geometry::Rotate {
            angle,
            center: center(x, y),
            sampling: sampling(mode, fill)?,
        },
        (
            "affine",
            &[
                angle,
                right,
                down,
                scale,
                shear_x,
                shear_y,
                mode,
                x,
                y,
                ref fill @ ..,
            ],
        ) => Geometry::Affine(
            Motion {
                angle,
                translate: (right, down),
                scale,
                shear: (shear_x, shear_y),
                center: center(x, y),
            },
            sampling(mode, fill)?,
        ),
        ("resize", &[height, width, filter]) => Geometry::Resize(resize(height, width, filter)?),
        ("resized_crop", &[top, left, height, width, to_height, to_width, filter]) => {
            Geometry::ResizedCrop(
                window(top, left, height, width)?,
                resize(to_height, to_width, filter)?,
            )
        }
        _ => return None,
    }))
}

/// Python has checked that these are whole numbers, and none is so large that it loses a digit.
fn whole(value: f64) -> Option<i64> {
    (value.trunc() == value && value.abs() <= f64::from(1u32 << 31)).then_some(value as i64)
}

/// A negative side is none: 0, which the op refuses.
fn size(value: f64) -> Option<usize> {
    whole(value).map(|value| usize::try_from(value).unwrap_or(0))
}

fn window(top: f64, left: f64, height: f64, width: f64) -> Option<Window> {
    Some(Window {
        top: whole(top)?,
        left: whole(left)?,
        height: size(height)?,
        width: size(width)?,
    })
}

fn center(x: f64, y: f64) -> Option<(f64, f64)> {
    (!x.is_nan() && !y.is_nan()).then_some((x, y))
}

fn sampling(mode: f64, fill: &[f64]) -> Option<Sampling> {
    let interpolation = match whole(mode)? {
        0 => Interpolation::Nearest,
        1 => Interpolation::Bilinear,
        _ => return None,
    };
    Some(Sampling {
        interpolation,
        fill: fill.to_vec(),
    })
}

fn resize(height: f64, width: f64, filter: f64) -> Option<Resize> {
    Some(Resize {
        height: size(height)?,
        width: size(width)?,
        filter: match whole(filter)? {
            0 => Filter::Nearest,
            1 => Filter::Bilinear,
            2 => Filter::Antialias,
            _ => return None,
        },
    })
}
