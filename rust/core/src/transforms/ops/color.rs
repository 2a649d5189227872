//! What pixels hold: tone, colour and sharpness.

mod blur;
mod gamma;
mod hue;
mod levels;
mod noise;
mod power;
mod sharpness;

pub use noise::Noise;

use super::Shape;
use crate::transforms::error::Error;
use crate::transforms::tone::{self, Tone};

/// A change of what pixels hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Color {
    /// `adjust_brightness` by a factor.
    Brightness(f64),
    /// `adjust_contrast` by a factor.
    Contrast(f64),
    /// `adjust_saturation` by a factor.
    Saturation(f64),
    /// `adjust_hue` by a part of a turn.
    Hue(f64),
    /// `adjust_sharpness` by a factor.
    Sharpness(f64),
    /// `adjust_gamma`.
    Gamma {
        /// The exponent.
        gamma: f64,
        /// The factor after it.
        gain: f64,
    },
    /// `gaussian_blur`.
    GaussianBlur {
        /// Width and height, odd.
        kernel: [usize; 2],
        /// Horizontal and vertical.
        sigmas: [f64; 2],
    },
    /// `gaussian_noise`.
    GaussianNoise(Noise),
    /// `invert`.
    Invert,
    /// `posterize` to so many bits, a whole number.
    Posterize(f64),
    /// `solarize` from a threshold on.
    Solarize(f64),
    /// `autocontrast`.
    Autocontrast,
    /// `equalize`.
    Equalize,
    /// `rgb_to_grayscale`.
    Grayscale {
        /// 1, or 3 equal ones.
        channels: usize,
    },
}

/// Below it the weights of a Gaussian are no numbers in float32.
const SMALLEST_SIGMA: f64 = 1e-20;

impl Color {
    /// The shape that an image of `shape` gets.
    ///
    /// # Errors
    /// A parameter outside its range, or a number of channels that this is not defined for.
    pub(super) fn output_shape(&self, shape: Shape) -> Result<Shape, Error> {
        let of_channels = match self {
            Self::Gamma { .. }
            | Self::GaussianBlur { .. }
            | Self::GaussianNoise(_)
            | Self::Invert
            | Self::Posterize(_)
            | Self::Solarize(_)
            | Self::Equalize => false,
            Self::Brightness(_)
            | Self::Contrast(_)
            | Self::Saturation(_)
            | Self::Hue(_)
            | Self::Sharpness(_)
            | Self::Autocontrast
            | Self::Grayscale { .. } => true,
        };
        if of_channels && !matches!(shape.channels, 1 | 3) {
            return Err(Error::Channels {
                op: self.name(),
                expected: "1 or 3",
                channels: shape.channels,
            });
        }
        if shape.depth.is_some() && matches!(self, Self::GaussianBlur { .. } | Self::Sharpness(_)) {
            return Err(Error::NoVolumes { op: self.name() });
        }
        self.check_parameters(shape)?;
        Ok(match *self {
            Self::Grayscale { channels } => Shape { channels, ..shape },
            _ => shape,
        })
    }

    fn check_parameters(&self, shape: Shape) -> Result<(), Error> {
        let check = |sound: bool, expected: &str, got: &dyn ToString| {
            if sound {
                return Ok(());
            }
            Err(Error::Parameter {
                op: self.name(),
                expected: expected.to_owned(),
                got: got.to_string(),
            })
        };
        match *self {
            Self::Brightness(factor)
            | Self::Contrast(factor)
            | Self::Saturation(factor)
            | Self::Sharpness(factor) => check(
                (0.0..=f64::from(f32::MAX)).contains(&factor),
                "a factor of 0 or more, finite in float32",
                &factor,
            ),
            Self::Gamma { gamma, gain } => {
                check(
                    (0.0..=f64::from(f32::MAX)).contains(&gamma),
                    "a gamma of 0 or more, finite in float32",
                    &gamma,
                )?;
                check(
                    gain.abs() <= f64::from(f32::MAX),
                    "a gain that is finite in float32",
                    &gain,
                )
            }
            Self::GaussianBlur { kernel, sigmas } => {
                for (length, pixels) in kernel.into_iter().zip([shape.width, shape.height]) {
                    check(length % 2 == 1, "a kernel_size of odd numbers", &length)?;
                    check(
                        shape.volume() == 0 || length / 2 < pixels,
                        &format!(
                            "a kernel_size below twice the {pixels} pixels that it runs along"
                        ),
                        &length,
                    )?;
                }
                sigmas.into_iter().try_for_each(|sigma| {
                    check(
                        (SMALLEST_SIGMA..=f64::from(f32::MAX)).contains(&sigma),
                        "a sigma above 0, finite in float32",
                        &sigma,
                    )
                })
            }
            Self::GaussianNoise(noise) => {
                check(
                    noise.mean.abs() <= Noise::LIMIT,
                    &format!("a mean from -{0} to {0}", Noise::LIMIT),
                    &noise.mean,
                )?;
                check(
                    (0.0..=Noise::LIMIT).contains(&noise.sigma),
                    &format!("a sigma from 0 to {}", Noise::LIMIT),
                    &noise.sigma,
                )
            }
            Self::Hue(turn) => check(
                (-0.5..=0.5).contains(&turn),
                "a factor in [-0.5, 0.5]",
                &turn,
            ),
            Self::Posterize(bits) => check(
                (0.0..=8.0).contains(&bits) && bits.fract() == 0.0,
                "bits as a whole number in [0, 8]",
                &bits,
            ),
            Self::Solarize(threshold) => {
                check(threshold <= 255.0, "a threshold of at most 255", &threshold)
            }
            Self::Grayscale { channels } => check(
                matches!(channels, 1 | 3),
                "1 or 3 output channels",
                &channels,
            ),
            Self::Invert | Self::Autocontrast | Self::Equalize => Ok(()),
        }
    }

