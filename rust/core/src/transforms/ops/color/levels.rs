//! Ops that make of a byte another byte, whatever lies next to it.

use super::byte as to_byte;
use crate::transforms::ops::Shape;

#[inline(always)]
pub(super) fn each(from: &[u8], to: &mut [u8], level: impl Fn(u8) -> u8) {
    for (to, &byte) in to.iter_mut().zip(from) {
        *to = level(byte);
    }
}

/// Keeps the highest `bits`.
#[inline(always)]
pub(super) fn posterized(bits: f64, from: &[u8], to: &mut [u8]) {
    let kept = !(0xff_u32 >> bits as u32) as u8;
    each(from, to, |byte| byte & kept);
}

/// Inverts the bytes from `threshold` on, which torch compares in float32.
#[inline(always)]
pub(super) fn solarized(threshold: f64, from: &[u8], to: &mut [u8]) {
    // At most 255, and less than 0 where all bytes are inverted.
    let first = (threshold as f32).ceil() as u8;
    each(from, to, |byte| if byte >= first { !byte } else { byte });
}

/// Stretches every plane from its lowest and highest byte to 0 and 255.
#[inline(always)]
pub(super) fn stretched(from: &[u8], shape: Shape, to: &mut [u8]) {
    let area = shape.area();
    for (from, to) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
        let (mut lowest, mut highest) = (u8::MAX, u8::MIN);
        for &byte in from {
            lowest = lowest.min(byte);
            highest = highest.max(byte);
        }
        if lowest == highest {
            to.copy_from_slice(from);
            continue;
        }
        let scale = f32::from(highest - lowest) * (1.0 / 255.0);
        each(from, to, |byte| {
            to_byte((f32::from(byte) - f32::from(lowest)) / scale)
        });
    }
}

/// Gives every plane as even a histogram as it can have, in Pillow's integer arithmetic.
#[inline(always)]
pub(super) fn equalized(from: &[u8], shape: Shape, to: &mut [u8]) {
    let area = shape.area();
    for (from, to) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
        let histogram = histogram(from);
        let brightest = histogram.iter().rev().find(|&&count| count > 0);
        let step = (area - brightest.copied().unwrap_or(0)) / 255;
        if step == 0 {
            to.copy_from_slice(from);
            continue;
        }
        let mut darker = [0.0; 256];
        let mut count = step / 2;
        for (darker, here) in darker.iter_mut().zip(histogram) {
            *darker = count as f64;
            count += here;
        }
        let mut table = [0; 256];
        for (level, darker) in table.iter_mut().zip(darker) {
            // The whole part of a quotient below 256 is exact in float64.
            *level = (darker / step as f64).min(255.0) as u8;
        }
        each(from, to, |byte| table[usize::from(byte)]);
    }
}

/// How often each byte occurs. Counted in four tables by turns: equal bytes that follow one another
/// would wait for each other in one.
#[inline(always)]
fn histogram(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [[0_usize; 256]; 4];
    let (fours, rest) = bytes.as_chunks::<4>();
    for &[one, two, three, four] in fours {
        counts[0][usize::from(one)] += 1;
        counts[1][usize::from(two)] += 1;
        counts[2][usize::from(three)] += 1;
        counts[3][usize::from(four)] += 1;
    }
    for &byte in rest {
        counts[0][usize::from(byte)] += 1;
    }
    let [mut sums, others @ ..] = counts;
    for counts in others {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    sums
}
