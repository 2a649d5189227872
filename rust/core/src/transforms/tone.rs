//! Brightness and contrast of bytes, with torchvision's float32 operations.

use std::ops::Range;

/// How many bytes are worked on together: a few vector registers of floats.
pub(super) const LANES: usize = 16;

/// Some bytes of a plane, as the whole float numbers that they are.
pub(super) type Lanes = [f32; LANES];

/// A change of tone, with the factor that was drawn for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tone {
    Brightness(f64),
    Contrast(f64),
}

impl Tone {
    /// What this comes to for the image whose `channels` planes are `planes`, after the `earlier`
    /// blends.
    #[inline(always)]
    pub(super) fn blend(self, planes: &[u8], channels: usize, earlier: &[Blend]) -> Blend {
        match self {
            Self::Brightness(factor) => Blend {
                ratio: factor as f32,
                grey: 0.0,
                alpha: 0.0,
            },
            Self::Contrast(factor) => Blend {
                ratio: factor as f32,
                grey: grey_mean(planes, channels, earlier),
                alpha: (1.0 - factor) as f32,
            },
        }
    }
}

/// What every change of tone comes to once the image's mean is known: the byte `v` becomes
/// `min(max(v * ratio + grey * alpha, 0), 255)`, its fraction dropped.
///
/// torch rounds `v * ratio` to float32, and adds `grey * alpha` in one fused operation; but see
/// [`unfused`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Blend {
    ratio: f32,
    grey: f32,
    alpha: f32,
}

impl Blend {
    #[inline(always)]
    fn apply(self, byte: f32) -> f32 {
        to_byte(self.grey.mul_add(self.alpha, byte * self.ratio))
    }

    #[inline(always)]
    fn apply_unfused(self, byte: f32) -> f32 {
        to_byte(byte * self.ratio + self.grey * self.alpha)
    }

    /// Blends a whole image in place, its planes one after the other.
    #[inline(always)]
    pub(super) fn apply_to(self, image: &mut [u8]) {
        let odd = unfused(image.len());
        let mut saved = [0; LANES];
        let saved = &mut saved[..odd.len()];
        saved.copy_from_slice(&image[odd.clone()]);
        for byte in &mut *image {
            *byte = self.apply(f32::from(*byte)) as u8;
        }
        for (byte, &before) in image[odd].iter_mut().zip(&*saved) {
            *byte = self.apply_unfused(f32::from(before)) as u8;
        }
    }
}

/// The clamp to a byte's range and the cast; NaN, which only overflow can give, becomes 0 as there.
#[inline(always)]
fn to_byte(value: f32) -> f32 {
    // Comparisons, since `clamp` and `max` spend instructions on NaN.
    let value = if value > 0.0 { value } else { 0.0 };
    let value = if value < 255.0 { value } else { 255.0 };
    value.trunc()
}

/// Which values of an image of `length` values, plane after plane, torch blends without fusing.
///
/// Its x86-64 builds add the mean in steps of 16 values and leave the rest to a loop that their
/// compiler turns into one fused operation, then as many unfused ones in fours as fit, then fused
/// ones. The result differs by one level where a sum lies next to a whole number; an image of one
/// colour may come out with two. None are left unfused when `length % 16 < 5`.
#[inline(always)]
pub(super) fn unfused(length: usize) -> Range<usize> {
    let rest = length % 16;
    let start = (length - rest + 1).min(length);
    start..start + rest.saturating_sub(1) / 4 * 4
}

/// Writes what `finish` makes of the blended bytes.
#[inline(always)]
pub(super) fn write_blended<T: Copy>(
    bytes: &[u8],
    blends: &[Blend],
    out: &mut [T],
    finish: impl Fn(Lanes) -> [T; LANES],
) {
    // Each arm does the same; a pipeline with one ColorJitter gets a loop without a loop in it.
    match *blends {
        [] => write_blocks(bytes, &[], out, finish),
        [only] => write_blocks(bytes, &[only], out, finish),
        [first, second] => write_blocks(bytes, &[first, second], out, finish),
        _ => write_blocks(bytes, blends, out, finish),
    }
}