    /// As in torchvision.
    fn name(&self) -> &'static str {
        match self {
            Self::Brightness(_) => "adjust_brightness",
            Self::Contrast(_) => "adjust_contrast",
            Self::Saturation(_) => "adjust_saturation",
            Self::Hue(_) => "adjust_hue",
            Self::Sharpness(_) => "adjust_sharpness",
            Self::Gamma { .. } => "adjust_gamma",
            Self::GaussianBlur { .. } => "gaussian_blur",
            Self::GaussianNoise(_) => "gaussian_noise",
            Self::Invert => "invert",
            Self::Posterize(_) => "posterize",
            Self::Solarize(_) => "solarize",
            Self::Autocontrast => "autocontrast",
            Self::Equalize => "equalize",
            Self::Grayscale { .. } => "rgb_to_grayscale",
        }
    }

    /// Writes what becomes of the image `from` to `to`, which has the output's volume.
    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        match *self {
            Self::Brightness(factor) => toned(Tone::Brightness(factor), from, shape, to),
            Self::Contrast(factor) => toned(Tone::Contrast(factor), from, shape, to),
            Self::Saturation(factor) => saturation(factor, from, shape, to),
            Self::Hue(turn) => hue::turned(turn, from, shape, to),
            Self::Sharpness(factor) => sharpness::sharpened(factor, from, shape, to),
            Self::Gamma { gamma, gain } => gamma::raised(gamma, gain, from, to),
            Self::GaussianBlur { kernel, sigmas } => {
                blur::blurred(kernel, sigmas, from, shape, to);
            }
            Self::GaussianNoise(noise) => noise.add(from, to),
            Self::Invert => levels::each(from, to, |byte| !byte),
            Self::Posterize(bits) => levels::posterized(bits, from, to),
            Self::Solarize(threshold) => levels::solarized(threshold, from, to),
            Self::Autocontrast => levels::stretched(from, shape, to),
            Self::Equalize => levels::equalized(from, shape, to),
            Self::Grayscale { .. } => grey(from, shape, to),
        }
    }
}

#[inline(always)]
fn toned(tone: Tone, from: &[u8], shape: Shape, to: &mut [u8]) {
    tone.blend(from, shape.channels).write_image(from, to);
}

/// Blends every pixel with its own grey. Added plane to plane, torch fuses all of it, unlike in
/// [`tone::unfused`].
#[inline(always)]
fn saturation(factor: f64, from: &[u8], shape: Shape, to: &mut [u8]) {
    let (ratio, alpha) = (factor as f32, (1.0 - factor) as f32);
    let Some([from_red, from_green, from_blue]) = rgb(from, shape) else {
        return to.copy_from_slice(from);
    };
    let [to_red, to_green, to_blue] = rgb_mut(to, shape);
    for at in 0..shape.area() {
        let red = f32::from(from_red[at]);
        let green = f32::from(from_green[at]);
        let blue = f32::from(from_blue[at]);
        let grey = tone::grey(red, green, blue).floor();
        to_red[at] = byte(grey.mul_add(alpha, red * ratio));
        to_green[at] = byte(grey.mul_add(alpha, green * ratio));
        to_blue[at] = byte(grey.mul_add(alpha, blue * ratio));
    }
}

/// Gives all planes of `to` the grey.
#[inline(always)]
fn grey(from: &[u8], shape: Shape, to: &mut [u8]) {
    let area = shape.area();
    let (first, others) = to.split_at_mut(area);
    if let Some([red, green, blue]) = rgb(from, shape) {
        for at in 0..area {
            let [red, green, blue] = [red[at], green[at], blue[at]];
            first[at] = byte(tone::grey(red.into(), green.into(), blue.into()));
        }
    } else {
        first.copy_from_slice(from);
    }
    for plane in others.chunks_exact_mut(area) {
        plane.copy_from_slice(first);
    }
}

// Loops over planes are written out: as closures they would be compiled without AVX2 and FMA.

/// The three planes of an image that has them.
#[inline(always)]
fn rgb(planes: &[u8], shape: Shape) -> Option<[&[u8]; 3]> {
    if shape.channels != 3 {
        return None;
    }
    let area = shape.area();
    let (red, rest) = planes.split_at(area);
    let (green, blue) = rest.split_at(area);
    Some([red, green, &blue[..area]])
}

#[inline(always)]
fn rgb_mut(planes: &mut [u8], shape: Shape) -> [&mut [u8]; 3] {
    let area = shape.area();
    let (red, rest) = planes.split_at_mut(area);
    let (green, blue) = rest.split_at_mut(area);
    [red, green, &mut blue[..area]]
}

/// The clamp to a byte's range and the cast, which drops the fraction.
#[inline(always)]
fn byte(value: f32) -> u8 {
    // SAFETY: the range of a byte.
    unsafe { tone::whole(tone::to_byte(value)) as u8 }
}
