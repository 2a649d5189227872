//! Rotations and affine maps: where each pixel comes from, and what is there.
//!
//! The float32 operations are those of torch: the grid multiplies and adds in two roundings, the
//! position in the image and the sum of four weighted pixels are fused.

#[cfg(target_arch = "x86_64")]
mod avx2;

use super::{Shape, check_bytes, of_channel};
use crate::transforms::error::Error;

/// How the value at a place between pixels is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interpolation {
    /// The nearest pixel; the even one of two.
    Nearest,
    /// Between the four pixels around.
    Bilinear,
}

/// How values are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Between pixels.
    pub interpolation: Interpolation,
    /// Beside the image: one value, one for each channel, or none, which counts as black pixels.
    pub fill: Vec<f64>,
}

/// An affine map of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// In degrees, with the clock.
    pub angle: f64,
    /// In pixels, to the right and down.
    pub translate: (f64, f64),
    /// By which sizes are multiplied.
    pub scale: f64,
    /// In degrees, along x and y.
    pub shear: (f64, f64),
    /// What stays where it is, (x, y) in pixels from the top left corner; the middle if none.
    pub center: Option<(f64, f64)>,
}

/// The quarter turns that a rotation comes to, if it needs no sampling.
#[inline(always)]
pub(super) fn quarters(angle: f64, center: Option<(f64, f64)>, shape: Shape) -> Option<i64> {
    let square = shape.height == shape.width;
    let angle = turned(angle);
    [0.0, 90.0, 180.0, 270.0]
        .into_iter()
        .zip(0..)
        .find(|&(quarter, count)| {
            center.is_none() && angle == quarter && (square || count % 2 == 0)
        })
        .map(|(_, count)| count)
}

/// An angle in [0, 360), as Python's remainder has it.
#[inline(always)]
fn turned(angle: f64) -> f64 {
    let rest = angle % 360.0;
    if rest < 0.0 { rest + 360.0 } else { rest }
}

pub(super) fn check_finite(
    op: &'static str,
    what: &'static str,
    values: &[f64],
) -> Result<(), Error> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(Error::Parameter {
            op,
            expected: format!("{what} that is finite"),
            got: value.to_string(),
        }),
    }
}

impl Motion {
    /// A rotation against the clock.
    #[inline(always)]
    pub(super) fn rotation(angle: f64, center: Option<(f64, f64)>) -> Self {
        Self {
            angle: -turned(angle),
            translate: (0.0, 0.0),
            scale: 1.0,
            shear: (0.0, 0.0),
            center,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let op = "affine";
        check_finite(op, "an angle", &[self.angle])?;
        check_finite(op, "a translation", &<[f64; 2]>::from(self.translate))?;
        check_finite(op, "a shear", &<[f64; 2]>::from(self.shear))?;
        check_finite(op, "a center", &self.center.map_or([0.0; 2], Into::into))?;
        if self.scale > 0.0 && self.scale.is_finite() {
            return Ok(());
        }
        Err(Error::Parameter {
            op,
            expected: "a finite scale above 0".to_owned(),
            got: self.scale.to_string(),
        })
    }

    /// The map from the result's pixels to the image's, both counted from the middle.
    #[inline(always)]
    fn inverse(&self, shape: Shape) -> [[f64; 3]; 2] {
        let rot = radians(self.angle);
        let (shear_x, shear_y) = (radians(self.shear.0), radians(self.shear.1));
        let (center_x, center_y) = self.center.map_or((0.0, 0.0), |(x, y)| {
            (x - shape.width as f64 * 0.5, y - shape.height as f64 * 0.5)
        });
        let (cos_y, tan_x) = (shear_y.cos(), shear_x.tan());
        let moved_x = center_x + self.translate.0;
        let moved_y = center_y + self.translate.1;

        let a = (rot - shear_y).cos() / cos_y;
        let b = -(a * tan_x + rot.sin());
        let c = (rot - shear_y).sin() / cos_y;
        let d = rot.cos() - c * tan_x;

        let (xx, xy) = (d / self.scale, -b / self.scale);
        let (yx, yy) = (-c / self.scale, a / self.scale);
        [
            [xx, xy, center_x - xx * moved_x - xy * moved_y],
            [yx, yy, center_y - yx * moved_x - yy * moved_y],
        ]
    }
}

#[inline(always)]
fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

/// So many positions are worked on together.
const LANES: usize = 8;

type Lanes = [f32; LANES];

/// Columns and lines around the copies that pixels are read from: two, so that any four pixels beside
/// the image have a place there.
const MARGIN: usize = 2;

impl Sampling {
    pub(super) fn check(&self, op: &'static str, shape: Shape) -> Result<(), Error> {
        if self.fill.is_empty() {
            return Ok(());
        }
        check_bytes(op, "fill", &self.fill, shape)
    }

