//! Resizing, with torch's 16-bit weights.

use super::Shape;
use std::ops::Range;

/// How a resized image gets its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// The pixel at the scaled position.
    Nearest,
    /// Between the two nearest lines and columns.
    Bilinear,
    /// The same, with as many lines and columns as one of the result spans.
    Antialias,
}

/// A size to bring images to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The number of lines.
    pub height: usize,
    /// The length of a line.
    pub width: usize,
    /// How values are found.
    pub filter: Filter,
}

impl Resize {
    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        let area = self.height * self.width;
        let planes = from.chunks_exact(shape.area());
        let planes = planes.zip(to.chunks_exact_mut(area));
        if (self.height, self.width) == (shape.height, shape.width) {
            return to.copy_from_slice(from);
        }
        let antialias = match self.filter {
            Filter::Nearest => {
                let lines = nearest(shape.height, self.height);
                let columns: Vec<_> = nearest(shape.width, self.width).collect();
                for (line, y) in lines.enumerate() {
                    for (plane, resized) in from
                        .chunks_exact(shape.area())
                        .zip(to.chunks_exact_mut(area))
                    {
                        let source = &plane[y * shape.width..][..shape.width];
                        let target = &mut resized[line * self.width..][..self.width];
                        for (byte, &x) in target.iter_mut().zip(&columns) {
                            *byte = source[x];
                        }
                    }
                }
                return;
            }
            Filter::Bilinear => false,
            Filter::Antialias => true,
        };
        // Along the lines first, then along the columns, with bytes between them.
        let across =
            (self.width != shape.width).then(|| Axis::new(shape.width, self.width, antialias));
        let down =
            (self.height != shape.height).then(|| Axis::new(shape.height, self.height, antialias));
        let room = if across.is_some() { shape.height } else { 0 };
        let mut upright = vec![0; room * shape.width];
        let mut narrowed = vec![0; room * self.width];
        let mut turned = vec![0; if down.is_some() { room * self.width } else { 0 }];
        for (plane, resized) in planes {
            let mut lines = plane;
            if let Some(across) = &across {
                transpose(lines, shape.width, &mut upright);
                across.resize(&upright, shape.height, &mut narrowed);
                if down.is_none() {
                    transpose(&narrowed, shape.height, resized);
                    continue;
                }
                transpose(&narrowed, shape.height, &mut turned);
                lines = &turned;
            }
            match &down {
                Some(down) => down.resize(lines, self.width, resized),
                None => resized.copy_from_slice(lines),
            }
        }
    }
}

/// Which of `from` pixels each of `to` shows.
#[inline(always)]
fn nearest(from: usize, to: usize) -> impl Iterator<Item = usize> {
    let scale = from as f32 / to as f32;
    (0..to).map(move |at| ((at as f32 * scale) as usize).min(from - 1))
}

/// The weights of the pixels along one axis, for each of the result.
struct Axis {
    /// The pixels that each of the result is made of.
    sources: Vec<Range<usize>>,
    weights: Vec<i16>,
    /// How many weights each has room for.
    room: usize,
    /// The weights are whole multiples of 2 to the power of minus this.
    precision: u32,
}

impl Axis {
    #[inline(always)]
    fn new(from: usize, to: usize, antialias: bool) -> Self {
        let scale = from as f64 / to as f64;
        let support = if antialias { scale.max(1.0) } else { 1.0 };
        let room = if antialias {
            2 * support.ceil() as usize + 1
        } else {
            2
        };
        let mut exact = vec![0.0; to * room];
        let mut sources = Vec::with_capacity(to);
        let mut largest = 0.0;
        for (number, weights) in exact.chunks_exact_mut(room).enumerate() {
            let center = scale * (number as f64 + 0.5);
            sources.push(if antialias {
                spread(center, support, from, weights)
            } else {
                between(center - 0.5, from, weights)
            });
            for &weight in &*weights {
                largest = if weight > largest { weight } else { largest };
            }
        }
        // As many bits as the largest weight leaves in 16.
        let mut precision = 0;
        while precision < 22 && 0.5 + largest * f64::from(2 << precision) < f64::from(1 << 15) {
            precision += 1;
        }
        let unit = f64::from(1 << precision);
        let mut weights = vec![0; exact.len()];
        for (weight, &exact) in weights.iter_mut().zip(&exact) {
            *weight = (0.5 + exact * unit) as i16;
        }
        Self {
            sources,
            weights,
            room,
            precision,
        }
    }

    /// Makes lines of `width` pixels from those of a plane.
    #[inline(always)]
    fn resize(&self, plane: &[u8], width: usize, resized: &mut [u8]) {
        let weights = self.weights.chunks_exact(self.room);
        let lines = resized.chunks_exact_mut(width);
        for ((line, source), weights) in lines.zip(&self.sources).zip(weights) {
            let pixels = &plane[source.start * width..source.end * width];
            let mut start = 0;
            while start + LANES <= width {
                self.sum::<LANES>(pixels, width, weights, start, line);
                start += LANES;
            }
            while start + 4 <= width {
                self.sum::<4>(pixels, width, weights, start, line);
                start += 4;
            }
            while start < width {
                self.sum::<1>(pixels, width, weights, start, line);
                start += 1;
            }
        }
    }

