//! Powers and exponentials of float32 as torch's vector code computes them, to the last bit.
//!
//! torch calls SLEEF's `powf` and `expf` of 1.0 ulp. What follows are their operations in their
//! order, for the arguments that occur here. A correctly rounded function would differ in the last
//! bit of one value in fifty.

/// A sum of two float32, the second of which is what the first lacks.
#[derive(Clone, Copy)]
struct Double {
    high: f32,
    low: f32,
}

impl Double {
    /// `a + b`, without a rounding error.
    #[inline(always)]
    fn sum(a: f32, b: f32) -> Self {
        let high = a + b;
        let part = high - a;
        let low = (a - (high - part)) + (b - part);
        Self { high, low }
    }

    /// `a + b`, where `a` is not the smaller one.
    #[inline(always)]
    fn sum_ordered(a: Self, b: Self) -> Self {
        let high = a.high + b.high;
        let low = a.high - high + b.high + a.low + b.low;
        Self { high, low }
    }

    #[inline(always)]
    fn plus(self, other: f32) -> Self {
        let Self { high, low } = Self::sum(self.high, other);
        Self {
            high,
            low: low + self.low,
        }
    }

    #[inline(always)]
    fn plus_double(self, other: Self) -> Self {
        let Self { high, low } = Self::sum(self.high, other.high);
        Self {
            high,
            low: low + (self.low + other.low),
        }
    }

    #[inline(always)]
    fn times(self, other: f32) -> Self {
        let high = self.high * other;
        let low = self.low.mul_add(other, self.high.mul_add(other, -high));
        Self { high, low }
    }

    #[inline(always)]
    fn times_double(self, other: Self) -> Self {
        let high = self.high * other.high;
        let low = self.high.mul_add(other.high, -high);
        let low = self
            .high
            .mul_add(other.low, self.low.mul_add(other.high, low));
        Self { high, low }
    }

    #[inline(always)]
    fn squared(self) -> Self {
        let high = self.high * self.high;
        let low = self.high.mul_add(self.high, -high);
        let low = (self.high + self.high).mul_add(self.low, low);
        Self { high, low }
    }

    #[inline(always)]
    fn over(self, other: Self) -> Self {
        let inverse = 1.0 / other.high;
        let high = self.high * inverse;
        let rest = inverse.mul_add(self.high, -high);
        let error = (-other.low).mul_add(inverse, (-other.high).mul_add(inverse, 1.0));
        let low = high.mul_add(error, self.low.mul_add(inverse, rest));
        Self { high, low }
    }

    #[inline(always)]
    fn normalized(self) -> Self {
        let high = self.high + self.low;
        let low = self.high - high + self.low;
        Self { high, low }
    }
}

/// ln 2 in two parts, the upper one of few bits, and 1 / ln 2.
const LN_2_UPPER: f32 = 0.693_145_75;
const LN_2_LOWER: f32 = 1.428_606_8e-6;
const PER_LN_2: f32 = std::f32::consts::LOG2_E;

/// `base` to the power `exponent`, for a `base` in (0, 1] that is no subnormal and an `exponent` of
/// 0 or more.
#[inline(always)]
pub(super) fn power(base: f32, exponent: f32) -> f32 {
    exponential(logarithm(base).times(exponent))
}

#[inline(always)]
fn logarithm(value: f32) -> Double {
    // value = mantissa * 2^exponent, the mantissa in [0.75, 1.5).
    let exponent = ((value * (1.0 / 0.75)).to_bits() >> 23) as i32 - 127;
    let mantissa = f32::from_bits(value.to_bits().wrapping_sub((exponent << 23) as u32));
    let x = Double::sum(-1.0, mantissa).over(Double::sum(1.0, mantissa));
    let square = x.squared();
    let tail = 0.240_320_35_f32
        .mul_add(square.high, 0.285_112_68)
        .mul_add(square.high, 0.400_008);
    let two_thirds = Double {
        high: 0.666_666_6,
        low: 3.691_838_6e-9,
    };
    let ln_2 = Double {
        high: std::f32::consts::LN_2,
        low: -1.904_654_3e-9,
    };
    let twice = Double {
        high: x.high * 2.0,
        low: x.low * 2.0,
    };
    let sum = Double::sum_ordered(ln_2.times(exponent as f32), twice);
    let cube = square.times_double(x);
    let rest = cube.times_double(square.times(tail).plus_double(two_thirds));
    Double::sum_ordered(sum, rest)
}

#[inline(always)]
fn exponential(value: Double) -> f32 {
    let twos = ((value.high + value.low) * PER_LN_2).round_ties_even();
    let rest = value.plus(twos * -LN_2_UPPER).plus(twos * -LN_2_LOWER);
    let rest = rest.normalized();
    let series = 0.001_363_246_5_f32
        .mul_add(rest.high, 0.008_365_969)
        .mul_add(rest.high, 0.041_671_082)
        .mul_add(rest.high, 0.166_665_52)
        .mul_add(rest.high, 0.499_999_85);
    let sum = Double::sum_ordered(rest, rest.squared().times(series));
    let one = Double {
        high: 1.0,
        low: 0.0,
    };
    let sum = Double::sum_ordered(one, sum);
    times_two_to(sum.high + sum.low, twos)
}

/// e to the power `value`, which is 0 or less, or NaN.
pub(super) fn exp(value: f32) -> f32 {
    let twos = (value * PER_LN_2).round_ties_even();
    let rest = twos.mul_add(-LN_2_LOWER, twos.mul_add(-LN_2_UPPER, value));
    let series = 0.000_198_527_62_f32
        .mul_add(rest, 0.001_393_043_6)
        .mul_add(rest, 0.008_333_361)
        .mul_add(rest, 0.041_666_485)
        .mul_add(rest, 0.166_666_67)
        .mul_add(rest, 0.5);
    let sum = 1.0 + (rest * rest).mul_add(series, rest);
    times_two_to(sum, twos)
}

/// `value * 2^twos`, for `twos` of 0 or less; 0 for NaN, and where nothing is left. A subnormal
/// result is rounded as often as there.
#[inline(always)]
fn times_two_to(value: f32, twos: f32) -> f32 {
    if twos >= -150.0 {
        let twos = twos as i32;
        let two_to = |twos: i32| f32::from_bits(((twos + 127) << 23) as u32);
        let whole = ((twos - 1) >> 6) + 1;
        let half = two_to(32 * whole);
        value * half * half * two_to(twos - 64 * whole)
    } else {
        0.0
    }
}
