//! `adjust_hue`: by way of hue, saturation and value.

use super::{byte, rgb, rgb_mut};
use crate::transforms::ops::Shape;

/// Turns every pixel's hue by part of a full turn. Gray images have none.
#[inline(always)]
pub(super) fn turned(turn: f64, from: &[u8], shape: Shape, to: &mut [u8]) {
    let Some([from_red, from_green, from_blue]) = rgb(from, shape) else {
        return to.copy_from_slice(from);
    };
    let [to_red, to_green, to_blue] = rgb_mut(to, shape);
    let turn = turn as f32;
    for at in 0..shape.area() {
        let red = f32::from(from_red[at]) * (1.0 / 255.0);
        let green = f32::from(from_green[at]) * (1.0 / 255.0);
        let blue = f32::from(from_blue[at]) * (1.0 / 255.0);
        let [red, green, blue] = turned_pixel(red, green, blue, turn);
        to_red[at] = byte(red * 255.999);
        to_green[at] = byte(green * 255.999);
        to_blue[at] = byte(blue * 255.999);
    }
}

/// Every operation is one of torch's, rounded where it rounds: no two are fused.
#[inline(always)]
fn turned_pixel(red: f32, green: f32, blue: f32, turn: f32) -> [f32; 3] {
    let highest = larger(larger(red, green), blue);
    let lowest = smaller(smaller(red, green), blue);
    let range = highest - lowest;
    let gray = highest == lowest;
    let saturation = range / if gray { 1.0 } else { highest };
    let divisor = if gray { 1.0 } else { range };
    let r = (highest - red) / divisor;
    let g = (highest - green) / divisor;
    let b = (highest - blue) / divisor;
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
    let sector = if sector == 6.0 { 0.0 } else { sector };
    // Selected channel by channel, which vector code can do.
    [
        of_sector(sector, [highest, falling, low, low, rising, highest]),
        of_sector(sector, [rising, highest, highest, falling, low, low]),
        of_sector(sector, [low, low, rising, highest, highest, falling]),
    ]
}

#[inline(always)]
fn of_sector(sector: f32, values: [f32; 6]) -> f32 {
    let value = if sector < 1.0 { values[0] } else { values[1] };
    let value = if sector < 2.0 { value } else { values[2] };
    let value = if sector < 3.0 { value } else { values[3] };
    let value = if sector < 4.0 { value } else { values[4] };
    if sector < 5.0 { value } else { values[5] }
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
