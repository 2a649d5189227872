//! What transforms come to once their parameters are known: one image in, one image out.

mod color;
mod geometry;
mod mix;
mod named;

pub use color::{Color, Noise};
pub use geometry::{
    Border, Cuboid, Filter, Geometry, Interpolation, Margins, Motion, Orientation, Resize,
    Sampling, Window,
};
pub use mix::Mixture;
pub use named::Named;
pub(super) use named::Step;

use super::batch::render_rows;
use super::error::Error;
use super::images::{Images, volume};
use crate::parallel::Interrupt;
#[cfg(target_arch = "x86_64")]
use crate::simd;

/// The shape of one image or volume, whose planes lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// 1 for gray, 3 for RGB.
    pub channels: usize,
    /// The number of slices of a volume; none for an image.
    pub depth: Option<usize>,
    /// The number of lines.
    pub height: usize,
    /// The length of a line.
    pub width: usize,
}

impl Shape {
    /// The shape of every image of a batch.
    #[must_use]
    pub fn of(images: &Images<'_>) -> Self {
        let [_, lines, width, channels] = images.shape();
        let depth = images.depth();
        Self {
            channels,
            depth,
            height: lines / depth.unwrap_or(1),
            width,
        }
    }

    /// Lines in a plane, those of all slices.
    #[must_use]
    pub fn lines(self) -> usize {
        self.depth.unwrap_or(1) * self.height
    }

    /// Pixels in a plane.
    #[must_use]
    pub fn area(self) -> usize {
        self.lines() * self.width
    }

    /// Bytes in an image.
    #[must_use]
    pub fn volume(self) -> usize {
        self.area() * self.channels
    }
}

/// A function of one image, equal to torchvision.transforms.v2.functional's of the same name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// Changes what pixels hold.
    Color(Color),
    /// Changes where pixels are.
    Geometry(Geometry),
    /// Mixes an image with what becomes of it.
    Mix(Mixture),
}

impl Op {
    /// The shape that an image of `shape` gets.
    ///
    /// # Errors
    /// A parameter outside its range, or an image that this is not defined for.
    pub fn output_shape(&self, shape: Shape) -> Result<Shape, Error> {
        match self {
            Self::Color(color) => color.output_shape(shape),
            Self::Geometry(geometry) => geometry.output_shape(shape),
            Self::Mix(_) => Ok(shape),
        }
    }

    /// Writes what becomes of the image `from` to `to`, which has the output's volume. Some ops use
    /// `spare` as room.
    ///
    /// A call of its own and not inlined: the code of all ops is compiled twice, not for every
    /// place that applies them.
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8], spare: &mut Vec<u8>) {
        #[cfg(target_arch = "x86_64")]
        if simd::avx2() {
            // SAFETY: the processor has the features.
            return unsafe { self.apply_avx2(from, shape, to, spare) };
        }
        self.apply_portable(from, shape, to, spare);
    }

    /// The same code as `apply_portable`: inlined here, it is compiled to wider instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn apply_avx2(&self, from: &[u8], shape: Shape, to: &mut [u8], spare: &mut Vec<u8>) {
        self.apply_portable(from, shape, to, spare);
    }

    #[inline(always)]
    fn apply_portable(&self, from: &[u8], shape: Shape, to: &mut [u8], spare: &mut Vec<u8>) {
        match self {
            Self::Color(color) => color.apply(from, shape, to),
            Self::Geometry(geometry) => geometry.apply(from, shape, to, spare),
            Self::Mix(mixture) => mixture.apply(from, shape, to),
        }
    }
}

