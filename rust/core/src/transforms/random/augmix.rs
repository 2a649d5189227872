//! What `AugMix` draws.

use super::below;
use crate::transforms::draws::Stream;
use crate::transforms::error::Error;
use crate::transforms::normal::dirichlet;
use crate::transforms::ops::{Mixture, Named, Op, Shape, Step};
use crate::transforms::pipeline::Transform;

/// The image and what some chains of transforms make of it, mixed with random weights, as
/// torchvision's `AugMix` does.
///
/// Of its stream come, in this order, a word for the length of each chain if that is random, two
/// numbers of the Dirichlet distribution of `alpha`, the weights of the image and of the chains,
/// and one for each chain, its share of the latter.
#[derive(Clone, Debug, PartialEq)]
pub struct AugMix {
    /// What chains are made of: chain after chain, each as long as the others.
    pub links: Vec<Transform>,
    /// The number of chains.
    pub width: usize,
    /// Whether only the first of a chain's links are applied, any number of them but none being
    /// as likely.
    pub random_depth: bool,
    /// The shape of the Dirichlet distributions.
    pub alpha: f64,
}

impl AugMix {
    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.width > 0 && !self.links.is_empty() && self.links.len().is_multiple_of(self.width) {
            let alpha = self.alpha;
            return if 0.0 < alpha && alpha <= f64::from(f32::MAX) {
                Ok(())
            } else {
                Err(Error::Parameter {
                    op: "AugMix",
                    expected: "an alpha above 0, finite in float32".to_owned(),
                    got: alpha.to_string(),
                })
            };
        }
        Err(Error::Parameter {
            op: "AugMix",
            expected: "one or more chains of as many transforms each".to_owned(),
            got: format!("{} transforms for {} chains", self.links.len(), self.width),
        })
    }

    pub(super) fn draw(&self, start: Stream, shape: Shape, ops: &mut Vec<Step>) -> Shape {
        let mut stream = start;
        let longest = self.links.len() / self.width;
        let mut depth = |_| {
            if self.random_depth {
                1 + below(stream.next(), longest)
            } else {
                longest
            }
        };
        let depths: Vec<usize> = (0..self.width).map(&mut depth).collect();
        let sides = dirichlet(&mut stream, self.alpha, 2);
        let shares = dirichlet(&mut stream, self.alpha, self.width);

        let mut values: Vec<f64> = sides.iter().chain(&shares).map(|&w| f64::from(w)).collect();
        values.extend(depths.iter().map(|&depth| depth as f64));
        let mut place = start.at(1);
        let mut chains = Vec::with_capacity(self.width);
        for ((links, depth), share) in self.links.chunks_exact(longest).zip(depths).zip(shares) {
            let mut steps = Vec::new();
            for (number, link) in links.iter().enumerate() {
                if number < depth {
                    link.draw_ops(place, shape, &mut steps);
                }
                place = place.at(link.positions());
            }
            chains.push((share * sides[1], steps));
        }
        ops.push(Step {
            named: Named {
                op: "augmix",
                values,
            },
            op: Op::Mix(Mixture::new(sides[0], chains)),
            to: shape,
        });
        shape
    }
}
