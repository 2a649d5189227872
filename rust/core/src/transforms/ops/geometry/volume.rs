//! What is done to volumes alone: axes exchanged and turned round, cuboids cut out.

use super::window::{Window, center_start};
use crate::transforms::images::reverse;
use crate::transforms::ops::Shape;

/// One of the 48 ways to put a cuboid with its edges along the axes, 24 of them rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation {
    /// The axis of the volume (0 depth, 1 height, 2 width) that each axis of the result runs along.
    pub axes: [usize; 3],
    /// Whether it runs backwards.
    pub reversed: [bool; 3],
}

impl Orientation {
    /// The order of the axes that is `number / 8` in the lexicographic list; the bits of
    /// `number % 8` say which axes of the result run backwards: 4 the depth, 2 the height, 1 the
    /// width.
    #[must_use]
    pub fn numbered(number: u8) -> Option<Self> {
        const ORDERS: [[usize; 3]; 6] = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        let axes = *ORDERS.get(usize::from(number / 8))?;
        let reversed = [4, 2, 1].map(|bit| number & bit != 0);
        Some(Self { axes, reversed })
    }

    /// Quarter turns from the first axis towards the second, as of `numpy.rot90`.
    #[must_use]
    pub fn turned(quarters: i64, (first, second): (usize, usize)) -> Self {
        let quarters = quarters.rem_euclid(4);
        let (mut axes, mut reversed) = ([0, 1, 2], [false; 3]);
        if quarters % 2 == 1 {
            axes.swap(first, second);
        }
        reversed[first] = matches!(quarters, 1 | 2);
        reversed[second] = matches!(quarters, 2 | 3);
        Self { axes, reversed }
    }

    pub(super) fn output_shape(self, shape: Shape) -> Shape {
        let lengths = lengths(shape);
        let [depth, height, width] = self.axes.map(|axis| lengths[axis]);
        Shape {
            depth: Some(depth),
            height,
            width,
            ..shape
        }
    }

    /// The same as `to[i][j][k] = from[..]` at the place where each axis has been put.
    #[inline(always)]
    pub(super) fn apply(self, from: &[u8], shape: Shape, to: &mut [u8]) {
        let from_lengths = lengths(shape);
        let steps = [shape.height * shape.width, shape.width, 1];
        let lengths = self.axes.map(|axis| from_lengths[axis]);
        let steps = self.axes.map(|axis| steps[axis]);
        let along = |axis: usize, place: usize| {
            steps[axis]
                * if self.reversed[axis] {
                    lengths[axis] - 1 - place
                } else {
                    place
                }
        };
        let area = shape.area();
        for (from, to) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
            if self.axes == [0, 1, 2] && !self.reversed[1] && !self.reversed[2] {
                let slice = lengths[1] * lengths[2];
                for (place, to) in to.chunks_exact_mut(slice).enumerate() {
                    to.copy_from_slice(&from[along(0, place)..][..slice]);
                }
                continue;
            }
            for (number, line) in to.chunks_exact_mut(lengths[2]).enumerate() {
                let start = along(0, number / lengths[1]) + along(1, number % lengths[1]);
                let source = &from[start..];
                match (steps[2], self.reversed[2]) {
                    (1, false) => line.copy_from_slice(&source[..lengths[2]]),
                    (1, true) => reverse(&source[..lengths[2]], line),
                    (step, reversed) => gather(source, step, reversed, line),
                }
            }
        }
    }
}

/// Every `step`th voxel, from the last place of the line to the first if it is reversed.
#[inline(always)]
fn gather(source: &[u8], step: usize, reversed: bool, line: &mut [u8]) {
    let last = line.len() - 1;
    for place in 0..line.len() {
        line[if reversed { last - place } else { place }] = source[place * step];
    }
}

/// The lengths of depth, height and width.
#[inline(always)]
fn lengths(shape: Shape) -> [usize; 3] {
    [shape.depth.unwrap_or(1), shape.height, shape.width]
}

/// A part of a volume, which may lie beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuboid {
    /// Its first slice.
    pub front: i64,
    /// The number of its slices.
    pub depth: usize,
    /// What it is of each slice.
    pub window: Window,
}

impl Cuboid {
    /// In the middle, along each axis as the window of an image.
    #[inline(always)]
    pub(super) fn center([depth, height, width]: [usize; 3], shape: Shape) -> Self {
        Self {
            front: center_start(shape.depth.unwrap_or(1), depth),
            depth,
            window: Window::center(height, width, shape),
        }
    }

    /// Writes what lies in the cuboid to `to`, and 0 where that is beside the volume.
    #[inline(always)]
    pub(super) fn cut(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        let slice = Shape {
            channels: 1,
            depth: None,
            ..shape
        };
        let cut_area = self.window.height * self.window.width;
        let volumes = from.chunks_exact(shape.area());
        for (volume, cut) in volumes.zip(to.chunks_exact_mut(self.depth * cut_area)) {
            for (number, cut) in cut.chunks_exact_mut(cut_area).enumerate() {
                let place = usize::try_from(self.front + number as i64).ok();
                let from = place.and_then(|place| volume.chunks_exact(slice.area()).nth(place));
                match from {
                    Some(from) => self.window.cut(from, slice, &[0.0], cut),
                    None => cut.fill(0),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_48_orientations_are_all_different_and_keep_the_voxels() {
        let shape = Shape {
            channels: 2,
            depth: Some(3),
            height: 3,
            width: 3,
        };
        let from: Vec<u8> = (0..54).collect();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..48 {
            let mut to = vec![0; 54];
            Orientation::numbered(number)
                .unwrap()
                .apply(&from, shape, &mut to);
            let mut sorted = to.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, from);
            seen.insert(to);
        }
        assert_eq!(seen.len(), 48);
        assert_eq!(Orientation::numbered(48), None);
    }

    #[test]
    fn four_quarters_are_none_and_each_undoes_its_opposite() {
        let shape = Shape {
            channels: 1,
            depth: Some(2),
            height: 3,
            width: 4,
        };
        let from: Vec<u8> = (0..24).collect();
        for plane in [(0, 1), (0, 2), (1, 2), (2, 0)] {
            for quarters in -4..5 {
                let there = Orientation::turned(quarters, plane);
                let back = Orientation::turned(-quarters, plane);
                let (mut turned, mut again) = (vec![0; 24], vec![0; 24]);
                there.apply(&from, shape, &mut turned);
                back.apply(&turned, there.output_shape(shape), &mut again);
                assert_eq!(again, from, "{quarters} in {plane:?}");
                assert_eq!(turned == from, quarters % 4 == 0);
            }
        }
    }
}
