//! Scores as unsigned integers of the same order.

use std::fmt::Debug;

/// A number that can be ranked: `f32`, `f64`, or an integer of up to 64 bits.
///
/// Sealed: it is implemented here, and for no other types.
pub trait Score: Copy + PartialOrd + Debug + Send + Sync + sealed::Ranked {}

impl<T: sealed::Ranked> Score for T {}

pub(super) use sealed::{Key, Ranked};

mod sealed {
    use std::ops::{BitAnd, BitOr, BitXor, Not, Shr, Sub};

    use super::Debug;

    /// An unsigned integer that stands for a score.
    pub trait Key:
        Copy
        + Default
        + Ord
        + Debug
        + Send
        + Sync
        + BitAnd<Output = Self>
        + BitOr<Output = Self>
        + BitXor<Output = Self>
        + Not<Output = Self>
        + Shr<u32, Output = Self>
        + Sub<Output = Self>
        + 'static
    {
        const BITS: u32;

        fn as_u64(self) -> u64;
    }

    macro_rules! key {
        ($($key:ty)*) => {$(
            impl Key for $key {
                const BITS: u32 = <$key>::BITS;

                fn as_u64(self) -> u64 {
                    u64::from(self)
                }
            }
        )*};
    }
    key!(u32 u64);

    pub trait Ranked: Copy + PartialOrd + Debug + Send + Sync {
        type Key: Key;

        /// The same as: `a.key() < b.key()` if and only if `a < b`, for all a and b but NaN.
        fn key(self) -> Self::Key;
        fn is_nan(self) -> bool;
        fn to_f64(self) -> f64;
    }

    macro_rules! ranked_float {
        ($float:ty, $key:ty, $signed:ty) => {
            impl Ranked for $float {
                type Key = $key;

                fn key(self) -> $key {
                    const TOP: $key = 1 << (<$key>::BITS - 1);
                    let bits = self.to_bits();
                    let bits = if bits == TOP { 0 } else { bits };
                    let all_ones_if_negative = (bits.cast_signed() >> (<$key>::BITS - 1)) as $key;
                    bits ^ (all_ones_if_negative | TOP)
                }

                fn is_nan(self) -> bool {
                    self.is_nan()
                }

                fn to_f64(self) -> f64 {
                    f64::from(self)
                }
            }
        };
    }
    ranked_float!(f32, u32, i32);
    ranked_float!(f64, u64, i64);

    macro_rules! ranked_integer {
        ($($integer:ty => $key:ty, $offset:expr;)*) => {$(
            impl Ranked for $integer {
                type Key = $key;

                fn key(self) -> $key {
                    (self as $key).wrapping_add($offset)
                }

                fn is_nan(self) -> bool {
                    false
                }

                fn to_f64(self) -> f64 {
                    self as f64
                }
            }
        )*};
    }
    ranked_integer! {
        u8 => u32, 0;
        u16 => u32, 0;
        u32 => u32, 0;
        u64 => u64, 0;
        i8 => u32, 1 << 31;
        i16 => u32, 1 << 31;
        i32 => u32, 1 << 31;
        i64 => u64, 1 << 63;
    }
}

#[cfg(test)]
mod tests {
    use super::Ranked;
    use proptest::prelude::*;

    fn same_order<S: Ranked>(a: S, b: S) -> Result<(), TestCaseError> {
        prop_assert_eq!(a.partial_cmp(&b), Some(a.key().cmp(&b.key())));
        Ok(())
    }

    proptest! {
        #[test]
        fn keys_are_ordered_as_f32(a: u32, b: u32) {
            let (a, b) = (f32::from_bits(a), f32::from_bits(b));
            prop_assume!(!a.is_nan() && !b.is_nan());
            same_order(a, b)?;
        }

        #[test]
        fn keys_are_ordered_as_f64(a: u64, b: u64) {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            prop_assume!(!a.is_nan() && !b.is_nan());
            same_order(a, b)?;
        }

        #[test]
        fn keys_are_ordered_as_i64(a: i64, b: i64) {
            same_order(a, b)?;
        }

        #[test]
        fn keys_are_ordered_as_i8(a: i8, b: i8) {
            same_order(a, b)?;
        }

        #[test]
        fn keys_are_ordered_as_u64(a: u64, b: u64) {
            same_order(a, b)?;
        }
    }

    #[test]
    fn keys_are_ordered_at_the_edges() {
        let tiny = f32::from_bits(1);
        let ladder = [
            f32::NEG_INFINITY,
            -f32::MAX,
            -1.0,
            -f32::MIN_POSITIVE,
            -tiny,
            -0.0,
            0.0,
            tiny,
            f32::MIN_POSITIVE,
            1.0,
            f32::MAX,
            f32::INFINITY,
        ];
        for a in ladder {
            for b in ladder {
                assert_eq!(
                    a.partial_cmp(&b),
                    Some(a.key().cmp(&b.key())),
                    "{a} and {b}"
                );
                let (a, b) = (f64::from(a), f64::from(b));
                assert_eq!(
                    a.partial_cmp(&b),
                    Some(a.key().cmp(&b.key())),
                    "{a} and {b}"
                );
            }
        }
    }
}