    /// `spare` is used as room for a copy of the image.
    #[inline(always)]
    pub(super) fn apply(
        &self,
        motion: &Motion,
        from: &[u8],
        shape: Shape,
        to: &mut [u8],
        spare: &mut Vec<u8>,
    ) {
        let grid = Grid::new(motion, shape);
        match self.interpolation {
            Interpolation::Nearest => {
                self.frame(from, shape, spare);
                nearest(&grid, spare, shape, to);
            }
            Interpolation::Bilinear => {
                double_lines(from, shape, spare);
                self.bilinear(&grid, spare, shape, to);
            }
        }
    }

    #[inline(always)]
    fn fill(&self, channel: usize) -> Option<f32> {
        if self.fill.is_empty() {
            return None;
        }
        Some(of_channel(&self.fill, channel) as f32)
    }

    #[inline(always)]
    fn bilinear(&self, grid: &Grid, framed: &[u8], shape: Shape, to: &mut [u8]) {
        let (area, width, frame) = (shape.area(), shape.width, 2 * framed_area(shape));
        #[cfg(target_arch = "x86_64")]
        if crate::simd::avx2() {
            // SAFETY: the processor has the features.
            return unsafe { avx2::bilinear(self, grid, framed, shape, to) };
        }
        for line in 0..shape.height {
            for chunk in 0..grid.columns.len() {
                let positions = grid.positions(line, chunk);
                let around = Around::new(&positions, shape);
                let length = width - chunk * LANES;
                let start = line * width + chunk * LANES;
                for channel in 0..shape.channels {
                    let mut values = around.blend(&framed[channel * frame..][..frame]);
                    if let Some(fill) = self.fill(channel) {
                        let cover = around.cover(&positions, shape);
                        for lane in 0..LANES {
                            values[lane] = (values[lane] - fill) * cover[lane] + fill;
                        }
                    }
                    let mut bytes = [0; LANES];
                    for lane in 0..LANES {
                        bytes[lane] = to_byte(values[lane]);
                    }
                    put(&bytes, &mut to[channel * area..][start..area], length);
                }
            }
        }
    }

    /// Makes copies of the planes with what is beside the image around each.
    #[inline(always)]
    fn frame(&self, from: &[u8], shape: Shape, framed: &mut Vec<u8>) {
        let (width, stride) = (shape.width, shape.width + 2 * MARGIN);
        framed.clear();
        framed.resize(framed_area(shape) * shape.channels, 0);
        let planes = from.chunks_exact(shape.area());
        let copies = framed.chunks_exact_mut(framed_area(shape));
        for (channel, (plane, copy)) in planes.zip(copies).enumerate() {
            if let Some(fill) = self.fill(channel) {
                copy.fill(to_byte(fill));
            }
            let copy = copy[MARGIN * stride + MARGIN..].chunks_mut(stride);
            for (line, copy) in plane.chunks_exact(width).zip(copy) {
                copy[..width].copy_from_slice(line);
            }
        }
    }
}

/// Fills `to` with the pixels of framed planes that are next to the places of the grid.
#[inline(always)]
fn nearest(grid: &Grid, framed: &[u8], shape: Shape, to: &mut [u8]) {
    let (area, width, frame) = (shape.area(), shape.width, framed_area(shape));
    let mut places = vec![[0; LANES]; grid.columns.len()];
    for line in 0..shape.height {
        for (chunk, places) in places.iter_mut().enumerate() {
            let [x, y] = grid.positions(line, chunk);
            for lane in 0..LANES {
                let (x, y) = (x[lane].round_ties_even(), y[lane].round_ties_even());
                places[lane] = framed_place(x, y, shape);
            }
        }
        for channel in 0..shape.channels {
            let plane = &framed[channel * frame..][..frame];
            let turned = &mut to[channel * area + line * width..][..width];
            for (byte, &place) in turned.iter_mut().zip(places.as_flattened()) {
                *byte = plane[place as usize];
            }
        }
    }
}

#[inline(always)]
fn framed_area(shape: Shape) -> usize {
    (shape.height + 2 * MARGIN) * (shape.width + 2 * MARGIN)
}

/// Where the pixels of the result are in the image.
struct Grid {
    /// What the columns contribute to x and y.
    columns: Vec<[Lanes; 2]>,
    /// What a line's number contributes to x and y.
    lines: [f32; 2],
    /// What is the same for all pixels.
    offsets: [f32; 2],
    /// Half the width and half the height.
    halves: [f32; 2],
    /// The middle line.
    middle: f32,
}

impl Grid {
    #[inline(always)]
    fn new(motion: &Motion, shape: Shape) -> Self {
        let halves = [shape.width as f32 * 0.5, shape.height as f32 * 0.5];
        let [x, y] = motion.inverse(shape);
        let factors = [x[0] as f32 / halves[0], y[0] as f32 / halves[1]];
        let middle = (shape.width - 1) as f32 * 0.5;
        let mut columns = vec![[[0.0; LANES]; 2]; shape.width.div_ceil(LANES)];
        for (chunk, [to_x, to_y]) in columns.iter_mut().enumerate() {
            for (lane, (to_x, to_y)) in to_x.iter_mut().zip(to_y).enumerate() {
                let column = (chunk * LANES + lane) as f32 - middle;
                *to_x = column * factors[0];
                *to_y = column * factors[1];
            }
        }
        Self {
            columns,
            lines: [x[1] as f32 / halves[0], y[1] as f32 / halves[1]],
            offsets: [x[2] as f32 / halves[0], y[2] as f32 / halves[1]],
            halves,
            middle: (shape.height - 1) as f32 * 0.5,
        }
    }

