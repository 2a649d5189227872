//! `adjust_sharpness`: a blend with the image's 3x3 blur.

use super::byte;
use crate::transforms::ops::Shape;

/// Blends all pixels but those at the border with the mean of themselves, five times, and their
/// eight neighbours.
///
/// torch rounds that mean, which is a whole number of thirteenths: never so close to a half that
/// the order of its float32 sum matters. So it is computed in integers here.
#[inline(always)]
pub(super) fn sharpened(factor: f64, from: &[u8], shape: Shape, to: &mut [u8]) {
    let (area, width) = (shape.area(), shape.width);
    to.copy_from_slice(from);
    if shape.height <= 2 || width <= 2 {
        return;
    }
    let alpha = (1.0 - factor) as f32;
    let inner = width - 2;
    let mut columns = vec![0_u16; width];
    for (from, to) in from.chunks_exact(area).zip(to.chunks_exact_mut(area)) {
        for y in 1..shape.height - 1 {
            let above = &from[(y - 1) * width..][..width];
            let line = &from[y * width..][..width];
            let below = &from[(y + 1) * width..][..width];
            let columns = &mut columns[..width];
            for x in 0..width {
                columns[x] = u16::from(above[x]) + u16::from(line[x]) + u16::from(below[x]);
            }
            let left = &columns[..inner];
            let middle = &columns[1..][..inner];
            let right = &columns[2..][..inner];
            let line = &line[1..][..inner];
            let to = &mut to[y * width + 1..][..inner];
            for x in 0..inner {
                let centre = u16::from(line[x]);
                let thirteenths = left[x] + middle[x] + right[x] + 4 * centre;
                let blurred = (2 * thirteenths + 13) / 26;
                let change = f32::from(blurred.cast_signed() - centre.cast_signed());
                to[x] = byte(change.mul_add(alpha, f32::from(centre)));
            }
        }
    }
}
