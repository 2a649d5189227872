//! Transforms that draw ops: what chooses among others, and what applies an op or not.

mod augmix;

pub use augmix::AugMix;

use super::draws::{Stream, bernoulli, uniform, unit};
use super::error::Error;
use super::ops::{Named, Shape, Step};
use super::pipeline::Transform;

/// A transform that comes to a list of ops for each sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Random {
    /// An op, with probability `p`, whose parameters are drawn.
    ///
    /// Word 0 of its stream draws whether, and words 1, 2, ... the parameters that are not fixed,
    /// in their order; where `p` is 1 the parameters begin at word 0.
    Op {
        /// The name of the transform.
        name: &'static str,
        /// The name of the op, see [`Op::named`](super::Op::named).
        op: &'static str,
        /// Its parameters, in order.
        parameters: Vec<Parameter>,
        /// The probability.
        p: f64,
    },
    /// `resized_crop` of a box of random area and aspect ratio, as torchvision's
    /// `RandomResizedCrop` draws it: ten attempts, then the largest box of a fitting ratio.
    ResizedCrop {
        /// Height and width of the output.
        size: (usize, usize),
        /// The least and the largest share of the area.
        scale: (f64, f64),
        /// The least and the largest ratio of width to height.
        ratio: (f64, f64),
        /// What `resized_crop` takes after the box and the size.
        rest: Vec<f64>,
    },
    /// `erase` of a box of random area and aspect ratio, with probability `p`, as torchvision's
    /// `RandomErasing` draws it: ten attempts, then nothing.
    Erasing {
        /// The probability.
        p: f64,
        /// The least and the largest share of the area.
        scale: (f64, f64),
        /// The least and the largest ratio of height to width.
        ratio: (f64, f64),
        /// What the box is filled with: one value, or one for each channel.
        value: Vec<f64>,
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
    /// Chains of transforms, mixed with the image.
    AugMix(AugMix),
}

/// How a parameter of an op comes about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Parameter {
    /// Always the same.
    Fixed(f64),
    /// Uniform between two values.
    Uniform(f64, f64),
    /// One of these, each as likely.
    OneOf(Vec<f64>),
    /// A whole number of pixels: uniform between two shares of the image's length along the axis
    /// (0 the height, 1 the width, 2 the depth), rounded.
    Share(f64, f64, usize),
    /// Plus or minus one of the `count` numbers from 0 to a share of the image's length along the
    /// axis, its fraction dropped: one of those from place `first` to place `last`, each as likely.
    Step {
        /// 0 the height, 1 the width, 2 the depth.
        axis: usize,
        /// The largest, as a share of the length.
        share: f64,
        /// Not above `last`.
        first: usize,
        /// Below `count`.
        last: usize,
        /// At least 2.
        count: usize,
    },
    /// A whole number below 2^53: the 32 bits of a word above the first 21 of another.
    Seed,
    /// Where a window of so many pixels begins: any place where it lies in the image along the
    /// axis, each as likely.
    Place(usize, usize),
    /// The length along the axis when the shorter side becomes so long, in proportion.
    Edge(usize, usize),
    /// The number of the image's channels.
    Channels,
    /// What an earlier parameter is, by its place.
    Again(usize),
}

impl Parameter {
    /// What it comes to after the parameters `before` it.
    #[inline(always)]
    fn draw(&self, stream: &mut Stream, shape: Shape, before: &[f64]) -> f64 {
        match self {
            Self::Uniform(min, max) => uniform(stream.next(), (*min, *max)),
            Self::OneOf(values) => values[below(stream.next(), values.len())],
            Self::Share(min, max, axis) => {
                let length = along(shape, *axis) as f64;
                uniform(stream.next(), (min * length, max * length)).round_ties_even()
            }
            Self::Step {
                axis,
                share,
                first,
                last,
                count,
            } => {
                let places = last - first + 1;
                let drawn = below(stream.next(), 2 * places);
                let end = share * along(shape, *axis) as f64;
                let move_by = spaced(end, first + drawn % places, *count).trunc();
                if drawn < places { move_by } else { -move_by }
            }
            Self::Seed => {
                let upper = u64::from(stream.next()) << 21;
                (upper | u64::from(stream.next() >> 11)) as f64
            }
            Self::Place(size, axis) => {
                let places = along(shape, *axis).saturating_sub(*size) + 1;
                below(stream.next(), places) as f64
            }
            Self::Fixed(_) | Self::Edge(..) | Self::Channels | Self::Again(_) => {
                self.ends(shape, before).0
            }
        }
    }

