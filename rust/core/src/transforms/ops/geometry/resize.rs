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
        // Lines first, then columns, with bytes between them.
        let across =
            (self.width != shape.width).then(|| Axis::new(shape.width, self.width, antialias));
        let down =
            (self.height != shape.height).then(|| Axis::new(shape.height, self.height, antialias));
        let mut narrowed = vec![
            0;
            if across.is_some() && down.is_some() {
                shape.height * self.width
            } else {
                0
            }
        ];
        let mut sums = vec![0; self.width];
        for (plane, resized) in planes {
            match (&across, &down) {
                (Some(across), Some(down)) => {
                    across.lines(plane, shape.width, &mut narrowed);
                    down.columns(&narrowed, &mut sums, resized);
                }
                (Some(across), None) => across.lines(plane, shape.width, resized),
                (None, Some(down)) => down.columns(plane, &mut sums, resized),
                (None, None) => resized.copy_from_slice(plane),
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
    sources: Vec<Source>,
    weights: Vec<i16>,
    /// How many weights each has room for.
    room: usize,
    /// The weights are whole multiples of 2 to the power of minus this.
    precision: u32,
}

/// The pixels that one of the result is made of.
struct Source {
    first: usize,
    length: usize,
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
            let range = if antialias {
                spread(center, support, from, weights)
            } else {
                between(center - 0.5, from, weights)
            };
            for &weight in &*weights {
                largest = if weight > largest { weight } else { largest };
            }
            sources.push(Source {
                first: range.start,
                length: range.len(),
            });
        }
        // As many bits as the largest weight leaves in 16.
        let fits = |bits: u32| 0.5 + largest * f64::from(1u32 << bits) < f64::from(1 << 15);
        let precision = (0..22).find(|&bits| !fits(bits + 1)).unwrap_or(22);
        let unit = f64::from(1u32 << precision);
        let weights = exact.iter().map(|weight| (0.5 + weight * unit) as i16);
        Self {
            sources,
            weights: weights.collect(),
            room,
            precision,
        }
    }

    #[inline(always)]
    fn terms(&self) -> impl Iterator<Item = (Range<usize>, &[i16])> {
        let weights = self.weights.chunks_exact(self.room);
        self.sources.iter().zip(weights).map(|(source, weights)| {
            let range = source.first..source.first + source.length;
            (range, &weights[..source.length])
        })
    }

    /// Resizes every line, of `width` pixels.
    #[inline(always)]
    fn lines(&self, plane: &[u8], width: usize, resized: &mut [u8]) {
        let lines = plane.chunks_exact(width);
        for (line, resized) in lines.zip(resized.chunks_exact_mut(self.sources.len())) {
            for (byte, (range, weights)) in resized.iter_mut().zip(self.terms()) {
                let mut sum = self.half();
                for (&pixel, &weight) in line[range].iter().zip(weights) {
                    sum += i32::from(pixel) * i32::from(weight);
                }
                *byte = self.byte(sum);
            }
        }
    }

    /// Resizes every column; there are as many as `sums`.
    #[inline(always)]
    fn columns(&self, plane: &[u8], sums: &mut [i32], resized: &mut [u8]) {
        let width = sums.len();
        for (line, (range, weights)) in resized.chunks_exact_mut(width).zip(self.terms()) {
            sums.fill(self.half());
            let pixels = plane[range.start * width..range.end * width].chunks_exact(width);
            for (pixels, &weight) in pixels.zip(weights) {
                for (sum, &pixel) in sums.iter_mut().zip(pixels) {
                    *sum += i32::from(pixel) * i32::from(weight);
                }
            }
            for (byte, &sum) in line.iter_mut().zip(&*sums) {
                *byte = self.byte(sum);
            }
        }
    }

    #[inline(always)]
    fn half(&self) -> i32 {
        1 << (self.precision - 1)
    }

    #[inline(always)]
    fn byte(&self, sum: i32) -> u8 {
        (sum >> self.precision).clamp(0, 255) as u8
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
