//! An image mixed with what chains of ops make of it.

use super::{Shape, Step};

/// A weighted sum of an image and of what becomes of it by chains of ops, as of torchvision's
/// `AugMix`: in float32, each product and each sum rounded, and its fraction dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// The image's weight.
    original: f32,
    /// The weight of each chain, and its ops.
    chains: Vec<(f32, Vec<Step>)>,
}

impl Mixture {
    pub(in crate::transforms) fn new(original: f32, chains: Vec<(f32, Vec<Step>)>) -> Self {
        Self { original, chains }
    }

    /// The ops of all chains, one chain after the other.
    pub(in crate::transforms) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.chains.iter().flat_map(|(_, steps)| steps)
    }

    #[inline(always)]
    pub(super) fn apply(&self, from: &[u8], shape: Shape, to: &mut [u8]) {
        let mut mix = vec![0.0_f32; from.len()];
        add(self.original, from, &mut mix);
        let (mut planes, mut changed, mut spare) = (Vec::new(), Vec::new(), Vec::new());
        for (weight, steps) in &self.chains {
            planes.clear();
            planes.extend_from_slice(from);
            let mut shape = shape;
            for step in steps {
                changed.resize(step.to.volume(), 0);
                step.op.apply(&planes, shape, &mut changed, &mut spare);
                std::mem::swap(&mut planes, &mut changed);
                shape = step.to;
            }
            add(*weight, &planes, &mut mix);
        }
        for (to, &value) in to.iter_mut().zip(&mix) {
            *to = value as u8;
        }
    }
}

#[inline(always)]
fn add(weight: f32, planes: &[u8], mix: &mut [f32]) {
    for (mix, &byte) in mix.iter_mut().zip(planes) {
        *mix += weight * f32::from(byte);
    }
}
