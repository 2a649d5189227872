//! Transforms, and their compilation into one pass per image.

use super::batch::render_rows;
use super::draws::{Draws, MAX_POSITIONS, Stream, bernoulli, permutation, uniform};
use super::error::Error;
use super::images::{Flips, Images, Scratch, volume};
use super::ops::{Color, Geometry, Named, Op, Shape, Step};
use super::output::{Dtype, Element, Floats, Frame, Layout, Output, write_image};
use super::random::Random;
use super::tone::{Blend, Tone, unfused, write_bytes};
use crate::parallel::Interrupt;
#[cfg(target_arch = "x86_64")]
use crate::simd;

/// One step of a pipeline, as torchvision.transforms.v2 defines the one of the same name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transform {
    /// Brightness, contrast, saturation and hue by factors uniform in (min, max), in random order.
    ///
    /// Word 0 of its stream draws the order, words 1 to 4 the factors.
    ColorJitter {
        /// The range of the brightness factor, if it changes at all.
        brightness: Option<(f64, f64)>,
        /// The range of the contrast factor, if it changes at all.
        contrast: Option<(f64, f64)>,
        /// The range of the saturation factor, if it changes at all.
        saturation: Option<(f64, f64)>,
        /// The range of the part of a turn of the hue, if it changes at all.
        hue: Option<(f64, f64)>,
    },
    /// Left and right exchanged with probability `p`, by word 0 of its stream.
    RandomHorizontalFlip {
        /// The probability.
        p: f64,
    },
    /// Top and bottom exchanged with probability `p`, by word 0 of its stream.
    RandomVerticalFlip {
        /// The probability.
        p: f64,
    },
    /// The conversion of the bytes; to [`Dtype::U8`] it changes nothing.
    ToDtype {
        /// The type converted to.
        dtype: Dtype,
        /// Whether 255 becomes 1.0.
        scale: bool,
    },
    /// `(value - mean) / std`; one value each for all channels, or one per channel.
    Normalize {
        /// The means.
        mean: Vec<f64>,
        /// The standard deviations.
        std: Vec<f64>,
    },
    /// What comes to a list of ops.
    Random(Random),
}

/// What a transform drew for one sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Drawn {
    /// Of a [`Transform::ColorJitter`].
    ColorJitter {
        /// The order of brightness (0), contrast (1), saturation (2) and hue (3).
        fn_idx: [u8; 4],
        /// The factor, if brightness changes at all.
        brightness_factor: Option<f64>,
        /// The factor, if contrast changes at all.
        contrast_factor: Option<f64>,
        /// The factor, if saturation changes at all.
        saturation_factor: Option<f64>,
        /// The part of a turn, if the hue changes at all.
        hue_factor: Option<f64>,
    },
    /// Of a [`Transform::RandomHorizontalFlip`]: whether it flips.
    HorizontalFlip(bool),
    /// Of a [`Transform::RandomVerticalFlip`]: whether it flips.
    VerticalFlip(bool),
    /// Of a [`Transform::Random`]: the ops it comes to.
    Ops(Vec<Named>),
    /// Of a transform that draws nothing.
    Nothing,
}

impl Transform {
    /// The name of this transform in torchvision.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ColorJitter { .. } => "ColorJitter",
            Self::RandomHorizontalFlip { .. } => "RandomHorizontalFlip",
            Self::RandomVerticalFlip { .. } => "RandomVerticalFlip",
            Self::ToDtype { .. } => "ToDtype",
            Self::Normalize { .. } => "Normalize",
            Self::Random(random) => random.name(),
        }
    }

    /// How many positions this takes in a pipeline: its own, and those of the transforms inside.
    pub(super) fn positions(&self) -> usize {
        match self {
            Self::Random(random) => 1 + random.inner().iter().map(Self::positions).sum::<usize>(),
            _ => 1,
        }
    }

    /// The shape that every image of bytes of `shape` gets, whatever is drawn.
    ///
    /// # Errors
    /// An image that this is not defined for.
    pub(super) fn shape_of_bytes(&self, shape: Shape) -> Result<Shape, Error> {
        match self {
            Self::Random(random) => random.output_shape(shape),
            _ => Ok(shape),
        }
    }

    /// Adds the ops that are drawn for an image of `shape`, none for what is not of bytes, and
    /// tells the shape after them.
    pub(super) fn draw_ops(&self, stream: Stream, shape: Shape, ops: &mut Vec<Step>) -> Shape {
        if let Self::Random(random) = self {
            return random.draw(stream, shape, ops);
        }
        let mut push = |op, values| {
            Step::push(ops, Named { op, values }, shape);
        };
        match stream.of(self) {
            Drawn::ColorJitter {
                fn_idx,
                brightness_factor,
                contrast_factor,
                saturation_factor,
                hue_factor,
            } => {
                for function in fn_idx {
                    let (op, factor) = match function {
                        0 => ("adjust_brightness", brightness_factor),
                        1 => ("adjust_contrast", contrast_factor),
                        2 => ("adjust_saturation", saturation_factor),
                        _ => ("adjust_hue", hue_factor),
                    };
                    if let Some(factor) = factor {
                        push(op, vec![factor]);
                    }
                }
            }
            Drawn::HorizontalFlip(true) => push("horizontal_flip", Vec::new()),
            Drawn::VerticalFlip(true) => push("vertical_flip", Vec::new()),
            _ => {}
        }
        shape
    }

    /// Whether the settings of this transform are right in themselves.
    ///
    /// # Errors
    /// A variant of [`Error`] of kind [`Config`](crate::ErrorKind::Config).
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::ColorJitter {
                brightness,
                contrast,
                saturation,
                hue,
            } => {
                validate_factor("brightness", *brightness)?;
                validate_factor("contrast", *contrast)?;
                validate_factor("saturation", *saturation)?;
                match *hue {
                    Some((min, max)) if !(-0.5 <= min && min <= max && max <= 0.5) => {
                        Err(Error::HueRange { min, max })
                    }
                    _ => Ok(()),
                }
            }
            Self::RandomHorizontalFlip { p } | Self::RandomVerticalFlip { p } => {
                let valid = (0.0..=1.0).contains(p);
                let error = || Error::Probability {
                    transform: self.name(),
                    p: *p,
                };
                valid.then_some(()).ok_or_else(error)
            }
            Self::ToDtype { .. } => Ok(()),
            Self::Normalize { mean, std } => validate_statistics(mean, std),
            Self::Random(random) => random.validate(),
        }
    }

    #[inline(always)]
    pub(super) fn draw(&self, draws: Draws, sample: u64, position: usize) -> Drawn {
        match *self {
            Self::ColorJitter {
                brightness,
                contrast,
                saturation,
                hue,
            } => {
                let [order, bright, contrasty, saturated] = draws.words(sample, position);
                let hued = |range| uniform(draws.block(sample, position, 1)[0], range);
                Drawn::ColorJitter {
                    fn_idx: permutation(order),
                    brightness_factor: brightness.map(|range| uniform(bright, range)),
                    contrast_factor: contrast.map(|range| uniform(contrasty, range)),
                    saturation_factor: saturation.map(|range| uniform(saturated, range)),
                    hue_factor: hue.map(hued),
                }
            }
            Self::RandomHorizontalFlip { p } => {
                Drawn::HorizontalFlip(bernoulli(draws.words(sample, position)[0], p))
            }
            Self::RandomVerticalFlip { p } => {
                Drawn::VerticalFlip(bernoulli(draws.words(sample, position)[0], p))
            }
            Self::ToDtype { .. } | Self::Normalize { .. } | Self::Random(_) => Drawn::Nothing,
        }
    }
}

