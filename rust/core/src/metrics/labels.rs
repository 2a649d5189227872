//! What the samples are: class numbers, or a yes or no for every class.

use super::error::Error;
use super::matrix::Matrix;

/// A whole number or a truth value, as labels are stored in files and arrays.
pub trait Label: Copy + PartialEq {
    /// The label "no".
    const ZERO: Self;
    /// The label "yes".
    const ONE: Self;

    /// The label as an integer, unless it is not whole or too large for one.
    fn class(self) -> Option<i64>;

    /// The label as it is shown in an error.
    fn to_f64(self) -> f64;
}

macro_rules! integer_label {
    ($($integer:ty)*) => {$(
        impl Label for $integer {
            const ZERO: Self = 0;
            const ONE: Self = 1;

            fn class(self) -> Option<i64> {
                i64::try_from(self).ok()
            }

            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}
integer_label!(u8 u16 u32 u64 i8 i16 i32 i64);

macro_rules! float_label {
    ($($float:ty)*) => {$(
        impl Label for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn class(self) -> Option<i64> {
                const END: $float = 9_223_372_036_854_775_808.0;
                let whole = self.trunc() == self && (-END..END).contains(&self);
                whole.then_some(self as i64)
            }

            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    )*};
}
float_label!(f32 f64);

impl Label for bool {
    const ZERO: Self = false;
    const ONE: Self = true;

    fn class(self) -> Option<i64> {
        Some(i64::from(self))
    }

    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// Labels as numbers of their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The distinct labels, ascending.
    pub classes: Vec<i64>,
    /// For every sample, the place of its label in `classes`.
    pub codes: Codes,
}

/// Class numbers, in the narrowest type that holds them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// One or two classes.
    Binary(Vec<bool>),
    /// Up to 256 classes.
    Narrow(Vec<u8>),
    /// More classes.
    Wide(Vec<usize>),
}

/// Finds the distinct labels, and the place of every label among them.
///
/// The same as: `classes` is `labels`, sorted, without repeats;
/// `codes[row]` is the index of `labels[row]` in `classes`.
///
/// # Errors
/// [`Error::Label`] for a label that is not a whole number.
///
/// # Examples
/// ```
/// use medfast::metrics::{Codes, encode};
///
/// let encoded = encode(&[7.0, 3.0, 5.0, 3.0])?;
/// assert_eq!(encoded.classes, [3, 5, 7]);
/// assert_eq!(encoded.codes, Codes::Narrow(vec![2, 0, 1, 0]));
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn encode<L: Label>(labels: &[L]) -> Result<Encoded, Error> {
    match zeros_and_ones(labels) {
        Some(codes) => Ok(Encoded {
            classes: vec![0, 1],
            codes: Codes::Binary(codes),
        }),
        None => encode_any(labels),
    }
}

/// Which labels are 1, if all are 0 or 1 and both are there.
fn zeros_and_ones<L: Label>(labels: &[L]) -> Option<Vec<bool>> {
    #[cfg(target_arch = "x86_64")]
    if crate::simd::avx2() {
        // SAFETY: the processor has the feature.
        return unsafe { zeros_and_ones_avx2(labels) };
    }
    zeros_and_ones_portable(labels)
}

/// The same code as `zeros_and_ones_portable`, compiled to wider instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn zeros_and_ones_avx2<L: Label>(labels: &[L]) -> Option<Vec<bool>> {
    zeros_and_ones_portable(labels)
}

#[inline(always)]
fn zeros_and_ones_portable<L: Label>(labels: &[L]) -> Option<Vec<bool>> {
    let mut codes = vec![false; labels.len()];
    let (mut any_zero, mut any_one) = (false, false);
    for (codes, labels) in codes.chunks_mut(BLOCK).zip(labels.chunks(BLOCK)) {
        let (mut zeros, mut ones) = (0_u32, 0_u32);
        for (code, label) in codes.iter_mut().zip(labels) {
            *code = *label == L::ONE;
            ones += u32::from(*code);
            zeros += u32::from(*label == L::ZERO);
        }
        if (zeros + ones) as usize != labels.len() {
            return None;
        }
        any_zero |= zeros > 0;
        any_one |= ones > 0;
    }
    (any_zero && any_one).then_some(codes)
}

/// Labels looked at before others than 0 and 1 stop the looking.
const BLOCK: usize = 1024;

fn encode_any<L: Label>(labels: &[L]) -> Result<Encoded, Error> {
    let mut values = Vec::with_capacity(labels.len());
    for (row, label) in labels.iter().enumerate() {
        values.push(label.class().ok_or_else(|| Error::Label {
            value: label.to_f64(),
            row,
        })?);
    }
    let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else {
        return Ok(Encoded {
            classes: vec![],
            codes: Codes::Binary(vec![]),
        });
    };
    // A table of the whole span is quicker than sorting, where it is not much larger than the data.
    let span = high.abs_diff(low);
    if span < 1024.max(4 * labels.len() as u64) {
        let mut places = vec![usize::MAX; span as usize + 1];
        for value in &values {
            places[value.abs_diff(low) as usize] = 0;
        }
        let mut classes = Vec::new();
        for (value, place) in (low..=high)
            .zip(&mut places)
            .filter(|(_, place)| **place == 0)
        {
            *place = classes.len();
            classes.push(value);
        }
        let codes = narrowest(&values, classes.len(), |value| {
            places[value.abs_diff(low) as usize]
        });
        Ok(Encoded { classes, codes })
    } else {
        let mut classes = values.clone();
        classes.sort_unstable();
        classes.dedup();
        let codes = narrowest(&values, classes.len(), |value| {
            classes.partition_point(|class| *class < value)
        });
        Ok(Encoded { classes, codes })
    }
}

fn narrowest(values: &[i64], classes: usize, place: impl Fn(i64) -> usize) -> Codes {
    let places = values.iter().map(|value| place(*value));
    match classes {
        ..=2 => Codes::Binary(places.map(|place| place == 1).collect()),
        3..=256 => Codes::Narrow(places.map(|place| place as u8).collect()),
        257.. => Codes::Wide(places.collect()),
    }
}

/// An unsigned integer that numbers a class, and so a column of scores. Signed ones go through
/// [`encode`].
pub trait ClassNumber: Copy + Send + Sync {
    /// The number.
    fn index(self) -> usize;
}

macro_rules! class_number {
    ($($integer:ty)*) => {$(
        impl ClassNumber for $integer {
            fn index(self) -> usize {
                // A number beyond memory has no column, as `usize::MAX` has none.
                usize::try_from(self).unwrap_or(usize::MAX)
            }
        }
    )*};
}
class_number!(u8 u16 u32 u64 usize);

/// Labels of samples that are each of one class: class numbers, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a, C>(pub &'a [C]);

impl<C: ClassNumber> Classes<'_, C> {
    pub(super) fn check(&self, rows: usize, columns: usize) -> Result<(), Error> {
        if self.0.len() != rows {
            return Err(Error::shape("labels", (self.0.len(),), (rows,)));
        }
        match self.0.iter().position(|class| class.index() >= columns) {
            Some(row) => Err(Error::Class {
                class: self.0[row].index(),
                row,
                columns,
            }),
            None => Ok(()),
        }
    }
}