    /// The least and the largest value, where those `before` it are at such an end.
    fn ends(&self, shape: Shape, before: &[f64]) -> (f64, f64) {
        let range = |values: &[f64]| {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            values.iter().fold(ends, |(low, high), &value| {
                (low.min(value), high.max(value))
            })
        };
        let of_length = |(low, high): (f64, f64), axis| {
            let length = along(shape, axis) as f64;
            (low * length, high * length)
        };
        match self {
            Self::Fixed(value) => (*value, *value),
            Self::Uniform(min, max) => (*min, *max),
            Self::OneOf(values) => range(values),
            Self::Share(min, max, axis) => of_length((*min, *max), *axis),
            Self::Step {
                axis,
                share,
                last,
                count,
                ..
            } => {
                let step = spaced(share * along(shape, *axis) as f64, *last, *count);
                (-step.trunc(), step.trunc())
            }
            Self::Seed => (0.0, ((1_u64 << 53) - 1) as f64),
            Self::Place(size, axis) => (0.0, along(shape, *axis).saturating_sub(*size) as f64),
            Self::Edge(size, axis) => {
                let (here, there) = (along(shape, *axis), along(shape, 1 - axis.min(&1)));
                let side = if here <= there {
                    *size as f64
                } else {
                    (*size as f64 * here as f64 / there.max(1) as f64).trunc()
                };
                (side, side)
            }
            Self::Channels => (shape.channels as f64, shape.channels as f64),
            Self::Again(place) => {
                let value = before.get(*place).copied().unwrap_or(f64::NAN);
                (value, value)
            }
        }
    }

    /// Whether it is drawn from numbers that make a range.
    fn is_valid(&self, place: usize) -> bool {
        match self {
            Self::Uniform(min, max) | Self::Share(min, max, _) => {
                min <= max && (max - min).is_finite()
            }
            Self::OneOf(values) => {
                !values.is_empty() && values.iter().all(|value| value.is_finite())
            }
            Self::Step {
                share,
                first,
                last,
                count,
                ..
            } => share.is_finite() && first <= last && last < count && *count > 1,
            Self::Again(earlier) => *earlier < place,
            Self::Fixed(_) | Self::Place(..) | Self::Edge(..) | Self::Channels | Self::Seed => true,
        }
    }
}

/// The length along an axis: 0 the height, 1 the width, 2 the depth.
#[inline(always)]
fn along(shape: Shape, axis: usize) -> usize {
    match axis {
        0 => shape.height,
        1 => shape.width,
        _ => shape.depth.unwrap_or(1),
    }
}

/// The number at `place` of the `count` that divide 0 to `end` evenly in float32, from both ends to
/// the middle, as torch's `linspace` with its fused multiply-add.
fn spaced(end: f64, place: usize, count: usize) -> f64 {
    let end = end as f32;
    let step = end / (count - 1) as f32;
    f64::from(if place < count / 2 {
        step * place as f32
    } else {
        step.mul_add(-((count - 1 - place) as f32), end)
    })
}

/// A whole number below `count`, at least 1, that a word stands for.
#[inline(always)]
fn below(word: u32, count: usize) -> usize {
    ((u128::from(word) * count as u128) >> 32) as usize
}

