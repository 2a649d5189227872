//! Which vector instructions are used.
//!
//! None of them changes a result: each path is the same operations in the same order. `off` in the
//! environment variable `MEDFAST_SIMD`, read once, takes the portable path everywhere, to check that.

use std::sync::OnceLock;

/// Whether code for AVX2 and FMA is used.
#[must_use]
#[inline]
pub(crate) fn avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        static AVX2: OnceLock<bool> = OnceLock::new();
        *AVX2.get_or_init(|| {
            let off = std::env::var_os("MEDFAST_SIMD").is_some_and(|value| value == "off");
            !off && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
        })
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}
