//! `adjust_gamma`: powers, by table.

use super::power::power;
use super::{byte as to_byte, levels};

/// Values that torch takes the power of at once; what a whole image leaves over goes one by one.
const STEP: usize = 32;

/// Raises every value, as a part of 255, to the power `gamma`, and multiplies it by `gain`.
///
/// The values left over after whole steps go through C's `pow` of doubles in torch, the others
/// through its own code for vectors.
#[inline(always)]
pub(super) fn raised(gamma: f64, gain: f64, from: &[u8], to: &mut [u8]) {
    let gain = gain as f32;
    let exponent = gamma as f32;
    let rest = from.len() - from.len() % STEP;
    // What torch computes otherwise than as a power is the same one by one.
    let scalar = |part: f32| match gamma {
        0.0 => 1.0,
        0.5 => part.sqrt(),
        1.0 => part,
        2.0 => part * part,
        3.0 => part * part * part,
        _ => f64::from(part).powf(gamma) as f32,
    };
    if rest > 0 {
        let mut powers = [0.0; 256];
        if [0.0, 0.5, 1.0, 2.0, 3.0].contains(&gamma) {
            for (byte, power) in powers.iter_mut().enumerate() {
                *power = scalar(part_of(byte));
            }
        } else {
            for (byte, to) in powers.iter_mut().enumerate() {
                *to = power(part_of(byte), exponent);
            }
            powers[0] = 0.0;
        }
        let mut table = [0; 256];
        for (level, power) in table.iter_mut().zip(powers) {
            *level = level_of(power, gain);
        }
        levels::each(&from[..rest], &mut to[..rest], |byte| {
            table[usize::from(byte)]
        });
    }
    levels::each(&from[rest..], &mut to[rest..], |byte| {
        level_of(scalar(part_of(usize::from(byte))), gain)
    });
}

#[inline(always)]
fn part_of(byte: usize) -> f32 {
    byte as f32 * (1.0 / 255.0)
}

#[inline(always)]
fn level_of(value: f32, gain: f32) -> u8 {
    to_byte((value * gain).clamp(0.0, 1.0) * 255.999)
}
