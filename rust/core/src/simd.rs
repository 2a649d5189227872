//! Which instructions beyond the architecture's own are used.
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
    found().avx2
}

/// Whether code for BMI2, with its shifts, is used.
#[must_use]
#[inline]
pub fn bmi2() -> bool {
    found().bmi2
}

struct Found {
    avx2: bool,
    bmi2: bool,
}

fn found() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| {
        if std::env::var_os(VARIABLE).is_some_and(|value| value == "off") {
            return Found {
                avx2: false,
                bmi2: false,
            };
        }
        look()
    })
}

#[cfg(target_arch = "x86_64")]
fn look() -> Found {
    Found {
        avx2: is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        bmi2: is_x86_feature_detected!("bmi2"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn look() -> Found {
    Found {
        avx2: false,
        bmi2: false,
    }
}
