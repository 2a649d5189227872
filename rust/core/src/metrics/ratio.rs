//! The quotient of two large integers, correctly rounded.

/// `numerator / denominator` as the nearest `f64`, a tie going to the even one.
///
/// The same as dividing the two as real numbers and rounding once. Expects
/// `numerator <= denominator < 2^127` and `denominator > 0`.
pub(super) fn correctly_rounded(numerator: u128, denominator: u128) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if denominator <= EXACT {
        return numerator as f64 / denominator as f64;
    }
    // Long division in base two: 64 significant bits, the last one set if anything remains.
    let mut remainder = numerator;
    let mut quotient = 0_u64;
    let mut exponent = 0;
    while quotient >> 63 == 0 && remainder > 0 {
        let bit = remainder >= denominator;
        quotient = quotient << 1 | u64::from(bit);
        remainder = (remainder - if bit { denominator } else { 0 }) << 1;
        exponent -= 1;
    }
    quotient |= u64::from(remainder > 0);
    quotient as f64 * 2.0_f64.powi(exponent + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_are_exact() {
        let huge = (1 << 126) - 1;
        assert_eq!(correctly_rounded(0, huge), 0.0);
        assert_eq!(correctly_rounded(huge, huge), 1.0);
        assert_eq!(correctly_rounded(1, 1 << 126), 2.0_f64.powi(-126));
    }

    #[test]
    fn a_tie_goes_to_the_even_neighbour() {
        let unit = 1_u128 << 60;
        let half_ulp = unit >> 54;
        assert_eq!(correctly_rounded(unit / 2 + half_ulp, unit), 0.5);
        assert_eq!(
            correctly_rounded(unit / 2 + half_ulp + 1, unit),
            0.5_f64.next_up()
        );
        assert_eq!(
            correctly_rounded(unit / 2 + 3 * half_ulp, unit),
            0.5 + 4.0 * 2.0_f64.powi(-54)
        );
    }

    proptest! {
        /// Small fractions are rounded correctly by the processor; enlarging both sides of one
        /// must not change the answer.
        #[test]
        fn only_the_fraction_counts(a in 0_u64..1 << 40, b in 1_u64..1 << 40, k in 1_u128..1 << 80) {
            let (small, large) = (a.min(b), a.max(b).max(1));
            let expected = small as f64 / large as f64;
            let enlarged = correctly_rounded(u128::from(small) * k, u128::from(large) * k);
            prop_assert_eq!(enlarged, expected);
        }
    }
}
