//! Rectangles of an image: crops, margins, erasing.

use super::{Shape, check_bytes, of_channel};
use crate::transforms::error::Error;

/// A rectangle, which may lie beside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first line.
    pub top: i64,
    /// Its first column.
    pub left: i64,
    /// The number of its lines.
    pub height: usize,
    /// The length of its lines.
    pub width: usize,
}

/// How many pixels are added to each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins {
    /// To the left.
    pub left: i64,
    /// On top.
    pub top: i64,
    /// To the right.
    pub right: i64,
    /// At the bottom.
    pub bottom: i64,
}

/// What is written around an image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Border {
    /// One value, or one for each channel; a fraction is dropped.
    Constant(Vec<f64>),
    /// The pixel at the edge.
    Edge,
    /// The image mirrored, without its edge.
    Reflect,
    /// The image mirrored, with its edge.
    Symmetric,
}

impl Window {
    /// In the middle; half a pixel goes where torchvision has it go.
    #[inline(always)]
    pub(super) fn center(height: usize, width: usize, shape: Shape) -> Self {
        Self {
            top: center_start(shape.height, height),
            left: center_start(shape.width, width),
            height,
            width,
        }
    }

    pub(super) fn check_inside(&self, op: &'static str) -> Result<(), Error> {
        if self.top >= 0 && self.left >= 0 {
            return Ok(());
        }
        Err(Error::Parameter {
            op,
            expected: "i and j of 0 or more".to_owned(),
            got: format!("({}, {})", self.top, self.left),
        })
    }

    /// Writes what lies in the window to `to`, and `fill` where that is beside the image.
    #[inline(always)]
    pub(super) fn cut(&self, from: &[u8], shape: Shape, fill: &[f64], to: &mut [u8]) {
        let lines = overlap(self.top, self.height, shape.height);
        let columns = overlap(self.left, self.width, shape.width);
        let covers = lines.length == self.height && columns.length == self.width;
        let planes = from.chunks_exact(shape.area());
        let cuts = to.chunks_exact_mut(self.height * self.width);
        for (channel, (plane, cut)) in planes.zip(cuts).enumerate() {
            if !covers {
                cut.fill(of_channel(fill, channel) as u8);
            }
            if columns.length == 0 {
                continue;
            }
            let source = plane[lines.from * shape.width..].chunks_exact(shape.width);
            let target = cut[lines.to * self.width..].chunks_exact_mut(self.width);
            for (source, target) in source.zip(target).take(lines.length) {
                target[columns.to..][..columns.length]
                    .copy_from_slice(&source[columns.from..][..columns.length]);
            }
        }
    }

    /// Copies the image and overwrites what of it lies in the window.
    #[inline(always)]
    pub(super) fn erase(&self, from: &[u8], shape: Shape, value: &[f64], to: &mut [u8]) {
        to.copy_from_slice(from);
        let lines = overlap(self.top, self.height, shape.height);
        let columns = overlap(self.left, self.width, shape.width);
        for (channel, plane) in to.chunks_exact_mut(shape.area()).enumerate() {
            let lines = plane[lines.from * shape.width..]
                .chunks_exact_mut(shape.width)
                .take(lines.length);
            for line in lines {
                line[columns.from..][..columns.length].fill(of_channel(value, channel) as u8);
            }
        }
    }
}

/// The first line of `wanted` lines in the middle of `size`.
#[inline(always)]
pub(super) fn center_start(size: usize, wanted: usize) -> i64 {
    let rest = size as i64 - wanted as i64;
    let half = rest.div_euclid(2);
    // Padding puts an odd line at the end, cropping takes the even start.
    if rest < 0 {
        -(-rest / 2)
    } else {
        half + (rest % 2) * (half % 2)
    }
}

/// What a window and an image have in common along one axis.
struct Overlap {
    /// Where it starts in the image.
    from: usize,
    /// Where it starts in the window.
    to: usize,
    length: usize,
}

#[inline(always)]
fn overlap(start: i64, length: usize, size: usize) -> Overlap {
    let first = start.clamp(0, size as i64);
    let end = (start + length as i64).clamp(first, size as i64);
    let length = (end - first) as usize;
    Overlap {
        from: if length == 0 { 0 } else { first as usize },
        to: if length == 0 {
            0
        } else {
            (first - start) as usize
        },
        length,
    }
}