    /// Where the pixels of a chunk of a line are, x and y; a chunk may go on beyond the line's end.
    #[inline(always)]
    fn positions(&self, line: usize, chunk: usize) -> [Lanes; 2] {
        let line = line as f32 - self.middle;
        let mut positions = self.columns[chunk];
        for (axis, positions) in positions.iter_mut().enumerate() {
            let (line, offset) = (line * self.lines[axis], self.offsets[axis]);
            let half = self.halves[axis];
            for position in positions {
                let place = *position + line + offset;
                *position = (place + 1.0).mul_add(half, -0.5);
            }
        }
        positions
    }
}

/// Makes copies of the planes with black pixels around each, every pixel followed by the one below
/// it: so the four around a place lie in a row.
#[inline(always)]
fn double_lines(from: &[u8], shape: Shape, framed: &mut Vec<u8>) {
    let (width, stride) = (shape.width, 2 * (shape.width + 2 * MARGIN));
    framed.clear();
    framed.resize(2 * framed_area(shape) * shape.channels, 0);
    let planes = from.chunks_exact(shape.area());
    let copies = framed.chunks_exact_mut(2 * framed_area(shape));
    for (plane, copy) in planes.zip(copies) {
        for number in 0..=shape.height {
            let start = (MARGIN - 1 + number) * stride + 2 * MARGIN;
            let (pairs, _) = copy[start..][..2 * width].as_chunks_mut::<2>();
            if number == 0 {
                for (pair, &below) in pairs.iter_mut().zip(&plane[..width]) {
                    *pair = [0, below];
                }
            } else if number == shape.height {
                for (pair, &above) in pairs.iter_mut().zip(&plane[(number - 1) * width..]) {
                    *pair = [above, 0];
                }
            } else {
                let (above, below) = plane[(number - 1) * width..][..2 * width].split_at(width);
                for ((pair, &above), &below) in pairs.iter_mut().zip(above).zip(below) {
                    *pair = [above, below];
                }
            }
        }
    }
}

/// The four pixels around each position: north west, south west, north east, south east.
struct Around {
    weights: [Lanes; 4],
    /// Where the first of them is in the framed copy.
    places: [u32; LANES],
}

impl Around {
    #[inline(always)]
    fn new([x, y]: &[Lanes; 2], shape: Shape) -> Self {
        let mut found = Self {
            weights: [[0.0; LANES]; 4],
            places: [0; LANES],
        };
        for lane in 0..LANES {
            let (west, north) = (x[lane].floor(), y[lane].floor());
            let to_west = x[lane] - west;
            let to_north = y[lane] - north;
            let to_east = 1.0 - to_west;
            let to_south = 1.0 - to_north;
            found.weights[0][lane] = to_south * to_east;
            found.weights[1][lane] = to_north * to_east;
            found.weights[2][lane] = to_south * to_west;
            found.weights[3][lane] = to_north * to_west;
            found.places[lane] = framed_place(west, north, shape);
        }
        found
    }

    /// What is between the pixels of a plane with doubled lines.
    #[inline(always)]
    fn blend(&self, framed: &[u8]) -> Lanes {
        let mut words = [0; LANES];
        for (word, &place) in words.iter_mut().zip(&self.places) {
            let mut four = [0; 4];
            four.copy_from_slice(&framed[2 * place as usize..][..4]);
            *word = u32::from_le_bytes(four);
        }
        let mut values = [[0.0; LANES]; 4];
        for (number, values) in values.iter_mut().enumerate() {
            for lane in 0..LANES {
                values[lane] = (words[lane] >> (8 * number) & 0xff) as i32 as f32;
            }
        }
        self.sum(&values)
    }

