//! CRC-32 of a whole from those of its parts.

/// The polynomial of the CRC-32 of zip, highest power last.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// The product of two polynomials modulo the CRC's; bit 31 is the power 0.
const fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut bit = 1 << 31;
    while bit != 0 {
        if a & bit != 0 {
            product ^= b;
        }
        b = b >> 1 ^ if b & 1 == 0 { 0 } else { POLYNOMIAL };
        bit >>= 1;
    }
    product
}

/// The CRC-32 of the bytes with the CRC `first` followed by `length` bytes with the CRC `second`.
pub(super) fn combine(first: u32, second: u32, length: u64) -> u32 {
    let mut shifted = first;
    // Powers of x to 8, 16, 32, ...: x shifted by one byte, two, four ...
    let mut power = 1 << (31 - 8);
    let mut left = length;
    while left != 0 {
        if left & 1 != 0 {
            shifted = multiply(power, shifted);
        }
        power = multiply(power, power);
        left >>= 1;
    }
    shifted ^ second
}

#[cfg(test)]
mod tests {
    use super::*;
    use libdeflater::crc32;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_make_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..2000), cut: usize) {
            let cut = cut % (bytes.len() + 1);
            let (a, b) = bytes.split_at(cut);
            let combined = combine(crc32(a), crc32(b), b.len() as u64);
            prop_assert_eq!(combined, crc32(&bytes));
        }
    }
}
