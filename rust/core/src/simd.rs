//! Which vector instructions are used.
//!
//! No result depends on it: each path is the same operations in the same order. `off` in the
//! environment variable `MEDFAST_SIMD` takes the portable path everywhere, to check that.

use std::sync::OnceLock;

/// The environment variable, read once.
pub const VARIABLE: &str = "MEDFAST_SIMD";

/// Whether code for AVX2 and FMA is used: where the processor has them, unless it is switched off.
#[must_use]
#[inline]
pub fn avx2() -> bool {
    static AVX2: OnceLock<bool> = OnceLock::new();
    *AVX2.get_or_init(|| std::env::var_os(VARIABLE).is_none_or(|value| value != "off") && found())
}

#[cfg(target_arch = "x86_64")]
fn found() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn found() -> bool {
    false
}