fn validate_factor(name: &'static str, range: Option<(f64, f64)>) -> Result<(), Error> {
    match range {
        Some((min, max)) if !(0.0 <= min && min <= max && max <= f64::from(f32::MAX)) => {
            Err(Error::FactorRange { name, min, max })
        }
        _ => Ok(()),
    }
}

fn validate_statistics(mean: &[f64], std: &[f64]) -> Result<(), Error> {
    if mean.is_empty() || mean.len() != std.len() {
        return Err(Error::NormalizeLength {
            means: mean.len(),
            stds: std.len(),
        });
    }
    let finite = |&value: &f64| (value as f32).is_finite();
    let nonzero = |value: &f64| finite(value) && *value as f32 != 0.0;
    let first_wrong = |values: &[f64], valid: &dyn Fn(&f64) -> bool, expected| {
        let channel = values.iter().position(|value| !valid(value))?;
        Some(Error::NormalizeValue {
            expected,
            channel,
            value: values[channel],
        })
    };
    first_wrong(mean, &finite, "mean that is finite in float32")
        .or_else(|| first_wrong(std, &nonzero, "std that is finite and not zero in float32"))
        .map_or(Ok(()), Err)
}

/// A list of transforms, ready to run.
///
/// Every image is read once, transformed in cache and written once. What is drawn for a sample
/// depends on the [`Draws`], its row in the images and the positions of the transforms alone.
#[derive(Clone, Debug)]
pub struct Pipeline {
    transforms: Vec<Transform>,
    /// The position of each transform's draws.
    positions: Vec<usize>,
    layout: Layout,
    /// What bytes become and in which type it is written, unless they stay bytes.
    floats: Option<(Dtype, Floats)>,
}

impl Pipeline {
    /// Compiles `transforms` to write images in `layout`.
    ///
    /// # Errors
    /// Those of [`Transform::validate`], and those of transforms in an order that is not offered:
    /// more than one `ToDtype`, `Normalize` on bytes, `ColorJitter` on floats.
    pub fn new(transforms: Vec<Transform>, layout: Layout) -> Result<Self, Error> {
        let mut got = 0;
        let mut positions = Vec::with_capacity(transforms.len());
        for transform in &transforms {
            positions.push(got);
            got += transform.positions();
        }
        if got > MAX_POSITIONS {
            return Err(Error::TooManyTransforms {
                limit: MAX_POSITIONS,
                got,
            });
        }
        let mut floats: Option<(Dtype, Floats)> = None;
        let mut conversion = None;
        for (position, transform) in transforms.iter().enumerate() {
            transform.validate()?;
            match (transform, conversion) {
                (Transform::ToDtype { .. }, Some(first)) => {
                    return Err(Error::SecondConversion {
                        first,
                        second: position,
                    });
                }
                (&Transform::ToDtype { dtype, scale }, None) => {
                    conversion = Some(position);
                    floats = (dtype != Dtype::U8).then(|| (dtype, Floats::new(scale)));
                }
                (Transform::Normalize { mean, std }, _) => {
                    let (_, floats) = floats.as_mut().ok_or(Error::NormalizeBytes { position })?;
                    let (expected, got) = (floats.channels(), mean.len());
                    if expected != 1 && got != 1 && expected != got {
                        return Err(Error::NormalizeMismatch {
                            position,
                            expected,
                            got,
                        });
                    }
                    floats.normalize(mean, std);
                }
                (Transform::ColorJitter { .. } | Transform::Random(_), Some(conversion))
                    if floats.is_some() =>
                {
                    let transform = transform.name();
                    return Err(Error::AfterConversion {
                        transform,
                        position,
                        conversion,
                    });
                }
                _ => {}
            }
        }
        Ok(Self {
            transforms,
            positions,
            layout,
            floats,
        })
    }

