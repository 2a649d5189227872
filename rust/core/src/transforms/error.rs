//! What can go wrong in the transforms engine.

use crate::error::ErrorKind;
use crate::parallel::Interrupted;

/// One variant for each fault. Those of kind [`ErrorKind::Config`] come from building a pipeline,
/// the others from running it, before anything is written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probability outside [0, 1].
    #[error("{transform}: expected a probability p in [0, 1], got {p}")]
    Probability {
        /// The transform it was given to.
        transform: &'static str,
        /// What came.
        p: f64,
    },
    /// A jitter range that is negative, decreasing or not finite.
    #[error(
        "ColorJitter: expected {name} as 0 <= min <= max, finite in float32, got ({min}, {max})"
    )]
    FactorRange {
        /// `brightness`, `contrast` or `saturation`.
        name: &'static str,
        /// The lower bound that came.
        min: f64,
        /// The upper bound that came.
        max: f64,
    },
    /// A range of hues that decreases or leaves half a turn.
    #[error("ColorJitter: expected hue as -0.5 <= min <= max <= 0.5, got ({min}, {max})")]
    HueRange {
        /// The lower bound that came.
        min: f64,
        /// The upper bound that came.
        max: f64,
    },
    /// Means and standard deviations of different number, or none.
    #[error(
        "Normalize: expected one mean and one std per channel, got {means} means and {stds} stds"
    )]
    NormalizeLength {
        /// How many means came.
        means: usize,
        /// How many standard deviations came.
        stds: usize,
    },
    /// A mean that is not finite, or a standard deviation that is not finite or is zero.
    #[error("Normalize: expected a {expected}, got {value} for channel {channel}")]
    NormalizeValue {
        /// Which of the two, and what it must be.
        expected: &'static str,
        /// The channel it was given for.
        channel: usize,
        /// What came.
        value: f64,
    },
    /// Two `Normalize` for different numbers of channels.
    #[error(
        "Normalize at position {position}: expected {expected} values as in the Normalize before \
         it, got {got}"
    )]
    NormalizeMismatch {
        /// Where in the pipeline.
        position: usize,
        /// Channels of the earlier one.
        expected: usize,
        /// Channels of this one.
        got: usize,
    },
    /// `Normalize` on bytes.
    #[error(
        "Normalize at position {position} expects float32, got uint8; put ToDtype(\"float32\", \
         scale=True) before it"
    )]
    NormalizeBytes {
        /// Where in the pipeline.
        position: usize,
    },
    /// A transform that is defined here on bytes, after the conversion to float.
    #[error(
        "{transform} at position {position} expects uint8, got float32; put it before the ToDtype \
         at position {conversion}"
    )]
    AfterConversion {
        /// The transform that came too late.
        transform: &'static str,
        /// Where in the pipeline.
        position: usize,
        /// Where the conversion is.
        conversion: usize,
    },
    /// More than one conversion.
    #[error(
        "expected at most one ToDtype, got one at position {first} and one at position {second}; \
         remove one of them"
    )]
    SecondConversion {
        /// Where the first is.
        first: usize,
        /// Where the second is.
        second: usize,
    },
    /// More transforms than the draws can be keyed by.
    #[error("expected at most {limit} transforms in a pipeline, got {got}")]
    TooManyTransforms {
        /// The largest number allowed.
        limit: usize,
        /// What came.
        got: usize,
    },
    /// A number of channels that a transform is not defined for.
    #[error("ColorJitter expects images of 1 or 3 channels, got {channels}")]
    JitterChannels {
        /// What came.
        channels: usize,
    },
    /// A parameter of an op outside its range.
    #[error("{op}: expected {expected}, got {got}")]
    Parameter {
        /// The op, by its name in torchvision.
        op: &'static str,
        /// What would have been right.
        expected: String,
        /// What came.
        got: String,
    },
    /// A number of channels that an op is not defined for.
    #[error("{op} expects images of {expected} channels, got {channels}")]
    Channels {
        /// The op, by its name in torchvision.
        op: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// What came.
        channels: usize,
    },
    /// Volumes, where an op is of images.
    #[error("{op} is of images, got volumes; take it out, or transform slices as images")]
    NoVolumes {
        /// The op, by its name in Python.
        op: &'static str,
    },
    /// Images, where an op is of volumes.
    #[error(
        "{op} is of volumes, got images; volumes have shape (N, D, H, W, C), or a pipeline of \
         layout \"NCDHW\""
    )]
    NoImages {
        /// The op, by its name in Python.
        op: &'static str,
    },
    /// A number of channels that does not fit the normalisation.
    #[error(
        "Normalize was given values for {expected} channels, the images have {channels}; give one \
         value, or one per channel"
    )]
    NormalizeChannels {
        /// What the pipeline was built for.
        expected: usize,
        /// What came.
        channels: usize,
    },
    /// A window to cut out that is larger than the images.
    #[error(
        "{transform}: expected images of at least {window} pixels {axis}, got {image}; crop less, \
         or pad them"
    )]
    LargeWindow {
        /// The transform that cuts it out.
        transform: &'static str,
        /// The length of the window.
        window: usize,
        /// `high`, `wide` or `deep`.
        axis: &'static str,
        /// The length of the images.
        image: usize,
    },
    /// Images without a pixel, where they would become images with some.
    #[error("expected images of at least one pixel, got a batch of shape {shape:?}")]
    NoPixels {
        /// What came.
        shape: [usize; 4],
    },
    /// Volumes without a voxel, or of slices that are not as high as one another.
    #[error(
        "expected volumes of at least one voxel in {depth} slices, got a batch of shape {shape:?}"
    )]
    Slices {
        /// How many slices were said to lie one below the other.
        depth: usize,
        /// The shape that the images have, (N, D x H, W, C).
        shape: [usize; 4],
    },
    /// A row number outside the images.
    #[error(
        "index {row} at position {position} is outside the {rows} images (0 <= index < {rows})"
    )]
    RowOutOfRange {
        /// Where in the index.
        position: usize,
        /// What came.
        row: i64,
        /// How many images there are.
        rows: usize,
    },
    /// A buffer of bytes or floats that is too short or too long.
    #[error("expected a buffer of {expected} elements for {what}, got {got}")]
    Length {
        /// `images` or `out`.
        what: &'static str,
        /// The product of the shape.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// A shape whose size in bytes does not fit the address space.
    #[error("an array of shape {shape:?} is too large for this machine")]
    TooLarge {
        /// What came.
        shape: [usize; 4],
    },
    /// An output buffer of the wrong element type.
    #[error("this pipeline writes {expected}, the output buffer holds {got}")]
    OutputDtype {
        /// What the pipeline writes.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// The caller asked the work to stop. Part of the output may have been written.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl Error {
    /// What a caller can do about this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Probability { .. }
            | Self::FactorRange { .. }
            | Self::HueRange { .. }
            | Self::NormalizeLength { .. }
            | Self::NormalizeValue { .. }
            | Self::NormalizeMismatch { .. }
            | Self::NormalizeBytes { .. }
            | Self::AfterConversion { .. }
            | Self::SecondConversion { .. }
            | Self::Parameter { .. }
            | Self::TooManyTransforms { .. } => ErrorKind::Config,
            Self::JitterChannels { .. }
            | Self::Channels { .. }
            | Self::NoVolumes { .. }
            | Self::NoImages { .. }
            | Self::NoPixels { .. }
            | Self::Slices { .. }
            | Self::LargeWindow { .. }
            | Self::NormalizeChannels { .. }
            | Self::Length { .. }
            | Self::TooLarge { .. }
            | Self::OutputDtype { .. } => ErrorKind::Shape,
            Self::RowOutOfRange { .. } => ErrorKind::Value,
            Self::Interrupted(_) => ErrorKind::Interrupted,
        }
    }
}
