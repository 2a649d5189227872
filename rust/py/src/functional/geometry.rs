//! Ops that change where pixels are, by their names in Python.

use medfast::transforms::Op;
use medfast::transforms::ops::Geometry;

/// The op of this name and these parameters, if it is one of this file.
pub fn parse(name: &str, values: &[f64]) -> Option<Op> {
    Some(Op::Geometry(match (name, values) {
        ("horizontal_flip", &[]) => Geometry::HorizontalFlip,
        ("vertical_flip", &[]) => Geometry::VerticalFlip,
        _ => return None,
    }))
}