    /// The element type that this pipeline writes.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.floats.as_ref().map_or(Dtype::U8, |(dtype, _)| *dtype)
    }

    /// The number of slices of the volumes that `images`, if they are volumes, become.
    ///
    /// # Errors
    /// Those of [`Pipeline::output_shape`].
    pub fn output_depth(&self, images: &Images<'_>) -> Result<Option<usize>, Error> {
        Ok(self.shape_of(Shape::of(images))?.depth)
    }

    /// The shape of the output for `rows` images of the shape that `images` have. The height of
    /// volumes is that of all their slices, which lie one below the other.
    ///
    /// # Errors
    /// The number of channels does not fit, or the output is too large to exist.
    pub fn output_shape(&self, images: &Images<'_>, rows: usize) -> Result<[usize; 4], Error> {
        let [_, _, _, channels] = images.shape();
        let jitters = |step: &Transform| match step {
            Transform::ColorJitter {
                brightness,
                contrast,
                saturation,
                hue,
            } => brightness.or(*contrast).or(*saturation).or(*hue).is_some(),
            _ => false,
        };
        if !matches!(channels, 1 | 3) && self.transforms.iter().any(jitters) {
            return Err(Error::JitterChannels { channels });
        }
        let shape = self.shape_of(Shape::of(images))?;
        let (channels, height, width) = (shape.channels, shape.lines(), shape.width);
        let expected = self
            .floats
            .as_ref()
            .map_or(1, |(_, floats)| floats.channels());
        if expected != 1 && expected != channels {
            return Err(Error::NormalizeChannels { expected, channels });
        }
        let shape = match self.layout {
            Layout::Nchw => [rows, channels, height, width],
            Layout::Nhwc => [rows, height, width, channels],
        };
        volume(shape).map(|_| shape)
    }

    /// The shape of bytes that every image of `shape` gets.
    fn shape_of(&self, shape: Shape) -> Result<Shape, Error> {
        self.transforms
            .iter()
            .try_fold(shape, |shape, step| step.shape_of_bytes(shape))
    }

    /// What each transform draws for one sample, an image of `shape`.
    ///
    /// # Errors
    /// An image that the transforms are not defined for.
    pub fn parameters(
        &self,
        sample: u64,
        draws: Draws,
        mut shape: Shape,
    ) -> Result<Vec<Drawn>, Error> {
        let steps = self.transforms.iter().zip(&self.positions);
        steps
            .map(|(transform, &position)| {
                let drawn = if let Transform::Random(random) = transform {
                    let mut ops = Vec::new();
                    random.draw(Stream::new(draws, sample, position), shape, &mut ops);
                    Drawn::Ops(ops.iter().flat_map(Step::names).collect())
                } else {
                    transform.draw(draws, sample, position)
                };
                shape = transform.shape_of_bytes(shape)?;
                Ok(drawn)
            })
            .collect()
    }

    /// Transforms the images at the rows in `index`, or all in order, and writes them to `out`.
    ///
    /// A row may come more than once; it draws the same each time. The result depends neither on
    /// `threads` (`None`: as many as the work is worth) nor on how rows are split into calls.
    ///
    /// # Errors
    /// Channels that do not fit, a row outside the images, or an `out` of the wrong type or length:
    /// all found before anything is written. Otherwise [`Error::Interrupted`] alone.
    pub fn run(
        &self,
        images: &Images<'_>,
        index: Option<&[i64]>,
        draws: Draws,
        out: Output<'_>,
        threads: Option<usize>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Error> {
        let [available, ..] = images.shape();
        let rows = index.map_or(available, <[i64]>::len);
        let expected = volume(self.output_shape(images, rows)?)?;
        let from = Shape::of(images);
        let to = self.shape_of(from)?;
        let (channels, height, width) = (to.channels, to.lines(), to.width);
        if out.len() != expected {
            return Err(Error::Length {
                what: "out",
                expected,
                got: out.len(),
            });
        }
        let inside = |&row: &i64| usize::try_from(row).is_ok_and(|row| row < available);
        let mut asked = index.unwrap_or_default().iter();
        if let Some(position) = asked.position(|row| !inside(row)) {
            let row = index.unwrap_or_default()[position];
            return Err(Error::RowOutOfRange {
                position,
                row,
                rows: available,
            });
        }
        let frame = Frame {
            height,
            width,
            channels,
            layout: self.layout,
        };
        if from.volume() == 0 && expected != 0 {
            return Err(Error::NoPixels {
                shape: images.shape(),
            });
        }
        let (transforms, positions) = (&self.transforms, &self.positions);
        let batch = Batch {
            transforms,
            positions,
            from,
            images,
            index,
            draws,
            frame,
            threads,
            interrupt,
        };
        match (out, &self.floats) {
            (Output::U8(out), None) => batch.run(&(), out),
            (Output::F32(out), Some((Dtype::F32, floats))) => batch.run(floats, out),
            (Output::F16(out), Some((Dtype::F16, floats))) => batch.run(floats, out),
            (Output::Bf16(out), Some((Dtype::Bf16, floats))) => batch.run(floats, out),
            (out, _) => {
                let (expected, got) = (self.dtype().name(), out.dtype().name());
                Err(Error::OutputDtype { expected, got })
            }
        }
    }
}

