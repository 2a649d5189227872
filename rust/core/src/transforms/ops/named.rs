//! Ops by their names in `medfast.transforms.functional`.

mod color;
mod geometry;

use super::{Op, Shape};

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

/// An op that was drawn for an image.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::transforms) struct Step {
    /// What it is called.
    pub named: Named,
    /// The same, ready to be applied.
    pub op: Op,
    /// The shape that the image gets.
    pub to: Shape,
}

impl Step {
    /// Adds an op to those before it and tells the shape after it. What is drawn is in its range,
    /// which `validate` and `output_shape` have checked, so there is such an op.
    pub(in crate::transforms) fn push(steps: &mut Vec<Self>, named: Named, shape: Shape) -> Shape {
        let Some(op) = named.op() else { return shape };
        let to = op.output_shape(shape).unwrap_or(shape);
        steps.push(Self { named, op, to });
        to
    }

    /// What it is called, followed by what the ops inside it are.
    pub(in crate::transforms) fn names(&self) -> Vec<Named> {
        let mut names = vec![self.named.clone()];
        if let Op::Mix(mixture) = &self.op {
            names.extend(mixture.steps().flat_map(Self::names));
        }
        names
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
