//! Tables borrowed from the arrays of the crate `ndarray`.

use ndarray::{ArrayBase, ArrayView1, ArrayView2, Data, Ix1, Ix2};

use super::error::Error;
use super::matrix::Matrix;

/// Needs the feature `ndarray`. Rows of the array are samples, columns are classes.
///
/// # Errors
/// [`Error::Layout`] unless the array is contiguous, in C or in Fortran order. Such an array is
/// borrowed without a copy; of any other one, `as_standard_layout` makes a copy that is.
///
/// # Examples
/// ```
/// use medfast::metrics::{Error, Matrix};
/// use ndarray::{array, s};
///
/// let scores = array![[0.1, 0.9], [0.6, 0.4], [0.7, 0.3]];
/// let by_row = Matrix::try_from(scores.view())?;
/// assert_eq!((by_row.rows(), by_row.columns()), (3, 2));
/// assert!(Matrix::try_from(scores.t()).is_ok());
///
/// let every_other = scores.slice(s![..;2, ..]);
/// assert!(matches!(Matrix::try_from(every_other), Err(Error::Layout { .. })));
/// let copy = every_other.as_standard_layout();
/// assert_eq!(Matrix::try_from(&copy)?.rows(), 2);
/// # Ok::<(), Error>(())
/// ```
impl<'a, T> TryFrom<ArrayView2<'a, T>> for Matrix<'a, T> {
    type Error = Error;

    fn try_from(array: ArrayView2<'a, T>) -> Result<Self, Error> {
        let (rows, columns) = array.dim();
        if let Some(data) = array.to_slice() {
            return Self::row_major(data, rows, columns);
        }
        if let Some(data) = array.reversed_axes().to_slice() {
            return Self::column_major(data, rows, columns);
        }
        Err(layout(array.shape(), array.strides()))
    }
}

/// Needs the feature `ndarray`. The same as [`Matrix::try_from`] of the array's view.
///
/// # Errors
/// [`Error::Layout`] unless the array is contiguous, in C or in Fortran order.
impl<'a, T, S: Data<Elem = T>> TryFrom<&'a ArrayBase<S, Ix2>> for Matrix<'a, T> {
    type Error = Error;

    fn try_from(array: &'a ArrayBase<S, Ix2>) -> Result<Self, Error> {
        Self::try_from(array.view())
    }
}

/// Needs the feature `ndarray`. A table of one column: the scores, or the labels, of one class.
///
/// # Errors
/// [`Error::Layout`] unless the array is contiguous.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, roc_auc_covariance};
/// use ndarray::array;
///
/// let labels = array![false, true, false, true];
/// let scores = array![0.1, 0.4, 0.35, 0.8];
/// let (labels, scores) = (Matrix::try_from(&labels)?, Matrix::try_from(&scores)?);
/// let found = roc_auc_covariance(labels, &[scores], None, &Options::default())?;
/// assert_eq!(found.areas(), [Some(1.0)]);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
impl<'a, T> TryFrom<ArrayView1<'a, T>> for Matrix<'a, T> {
    type Error = Error;

    fn try_from(array: ArrayView1<'a, T>) -> Result<Self, Error> {
        match array.to_slice() {
            Some(data) => Ok(Self::single_column(data)),
            None => Err(layout(array.shape(), array.strides())),
        }
    }
}

/// Needs the feature `ndarray`. The same as [`Matrix::try_from`] of the array's view.
///
/// # Errors
/// [`Error::Layout`] unless the array is contiguous.
impl<'a, T, S: Data<Elem = T>> TryFrom<&'a ArrayBase<S, Ix1>> for Matrix<'a, T> {
    type Error = Error;

    fn try_from(array: &'a ArrayBase<S, Ix1>) -> Result<Self, Error> {
        Self::try_from(array.view())
    }
}

fn layout(shape: &[usize], strides: &[isize]) -> Error {
    Error::Layout {
        shape: shape.to_vec(),
        strides: strides.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, ShapeBuilder, array, s};
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    /// The array in Fortran order.
    fn fortran(array: &Array2<i16>) -> Array2<i16> {
        let mut copy = Array2::zeros(array.dim().f());
        copy.assign(array);
        copy
    }

    proptest! {
        #[test]
        fn any_array_reads_as_its_own_indices(
            rows in 0_usize..5,
            columns in 0_usize..5,
            order in 0..4,
        ) {
            let array = Array2::from_shape_fn((rows, columns), |(r, c)| (10 * r + c) as i16);
            let stored = match order {
                0 => array.clone(),
                1 => fortran(&array),
                2 => array.t().as_standard_layout().into_owned().reversed_axes(),
                _ => fortran(&array.t().to_owned()).reversed_axes(),
            };
            prop_assert_eq!(&stored, &array);
            let matrix = Matrix::try_from(&stored).unwrap();
            prop_assert_eq!((matrix.rows(), matrix.columns()), (rows, columns));
            for row in 0..rows {
                prop_assert!(matrix.row(row).eq(array.row(row).iter().copied()));
            }
            for column in 0..columns {
                prop_assert!(matrix.column(column).eq(array.column(column).iter().copied()));
            }
        }

        /// Whatever is not refused is read as `ndarray` reads it.
        #[test]
        fn a_slice_is_read_rightly_or_refused(
            steps in [-3_isize..4, -3..4],
            starts in [0_isize..4, 0..4],
        ) {
            let array = Array2::from_shape_fn((7, 6), |(r, c)| (10 * r + c) as i16);
            let [row_step, column_step] = steps.map(|step| if step == 0 { 1 } else { step });
            let mut view = array.slice(s![starts[0].., starts[1]..]);
            view.slice_axis_inplace(Axis(0), ndarray::Slice::new(0, None, row_step));
            view.slice_axis_inplace(Axis(1), ndarray::Slice::new(0, None, column_step));
            match Matrix::try_from(view) {
                Ok(matrix) => {
                    for row in 0..view.nrows() {
                        prop_assert!(matrix.row(row).eq(view.row(row).iter().copied()));
                    }
                }
                Err(error) => prop_assert_eq!(error, layout(view.shape(), view.strides())),
            }
            let copy = view.as_standard_layout();
            prop_assert!(Matrix::try_from(&copy).unwrap().values().eq(view.t().iter().copied()));
        }
    }

    #[test]
    fn contiguous_arrays_are_borrowed() {
        let array = array![[1_u8, 2, 3], [4, 5, 6]];
        for view in [array.view(), array.slice(s![1.., ..])] {
            assert!(Matrix::try_from(view).is_ok());
            assert!(Matrix::try_from(view.reversed_axes()).is_ok());
        }
        // A single row or column is contiguous whatever the stride along its other axis.
        assert!(Matrix::try_from(array.slice(s![..1, 1..])).is_ok());
    }

    #[test]
    fn other_strides_are_refused_with_a_next_step() {
        let array = Array2::<f32>::zeros((4, 6));
        let error = Matrix::try_from(array.slice(s![.., ..3])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Shape);
        assert_eq!(
            error.to_string(),
            "array of shape [4, 3] has strides [6, 1], so its values do not lie side by side; \
             copy it with .as_standard_layout() and pass that"
        );
        assert!(Matrix::try_from(array.slice(s![..;-1, ..])).is_err());
        let error = Matrix::try_from(array.column(2)).unwrap_err();
        let expected = Error::Layout {
            shape: vec![4],
            strides: vec![6],
        };
        assert_eq!(error, expected);
        let copy = array.column(2);
        let copy = copy.as_standard_layout();
        assert_eq!(Matrix::try_from(&copy).unwrap().columns(), 1);
    }
}