/// A checked call.
struct Batch<'a> {
    transforms: &'a [Transform],
    positions: &'a [usize],
    from: Shape,
    images: &'a Images<'a>,
    index: Option<&'a [i64]>,
    draws: Draws,
    frame: Frame,
    threads: Option<usize>,
    interrupt: Interrupt<'a>,
}

impl Batch<'_> {
    fn run<T: Element>(&self, stage: &T::Stage, out: &mut [T]) -> Result<(), Error> {
        if out.is_empty() {
            return Ok(());
        }
        let (row, work) = (
            self.frame.volume(),
            self.from.volume().max(self.frame.volume()),
        );
        let Self {
            threads, interrupt, ..
        } = *self;
        render_rows(out, row, work, threads, interrupt, |first, out| {
            self.render(stage, first, out);
        })
    }

    /// Renders as many rows as `out` holds, beginning at position `first` of the index.
    fn render<T: Element>(&self, stage: &T::Stage, first: usize, out: &mut [T]) {
        #[cfg(target_arch = "x86_64")]
        if simd::avx2() {
            // SAFETY: the processor has the features.
            return unsafe { self.render_avx2(stage, first, out) };
        }
        self.render_portable(stage, first, out);
    }

    /// The same code as `render_portable`: inlined here, it is compiled to wider instructions. Only
    /// what is inlined is, so what runs per pixel is plain loops, not closures given to iterators.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn render_avx2<T: Element>(&self, stage: &T::Stage, first: usize, out: &mut [T]) {
        self.render_portable(stage, first, out);
    }

    #[inline(always)]
    fn render_portable<T: Element>(&self, stage: &T::Stage, first: usize, out: &mut [T]) {
        let mut scratch = Scratch::new(self.from.volume());
        let (mut changes, mut steps) = (Vec::new(), Vec::new());
        let mut blends = Vec::new();
        for (number, out) in out.chunks_exact_mut(self.frame.volume()).enumerate() {
            let position = first + number;
            let row = self
                .index
                .map_or(position, |index| index[position] as usize);
            if let Some(&next) = self.index.and_then(|index| index.get(position + 1)) {
                self.images.prefetch(next as usize);
            }
            self.draw(row, &mut changes, &mut steps);
            let mut image = Changing::new(self.images, row, self.from, &mut scratch);
            let mut rest = &changes[..];
            loop {
                let simple = rest.iter().take_while(|change| change.is_simple()).count();
                blends.clear();
                image.change(&rest[..simple], &mut blends);
                let Some(&Change::Step(place)) = rest.get(simple) else {
                    break;
                };
                image.blend(&mut blends);
                image.apply(&steps[place]);
                rest = &rest[simple + 1..];
            }
            write_image(stage, self.frame, image.planes(), &blends, out);
        }
    }

    /// Puts in `changes` what is drawn for the image at `row`, and in `steps` what they refer to.
    #[inline(always)]
    fn draw(&self, row: usize, changes: &mut Vec<Change>, steps: &mut Vec<Step>) {
        changes.clear();
        steps.clear();
        let mut shape = self.from;
        for (transform, &position) in self.transforms.iter().zip(self.positions) {
            // The most common are drawn here, as `draw_ops` would, without a list of ops.
            match *transform {
                Transform::ColorJitter {
                    brightness,
                    contrast,
                    saturation: None,
                    hue: None,
                } => {
                    let words = self.draws.words(row as u64, position);
                    for function in permutation(words[0]) {
                        let tone = match function {
                            0 => brightness.map(|range| Tone::Brightness(uniform(words[1], range))),
                            1 => contrast.map(|range| Tone::Contrast(uniform(words[2], range))),
                            _ => None,
                        };
                        changes.extend(tone.map(Change::Tone));
                    }
                }
                Transform::RandomHorizontalFlip { p } if shape.depth.is_none() => {
                    if bernoulli(self.draws.words(row as u64, position)[0], p) {
                        changes.push(Change::Flip(Flips::HORIZONTAL));
                    }
                }
                Transform::RandomVerticalFlip { p } if shape.depth.is_none() => {
                    if bernoulli(self.draws.words(row as u64, position)[0], p) {
                        changes.push(Change::Flip(Flips::VERTICAL));
                    }
                }
                Transform::ToDtype { .. } | Transform::Normalize { .. } => {}
                _ => {
                    let stream = Stream::new(self.draws, row as u64, position);
                    let before = steps.len();
                    shape = transform.draw_ops(stream, shape, steps);
                    for (place, step) in steps.iter().enumerate().skip(before) {
                        changes.push(Change::of(step).unwrap_or(Change::Step(place)));
                    }
                }
            }
        }
    }
}

/// One thing that happens to an image.
#[derive(Clone, Copy, Debug)]
enum Change {
    Tone(Tone),
    Flip(Flips),
    /// Any other, at a place in a list.
    Step(usize),
}

