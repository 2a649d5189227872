//! Ops that change what pixels hold, by their names in Python.

use crate::transforms::ops::{Color, Noise, Op};

/// The op of this name and these parameters, if it is one of this file.
pub(super) fn parse(name: &str, values: &[f64]) -> Option<Op> {
    Some(Op::Color(match (name, values) {
        ("adjust_brightness", &[factor]) => Color::Brightness(factor),
        ("adjust_contrast", &[factor]) => Color::Contrast(factor),
        ("adjust_saturation", &[factor]) => Color::Saturation(factor),
        ("adjust_hue", &[turn]) => Color::Hue(turn),
        ("adjust_sharpness", &[factor]) => Color::Sharpness(factor),
        ("adjust_gamma", &[gamma, gain]) => Color::Gamma { gamma, gain },
        ("gaussian_blur", &[width, height, horizontal, vertical]) => Color::GaussianBlur {
            kernel: [width as usize, height as usize],
            sigmas: [horizontal, vertical],
        },
        ("gaussian_noise", &[mean, sigma, clip, seed, row]) => Color::GaussianNoise(Noise {
            mean,
            sigma,
            clip: clip != 0.0,
            seed: seed as u64,
            row: row as u64,
        }),
        ("invert", &[]) => Color::Invert,
        ("posterize", &[bits]) => Color::Posterize(bits),
        ("solarize", &[threshold]) => Color::Solarize(threshold),
        ("autocontrast", &[]) => Color::Autocontrast,
        ("equalize", &[]) => Color::Equalize,
        ("rgb_to_grayscale", &[channels]) => Color::Grayscale {
            channels: channels as usize,
        },
        _ => return None,
    }))
}