/// Applies one op to all images, or to each its own, and writes them to `out` in the order
/// (N, H, W, C).
///
/// # Errors
/// Parameters, numbers of ops, or an `out` that do not fit, all found before anything is written.
/// Otherwise [`Error::Interrupted`] alone.
pub fn apply(
    ops: &[Op],
    images: &Images<'_>,
    out: &mut [u8],
    threads: Option<usize>,
    interrupt: Interrupt<'_>,
) -> Result<(), Error> {
    let [rows, ..] = images.shape();
    let from = Shape::of(images);
    let to = output_shape(ops, images)?;
    let expected = volume([rows, to.lines(), to.width, to.channels])?;
    if out.len() != expected {
        return Err(Error::Length {
            what: "out",
            expected,
            got: out.len(),
        });
    }
    if out.is_empty() {
        return Ok(());
    }
    if from.volume() == 0 {
        return Err(Error::NoPixels {
            shape: images.shape(),
        });
    }
    let batch = Batch {
        ops,
        images,
        from,
        to,
    };
    let work = from.volume().max(to.volume());
    render_rows(out, to.volume(), work, threads, interrupt, |first, out| {
        batch.render(first, out);
    })
}

/// The shape that every image gets.
///
/// # Errors
/// A parameter outside its range, images that an op is not defined for, or ops of different output.
pub fn output_shape(ops: &[Op], images: &Images<'_>) -> Result<Shape, Error> {
    let [rows, ..] = images.shape();
    if ops.len() != 1 && ops.len() != rows {
        return Err(Error::Length {
            what: "the parameters, one for all images or one for each,",
            expected: rows,
            got: ops.len(),
        });
    }
    let from = Shape::of(images);
    let mut shapes = ops.iter().map(|op| op.output_shape(from));
    let Some(first) = shapes.next() else {
        return Ok(from);
    };
    let first = first?;
    for (row, shape) in shapes.enumerate() {
        if shape? != first {
            return Err(Error::Parameter {
                op: "functional",
                expected: "parameters that give all images one size".to_owned(),
                got: format!("another size for image {}", row + 1),
            });
        }
    }
    Ok(first)
}

struct Batch<'a> {
    ops: &'a [Op],
    images: &'a Images<'a>,
    from: Shape,
    to: Shape,
}

impl Batch<'_> {
    fn render(&self, first: usize, out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if simd::avx2() {
            // SAFETY: the processor has the features.
            return unsafe { self.render_avx2(first, out) };
        }
        self.render_portable(first, out);
    }

    /// The same code as `render_portable`: inlined here, it is compiled to wider instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn render_avx2(&self, first: usize, out: &mut [u8]) {
        self.render_portable(first, out);
    }

    #[inline(always)]
    fn render_portable(&self, first: usize, out: &mut [u8]) {
        let mut copied = vec![0; self.from.volume()];
        let mut planes = vec![0; self.to.volume()];
        let mut spare = Vec::new();
        for (number, out) in out.chunks_exact_mut(self.to.volume()).enumerate() {
            let row = first + number;
            let from = match self.images.planes_in_order(row) {
                Some(planes) => planes,
                None => {
                    self.images.copy_planes(row, &mut copied);
                    &copied
                }
            };
            let op = &self.ops[if self.ops.len() == 1 { 0 } else { row }];
            op.apply(from, self.from, &mut planes, &mut spare);
            interleave(&planes, self.to.channels, out);
        }
    }
}

/// Writes planes pixel by pixel.
#[inline(always)]
fn interleave(planes: &[u8], channels: usize, out: &mut [u8]) {
    if channels == 1 {
        return out.copy_from_slice(planes);
    }
    let area = planes.len() / channels;
    if channels == 3 {
        let (red, rest) = planes.split_at(area);
        let (green, blue) = rest.split_at(area);
        for (place, pixel) in out.chunks_exact_mut(3).enumerate() {
            pixel[0] = red[place];
            pixel[1] = green[place];
            pixel[2] = blue[place];
        }
        return;
    }
    for (channel, plane) in planes.chunks_exact(area).enumerate() {
        for (pixel, &byte) in out.chunks_exact_mut(channels).zip(plane) {
            pixel[channel] = byte;
        }
    }
}