impl Change {
    /// The simple change that a step is, if it is one. The slices of a volume are turned each on its
    /// own, which is not.
    #[inline(always)]
    fn of(step: &Step) -> Option<Self> {
        Some(match step.op {
            Op::Color(Color::Brightness(factor)) => Self::Tone(Tone::Brightness(factor)),
            Op::Color(Color::Contrast(factor)) => Self::Tone(Tone::Contrast(factor)),
            Op::Geometry(Geometry::HorizontalFlip) if step.to.depth.is_none() => {
                Self::Flip(Flips::HORIZONTAL)
            }
            Op::Geometry(Geometry::VerticalFlip) if step.to.depth.is_none() => {
                Self::Flip(Flips::VERTICAL)
            }
            _ => return None,
        })
    }

    #[inline(always)]
    fn is_simple(self) -> bool {
        !matches!(self, Self::Step(_))
    }
}

/// An image on its way through its changes.
struct Changing<'a, 'b> {
    images: &'a Images<'a>,
    row: usize,
    shape: Shape,
    scratch: &'b mut Scratch,
    /// Whether the planes are those of `scratch`, and no longer where they lie in the images.
    copied: bool,
}

impl<'a, 'b> Changing<'a, 'b> {
    #[inline(always)]
    fn new(images: &'a Images<'a>, row: usize, shape: Shape, scratch: &'b mut Scratch) -> Self {
        let copied = images.planes_in_order(row).is_none();
        if copied {
            scratch.planes.resize(shape.volume(), 0);
            images.copy_planes(row, &mut scratch.planes);
        }
        Self {
            images,
            row,
            shape,
            scratch,
            copied,
        }
    }

    #[inline(always)]
    fn planes(&self) -> &[u8] {
        match self.images.planes_in_order(self.row) {
            Some(planes) if !self.copied => planes,
            _ => &self.scratch.planes,
        }
    }

    /// Room for what the image of `shape` becomes, to be given to [`Self::go_on`]. Two calls, since a
    /// closure between them would not be compiled to the wider instructions.
    #[inline(always)]
    fn room(&mut self, shape: Shape) -> Vec<u8> {
        let mut room = std::mem::take(&mut self.scratch.changed);
        room.resize(shape.volume(), 0);
        room
    }

    #[inline(always)]
    fn go_on(&mut self, changed: Vec<u8>, shape: Shape) {
        self.scratch.changed = std::mem::replace(&mut self.scratch.planes, changed);
        self.copied = true;
        self.shape = shape;
    }

    #[inline(always)]
    fn apply(&mut self, step: &Step) {
        let mut changed = self.room(step.to);
        let mut spare = std::mem::take(&mut self.scratch.spare);
        step.op
            .apply(self.planes(), self.shape, &mut changed, &mut spare);
        self.scratch.spare = spare;
        self.go_on(changed, step.to);
    }

    #[inline(always)]
    fn flip(&mut self, flips: Flips) {
        let shape = self.shape;
        let mut changed = self.room(shape);
        flips.turn(self.planes(), shape.area(), shape.width, &mut changed);
        self.go_on(changed, shape);
    }

    /// Makes simple changes; those of tone are left to `blends`, where they can wait.
    #[inline(always)]
    fn change(&mut self, changes: &[Change], blends: &mut Vec<Blend>) {
        let Shape { channels, .. } = self.shape;
        if self.needs_order(changes) {
            for change in changes {
                match *change {
                    Change::Flip(flips) => self.flip(flips),
                    Change::Tone(tone) => {
                        let mut changed = self.room(self.shape);
                        let blend = tone.blend(self.planes(), channels);
                        blend.write_image(self.planes(), &mut changed);
                        self.go_on(changed, self.shape);
                    }
                    Change::Step(_) => {}
                }
            }
            return;
        }
        let mut flips = Flips::default();
        for change in changes {
            if let Change::Flip(flip) = change {
                flips.horizontal ^= flip.horizontal;
                flips.vertical ^= flip.vertical;
            }
        }
        if flips != Flips::default() {
            self.flip(flips);
        }
        for change in changes {
            if let &Change::Tone(tone) = change {
                if matches!(tone, Tone::Contrast(_)) {
                    self.blend(blends);
                }
                blends.push(tone.blend(self.planes(), channels));
            }
        }
    }

    /// Whether flips must keep their place among the changes of tone, because some pixels of the
    /// image are treated differently for where they are. Otherwise neither a byte's blend nor the
    /// mean depends on where the pixels are.
    #[inline(always)]
    fn needs_order(&self, changes: &[Change]) -> bool {
        let contrasts = |change: &Change| matches!(change, Change::Tone(Tone::Contrast(_)));
        !unfused(self.shape.volume()).is_empty() && changes.iter().any(contrasts)
    }