impl Margins {
    /// The height and the width that an image gets.
    pub(super) fn output_size(
        &self,
        shape: Shape,
        border: &Border,
    ) -> Result<(usize, usize), Error> {
        let margins = [self.left, self.top, self.right, self.bottom];
        let sides = [shape.width, shape.height, shape.width, shape.height];
        let (limits, expected) = match border {
            Border::Constant(fill) => {
                check_bytes("pad", "fill", fill, shape)?;
                (None, "a padding of 0 or more")
            }
            Border::Edge => (None, "a padding of 0 or more"),
            Border::Reflect => (
                Some(sides.map(|side| side as i64 - 1)),
                "a padding of 0 or more, and less than the image's side, to reflect it",
            ),
            Border::Symmetric => (
                Some(sides.map(|side| side as i64)),
                "a padding of 0 or more, and no more than the image's side, to mirror it",
            ),
        };
        let limits = limits.unwrap_or([i64::from(u32::MAX); 4]);
        for (margin, limit) in margins.into_iter().zip(limits) {
            if !(0..=limit).contains(&margin) {
                return Err(Error::Parameter {
                    op: "pad",
                    expected: expected.to_owned(),
                    got: format!("{margin} for images of {} x {}", shape.height, shape.width),
                });
            }
        }
        Ok((
            shape.height + (self.top + self.bottom) as usize,
            shape.width + (self.left + self.right) as usize,
        ))
    }

    /// Writes the image and what is around it.
    #[inline(always)]
    pub(super) fn pad(&self, from: &[u8], shape: Shape, border: &Border, to: &mut [u8]) {
        let height = shape.height + (self.top + self.bottom) as usize;
        let width = shape.width + (self.left + self.right) as usize;
        let source: fn(i64, i64) -> i64 = match border {
            Border::Constant(fill) => {
                let window = Window {
                    top: -self.top,
                    left: -self.left,
                    height,
                    width,
                };
                return window.cut(from, shape, fill, to);
            }
            Border::Edge => |at, size| at.clamp(0, size - 1),
            Border::Reflect => |at, size| {
                let at = at.abs();
                at.min(2 * (size - 1) - at)
            },
            Border::Symmetric => |at, size| {
                let at = if at < 0 { -1 - at } else { at };
                at.min(2 * size - 1 - at)
            },
        };
        let (left, last) = (self.left as usize, self.left as usize + shape.width);
        let columns: Vec<usize> = (0..left)
            .chain(last..width)
            .map(|x| source(x as i64 - self.left, shape.width as i64) as usize)
            .collect();
        let (before, after) = columns.split_at(left);
        let planes = from.chunks_exact(shape.area());
        for (plane, padded) in planes.zip(to.chunks_exact_mut(height * width)) {
            for (y, line) in padded.chunks_exact_mut(width).enumerate() {
                let y = source(y as i64 - self.top, shape.height as i64) as usize;
                let pixels = &plane[y * shape.width..][..shape.width];
                for (byte, &x) in line[..left].iter_mut().zip(before) {
                    *byte = pixels[x];
                }
                line[left..last].copy_from_slice(pixels);
                for (byte, &x) in line[last..].iter_mut().zip(after) {
                    *byte = pixels[x];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_pixel_go_where_torchvision_has_them() {
        for (size, wanted, start) in [(5, 2, 2), (7, 2, 2), (6, 3, 2), (9, 9, 0), (2, 5, -1)] {
            assert_eq!(center_start(size, wanted), start, "{wanted} of {size}");
        }
    }

    #[test]
    fn windows_and_images_overlap() {
        for start in -6..7 {
            for length in 1..6 {
                let found = overlap(start, length, 4);
                let inside = (start..start + length as i64).filter(|at| (0..4).contains(at));
                assert_eq!(found.length, inside.clone().count());
                if let Some(first) = inside.min() {
                    assert_eq!(found.from as i64, first);
                    assert_eq!(found.to as i64, first - start);
                }
            }
        }
    }
}
