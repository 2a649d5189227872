//! Areas from the arrays of the crate `ndarray`, without a copy where the array is contiguous.
//!
//! `cargo run --example ndarray --features ndarray`.

use std::error::Error;

use medfast::metrics::{Classes, Matrix, Options, roc_auc, roc_auc_per_class};
use ndarray::{Array2, ShapeBuilder, array, s};

fn main() -> Result<(), Box<dyn Error>> {
    let labels = array![0_u8, 1, 2, 1, 0, 2];
    let scores = array![
        [0.7, 0.2, 0.1],
        [0.3, 0.6, 0.1],
        [0.1, 0.3, 0.6],
        [0.5, 0.4, 0.1],
        [0.6, 0.1, 0.3],
        [0.2, 0.5, 0.3],
    ];
    let classes = Classes(labels.as_slice().ok_or("labels are not contiguous")?);

    // C order and Fortran order are both borrowed, and give the same areas.
    let mut fortran = Array2::zeros(scores.dim().f());
    fortran.assign(&scores);
    for array in [&scores, &fortran] {
        let areas = roc_auc_per_class(classes, Matrix::try_from(array)?, &Options::default())?;
        println!("strides {:?}: {areas:?}", array.strides());
    }

    // Any other strides are refused. The copy is yours to make.
    let right = scores.slice(s![.., 1..]);
    match Matrix::try_from(right) {
        Ok(_) => println!("{:?} is contiguous", right.strides()),
        Err(error) => println!("refused: {error}"),
    }
    let copy = right.as_standard_layout();
    println!(
        "columns of the copy: {}",
        Matrix::try_from(&copy)?.columns()
    );

    // One class: slices of one-dimensional arrays.
    let is_first = labels.mapv(|label| label == 0);
    let first = scores.column(0).to_owned();
    let (Some(labels), Some(scores)) = (is_first.as_slice(), first.as_slice()) else {
        return Err("an owned one-dimensional array is contiguous".into());
    };
    println!("class 0: {:?}", roc_auc(labels, scores)?);
    Ok(())
}
