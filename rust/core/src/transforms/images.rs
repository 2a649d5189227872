//! A borrowed batch of images, in any memory order.

use std::marker::PhantomData;

use super::error::Error;

/// A batch of uint8 images: shape (N, H, W, C), any strides.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    start: *const u8,
    shape: [usize; 4],
    strides: [isize; 4],
    depth: Option<usize>,
    borrowed: PhantomData<&'a [u8]>,
}

// SAFETY: an `Images` is a shared borrow of bytes, as `&[u8]` is.
unsafe impl Send for Images<'_> {}
// SAFETY: as above.
unsafe impl Sync for Images<'_> {}

impl<'a> Images<'a> {
    /// A batch whose bytes lie in order, of shape `[n, height, width, channels]`.
    ///
    /// # Errors
    /// [`Error::Length`] unless `pixels` has as many bytes as the shape says.
    pub fn new(pixels: &'a [u8], shape: [usize; 4]) -> Result<Self, Error> {
        let expected = volume(shape)?;
        if pixels.len() != expected {
            return Err(Error::Length {
                what: "images",
                expected,
                got: pixels.len(),
            });
        }
        let [_, height, width, channels] = shape;
        let strides = [height * width * channels, width * channels, channels, 1];
        Ok(Self {
            start: pixels.as_ptr(),
            shape,
            strides: strides.map(usize::cast_signed),
            depth: None,
            borrowed: PhantomData,
        })
    }

    /// A batch whose byte (n, y, x, c) lies at `start + n * strides[0] + y * strides[1] + ...`.
    ///
    /// # Safety
    /// Each of these bytes must be readable, and written by no one, for the lifetime `'a`; the
    /// product of the shape must fit an `isize`.
    #[must_use]
    pub unsafe fn from_raw_parts(start: *const u8, shape: [usize; 4], strides: [isize; 4]) -> Self {
        Self {
            start,
            shape,
            strides,
            depth: None,
            borrowed: PhantomData,
        }
    }

    /// The same bytes as volumes of `depth` slices, which lie one below the other in each image.
    ///
    /// # Errors
    /// [`Error::Slices`] unless the images' height is a multiple of `depth`, and there is a voxel
    /// in each.
    pub fn as_volumes(self, depth: usize) -> Result<Self, Error> {
        let [_, lines, width, channels] = self.shape;
        if lines.checked_rem(depth) != Some(0) || lines * width * channels == 0 {
            return Err(Error::Slices {
                depth,
                shape: self.shape,
            });
        }
        let depth = Some(depth);
        Ok(Self { depth, ..self })
    }

    /// The number of slices, if these are volumes.
    #[must_use]
    pub fn depth(&self) -> Option<usize> {
        self.depth
    }

    /// `[n, height, width, channels]`, all slices of a volume counted in its height.
    #[must_use]
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Asks for image `row` to be brought near, while another is worked on. Rows of a shuffled index
    /// lie where no processor guesses; beyond a page it follows by itself.
    #[inline(always)]
    pub(super) fn prefetch(&self, row: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let bytes: usize = self.shape[1..].iter().product();
            let image = self.image(row);
            for line in (0..bytes.min(4096)).step_by(64) {
                // SAFETY: a hint, which no address makes fail.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(image.wrapping_add(line).cast()) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = row;
    }

    /// Copies the planes of image `row`, `[channels][height][width]`.
    #[inline(always)]
    pub(super) fn copy_planes(&self, row: usize, planes: &mut [u8]) {
        let [_, height, width, channels] = self.shape;
        let [_, to_y, to_x, to_channel] = self.strides;
        let area = height * width;
        let image = self.image(row);
        if let Some(in_order) = self.planes_in_order(row) {
            planes.copy_from_slice(in_order);
        } else if (to_y, to_x, to_channel) == (3 * width as isize, 3, 1) && channels == 3 {
            // SAFETY: the image's bytes lie in order, and all are inside it.
            split_rgb(
                unsafe { std::slice::from_raw_parts(image, 3 * area) },
                planes,
            );
        } else {
            for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
                for (y, line) in plane.chunks_exact_mut(width).enumerate() {
                    let line_start = channel as isize * to_channel + y as isize * to_y;
                    for (x, byte) in line.iter_mut().enumerate() {
                        // SAFETY: (y, x, channel) is inside the image.
                        *byte = unsafe { *image.offset(line_start + x as isize * to_x) };
                    }
                }
            }
        }
    }

