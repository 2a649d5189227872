//! What pixels hold: tone, colour and sharpness.

use super::Shape;
use crate::transforms::error::Error;
use crate::transforms::tone::Tone;

/// A change of what pixels hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Color {
    /// `adjust_brightness` by a factor.
    Brightness(f64),
    /// `adjust_contrast` by a factor.
    Contrast(f64),
}

impl Color {
    /// The op of this name and these parameters, if it is one of this file.
    pub(super) fn named(name: &str, values: &[f64]) -> Option<Self> {
        Some(match (name, values) {
            ("adjust_brightness", &[factor]) => Self::Brightness(factor),
            ("adjust_contrast", &[factor]) => Self::Contrast(factor),
            _ => return None,
        })
    }

    /// Whether this is defined for images of `shape`.
    pub(super) fn check(&self, shape: Shape) -> Result<(), Error> {
        let (op, factor) = match *self {
            Self::Brightness(factor) => ("adjust_brightness", factor),
            Self::Contrast(factor) => ("adjust_contrast", factor),
        };
        if !(0.0..=f64::from(f32::MAX)).contains(&factor) {
            return Err(Error::Parameter {
                op,
                expected: "a factor of 0 or more, finite in float32".to_owned(),
                got: factor.to_string(),
            });
        }
        if !matches!(shape.channels, 1 | 3) {
            return Err(Error::Channels {
                op,
                expected: "1 or 3",
                channels: shape.channels,
            });
        }
        Ok(())
    }

    /// Writes what becomes of the image `from` to `to`, of the same shape.
    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        to.copy_from_slice(from);
        let tone = match *self {
            Self::Brightness(factor) => Tone::Brightness(factor),
            Self::Contrast(factor) => Tone::Contrast(factor),
        };
        tone.blend(from, shape.channels, &[]).apply_to(to);
    }
}