/// What is true of the samples: [`Classes`], or a [`Matrix`] of `bool` with a yes or no for every
/// sample and class.
///
/// Sealed: it is implemented here, and for no other types.
pub trait Truth: Copy + Sync + sealed::ColumnTruth {}

impl<C: ClassNumber> Truth for Classes<'_, C> {}
impl Truth for Matrix<'_, bool> {}

pub(super) use sealed::ColumnTruth;

mod sealed {
    use super::{ClassNumber, Classes, Error, Matrix};

    pub trait ColumnTruth {
        /// Fails unless the truth goes with scores of this shape.
        fn check_against(&self, rows: usize, columns: usize) -> Result<(), Error>;

        /// Which samples are of the class of this column.
        fn of_column(&self, column: usize) -> impl Iterator<Item = bool> + Clone;
    }

    impl<C: ClassNumber> ColumnTruth for Classes<'_, C> {
        fn check_against(&self, rows: usize, columns: usize) -> Result<(), Error> {
            self.check(rows, columns)
        }

        fn of_column(&self, column: usize) -> impl Iterator<Item = bool> + Clone {
            self.0.iter().map(move |class| class.index() == column)
        }
    }

    impl ColumnTruth for Matrix<'_, bool> {
        fn check_against(&self, rows: usize, columns: usize) -> Result<(), Error> {
            let (found, expected) = ((self.rows(), self.columns()), (rows, columns));
            if found == expected {
                Ok(())
            } else {
                Err(Error::shape("labels", found, expected))
            }
        }

        fn of_column(&self, column: usize) -> impl Iterator<Item = bool> + Clone {
            self.column(column)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn decode(encoded: &Encoded) -> Vec<i64> {
        let class = |place: usize| encoded.classes[place];
        match &encoded.codes {
            Codes::Binary(codes) => codes.iter().map(|code| class(usize::from(*code))).collect(),
            Codes::Narrow(codes) => codes.iter().map(|code| class(usize::from(*code))).collect(),
            Codes::Wide(codes) => codes.iter().map(|code| class(*code)).collect(),
        }
    }

    proptest! {
        #[test]
        fn codes_point_back_to_the_labels(
            labels in prop_oneof![
                prop::collection::vec(0_i64..2, 0..50),
                prop::collection::vec(0_i64..2, 1000..2100),
                prop::collection::vec(-3_i64..4, 0..50),
                prop::collection::vec(any::<i64>(), 0..600),
                prop::collection::vec(0_i64..1000, 0..1500),
            ]
        ) {
            prop_assert_eq!(zeros_and_ones(&labels), zeros_and_ones_portable(&labels));
            let encoded = encode(&labels).unwrap();
            let distinct: BTreeSet<i64> = labels.iter().copied().collect();
            prop_assert!(encoded.classes.iter().eq(&distinct));
            prop_assert_eq!(decode(&encoded), labels);
        }
    }

    #[test]
    fn one_class_is_one_class() {
        for labels in [vec![0_u8; 4], vec![1; 4], vec![9; 4]] {
            let encoded = encode(&labels).unwrap();
            assert_eq!(encoded.classes, [i64::from(labels[0])]);
            assert_eq!(encoded.codes, Codes::Binary(vec![false; 4]));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_labels() {
        for labels in [
            [i64::MAX - 1, i64::MAX, i64::MAX],
            [i64::MIN, i64::MIN + 1, i64::MIN],
        ] {
            assert_eq!(decode(&encode(&labels).unwrap()), labels);
        }
    }

    #[test]
    fn whole_floats_are_labels_and_others_are_not() {
        assert_eq!(encode(&[2.0_f32, -1.0, 2.0]).unwrap().classes, [-1, 2]);
        for bad in [0.5, f64::NAN, f64::INFINITY, 1e19] {
            let error = encode(&[0.0, 1.0, bad]).unwrap_err();
            assert!(
                matches!(error, Error::Label { row: 2, .. }),
                "{bad}: {error}"
            );
        }
    }
}
