//! Writing an image out: its layout, its flips and its element type, in one pass.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::tone::{Blend, Map, write_blended, write_bytes};

/// The order of the axes of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// (N, C, H, W)
    #[default]
    Nchw,
    /// (N, H, W, C)
    Nhwc,
}

/// The element type of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dtype {
    /// Bytes.
    U8,
    /// Single precision.
    F32,
    /// Half precision: what is computed in single precision, rounded once, to even.
    F16,
    /// The upper half of single precision, rounded likewise.
    Bf16,
}

impl Dtype {
    /// The name of this type in numpy and torch.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
        }
    }
}

/// Where a batch is written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output<'a> {
    /// For pipelines that end in bytes.
    U8(&'a mut [u8]),
    /// For pipelines that end in float32.
    F32(&'a mut [f32]),
    /// For pipelines that end in float16.
    F16(&'a mut [f16]),
    /// For pipelines that end in bfloat16.
    Bf16(&'a mut [bf16]),
}

impl Output<'_> {
    pub(super) fn dtype(&self) -> Dtype {
        match self {
            Self::U8(_) => Dtype::U8,
            Self::F32(_) => Dtype::F32,
            Self::F16(_) => Dtype::F16,
            Self::Bf16(_) => Dtype::Bf16,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::U8(out) => out.len(),
            Self::F32(out) => out.len(),
            Self::F16(out) => out.len(),
            Self::Bf16(out) => out.len(),
        }
    }
}

/// The shape of one image, and of the place it goes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub layout: Layout,
}

impl Frame {
    pub(super) fn area(self) -> usize {
        self.height * self.width
    }

    pub(super) fn volume(self) -> usize {
        self.area() * self.channels
    }
}

/// What becomes of a byte after the conversion to float.
#[derive(Clone, Debug)]
pub(super) struct Floats {
    /// What the byte is multiplied by.
    scale: f32,
    /// What then happens, step by step: one list for all channels, or one for each.
    channels: Vec<Vec<Shift>>,
}

/// `(value - mean) / std`.
#[derive(Clone, Copy, Debug)]
struct Shift {
    mean: f32,
    std: f32,
    /// What to multiply by instead of dividing, where that gives the same for every byte.
    factor: Option<f32>,
}

impl Shift {
    /// The step after those of `earlier`.
    fn new(mean: f32, std: f32, scale: f32, earlier: &[Self]) -> Self {
        let divided = Self {
            mean,
            std,
            factor: None,
        };
        let multiplied = Self {
            factor: Some(1.0 / std),
            ..divided
        };
        let before = |byte: u8| {
            let value = f32::from(byte) * scale;
            earlier.iter().fold(value, |value, step| step.apply(value))
        };
        let same = (0..=u8::MAX)
            .map(before)
            .all(|value| multiplied.apply(value).to_bits() == divided.apply(value).to_bits());
        if same { multiplied } else { divided }
    }

    #[inline(always)]
    fn apply(self, value: f32) -> f32 {
        match self.factor {
            Some(factor) => (value - self.mean) * factor,
            None => (value - self.mean) / self.std,
        }
    }
}

impl Floats {
    /// `to_dtype(float32, scale)`.
    pub(super) fn new(scale: bool) -> Self {
        let scale = if scale { (1.0 / 255.0) as f32 } else { 1.0 };
        Self {
            scale,
            channels: vec![Vec::new()],
        }
    }

    /// How many channels the statistics were given for; 1 fits any.
    pub(super) fn channels(&self) -> usize {
        self.channels.len()
    }

    /// `normalize`, whose statistics torch rounds to float32.
    pub(super) fn normalize(&mut self, mean: &[f64], std: &[f64]) {
        if self.channels.len() < mean.len() {
            self.channels = vec![self.channels[0].clone(); mean.len()];
        }
        for (channel, steps) in self.channels.iter_mut().enumerate() {
            let given = channel % mean.len();
            let step = Shift::new(mean[given] as f32, std[given] as f32, self.scale, steps);
            steps.push(step);
        }
    }

    #[inline(always)]
    fn steps(&self, channel: usize) -> &[Shift] {
        &self.channels[channel % self.channels.len()]
    }
}

/// A byte converted to float.
#[derive(Clone, Copy)]
struct Scaled {
    scale: f32,
}

/// The same, and [`Shift`]ed.
#[derive(Clone, Copy)]
struct Multiplied {
    scale: f32,
    mean: f32,
    factor: f32,
}

/// The same, by a division.
#[derive(Clone, Copy)]
struct Divided {
    scale: f32,
    first: Shift,
}

impl Map<f32> for Scaled {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        value * self.scale
    }
}

impl Map<f32> for Multiplied {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        (value * self.scale - self.mean) * self.factor
    }
}

impl Map<f32> for Divided {
    #[inline(always)]
    fn map(self, value: f32) -> f32 {
        (value * self.scale - self.first.mean) / self.first.std
    }
}

/// An element type that a pipeline can write.
pub(super) trait Element: Copy + Default + Send {
    /// What must be known to write it.
    type Stage: Sync;

