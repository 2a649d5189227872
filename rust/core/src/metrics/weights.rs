//! Sample weights, and sums of them.

use super::error::Error;

/// Checked weights, scaled by a power of two so that no product of their sums overflows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    values: &'a [f64],
    scale: f64,
}

impl<'a> Weights<'a> {
    pub(super) fn new(values: &'a [f64], rows: usize) -> Result<Self, Error> {
        if values.len() != rows {
            return Err(Error::shape("sample weights", (values.len(),), (rows,)));
        }
        if let Some(row) = values.iter().position(|weight| !weight.is_finite()) {
            let value = values[row];
            return Err(Error::Weight { value, row });
        }
        let largest = values
            .iter()
            .fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
        if largest == 0.0 {
            return Err(Error::ZeroWeights);
        }
        let exponent = (largest.to_bits() >> 52) as i32 - 1023;
        let scale = 2.0_f64.powi((-exponent).min(1023));
        Ok(Self { values, scale })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = f64> + Clone + use<'a> {
        let scale = self.scale;
        self.values.iter().map(move |weight| weight * scale)
    }
}

/// A running sum that carries its own rounding error along (Neumaier 1974).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    pub(super) fn add(&mut self, term: f64) {
        let sum = self.high + term;
        self.low += if self.high.abs() >= term.abs() {
            (self.high - sum) + term
        } else {
            (term - sum) + self.high
        };
        self.high = sum;
    }

    pub(super) fn value(self) -> f64 {
        self.high + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_exact_and_bounded() {
        for largest in [f64::MAX, 1e300, 3.0, 1.0, 1e-300, f64::MIN_POSITIVE, 5e-324] {
            let values = [largest, -largest / 2.0, 0.0];
            let weights: Vec<f64> = Weights::new(&values, 3).unwrap().iter().collect();
            assert!(
                weights[0] > 0.0 && weights[0] < 2.0,
                "{largest}: {weights:?}"
            );
        }
        let weights = Weights::new(&[3.0, 1.5], 2).unwrap();
        assert!(weights.iter().eq([1.5, 0.75]));
    }

    #[test]
    fn faults_are_named() {
        let error = |values: &[f64]| Weights::new(values, 2).unwrap_err();
        assert_eq!(error(&[1.0]), Error::shape("sample weights", (1,), (2,)));
        assert_eq!(error(&[0.0, -0.0]), Error::ZeroWeights);
        assert!(matches!(
            error(&[1.0, f64::NAN]),
            Error::Weight { row: 1, .. }
        ));
        assert!(matches!(
            error(&[f64::INFINITY, 0.0]),
            Error::Weight { row: 0, .. }
        ));
    }

    #[test]
    fn a_sum_keeps_what_plain_addition_loses() {
        let mut sum = Sum::default();
        for term in [1.0, 1e100, 1.0, -1e100] {
            sum.add(term);
        }
        assert_eq!(sum.value(), 2.0);
    }
}