#[inline(always)]
fn write_blocks<T: Copy>(
    bytes: &[u8],
    blends: &[Blend],
    out: &mut [T],
    finish: impl Fn(Lanes) -> [T; LANES],
) {
    let (blocks, rest) = bytes.as_chunks();
    let (out, out_rest) = out.as_chunks_mut();
    for (block, out) in blocks.iter().zip(out) {
        *out = finish(blended(block, blends));
    }
    if !rest.is_empty() {
        let last = finish(blended(&padded(rest), blends));
        out_rest.copy_from_slice(&last[..rest.len()]);
    }
}

#[inline(always)]
fn blended(bytes: &[u8; LANES], blends: &[Blend]) -> Lanes {
    let mut lanes = [0.0; LANES];
    for (lane, &byte) in lanes.iter_mut().zip(bytes) {
        *lane = f32::from(byte);
    }
    for blend in blends {
        for lane in &mut lanes {
            *lane = blend.apply(*lane);
        }
    }
    lanes
}

#[inline(always)]
fn padded(bytes: &[u8]) -> [u8; LANES] {
    let mut block = [0; LANES];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// The mean of the blended image's whole grey values.
///
/// The sum is exact. So is torch's, in float32, up to 2^24: for all images of up to 65,793 pixels.
#[inline(always)]
fn grey_mean(planes: &[u8], channels: usize, blends: &[Blend]) -> f32 {
    let area = planes.len() / channels;
    let mut sum = 0;
    if channels == 3 {
        let (red, rest) = planes.split_at(area);
        let (green, blue) = rest.split_at(area);
        let greens_and_blues = green.chunks(SUM_LENGTH).zip(blue.chunks(SUM_LENGTH));
        for (red, (green, blue)) in red.chunks(SUM_LENGTH).zip(greens_and_blues) {
            sum += grey_sum(red, green, blue, blends);
        }
    } else {
        for bytes in planes.chunks(SUM_LENGTH) {
            sum += byte_sum(bytes, blends);
        }
    }
    sum as f32 / area as f32
}

/// So many bytes, added up in `LANES` floats, stay below 2^24 and exact.
const SUM_LENGTH: usize = 65_536 * LANES;

#[inline(always)]
fn byte_sum(bytes: &[u8], blends: &[Blend]) -> u64 {
    let (blocks, rest) = bytes.as_chunks();
    let mut sums = [0.0; LANES];
    for block in blocks {
        add(&mut sums, &blended(block, blends));
    }
    add(&mut sums, &blended(&padded(rest), blends)[..rest.len()]);
    sums.iter().map(|&sum| sum as u64).sum()
}

#[inline(always)]
fn grey_sum(red: &[u8], green: &[u8], blue: &[u8], blends: &[Blend]) -> u64 {
    let (reds, red) = red.as_chunks();
    let (greens, green) = green.as_chunks();
    let (blues, blue) = blue.as_chunks();
    let mut sums = [0.0; LANES];
    for ((red, green), blue) in reds.iter().zip(greens).zip(blues) {
        add(&mut sums, &grey(red, green, blue, blends));
    }
    let last = grey(&padded(red), &padded(green), &padded(blue), blends);
    add(&mut sums, &last[..red.len()]);
    sums.iter().map(|&sum| sum as u64).sum()
}

#[inline(always)]
fn add(sums: &mut Lanes, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// `rgb_to_grayscale` of blended bytes, floored as `adjust_contrast` does.
#[inline(always)]
fn grey(red: &[u8; LANES], green: &[u8; LANES], blue: &[u8; LANES], blends: &[Blend]) -> Lanes {
    let mut lanes = blended(red, blends);
    let (green, blue) = (blended(green, blends), blended(blue, blends));
    for ((lane, green), blue) in lanes.iter_mut().zip(green).zip(blue) {
        *lane = blue
            .mul_add(0.114, green.mul_add(0.587, *lane * 0.2989))
            .trunc();
    }
    lanes
}
