//! Ops by their names in `medfast.transforms.functional`.

mod color;
mod geometry;

use super::Op;

/// An op by its name, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name, see [`Op::named`].
    pub op: &'static str,
    /// The parameters, in order.
    pub values: Vec<f64>,
}

impl Named {
    /// The op itself, if there is one of this name and so many parameters.
    #[must_use]
    pub fn op(&self) -> Option<Op> {
        Op::named(self.op, &self.values)
    }
}

impl Op {
    /// The op of this name and these parameters, in the order in which
    /// `medfast.transforms.functional` has them.
    #[must_use]
    pub fn named(name: &str, values: &[f64]) -> Option<Self> {
        color::parse(name, values).or_else(|| geometry::parse(name, values))
    }
}