    /// Writes the weighted sums of the columns from `start` on.
    #[inline(always)]
    fn sum<const COLUMNS: usize>(
        &self,
        pixels: &[u8],
        width: usize,
        weights: &[i16],
        start: usize,
        line: &mut [u8],
    ) {
        let mut sums = [1 << (self.precision - 1); COLUMNS];
        for (pixels, &weight) in pixels.chunks_exact(width).zip(weights) {
            let pixels = &pixels[start..][..COLUMNS];
            for column in 0..COLUMNS {
                sums[column] += i32::from(pixels[column]) * i32::from(weight);
            }
        }
        let line = &mut line[start..][..COLUMNS];
        for column in 0..COLUMNS {
            line[column] = (sums[column] >> self.precision).clamp(0, 255) as u8;
        }
    }
}

/// So many columns are summed together.
const LANES: usize = 16;

/// Makes columns of lines, which have `width` pixels.
#[inline(always)]
fn transpose(plane: &[u8], width: usize, turned: &mut [u8]) {
    let height = plane.len() / width;
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            if top + BLOCK <= height && left + BLOCK <= width {
                let mut lines = [0; BLOCK];
                for (number, line) in lines.iter_mut().enumerate() {
                    let mut bytes = [0; BLOCK];
                    bytes.copy_from_slice(&plane[(top + number) * width + left..][..BLOCK]);
                    *line = u64::from_le_bytes(bytes);
                }
                transpose_block(&mut lines);
                for (number, line) in lines.iter().enumerate() {
                    turned[(left + number) * height + top..][..BLOCK]
                        .copy_from_slice(&line.to_le_bytes());
                }
            } else {
                for y in top..height.min(top + BLOCK) {
                    for x in left..width.min(left + BLOCK) {
                        turned[x * height + y] = plane[y * width + x];
                    }
                }
            }
        }
    }
}

/// The side of what is transposed at once: a line is a number of 64 bits.
const BLOCK: usize = 8;

/// Exchanges the upper right and the lower left of blocks of bytes, of 4, of 2 and of 1 on a side.
#[inline(always)]
fn transpose_block(lines: &mut [u64; BLOCK]) {
    let masks = [
        0x0000_0000_ffff_ffff,
        0x0000_ffff_0000_ffff,
        0x00ff_00ff_00ff_00ff,
    ];
    for (side, mask) in [4, 2, 1].into_iter().zip(masks) {
        for first in 0..BLOCK {
            if first & side == 0 {
                let (upper, lower) = (lines[first], lines[first + side]);
                let shift = 8 * side;
                lines[first] = (upper & mask) | ((lower & mask) << shift);
                lines[first + side] = ((upper >> shift) & mask) | (lower & !mask);
            }
        }
    }
}

/// The weights of a triangle around `center` that reaches as far as `support`.
#[inline(always)]
fn spread(center: f64, support: f64, size: usize, weights: &mut [f64]) -> Range<usize> {
    let first = (center - support + 0.5) as usize;
    let end = ((center + support + 0.5) as usize).min(size);
    let length = end.saturating_sub(first).min(weights.len());
    let weights = &mut weights[..length];
    let slope = 1.0 / support;
    let mut total = 0.0;
    for (number, weight) in weights.iter_mut().enumerate() {
        *weight = triangle(((number + first) as f64 - center + 0.5) * slope);
        total += *weight;
    }
    if total != 0.0 {
        for weight in weights {
            *weight /= total;
        }
    }
    first..first + length
}

/// The weights of the two pixels around `position`, which are one at the edges.
#[inline(always)]
fn between(position: f64, size: usize, weights: &mut [f64]) -> Range<usize> {
    let position = position.max(0.0);
    let first = (position as usize).min(size - 1);
    let part = (position - first as f64).clamp(0.0, 1.0);
    let pair = [triangle(part), triangle(1.0 - part)];
    if first + 1 < size {
        weights.copy_from_slice(&pair);
        first..first + 2
    } else {
        weights[0] = pair[0] + pair[1];
        first..size
    }
}

#[inline(always)]
fn triangle(distance: f64) -> f64 {
    let distance = distance.abs();
    if distance < 1.0 { 1.0 - distance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposes_any_shape() {
        for (height, width) in [(1, 1), (1, 9), (8, 8), (7, 16), (17, 24), (33, 40)] {
            let plane: Vec<u8> = (0..height * width).map(|at| (at * 7 % 251) as u8).collect();
            let mut turned = vec![0; plane.len()];
            transpose(&plane, width, &mut turned);
            for (y, line) in plane.chunks_exact(width).enumerate() {
                for (x, byte) in line.iter().enumerate() {
                    assert_eq!(
                        *byte,
                        turned[x * height + y],
                        "{height} x {width}: ({x}, {y})"
                    );
                }
            }
        }
    }

    #[test]
    fn weights_add_up_to_one() {
        for (from, to) in [(1, 1), (1, 9), (28, 32), (224, 28), (1000, 3), (7, 5)] {
            for antialias in [false, true] {
                let axis = Axis::new(from, to, antialias);
                let weights = axis.weights.chunks_exact(axis.room);
                for (weights, source) in weights.zip(&axis.sources) {
                    let sum: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
                    let error = (sum - (1 << axis.precision)).unsigned_abs() as usize;
                    assert!(error <= axis.room, "{from} to {to}: {weights:?}");
                    assert!(source.start < source.end && source.end <= from);
                }
            }
        }
    }
}
