//! Brightness and contrast of bytes, with torchvision's float32 operations.

use std::ops::Range;

/// A change of tone, with the factor that was drawn for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tone {
    Brightness(f64),
    Contrast(f64),
}

impl Tone {
    /// What this comes to for the image whose `channels` planes are `planes`.
    #[inline(always)]
    pub(super) fn blend(self, planes: &[u8], channels: usize) -> Blend {
        match self {
            Self::Brightness(factor) => Blend::new(factor as f32, 0.0, 0.0),
            Self::Contrast(factor) => {
                let grey = grey_mean(planes, channels);
                Blend::new(factor as f32, grey, (1.0 - factor) as f32)
            }
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
    /// Whether any byte's blend lies outside [0, 256), so that all must be clamped.
    clamps: bool,
}

impl Blend {
    /// `ratio` is 0 or more.
    #[inline(always)]
    fn new(ratio: f32, grey: f32, alpha: f32) -> Self {
        let mut blend = Self {
            ratio,
            grey,
            alpha,
            clamps: false,
        };
        // More of a byte is never less of a blend, rounded or not.
        let (least, most) = (blend.raw(0.0), blend.raw(255.0));
        blend.clamps = !(least >= 0.0 && most < 256.0);
        blend
    }

    #[inline(always)]
    fn raw(self, byte: f32) -> f32 {
        self.grey.mul_add(self.alpha, byte * self.ratio)
    }

    #[inline(always)]
    fn apply_unfused(self, byte: f32) -> f32 {
        to_byte(byte * self.ratio + self.grey * self.alpha)
    }

    /// Blends a whole image, its planes one after the other.
    #[inline(always)]
    pub(super) fn write_image(self, from: &[u8], to: &mut [u8]) {
        write_bytes(from, &[self], to);
        let odd = unfused(from.len());
        for (byte, &before) in to[odd.clone()].iter_mut().zip(&from[odd]) {
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

/// A function of one value. A trait, since closures are not compiled to the wider instructions of
/// the function that they are inlined into.
pub(super) trait Map<T>: Copy {
    fn map(self, value: f32) -> T;
}

/// A blend that is clamped.
#[derive(Clone, Copy)]
struct Clamped(Blend);

/// A blend that needs no clamp.
#[derive(Clone, Copy)]
struct Inside(Blend);

/// One blend after the other.
#[derive(Clone, Copy)]
struct Both<A, B>(A, B);

/// A blend, and what comes after all blends.
#[derive(Clone, Copy)]
struct Last<A, F>(A, F);

/// The cast of a whole number in [0, 255].
#[derive(Clone, Copy)]
struct Byte;

impl Map<f32> for Clamped {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        to_byte(self.0.raw(value))
    }
}

impl Map<f32> for Inside {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        self.0.raw(value).trunc()
    }
}

impl<A: Map<f32>, B: Map<f32>> Map<f32> for Both<A, B> {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        self.1.map(self.0.map(value))
    }
}

impl<T, A: Map<f32>, F: Map<T>> Map<T> for Last<A, F> {
    #[inline(always)]
    fn map(self, value: f32) -> T {
        self.1.map(self.0.map(value))
    }
}

impl Map<u8> for Byte {
    #[inline(always)]
    fn map(self, value: f32) -> u8 {
        // SAFETY: a blended byte is in the range.
        unsafe { whole(value) as u8 }
    }
}

/// Writes what `finish` makes of the blended bytes.
///
/// Each arm does the same. Loops over a known number of blends are unrolled, without which the
/// compiler does not make vector code of the loop over bytes, and half of the blends need no clamp;
/// there are seldom more than two.
#[inline(always)]
pub(super) fn write_blended<T>(bytes: &[u8], blends: &[Blend], out: &mut [T], finish: impl Map<T>) {
    match *blends {
        [] => write_each(bytes, out, finish),
        [only] if only.clamps => write_each(bytes, out, Last(Clamped(only), finish)),
        [only] => write_each(bytes, out, Last(Inside(only), finish)),
        [first, second] => match (first.clamps, second.clamps) {
            (false, false) => {
                write_each(
                    bytes,
                    out,
                    Last(Both(Inside(first), Inside(second)), finish),
                );
            }
            (false, true) => {
                write_each(
                    bytes,
                    out,
                    Last(Both(Inside(first), Clamped(second)), finish),
                );
            }
            (true, false) => {
                write_each(
                    bytes,
                    out,
                    Last(Both(Clamped(first), Inside(second)), finish),
                );
            }
            (true, true) => {
                write_each(
                    bytes,
                    out,
                    Last(Both(Clamped(first), Clamped(second)), finish),
                );
            }
        },
        _ => {
            for (out, &byte) in out.iter_mut().zip(bytes) {
                let mut value = f32::from(byte);
                for &blend in blends {
                    value = Clamped(blend).map(value);
                }
                *out = finish.map(value);
            }
        }
    }
}

/// Writes the blended bytes.
#[inline(always)]
pub(super) fn write_bytes(bytes: &[u8], blends: &[Blend], out: &mut [u8]) {
    if blends.is_empty() {
        out.copy_from_slice(bytes);
    } else {
        write_blended(bytes, blends, out, Byte);
    }
}

#[inline(always)]
fn write_each<T>(bytes: &[u8], out: &mut [T], map: impl Map<T>) {
    for (out, &byte) in out.iter_mut().zip(bytes) {
        *out = map.map(f32::from(byte));
    }
}

/// The mean of the image's whole grey values.
///
/// The sum is exact. So is torch's, in float32, up to 2^24: for all images of up to 65,793 pixels.
#[inline(always)]
fn grey_mean(planes: &[u8], channels: usize) -> f32 {
    let area = planes.len() / channels;
    grey_sum(planes, area) as f32 / area as f32
}

/// So many bytes add up to less than 2^32. In tests few, so that small images have several parts.
const SUM_LENGTH: usize = if cfg!(test) { 64 } else { 1 << 24 };

#[inline(always)]
fn grey_sum(planes: &[u8], area: usize) -> u64 {
    let mut total = 0;
    for start in (0..area).step_by(SUM_LENGTH) {
        let end = area.min(start + SUM_LENGTH);
        let mut sum = 0u32;
        if planes.len() == area {
            for &byte in &planes[start..end] {
                sum += u32::from(byte);
            }
        } else {
            let red = &planes[start..end];
            let green = &planes[area + start..area + end];
            let blue = &planes[2 * area + start..2 * area + end];
            for ((&red, &green), &blue) in red.iter().zip(green).zip(blue) {
                // SAFETY: the grey of bytes is in the range.
                sum += unsafe { whole(grey(red.into(), green.into(), blue.into())) };
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
