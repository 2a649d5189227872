//! `adjust_hue`: by way of hue, saturation and value.

use super::rgb;
use crate::transforms::ops::Shape;
use crate::transforms::tone::whole;

/// Turns every pixel's hue by part of a full turn. Gray images have none.
#[inline(always)]
pub(super) fn turned(turn: f64, from: &[u8], shape: Shape, to: &mut [u8]) {
    let Some([red, green, blue]) = rgb(from, shape) else {
        return to.copy_from_slice(from);
    };
    let turn = turn as f32;
    let area = shape.area();
    let (to_red, rest) = to.split_at_mut(area);
    let (to_green, to_blue) = rest.split_at_mut(area);
    for at in 0..area {
        let pixel = [red[at], green[at], blue[at]].map(|byte| f32::from(byte) * (1.0 / 255.0));
        let [r, g, b] = turned_pixel(pixel, turn).map(|value| {
            // SAFETY: `value` is in [0, 1].
            unsafe { whole(value * 255.999) as u8 }
        });
        (to_red[at], to_green[at], to_blue[at]) = (r, g, b);
    }
}

/// Every operation is one of torch's, rounded where it rounds: no two are fused.
#[inline(always)]
fn turned_pixel([red, green, blue]: [f32; 3], turn: f32) -> [f32; 3] {
    let highest = larger(larger(red, green), blue);
    let lowest = smaller(smaller(red, green), blue);
    let range = highest - lowest;
    let gray = highest == lowest;
    let saturation = range / if gray { 1.0 } else { highest };
    let divisor = if gray { 1.0 } else { range };
    let [r, g, b] = [red, green, blue].map(|value| (highest - value) / divisor);
    let sixths = if highest == red {
        b - g
    } else if highest == green {
        r + 2.0 - b
    } else {
        g + 4.0 - r
    };
    let hue = fraction(sixths * (1.0 / 6.0) + 1.0) + turn;
    let hue = fraction(hue);
    let hue = if hue < 0.0 { hue + 1.0 } else { hue };

    let sixths = hue * 6.0;
    let sector = sixths.floor();
    let within = sixths - sector;
    let grey = 1.0 - saturation;
    let rising = saturation * within;
    let low = to_unit(grey * highest);
    let falling = to_unit((1.0 - rising) * highest);
    let rising = to_unit((rising + grey) * highest);
    // A hue just below 0 may have been rounded up to a full turn, the sector to 6.
    if sector < 1.0 || sector == 6.0 {
        [highest, rising, low]
    } else if sector < 2.0 {
        [falling, highest, low]
    } else if sector < 3.0 {
        [low, highest, rising]
    } else if sector < 4.0 {
        [low, falling, highest]
    } else if sector < 5.0 {
        [rising, low, highest]
    } else {
        [highest, low, falling]
    }
}

/// What C's `fmod(value, 1)` gives.
#[inline(always)]
fn fraction(value: f32) -> f32 {
    value - value.trunc()
}

#[inline(always)]
fn to_unit(value: f32) -> f32 {
    smaller(larger(value, 0.0), 1.0)
}

// `max` and `min` spend instructions on NaN.
#[inline(always)]
fn larger(one: f32, other: f32) -> f32 {
    if one > other { one } else { other }
}

#[inline(always)]
fn smaller(one: f32, other: f32) -> f32 {
    if one < other { one } else { other }
}