    /// What is there of an image of ones.
    #[inline(always)]
    fn cover(&self, [x, y]: &[Lanes; 2], shape: Shape) -> Lanes {
        let mut inside = [[0.0; LANES]; 4];
        let (right, bottom) = (shape.width as f32, shape.height as f32);
        for lane in 0..LANES {
            let [at_west, at_east] = within(x[lane].floor(), right);
            let [at_north, at_south] = within(y[lane].floor(), bottom);
            inside[0][lane] = at_north * at_west;
            inside[1][lane] = at_south * at_west;
            inside[2][lane] = at_north * at_east;
            inside[3][lane] = at_south * at_east;
        }
        self.sum(&inside)
    }

    /// In torch's order, which takes the east before the south.
    #[inline(always)]
    fn sum(&self, values: &[Lanes; 4]) -> Lanes {
        let mut sums = [0.0; LANES];
        for lane in 0..LANES {
            let sum = values[0][lane] * self.weights[0][lane];
            let sum = values[2][lane].mul_add(self.weights[2][lane], sum);
            let sum = values[1][lane].mul_add(self.weights[1][lane], sum);
            sums[lane] = values[3][lane].mul_add(self.weights[3][lane], sum);
        }
        sums
    }
}

/// 1 if the pixel `at`, and the one after it, is in the image, which ends before `end`; else 0.
#[inline(always)]
fn within(at: f32, end: f32) -> [f32; 2] {
    let this = (at >= 0.0) & (at < end);
    let next = (at >= -1.0) & (at < end - 1.0);
    [if this { 1.0 } else { 0.0 }, if next { 1.0 } else { 0.0 }]
}

/// Puts the first `length` bytes at the start of `to`, or more: what goes beyond a line, the next line
/// overwrites.
#[inline(always)]
fn put(bytes: &[u8; LANES], to: &mut [u8], length: usize) {
    match to.first_chunk_mut() {
        Some(all) => *all = *bytes,
        None => {
            let length = length.min(LANES);
            to[..length].copy_from_slice(&bytes[..length]);
        }
    }
}

/// Where the pixel (x, y) is in a framed plane; for those beside the image, a place in the margin.
#[inline(always)]
fn framed_place(x: f32, y: f32, shape: Shape) -> u32 {
    let stride = (shape.width + 2 * MARGIN) as u32;
    beside(y, shape.height as f32) * stride + beside(x, shape.width as f32)
}

/// A coordinate from the frame's start, of the frame's where it is not in the image.
#[inline(always)]
fn beside(at: f32, end: f32) -> u32 {
    let margin = MARGIN as f32;
    // Comparisons that NaN fails: it counts as beside the image.
    let at = if at > -margin { at } else { -margin };
    let at = if at < end { at } else { end };
    // SAFETY: from 0 to the side and the margin, which fit an i32.
    unsafe { (at + margin).to_int_unchecked::<i32>() as u32 }
}

/// The cast to a byte, rounded; NaN, which only overflow can give, becomes 0 as there.
#[inline(always)]
fn to_byte(value: f32) -> u8 {
    let value = value.round_ties_even();
    let value = if value > 0.0 { value } else { 0.0 };
    let value = if value < 255.0 { value } else { 255.0 };
    // SAFETY: a byte's range fits an i32.
    unsafe { value.to_int_unchecked::<i32>() as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_quarters_need_no_sampling() {
        let square = Shape {
            channels: 1,
            depth: None,
            height: 3,
            width: 3,
        };
        let wide = Shape { width: 4, ..square };
        for (angle, count) in [(0.0, 0), (-270.0, 1), (540.0, 2), (270.0, 3)] {
            assert_eq!(quarters(angle, None, square), Some(count));
            let even = count % 2 == 0;
            assert_eq!(quarters(angle, None, wide), even.then_some(count));
            assert_eq!(quarters(angle, Some((1.5, 1.5)), square), None);
        }
        assert_eq!(quarters(45.0, None, square), None);
    }

    #[test]
    fn no_position_is_read_outside_the_frame() {
        let shape = Shape {
            channels: 1,
            depth: None,
            height: 3,
            width: 5,
        };
        let stride = (shape.width + 2 * MARGIN) as u32;
        let ends = [
            f32::NEG_INFINITY,
            -9.0,
            -2.0,
            -1.0,
            0.0,
            2.0,
            3.0,
            5.0,
            1e30,
        ];
        for x in ends.into_iter().chain([f32::NAN, f32::INFINITY]) {
            for y in ends.into_iter().chain([f32::NAN, f32::INFINITY]) {
                let place = framed_place(x, y, shape) + stride + 1;
                assert!((place as usize) < framed_area(shape), "({x}, {y})");
            }
        }
    }
}
