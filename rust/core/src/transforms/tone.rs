//! Brightness and contrast of bytes, with torchvision's float32 operations.

use std::ops::Range;

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
        let mut saved = [0; 12];
        let saved = &mut saved[..odd.len()];
        saved.copy_from_slice(&image[odd.clone()]);
        for byte in &mut *image {
            // SAFETY: a blended byte is in the range.
            *byte = unsafe { whole(self.apply(f32::from(*byte))) as u8 };
        }
        for (byte, &before) in image[odd].iter_mut().zip(&*saved) {
            *byte = self.apply_unfused(f32::from(before)) as u8;
        }
    }
}

/// The clamp to a byte's range and the cast; NaN, which only overflow can give, becomes 0 as there.
#[inline(always)]
pub(super) fn to_byte(value: f32) -> f32 {
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
///
/// Each arm does the same. Loops over a known number of blends are unrolled, without which the
/// compiler does not make vector code of the loop over bytes; one ColorJitter has at most two.
#[inline(always)]
pub(super) fn write_blended<T>(
    bytes: &[u8],
    blends: &[Blend],
    out: &mut [T],
    finish: impl Fn(f32) -> T,
) {
    match *blends {
        [] => write_each(bytes, &[], out, finish),
        [only] => write_each(bytes, &[only], out, finish),
        [first, second] => write_each(bytes, &[first, second], out, finish),
        _ => write_each(bytes, blends, out, finish),
    }
}

#[inline(always)]
fn write_each<T>(bytes: &[u8], blends: &[Blend], out: &mut [T], finish: impl Fn(f32) -> T) {
    for (out, &byte) in out.iter_mut().zip(bytes) {
        *out = finish(blended(byte, blends));
    }
}

/// A whole number in [0, 255].
#[inline(always)]
fn blended(byte: u8, blends: &[Blend]) -> f32 {
    let mut value = f32::from(byte);
    for blend in blends {
        value = blend.apply(value);
    }
    value
}

/// The mean of the blended image's whole grey values.
///
/// The sum is exact. So is torch's, in float32, up to 2^24: for all images of up to 65,793 pixels.
#[inline(always)]
fn grey_mean(planes: &[u8], channels: usize, blends: &[Blend]) -> f32 {
    let area = planes.len() / channels;
    let sum = match *blends {
        [] => grey_sum(planes, area, &[]),
        [only] => grey_sum(planes, area, &[only]),
        _ => grey_sum(planes, area, blends),
    };
    sum as f32 / area as f32
}

/// So many bytes add up to less than 2^32. In tests few, so that small images have several parts.
const SUM_LENGTH: usize = if cfg!(test) { 64 } else { 1 << 24 };

#[inline(always)]
fn grey_sum(planes: &[u8], area: usize, blends: &[Blend]) -> u64 {
    let mut total = 0;
    for start in (0..area).step_by(SUM_LENGTH) {
        let end = area.min(start + SUM_LENGTH);
        let mut sum = 0u32;
        if planes.len() == area {
            for &byte in &planes[start..end] {
                // SAFETY: a blended byte is in the range.
                sum += unsafe { whole(blended(byte, blends)) };
            }
        } else {
            let red = &planes[start..end];
            let green = &planes[area + start..area + end];
            let blue = &planes[2 * area + start..2 * area + end];
            for ((&red, &green), &blue) in red.iter().zip(green).zip(blue) {
                let red = blended(red, blends);
                let green = blended(green, blends);
                let blue = blended(blue, blends);
                // SAFETY: the grey of blended bytes is in the range.
                sum += unsafe { whole(grey(red, green, blue)) };
            }
        }
        total += u64::from(sum);
    }
    total
}

/// The grey of whole numbers in [0, 255], in [0, 255] too: the weights add up to less than 1.
#[inline(always)]
pub(super) fn grey(red: f32, green: f32, blue: f32) -> f32 {
    blue.mul_add(0.114, green.mul_add(0.587, red * 0.2989))
}

/// The whole part of a value.
///
/// # Safety
/// The value must be in [0, 255].
#[inline(always)]
pub(super) unsafe fn whole(value: f32) -> u32 {
    // SAFETY: what the caller vouches for fits an i32.
    unsafe { value.to_int_unchecked::<i32>() as u32 }
}
