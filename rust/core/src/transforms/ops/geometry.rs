//! Where pixels are: flips, crops, rotations, resizing.

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
}

impl Geometry {
    /// The op of this name and these parameters, if it is one of this file.
    pub(super) fn named(name: &str, values: &[f64]) -> Option<Self> {
        Some(match (name, values) {
            ("horizontal_flip", &[]) => Self::HorizontalFlip,
            ("vertical_flip", &[]) => Self::VerticalFlip,
            _ => return None,
        })
    }

    /// The shape that an image of `shape` gets.
    pub(super) fn output_shape(&self, shape: Shape) -> Result<Shape, Error> {
        match self {
            Self::HorizontalFlip | Self::VerticalFlip => Ok(shape),
        }
    }

    /// Writes what becomes of the image `from` to `to`, which has the output's volume.
    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        let flips = Flips {
            horizontal: matches!(self, Self::HorizontalFlip),
            vertical: matches!(self, Self::VerticalFlip),
        };
        flips.turn(from, shape.area(), shape.width, to);
    }
}