    /// Writes one plane of blended bytes in order.
    fn write(stage: &Self::Stage, channel: usize, plane: &[u8], blends: &[Blend], out: &mut [Self]);
}

impl Element for u8 {
    type Stage = ();

    #[inline(always)]
    fn write((): &(), _: usize, plane: &[u8], blends: &[Blend], out: &mut [u8]) {
        write_bytes(plane, blends, out);
    }
}

impl Element for f32 {
    type Stage = Floats;

    #[inline(always)]
    fn write(stage: &Floats, channel: usize, plane: &[u8], blends: &[Blend], out: &mut [f32]) {
        let scale = stage.scale;
        let Some((&first, later)) = stage.steps(channel).split_first() else {
            return write_blended(plane, blends, out, Scaled { scale });
        };
        match first.factor {
            Some(factor) => {
                let mean = first.mean;
                let finish = Multiplied {
                    scale,
                    mean,
                    factor,
                };
                write_blended(plane, blends, out, finish);
            }
            None => write_blended(plane, blends, out, Divided { scale, first }),
        }
        for step in later {
            for value in &mut *out {
                *value = step.apply(*value);
            }
        }
    }
}

impl Element for f16 {
    type Stage = Floats;

    #[inline(always)]
    fn write(stage: &Floats, channel: usize, plane: &[u8], blends: &[Blend], out: &mut [f16]) {
        let mut waiting = [0.0; WAITING];
        for (bytes, out) in plane.chunks(WAITING).zip(out.chunks_mut(WAITING)) {
            let waiting = &mut waiting[..bytes.len()];
            f32::write(stage, channel, bytes, blends, waiting);
            out.convert_from_f32_slice(waiting);
        }
    }
}

impl Element for bf16 {
    type Stage = Floats;

    #[inline(always)]
    fn write(stage: &Floats, channel: usize, plane: &[u8], blends: &[Blend], out: &mut [bf16]) {
        let mut waiting = [0.0; WAITING];
        for (bytes, out) in plane.chunks(WAITING).zip(out.chunks_mut(WAITING)) {
            let waiting = &mut waiting[..bytes.len()];
            f32::write(stage, channel, bytes, blends, waiting);
            for (out, &value) in out.iter_mut().zip(&*waiting) {
                *out = upper_half(value);
            }
        }
    }
}

/// `bf16::from_f32` for what is no NaN, which no byte becomes, in operations of vectors.
#[inline(always)]
fn upper_half(value: f32) -> bf16 {
    let bits = value.to_bits();
    let even = bits >> 16 & 1;
    bf16::from_bits(((bits + 0x7fff + even) >> 16) as u16)
}

/// Values of a plane that wait on the stack for what comes next.
const WAITING: usize = 256;

/// Writes an image whose planes are `planes` to its place.
#[inline(always)]
pub(super) fn write_image<T: Element>(
    stage: &T::Stage,
    frame: Frame,
    planes: &[u8],
    blends: &[Blend],
    out: &mut [T],
) {
    let (area, channels) = (frame.area(), frame.channels);
    if frame.layout == Layout::Nchw || channels == 1 {
        let planes = planes.chunks_exact(area).zip(out.chunks_exact_mut(area));
        for (channel, (plane, out)) in planes.enumerate() {
            T::write(stage, channel, plane, blends, out);
        }
    } else {
        let mut waiting = [T::default(); WAITING];
        for (channel, plane) in planes.chunks_exact(area).enumerate() {
            let pixels = plane
                .chunks(WAITING)
                .zip(out.chunks_mut(WAITING * channels));
            for (bytes, out) in pixels {
                let waiting = &mut waiting[..bytes.len()];
                T::write(stage, channel, bytes, blends, waiting);
                for (pixel, &value) in out.chunks_exact_mut(channels).zip(&*waiting) {
                    pixel[channel] = value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_halves_are_rounded_as_their_crate_rounds() {
        let words = (0..=u32::MAX).step_by(65_521);
        for value in words.map(f32::from_bits).filter(|value| !value.is_nan()) {
            assert_eq!(upper_half(value), bf16::from_f32(value), "{value:e}");
        }
        assert_eq!(upper_half(f32::INFINITY), bf16::INFINITY);
    }

    #[test]
    fn statistics_that_allow_it_multiply_and_others_divide() {
        let half = Shift::new(0.5, 0.5, (1.0 / 255.0) as f32, &[]);
        assert_eq!(half.factor, Some(2.0));
        let third = Shift::new(0.5, 0.3, (1.0 / 255.0) as f32, &[]);
        assert_eq!(third.factor, None);
        for (mean, std) in [(0.5, 0.5), (0.485, 0.229), (0.1, 0.25), (0.0, 1e-30)] {
            let step = Shift::new(mean, std, (1.0 / 255.0) as f32, &[]);
            for byte in 0..=u8::MAX {
                let value = f32::from(byte) * (1.0 / 255.0) as f32;
                assert_eq!(
                    step.apply(value),
                    (value - mean) / std,
                    "{byte} {mean} {std}"
                );
            }
        }
    }
}