    /// The planes of image `row`, if they lie in that order already.
    #[inline(always)]
    pub(super) fn planes_in_order(&self, row: usize) -> Option<&'a [u8]> {
        let [_, height, width, channels] = self.shape;
        let [_, to_y, to_x, to_channel] = self.strides;
        let area = height * width;
        let in_order =
            to_x == 1 && to_y == width as isize && (channels == 1 || to_channel == area as isize);
        // SAFETY: the image's bytes lie in order, and all are inside it.
        in_order.then(|| unsafe { std::slice::from_raw_parts(self.image(row), area * channels) })
    }

    /// Where the first byte of image `row` is; none may be read there if an image has no bytes.
    #[inline(always)]
    fn image(&self, row: usize) -> *const u8 {
        assert!(row < self.shape[0], "rows are checked before they are read");
        // SAFETY: `row` is inside the batch, so this stays inside what the constructor vouched for.
        unsafe { self.start.offset(row as isize * self.strides[0]) }
    }
}

/// Which way an image is turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flips {
    pub horizontal: bool,
    pub vertical: bool,
}

impl Flips {
    pub(super) const HORIZONTAL: Self = Self {
        horizontal: true,
        vertical: false,
    };
    pub(super) const VERTICAL: Self = Self {
        horizontal: false,
        vertical: true,
    };

    /// Turns planes of `area` pixels, `width` to a line.
    #[inline(always)]
    pub(super) fn turn(self, planes: &[u8], area: usize, width: usize, turned: &mut [u8]) {
        // Turned both ways, a plane is one long line backwards.
        let line = if self.vertical { area } else { width };
        match (self.horizontal, self.vertical) {
            (false, false) => turned.copy_from_slice(planes),
            (true, _) => {
                for (line, turned) in planes.chunks_exact(line).zip(turned.chunks_exact_mut(line)) {
                    reverse(line, turned);
                }
            }
            (false, true) => {
                let planes = planes.chunks_exact(area).zip(turned.chunks_exact_mut(area));
                for (plane, turned) in planes {
                    let lines = plane.chunks_exact(width).rev();
                    for (line, turned) in lines.zip(turned.chunks_exact_mut(width)) {
                        turned.copy_from_slice(line);
                    }
                }
            }
        }
    }
}

/// Copies `bytes` in reverse order.
#[inline(always)]
pub(super) fn reverse(bytes: &[u8], reversed: &mut [u8]) {
    const STEP: usize = 16;
    let Some(last) = bytes.len().checked_sub(STEP) else {
        for (to, &from) in reversed.iter_mut().zip(bytes.iter().rev()) {
            *to = from;
        }
        return;
    };
    // The last step overlaps the one before it: cheaper than what is left byte by byte.
    let mut start = 0;
    loop {
        let mut step = [0; STEP];
        step.copy_from_slice(&bytes[start..][..STEP]);
        step.reverse();
        reversed[last - start..][..STEP].copy_from_slice(&step);
        if start == last {
            break;
        }
        start = (start + STEP).min(last);
    }
}

/// Room for the planes of an image, and for what becomes of them.
pub(super) struct Scratch {
    pub planes: Vec<u8>,
    pub changed: Vec<u8>,
    pub spare: Vec<u8>,
}

impl Scratch {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            planes: vec![0; bytes],
            changed: vec![0; bytes],
            spare: Vec::new(),
        }
    }
}

/// The number of bytes in an array of this shape.
pub(super) fn volume(shape: [usize; 4]) -> Result<usize, Error> {
    // A zero anywhere must not hide an overflow of the rest: strides are products too.
    let bytes = shape
        .iter()
        .try_fold(1usize, |product, &length| {
            product.checked_mul(length.max(1))
        })
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or(Error::TooLarge { shape })?;
    Ok(if shape.contains(&0) { 0 } else { bytes })
}

#[inline(always)]
fn split_rgb(pixels: &[u8], planes: &mut [u8]) {
    let area = pixels.len() / 3;
    let (red, rest) = planes.split_at_mut(area);
    let (green, blue) = rest.split_at_mut(area);
    for (((pixel, red), green), blue) in pixels.chunks_exact(3).zip(red).zip(green).zip(blue) {
        *red = pixel[0];
        *green = pixel[1];
        *blue = pixel[2];
    }
}
