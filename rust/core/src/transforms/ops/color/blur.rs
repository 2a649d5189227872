//! `gaussian_blur`: a convolution in float32.

use super::byte;
use super::power::exp;
use crate::transforms::ops::Shape;

/// Pixels of a line that are summed at once, in registers.
const STEP: usize = 32;

/// Blurs every plane with a kernel of `[width, height]`, both odd, and `[horizontal, vertical]`
/// deviations, the plane mirrored at its border.
///
/// All weights of the kernel are added to a sum in their order, as torch does. Of its two
/// convolutions the one for small gray images rounds products before it adds them.
#[inline(always)]
pub(super) fn blurred(
    kernel: [usize; 2],
    sigmas: [f64; 2],
    from: &[u8],
    shape: Shape,
    to: &mut [u8],
) {
    let [width, height] = kernel;
    let padded = shape.channels * (shape.height + height - 1) * (shape.width + width - 1);
    let fused = shape.channels > 1 || (width > 3 && height > 3) || padded > 20480;
    let weights = product(&weights(height, sigmas[1]), &weights(width, sigmas[0]));
    let mut padded = Padded::new(shape, kernel);
    let area = shape.area();
    for (from, to) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
        padded.fill(from);
        if fused {
            padded.convolve::<true>(&weights, to);
        } else {
            padded.convolve::<false>(&weights, to);
        }
    }
}

/// A plane with a mirrored border.
struct Padded {
    values: Vec<f32>,
    /// From line to line: room for whole steps.
    stride: usize,
    width: usize,
    height: usize,
    kernel: [usize; 2],
}

impl Padded {
    #[inline(always)]
    fn new(shape: Shape, kernel: [usize; 2]) -> Self {
        let stride = shape.width.next_multiple_of(STEP) + kernel[0] - 1;
        Self {
            values: vec![0.0; stride * (shape.height + kernel[1] - 1)],
            stride,
            width: shape.width,
            height: shape.height,
            kernel,
        }
    }

    #[inline(always)]
    fn fill(&mut self, plane: &[u8]) {
        let [left, top] = [self.kernel[0] / 2, self.kernel[1] / 2];
        let width = self.width;
        for (y, to) in self.values.chunks_exact_mut(self.stride).enumerate() {
            let line = &plane[mirrored(y, top, self.height) * width..][..width];
            for (to, &byte) in to[left..].iter_mut().zip(line) {
                *to = f32::from(byte);
            }
            for x in (0..left).chain(left + width..width + 2 * left) {
                to[x] = f32::from(line[mirrored(x, left, width)]);
            }
        }
    }

    #[inline(always)]
    fn convolve<const FUSED: bool>(&self, weights: &[f32], to: &mut [u8]) {
        let [width, _] = self.kernel;
        for (y, to) in to.chunks_exact_mut(self.width).enumerate() {
            for (step, to) in to.chunks_mut(STEP).enumerate() {
                let mut sums = [0.0_f32; STEP];
                for (line, weights) in weights.chunks_exact(width).enumerate() {
                    let start = (y + line) * self.stride + step * STEP;
                    for (x, &weight) in weights.iter().enumerate() {
                        let values = &self.values[start + x..][..STEP];
                        for at in 0..STEP {
                            sums[at] = if FUSED {
                                values[at].mul_add(weight, sums[at])
                            } else {
                                values[at] * weight + sums[at]
                            };
                        }
                    }
                }
                let mut bytes = [0; STEP];
                for at in 0..STEP {
                    bytes[at] = byte(sums[at].round_ties_even());
                }
                to.copy_from_slice(&bytes[..to.len()]);
            }
        }
    }
}

/// Where line `at` of a padded plane comes from, `before` of whose lines are padding.
#[inline(always)]
fn mirrored(at: usize, before: usize, length: usize) -> usize {
    let at = at.abs_diff(before);
    if at < length {
        at
    } else {
        2 * (length - 1) - at
    }
}

/// The weights of all places, line by line.
fn product(vertical: &[f32], horizontal: &[f32]) -> Vec<f32> {
    let lines = vertical.iter();
    lines
        .flat_map(|&y| horizontal.iter().map(move |&x| y * x))
        .collect()
}

/// The weights of a Gaussian at `length` places, which sum to 1.
///
/// Every operation is one that torch does in `linspace` and `softmax`, the latter as its code for
/// vectors of 16 values adds.
fn weights(length: usize, sigma: f64) -> Vec<f32> {
    let limit = ((length - 1) as f64 / (2.0 * 2.0_f64.sqrt())) as f32;
    let step = (limit + limit) / (length - 1).max(1) as f32;
    let mut weights: Vec<f32> = (0..length)
        .map(|at| {
            let place = if at < length / 2 {
                step.mul_add(at as f32, -limit)
            } else {
                (-step).mul_add((length - 1 - at) as f32, limit)
            };
            let place = place / sigma as f32;
            -(place * place)
        })
        .collect();
    let highest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for weight in &mut weights {
        *weight = exp(*weight - highest);
    }
    let scale = 1.0 / sum(&weights);
    for weight in &mut weights {
        *weight *= scale;
    }
    weights
}

/// The sum of `values`: few one by one, many in 16 parts, which are added by halves.
fn sum(values: &[f32]) -> f32 {
    if values.len() < 16 {
        return values.iter().sum();
    }
    let mut parts = [0.0; 16];
    for values in values.chunks(16) {
        for (part, value) in parts.iter_mut().zip(values) {
            *part += value;
        }
    }
    for half in [8, 4, 2, 1] {
        for at in 0..half {
            parts[at] += parts[at + half];
        }
    }
    parts[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_torch() {
        // torchvision's _get_gaussian_kernel1d, by their bits.
        let bits = |length, sigma| -> Vec<u32> {
            weights(length, sigma)
                .into_iter()
                .map(f32::to_bits)
                .collect()
        };
        assert_eq!(bits(1, 2.0), [0x3f80_0000]);
        assert_eq!(bits(3, 0.7), [0x3e56_7b01, 0x3f14_c27f, 0x3e56_7b01]);
        assert_eq!(
            bits(9, 1.7),
            [
                0x3c73_2130,
                0x3d4c_0d39,
                0x3df2_5312,
                0x3e4b_99d3,
                0x3e72_0e83,
                0x3e4b_99d3,
                0x3df2_5312,
                0x3d4c_0d39,
                0x3c73_2130
            ]
        );
        let [first, middle] = [bits(35, 5.3)[1], bits(35, 5.3)[17]];
        assert_eq!([first, middle], [0x3a4f_4cc8, 0x3d9a_4d8c]);
    }
}