impl Random {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Op { name, .. } => name,
            Self::ResizedCrop { .. } => "RandomResizedCrop",
            Self::Erasing { .. } => "RandomErasing",
            Self::Apply { .. } => "RandomApply",
            Self::Choice { .. } => "RandomChoice",
            Self::Order { .. } => "RandomOrder",
            Self::AugMix(_) => "AugMix",
        }
    }

    /// The transforms inside this one.
    pub(super) fn inner(&self) -> &[Transform] {
        match self {
            Self::Op { .. } | Self::ResizedCrop { .. } | Self::Erasing { .. } => &[],
            Self::Apply { transforms, .. }
            | Self::Choice { transforms, .. }
            | Self::Order { transforms } => transforms,
            Self::AugMix(mixed) => &mixed.links,
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if let Self::Op { p, .. } | Self::Erasing { p, .. } | Self::Apply { p, .. } = self
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
        if let Self::AugMix(mixed) = self {
            mixed.validate()?;
        }
        let unit_range = |(low, high): (f64, f64)| 0.0 <= low && low <= high && high <= 1.0;
        let positive = |(low, high): (f64, f64)| 0.0 < low && low <= high && high.is_finite();
        if let Self::ResizedCrop { scale, ratio, .. } | Self::Erasing { scale, ratio, .. } = self
            && !(unit_range(*scale) && positive(*ratio))
        {
            return Err(Error::Parameter {
                op: self.name(),
                expected: "scale as 0 <= min <= max <= 1 and ratio as 0 < min <= max".to_owned(),
                got: format!("scale {scale:?} and ratio {ratio:?}"),
            });
        }
        if let Self::Op {
            op,
            parameters,
            name,
            ..
        } = self
        {
            let mut places = parameters.iter().enumerate();
            if !places.all(|(place, parameter)| parameter.is_valid(place)) {
                return Err(Error::Parameter {
                    op: name,
                    expected: format!("the parameters of {op}, each range as min <= max"),
                    got: format!("{parameters:?}"),
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
            Self::Op {
                op, parameters, p, ..
            } => {
                if let Some(Parameter::Place(size, axis)) = parameters.iter().find(|parameter| {
                    matches!(parameter, Parameter::Place(size, axis) if *size > along(shape, *axis))
                }) && (shape.depth.is_some() || *axis < 2) {
                    return Err(Error::LargeWindow {
                        transform: self.name(),
                        window: *size,
                        axis: ["high", "wide", "deep"][(*axis).min(2)],
                        image: along(shape, *axis),
                    });
                }
                // What lies between two ends that are fine is fine.
                let (mut low, mut high) = (Vec::new(), Vec::new());
                for parameter in parameters {
                    let ends = (
                        parameter.ends(shape, &low).0,
                        parameter.ends(shape, &high).1,
                    );
                    low.push(ends.0);
                    high.push(ends.1);
                }
                let of = |values| self.shape_after(&Named { op, values }, shape);
                let first = self.same(of(low)?, of(high)?)?;
                if *p < 1.0 {
                    self.same(shape, first)
                } else {
                    Ok(first)
                }
            }
            Self::ResizedCrop { size, .. } => {
                let whole = (0, 0, shape.height, shape.width);
                self.shape_after(&self.resized_crop(whole, *size), shape)
            }
            Self::Erasing { .. } => self.shape_after(&self.erase((0, 0, 1, 1)), shape),
            Self::Apply { transforms, p } => {
                let inside = transforms
                    .iter()
                    .try_fold(shape, |shape, step| step.shape_of_bytes(shape))?;
                if *p < 1.0 {
                    self.same(shape, inside)
                } else {
                    Ok(inside)
                }
            }
            Self::Choice { transforms, .. } => {
                let mut shapes = transforms.iter().map(|step| step.shape_of_bytes(shape));
                let first = shapes.next().unwrap_or(Ok(shape))?;
                shapes.try_fold(first, |first, next| self.same(first, next?))
            }
            Self::Order { transforms }
            | Self::AugMix(AugMix {
                links: transforms, ..
            }) => transforms.iter().try_fold(shape, |shape, step| {
                self.same(shape, step.shape_of_bytes(shape)?)
            }),
        }
    }

    fn shape_after(&self, named: &Named, shape: Shape) -> Result<Shape, Error> {
        let op = named.op().ok_or_else(|| Error::Parameter {
            op: self.name(),
            expected: format!("the parameters of {}", named.op),
            got: format!("{:?}", named.values),
        })?;
        op.output_shape(shape).map_err(|error| match error {
            Error::NoVolumes { .. } => Error::NoVolumes { op: self.name() },
            Error::NoImages { .. } => Error::NoImages { op: self.name() },
            error => error,
        })
    }

    fn resized_crop(
        &self,
        (top, left, height, width): (usize, usize, usize, usize),
        size: (usize, usize),
    ) -> Named {
        let rest: &[f64] = if let Self::ResizedCrop { rest, .. } = self {
            rest
        } else {
            &[]
        };
        let mut values: Vec<f64> = [top, left, height, width, size.0, size.1]
            .map(|pixels| pixels as f64)
            .to_vec();
        values.extend(rest);
        Named {
            op: "resized_crop",
            values,
        }
    }

    fn erase(&self, (top, left, height, width): (usize, usize, usize, usize)) -> Named {
        let value: &[f64] = if let Self::Erasing { value, .. } = self {
            value
        } else {
            &[]
        };
        let mut values: Vec<f64> = [top, left, height, width]
            .map(|pixels| pixels as f64)
            .to_vec();
        values.extend(value);
        Named {
            op: "erase",
            values,
        }
    }

    fn same(&self, one: Shape, other: Shape) -> Result<Shape, Error> {
        if one == other {
            return Ok(one);
        }
        Err(Error::Parameter {
            op: self.name(),
            expected: "images of one shape, whatever is drawn".to_owned(),
            got: format!("{} and {}", size(one), size(other)),
        })
    }

    /// Adds the ops that are drawn for an image of `shape`, and tells the shape after them.
    pub(super) fn draw(&self, start: Stream, shape: Shape, ops: &mut Vec<Step>) -> Shape {
        let mut stream = start;
        let mut inside = |place: usize, shape: Shape| {
            let before: usize = self.inner()[..place].iter().map(Transform::positions).sum();
            self.inner()[place].draw_ops(start.at(1 + before), shape, ops)
        };
        match self {
            Self::Op {
                op, parameters, p, ..
            } => {
                if *p >= 1.0 || bernoulli(stream.next(), *p) {
                    let mut values = Vec::with_capacity(parameters.len());
                    for parameter in parameters {
                        values.push(parameter.draw(&mut stream, shape, &values));
                    }
                    return Step::push(ops, Named { op, values }, shape);
                }
                shape
            }
            Self::ResizedCrop {
                size, scale, ratio, ..
            } => {
                let window = crop_window(&mut stream, shape, *scale, *ratio);
                Step::push(ops, self.resized_crop(window, *size), shape)
            }
            Self::Erasing {
                p, scale, ratio, ..
            } => {
                if bernoulli(stream.next(), *p)
                    && let Some(window) = erased_window(&mut stream, shape, *scale, *ratio)
                {
                    return Step::push(ops, self.erase(window), shape);
                }
                shape
            }
            Self::Apply { transforms, p } => {
                if bernoulli(stream.next(), *p) {
                    (0..transforms.len()).fold(shape, |shape, place| inside(place, shape))
                } else {
                    shape
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
                match chosen.or(last) {
                    Some(place) => inside(place, shape),
                    None => shape,
                }
            }
            Self::AugMix(mixed) => mixed.draw(start, shape, ops),
            Self::Order { transforms } => {
                let mut order: Vec<usize> = (0..transforms.len()).collect();
                for place in (1..order.len()).rev() {
                    let other = (u64::from(stream.next()) * (place as u64 + 1)) >> 32;
                    order.swap(place, other as usize);
                }
                order
                    .into_iter()
                    .fold(shape, |shape, place| inside(place, shape))
            }
        }
    }
}

fn size(shape: Shape) -> String {
    let depth = shape
        .depth
        .map_or_else(String::new, |depth| format!("{depth} x "));
    let (height, width, channels) = (shape.height, shape.width, shape.channels);
    format!("{depth}{height} x {width} of {channels} channel(s)")
}

/// How often a window is drawn before something else is done.
const ATTEMPTS: usize = 10;

type Window = (usize, usize, usize, usize);

/// Top, left, height and width of a window of a random share of the area and ratio of width to
/// height.
fn crop_window(stream: &mut Stream, shape: Shape, scale: (f64, f64), ratio: (f64, f64)) -> Window {
    let (height, width) = (shape.height, shape.width);
    let area = (height * width) as f64;
    let logs = (libm::log(ratio.0), libm::log(ratio.1));
    for _ in 0..ATTEMPTS {
        let target = area * uniform(stream.next(), scale);
        let aspect = libm::exp(uniform(stream.next(), logs));
        let w = (target * aspect).sqrt().round_ties_even() as usize;
        let h = (target / aspect).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            let top = below(stream.next(), height - h + 1);
            return (top, below(stream.next(), width - w + 1), h, w);
        }
    }
    let whole = width as f64 / height as f64;
    let (w, h) = if whole < ratio.0 {
        (width, (width as f64 / ratio.0).round_ties_even() as usize)
    } else if whole > ratio.1 {
        ((height as f64 * ratio.1).round_ties_even() as usize, height)
    } else {
        (width, height)
    };
    let (w, h) = (w.clamp(1, width.max(1)), h.clamp(1, height.max(1)));
    (
        (height - h.min(height)) / 2,
        (width - w.min(width)) / 2,
        h,
        w,
    )
}

/// The same for a window that must be smaller than the image, of a ratio of height to width; none
/// if no attempt is.
fn erased_window(
    stream: &mut Stream,
    shape: Shape,
    scale: (f64, f64),
    ratio: (f64, f64),
) -> Option<Window> {
    let (height, width) = (shape.height, shape.width);
    let area = (height * width) as f64;
    let logs = (libm::log(ratio.0), libm::log(ratio.1));
    (0..ATTEMPTS).find_map(|_| {
        let target = area * uniform(stream.next(), scale);
        let aspect = libm::exp(uniform(stream.next(), logs));
        let h = (target * aspect).sqrt().round_ties_even() as usize;
        let w = (target / aspect).sqrt().round_ties_even() as usize;
        (h < height && w < width).then(|| {
            let top = below(stream.next(), height - h + 1);
            (top, below(stream.next(), width - w + 1), h, w)
        })
    })
}