    /// Makes the blends that wait.
    #[inline(always)]
    fn blend(&mut self, blends: &mut Vec<Blend>) {
        if !blends.is_empty() {
            let mut changed = self.room(self.shape);
            write_bytes(self.planes(), blends, &mut changed);
            self.go_on(changed, self.shape);
            blends.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// One image, `[height][width][channels]`, and the naive way through every transform.
    #[derive(Clone)]
    struct Naive {
        values: Vec<f32>,
        height: usize,
        width: usize,
        channels: usize,
    }

    impl Naive {
        fn apply(&mut self, transform: &Transform, drawn: Drawn) {
            match (transform, drawn) {
                (
                    _,
                    Drawn::ColorJitter {
                        fn_idx,
                        brightness_factor,
                        contrast_factor,
                        ..
                    },
                ) => {
                    for function in fn_idx {
                        match (function, brightness_factor, contrast_factor) {
                            (0, Some(factor), _) => self.blend(factor, 0.0),
                            (1, _, Some(factor)) => self.blend(factor, self.grey_mean()),
                            _ => {}
                        }
                    }
                }
                (_, Drawn::HorizontalFlip(true)) => self.turn(|y, x, _, width| (y, width - 1 - x)),
                (_, Drawn::VerticalFlip(true)) => self.turn(|y, x, height, _| (height - 1 - y, x)),
                (
                    Transform::ToDtype {
                        dtype: Dtype::F32,
                        scale: true,
                    },
                    _,
                ) => {
                    self.values
                        .iter_mut()
                        .for_each(|value| *value *= (1.0f64 / 255.0) as f32);
                }
                (Transform::Normalize { mean, std }, _) => {
                    for (place, value) in self.values.iter_mut().enumerate() {
                        let given = place % self.channels % mean.len();
                        *value -= mean[given] as f32;
                        *value /= std[given] as f32;
                    }
                }
                _ => {}
            }
        }

        fn blend(&mut self, factor: f64, grey: f32) {
            let (length, area) = (self.values.len(), self.height * self.width);
            let alpha = if grey == 0.0 {
                0.0
            } else {
                (1.0 - factor) as f32
            };
            for (place, value) in self.values.iter_mut().enumerate() {
                let planar = place % self.channels * area + place / self.channels;
                let (rest, tail) = (length % 16, length - length % 16);
                let fused = planar <= tail || (planar - tail - 1) / 4 >= (rest - 1) / 4;
                let scaled = *value * factor as f32;
                let sum = if fused {
                    grey.mul_add(alpha, scaled)
                } else {
                    grey * alpha + scaled
                };
                *value = f32::from(sum.clamp(0.0, 255.0) as u8);
            }
        }

        fn grey_mean(&self) -> f32 {
            let grey = |pixel: &[f32]| match *pixel {
                [grey] => grey as u64,
                [red, green, blue] => {
                    blue.mul_add(0.114, green.mul_add(0.587, red * 0.2989)) as u64
                }
                _ => unreachable!(),
            };
            let sum: u64 = self.values.chunks_exact(self.channels).map(grey).sum();
            sum as f32 / (self.height * self.width) as f32
        }

        fn turn(&mut self, from: impl Fn(usize, usize, usize, usize) -> (usize, usize)) {
            let before = self.clone();
            for y in 0..self.height {
                for x in 0..self.width {
                    let (from_y, from_x) = from(y, x, self.height, self.width);
                    for channel in 0..self.channels {
                        self.values[(y * self.width + x) * self.channels + channel] =
                            before.values[(from_y * self.width + from_x) * self.channels + channel];
                    }
                }
            }
        }

        fn laid_out(&self, layout: Layout) -> Vec<f32> {
            match layout {
                Layout::Nhwc => self.values.clone(),
                Layout::Nchw => (0..self.channels)
                    .flat_map(|channel| self.values.iter().skip(channel).step_by(self.channels))
                    .copied()
                    .collect(),
            }
        }
    }

    fn factors() -> impl Strategy<Value = Option<(f64, f64)>> {
        let range = (0.0..2.0, 0.0..2.0).prop_map(|(min, extent)| (min, min + extent));
        proptest::option::of(range)
    }

    fn byte_transform() -> impl Strategy<Value = Transform> {
        prop_oneof![
            (factors(), factors()).prop_map(|(brightness, contrast)| Transform::ColorJitter {
                brightness,
                contrast,
                saturation: None,
                hue: None,
            }),
            (0.0..=1.0).prop_map(|p| Transform::RandomHorizontalFlip { p }),
            (0.0..=1.0).prop_map(|p| Transform::RandomVerticalFlip { p }),
        ]
    }

    fn float_transforms(channels: usize) -> impl Strategy<Value = Vec<Transform>> {
        let normalize = prop_oneof![Just(1), Just(channels)].prop_flat_map(|given| {
            (vec(-2.0..2.0, given), vec(0.01..2.0, given))
                .prop_map(|(mean, std)| Transform::Normalize { mean, std })
        });
        (any::<bool>(), vec(normalize, 0..3)).prop_map(|(scale, normalizations)| {
            let mut transforms = vec![Transform::ToDtype {
                dtype: Dtype::F32,
                scale,
            }];
            transforms.extend(normalizations);
            transforms.push(Transform::RandomVerticalFlip { p: 0.5 });
            transforms
        })
    }

    #[derive(Debug)]
    struct Case {
        shape: [usize; 4],
        pixels: Vec<u8>,
        planar: bool,
        transforms: Vec<Transform>,
        layout: Layout,
        index: Vec<i64>,
        draws: Draws,
    }

    impl Case {
        /// The same pixels, read with whatever strides the case asks for.
        fn images(&self) -> Images<'_> {
            let [_, height, width, channels] = self.shape;
            if !self.planar {
                return Images::new(&self.pixels, self.shape).unwrap();
            }
            let strides = [height * width * channels, width, 1, height * width];
            // SAFETY: these strides permute the axes of an array as large as the pixels.
            unsafe {
                let strides = strides.map(usize::cast_signed);
                Images::from_raw_parts(self.pixels.as_ptr(), self.shape, strides)
            }
        }

        fn naive(&self, row: usize) -> Naive {
            let [_, height, width, channels] = self.shape;
            let image = &self.pixels[row * height * width * channels..];
            let at = |place: usize| match self.planar {
                false => place,
                true => place % channels * height * width + place / channels,
            };
            let values = (0..height * width * channels).map(|place| f32::from(image[at(place)]));
            Naive {
                values: values.collect(),
                height,
                width,
                channels,
            }
        }
    }

    fn case() -> impl Strategy<Value = Case> {
        let shape = (
            1..5usize,
            1..20usize,
            1..40usize,
            prop_oneof![Just(1usize), Just(3)],
        );
        shape.prop_flat_map(|(rows, height, width, channels)| {
            let steps = (
                vec(byte_transform(), 0..4),
                proptest::option::of(float_transforms(channels)),
            );
            let transforms = steps.prop_map(|(mut bytes, floats)| {
                bytes.extend(floats.unwrap_or_default());
                bytes
            });
            (
                Just([rows, height, width, channels]),
                vec(any::<u8>(), rows * height * width * channels),
                any::<bool>(),
                transforms,
                prop_oneof![Just(Layout::Nchw), Just(Layout::Nhwc)],
                vec(0..rows as i64, 0..6),
                (any::<u64>(), any::<u32>()).prop_map(|(seed, epoch)| Draws { seed, epoch }),
            )
                .prop_map(
                    |(shape, pixels, planar, transforms, layout, index, draws)| Case {
                        shape,
                        pixels,
                        planar,
                        transforms,
                        layout,
                        index,
                        draws,
                    },
                )
        })
    }

    fn floats(pipeline: &Pipeline, case: &Case, threads: usize) -> Vec<f32> {
        let images = case.images();
        let count = volume(pipeline.output_shape(&images, case.index.len()).unwrap()).unwrap();
        let run = |out| {
            let (index, threads) = (Some(case.index.as_slice()), Some(threads));
            pipeline
                .run(&images, index, case.draws, out, threads, Interrupt::never())
                .unwrap();
        };
        if pipeline.dtype() == Dtype::F32 {
            let mut out = vec![f32::NAN; count];
            run(Output::F32(&mut out));
            out
        } else {
            let mut out = vec![0; count];
            run(Output::U8(&mut out));
            out.into_iter().map(f32::from).collect()
        }
    }

    proptest! {
        #[test]
        fn a_pipeline_is_its_naive_steps_one_after_the_other(case in case(), threads in 1..4usize) {
            let pipeline = Pipeline::new(case.transforms.clone(), case.layout).unwrap();
            let mut expected = Vec::new();
            for &row in &case.index {
                let mut naive = case.naive(row as usize);
                let [_, height, width, channels] = case.shape;
                let shape = Shape { channels, depth: None, height, width };
                let drawn = pipeline.parameters(row as u64, case.draws, shape).unwrap();
                for (transform, drawn) in case.transforms.iter().zip(drawn) {
                    naive.apply(transform, drawn);
                }
                expected.extend(naive.laid_out(case.layout));
            }
            prop_assert_eq!(floats(&pipeline, &case, threads), expected);
        }

        #[test]
        fn the_portable_path_equals_the_one_in_use(case in case()) {
            let transforms = &case.transforms;
            let pipeline = Pipeline::new(transforms.clone(), case.layout).unwrap();
            let [_, height, width, channels] = case.shape;
            let images = case.images();
            let batch = Batch {
                transforms,
                positions: &pipeline.positions,
                from: Shape { channels, depth: None, height, width },
                images: &images,
                index: Some(&case.index),
                draws: case.draws,
                frame: Frame { height, width, channels, layout: case.layout },
                threads: None,
                interrupt: Interrupt::never(),
            };
            let expected = floats(&pipeline, &case, 1);
            let portable = match &pipeline.floats {
                Some((_, stage)) => {
                    let mut out = vec![f32::NAN; expected.len()];
                    batch.render_portable(stage, 0, &mut out);
                    out
                }
                None => {
                    let mut out = vec![0u8; expected.len()];
                    batch.render_portable(&(), 0, &mut out);
                    out.into_iter().map(f32::from).collect()
                }
            };
            prop_assert_eq!(portable, expected);
        }
    }

    const FLOAT: Transform = Transform::ToDtype {
        dtype: Dtype::F32,
        scale: true,
    };
    const FLIP: Transform = Transform::RandomHorizontalFlip { p: 0.5 };

    fn normalize(mean: &[f64], std: &[f64]) -> Transform {
        Transform::Normalize {
            mean: mean.to_vec(),
            std: std.to_vec(),
        }
    }

    fn jitter(brightness: (f64, f64)) -> Transform {
        Transform::ColorJitter {
            brightness: Some(brightness),
            contrast: None,
            saturation: None,
            hue: None,
        }
    }

    #[test]
    fn wrong_settings_are_refused_one_by_one() {
        let refused = |transforms: &[Transform]| {
            let error = Pipeline::new(transforms.to_vec(), Layout::Nchw).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            error
        };
        for p in [-0.1, 1.1, f64::NAN] {
            let error = refused(&[Transform::RandomVerticalFlip { p }]);
            assert!(matches!(
                error,
                Error::Probability {
                    transform: "RandomVerticalFlip",
                    ..
                }
            ));
        }
        for range in [
            (-0.1, 1.0),
            (1.0, 0.5),
            (0.0, f64::INFINITY),
            (f64::NAN, 1.0),
            (0.0, 1e39),
        ] {
            assert!(matches!(
                refused(&[jitter(range)]),
                Error::FactorRange { .. }
            ));
        }
        for (mean, std) in [(&[][..], &[][..]), (&[0.5, 0.5], &[0.5])] {
            let error = refused(&[FLOAT, normalize(mean, std)]);
            assert!(matches!(error, Error::NormalizeLength { .. }));
        }
        for (mean, std) in [(f64::NAN, 1.0), (1e39, 1.0), (0.0, 0.0), (0.0, 1e-60)] {
            let error = refused(&[FLOAT, normalize(&[mean], &[std])]);
            assert!(matches!(error, Error::NormalizeValue { channel: 0, .. }));
        }
        assert_eq!(
            refused(&[
                FLOAT,
                normalize(&[0.0; 3], &[1.0; 3]),
                normalize(&[0.0; 2], &[1.0; 2])
            ]),
            Error::NormalizeMismatch {
                position: 2,
                expected: 3,
                got: 2
            }
        );
        assert_eq!(
            refused(&[FLIP, normalize(&[0.5], &[0.5])]),
            Error::NormalizeBytes { position: 1 }
        );
        assert_eq!(
            refused(&[FLOAT, FLIP, jitter((0.5, 1.0))]),
            Error::AfterConversion {
                transform: "ColorJitter",
                position: 2,
                conversion: 0
            }
        );
        assert_eq!(
            refused(&[FLIP, FLOAT, FLOAT]),
            Error::SecondConversion {
                first: 1,
                second: 2
            }
        );
        assert_eq!(
            refused(&vec![FLIP; MAX_POSITIONS + 1]),
            Error::TooManyTransforms {
                limit: MAX_POSITIONS,
                got: MAX_POSITIONS + 1
            }
        );
    }

    #[test]
    fn a_wrong_call_writes_nothing() {
        let pipeline = Pipeline::new(vec![jitter((0.5, 1.0))], Layout::Nchw).unwrap();
        let pixels = [7; 2 * 2 * 2 * 3];
        let refused = |shape, index: &[i64], length| {
            let images = Images::new(&pixels[..shape_volume(shape)], shape).unwrap();
            let mut out = vec![99; length];
            let output = Output::U8(&mut out);
            let never = Interrupt::never();
            let outcome = pipeline.run(&images, Some(index), Draws::default(), output, None, never);
            assert!(out.iter().all(|&byte| byte == 99));
            outcome.unwrap_err()
        };
        let shape = [2, 2, 2, 3];
        assert_eq!(
            refused(shape, &[0, 1, 2], 36),
            Error::RowOutOfRange {
                position: 2,
                row: 2,
                rows: 2
            }
        );
        assert_eq!(
            refused(shape, &[0, -1], 24),
            Error::RowOutOfRange {
                position: 1,
                row: -1,
                rows: 2
            }
        );
        assert_eq!(
            refused(shape, &[0], 11),
            Error::Length {
                what: "out",
                expected: 12,
                got: 11
            }
        );
        assert_eq!(
            refused([2, 2, 2, 2], &[0], 8),
            Error::JitterChannels { channels: 2 }
        );

        let float =
            Pipeline::new(vec![FLOAT, normalize(&[0.5; 3], &[0.5; 3])], Layout::Nchw).unwrap();
        let grey = Images::new(&pixels, [6, 2, 2, 1]).unwrap();
        assert_eq!(
            float.output_shape(&grey, 1),
            Err(Error::NormalizeChannels {
                expected: 3,
                channels: 1
            })
        );
        let rgb = Images::new(&pixels, shape).unwrap();
        let mut bytes = [0; 24];
        assert_eq!(
            float.run(
                &rgb,
                None,
                Draws::default(),
                Output::U8(&mut bytes),
                None,
                Interrupt::never()
            ),
            Err(Error::OutputDtype {
                expected: "float32",
                got: "uint8"
            })
        );
        assert_eq!(
            Images::new(&pixels, [1, 2, 2, 3]).unwrap_err(),
            Error::Length {
                what: "images",
                expected: 12,
                got: 24
            }
        );
        let endless = [usize::MAX, 2, 0, 3];
        assert_eq!(
            Images::new(&[], endless).unwrap_err(),
            Error::TooLarge { shape: endless }
        );
    }

    fn shape_volume(shape: [usize; 4]) -> usize {
        shape.iter().product()
    }

    #[test]
    fn empty_images_are_fine() {
        let pipeline = Pipeline::new(vec![jitter((0.5, 1.0)), FLIP, FLOAT], Layout::Nchw).unwrap();
        for shape in [[0, 4, 4, 3], [2, 0, 4, 1], [2, 4, 0, 1]] {
            let images = Images::new(&[], shape).unwrap();
            let out = Output::F32(&mut []);
            pipeline
                .run(
                    &images,
                    None,
                    Draws::default(),
                    out,
                    None,
                    Interrupt::never(),
                )
                .unwrap();
        }
    }

    #[test]
    fn an_interrupt_stops_a_batch() {
        let pipeline = Pipeline::new(vec![], Layout::Nchw).unwrap();
        let images = Images::new(&[0; 4], [1, 2, 2, 1]).unwrap();
        let stop = || true;
        let outcome = pipeline.run(
            &images,
            None,
            Draws::default(),
            Output::U8(&mut [0; 4]),
            None,
            Interrupt::when(&stop),
        );
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Interrupted);
    }
}
