//! Normal, gamma and Dirichlet numbers from words, the same on every platform.
//!
//! Two words `w` and `v` become the normal numbers `r cos(a)` and `r sin(a)`, where
//! `r = sqrt(-2 ln(((w >> 8) + 1) / 2^24))` and `a = 2 pi v / 2^32`: Box and Muller, "A note on the
//! generation of random normal deviates", 1958. All of it is float32 additions, multiplications,
//! divisions and square roots, rounded one by one in the order written here: no function of the
//! system's library, whose last bit differs. The largest is 5.77.
//!
//! Logarithms and powers of gamma numbers are those of the crate `libm`, for the same reason.

use super::draws::{Stream, unit};

/// Two independent normal numbers.
#[inline(always)]
pub(super) fn normals(radius: u32, angle: u32) -> [f32; 2] {
    let r = (-2.0 * ln((radius >> 8) + 1)).sqrt();
    // The nearest quarter of the circle, and what is left on either side of it.
    let quarter = angle.wrapping_add(1 << 29) >> 30;
    let rest = angle.wrapping_sub(quarter << 30).cast_signed() as f32;
    let x = rest * (std::f32::consts::FRAC_PI_2 / 1_073_741_824.0);
    let y = x * x;
    let sin = x
        * (1.0
            + y * (-1.0 / 6.0 + y * (1.0 / 120.0 + y * (-1.0 / 5040.0 + y * (1.0 / 362_880.0)))));
    let cos = 1.0
        + y * (-0.5
            + y * (1.0 / 24.0
                + y * (-1.0 / 720.0 + y * (1.0 / 40_320.0 + y * (-1.0 / 3_628_800.0)))));
    let (across, up) = if quarter & 1 == 0 {
        (cos, sin)
    } else {
        (sin, cos)
    };
    let across = if matches!(quarter, 1 | 2) {
        -across
    } else {
        across
    };
    let up = if quarter & 2 == 0 { up } else { -up };
    [r * across, r * up]
}

/// The natural logarithm of `steps / 2^24`, for 1 to 2^24 steps.
#[inline(always)]
fn ln(steps: u32) -> f32 {
    /// The bits of the square root of a half.
    const MIDDLE: u32 = 0x3f35_04f3;
    let bits = (steps.cast_signed() as f32).to_bits().wrapping_sub(MIDDLE);
    let exponent = (bits >> 23).cast_signed() - 24;
    let fraction = f32::from_bits((bits & 0x007f_ffff) + MIDDLE) - 1.0;
    let s = fraction / (2.0 + fraction);
    let z = s * s;
    let series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    exponent as f32 * std::f32::consts::LN_2 + 2.0 * s * series
}

/// Positive numbers that add up to 1, of the symmetric Dirichlet distribution, in float32.
pub(super) fn dirichlet(stream: &mut Stream, alpha: f64, count: usize) -> Vec<f32> {
    let logs: Vec<f64> = (0..count).map(|_| ln_gamma_draw(stream, alpha)).collect();
    // Relative to the largest: gammas of a small alpha are too small for a float64.
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = logs.iter().map(|log| libm::exp(log - largest)).collect();
    let total: f64 = shares.iter().sum();
    shares.iter().map(|share| (share / total) as f32).collect()
}

/// The logarithm of a number of the gamma distribution of shape `alpha`: Marsaglia and Tsang, "A
/// simple method for generating gamma variables", 2000.
///
/// An attempt takes three words: two for a normal number, one to accept it. Below a shape of 1 the
/// number is one of `alpha + 1` times a power of one more word.
fn ln_gamma_draw(stream: &mut Stream, alpha: f64) -> f64 {
    let shape = if alpha < 1.0 { alpha + 1.0 } else { alpha };
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let found = loop {
        let [normal, _] = normals(stream.next(), stream.next());
        let normal = f64::from(normal);
        let accept = libm::log(positive_unit(stream));
        let root = 1.0 + c * normal;
        if root > 0.0 {
            let cube = root * root * root;
            let log = libm::log(cube);
            if accept < 0.5 * normal * normal + d - d * cube + d * log {
                break libm::log(d) + log;
            }
        }
    };
    if alpha < 1.0 {
        found + libm::log(positive_unit(stream)) / alpha
    } else {
        found
    }
}

/// A number in (0, 1).
fn positive_unit(stream: &mut Stream) -> f64 {
    unit(stream.next()) + 0.5 / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_are_those_of_box_and_muller() {
        let words = [
            0,
            1,
            255,
            256,
            1 << 29,
            (1 << 29) - 1,
            3 << 29,
            1 << 30,
            1 << 31,
            u32::MAX,
        ];
        let spread = (0..4000_u32).map(|n| n.wrapping_mul(0x9E37_79B9));
        for (w, v) in words
            .iter()
            .flat_map(|&w| words.iter().map(move |&v| (w, v)))
            .chain(spread.map(|w| (w, w.wrapping_mul(747_796_405))))
        {
            let u = f64::from((w >> 8) + 1) / 16_777_216.0;
            let r = (-2.0 * u.ln()).sqrt();
            let a = std::f64::consts::TAU * f64::from(v) / 4_294_967_296.0;
            let found = normals(w, v);
            for (found, exact) in found.into_iter().zip([r * a.cos(), r * a.sin()]) {
                assert!(
                    (f64::from(found) - exact).abs() < 2e-6,
                    "{w} {v}: {found} {exact}"
                );
            }
        }
        assert_eq!(normals(u32::MAX, 12345), [0.0, 0.0]);
    }

    /// Written down once: another platform, build or version must give the same bits.
    #[test]
    fn normals_have_their_bits() {
        let found: Vec<u32> = (0..6_u32)
            .flat_map(|n| normals(n.wrapping_mul(0x9E37_79B9), n.wrapping_mul(0x85EB_CA6B)))
            .map(f32::to_bits)
            .collect();
        assert_eq!(
            found,
            [
                0x40b8_9456,
                0x0000_0000,
                0xbf78_7f31,
                0xbe11_79f6,
                0x3fd0_5ffd,
                0x3ef9_5104,
                0xbf02_5307,
                0xbe72_db84,
                0x3f83_0f9e,
                0x3f2c_388f,
                0xbfd1_ddef,
                0xbfba_8a88
            ]
        );
    }
}
