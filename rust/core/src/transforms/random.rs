//! Transforms that draw ops: what chooses among others, and what applies an op or not.

use super::draws::{Stream, bernoulli, unit};
use super::error::Error;
use super::ops::{Op, Shape};
use super::pipeline::Transform;

/// A transform that comes to a list of ops for each sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Random {
    /// `op`, always. Draws nothing.
    Always {
        /// The name of the transform.
        name: &'static str,
        /// What it does.
        op: Op,
    },
    /// `op` with probability `p`, by word 0 of its stream.
    Sometimes {
        /// The name of the transform.
        name: &'static str,
        /// What it does.
        op: Op,
        /// The probability.
        p: f64,
    },
    /// All of `transforms`, with probability `p`, by word 0 of its stream.
    Apply {
        /// What is applied, in order.
        transforms: Vec<Transform>,
        /// The probability.
        p: f64,
    },
    /// One of `transforms`, by word 0 of its stream.
    Choice {
        /// What is chosen among.
        transforms: Vec<Transform>,
        /// The weight of each.
        weights: Vec<f64>,
    },
    /// All of `transforms` in an order drawn anew, by words 0, 1, ... of its stream: the last of
    /// the `n` is exchanged with the one at place `floor(n * unit(word))`, and so on down.
    Order {
        /// What is applied.
        transforms: Vec<Transform>,
    },
}

impl Random {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Always { name, .. } | Self::Sometimes { name, .. } => name,
            Self::Apply { .. } => "RandomApply",
            Self::Choice { .. } => "RandomChoice",
            Self::Order { .. } => "RandomOrder",
        }
    }

    /// The transforms inside this one.
    pub(super) fn inner(&self) -> &[Transform] {
        match self {
            Self::Always { .. } | Self::Sometimes { .. } => &[],
            Self::Apply { transforms, .. }
            | Self::Choice { transforms, .. }
            | Self::Order { transforms } => transforms,
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if let Self::Sometimes { p, .. } | Self::Apply { p, .. } = self
            && !(0.0..=1.0).contains(p)
        {
            return Err(Error::Probability {
                transform: self.name(),
                p: *p,
            });
        }
        if let Self::Choice {
            transforms,
            weights,
        } = self
        {
            let total: f64 = weights.iter().sum();
            let each = weights.iter().all(|&weight| weight >= 0.0);
            if weights.len() != transforms.len() || !each || !(total.is_finite() && total > 0.0) {
                return Err(Error::Parameter {
                    op: "RandomChoice",
                    expected: format!("{} weights of 0 or more, and not all 0", transforms.len()),
                    got: format!("{weights:?}"),
                });
            }
        }
        self.inner().iter().try_for_each(|transform| {
            if matches!(
                transform,
                Transform::ToDtype { .. } | Transform::Normalize { .. }
            ) {
                return Err(Error::Parameter {
                    op: self.name(),
                    expected: "transforms of bytes inside".to_owned(),
                    got: transform.name().to_owned(),
                });
            }
            transform.validate()
        })
    }

    /// The shape that every image of `shape` gets, whatever is drawn.
    pub(super) fn output_shape(&self, shape: Shape) -> Result<Shape, Error> {
        match self {
            Self::Always { op, .. } => op.output_shape(shape),
            Self::Sometimes { op, .. } => self.same(shape, op.output_shape(shape)?),
            Self::Apply { transforms, .. } => {
                let inside = transforms
                    .iter()
                    .try_fold(shape, |shape, step| step.shape_of_bytes(shape))?;
                self.same(shape, inside)
            }
            Self::Choice { transforms, .. } => {
                let mut shapes = transforms.iter().map(|step| step.shape_of_bytes(shape));
                let first = shapes.next().unwrap_or(Ok(shape))?;
                shapes.try_fold(first, |first, next| self.same(first, next?))
            }
            Self::Order { transforms } => transforms.iter().try_fold(shape, |shape, step| {
                self.same(shape, step.shape_of_bytes(shape)?)
            }),
        }
    }

    fn same(&self, one: Shape, other: Shape) -> Result<Shape, Error> {
        if one == other {
            return Ok(one);
        }
        Err(Error::Parameter {
            op: self.name(),
            expected: "images of one shape, whatever is drawn".to_owned(),
            got: format!("{one:?} and {other:?}"),
        })
    }

    /// Adds the ops that are drawn for an image of `shape`.
    pub(super) fn draw(&self, start: Stream, shape: Shape, ops: &mut Vec<Op>) {
        let mut stream = start;
        let mut inside = |place: usize, shape: Shape| {
            let before: usize = self.inner()[..place].iter().map(Transform::positions).sum();
            let step = &self.inner()[place];
            step.draw_ops(start.at(1 + before), shape, ops);
            step.shape_of_bytes(shape).unwrap_or(shape)
        };
        match self {
            Self::Always { op, .. } => ops.push(op.clone()),
            Self::Sometimes { op, p, .. } => {
                if bernoulli(stream.next(), *p) {
                    ops.push(op.clone());
                }
            }
            Self::Apply { transforms, p } => {
                if bernoulli(stream.next(), *p) {
                    (0..transforms.len()).fold(shape, |shape, place| inside(place, shape));
                }
            }
            Self::Choice { weights, .. } => {
                let total: f64 = weights.iter().sum();
                let mut left = unit(stream.next()) * total;
                let chosen = weights.iter().position(|&weight| {
                    left -= weight;
                    left < 0.0
                });
                // Rounding may leave a rest: it belongs to the last that can be chosen.
                let last = weights.iter().rposition(|&weight| weight > 0.0);
                if let Some(place) = chosen.or(last) {
                    inside(place, shape);
                }
            }
            Self::Order { transforms } => {
                let mut order: Vec<usize> = (0..transforms.len()).collect();
                for place in (1..order.len()).rev() {
                    let other = (u64::from(stream.next()) * (place as u64 + 1)) >> 32;
                    order.swap(place, other as usize);
                }
                order
                    .into_iter()
                    .fold(shape, |shape, place| inside(place, shape));
            }
        }
    }
}
