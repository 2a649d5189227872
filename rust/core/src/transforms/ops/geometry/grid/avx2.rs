//! The same in AVX2, eight pixels in a register: the compiler leaves half of it to single lanes.

use std::arch::x86_64::{
    __m256, __m256i, _mm_cvtsi128_si64, _mm_packs_epi32, _mm_packus_epi16, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_ps, _mm256_and_si256, _mm256_castsi256_ps, _mm256_castsi256_si128,
    _mm256_cmpgt_epi32, _mm256_cvtepi32_ps, _mm256_cvtps_epi32, _mm256_cvttps_epi32,
    _mm256_extracti128_si256, _mm256_floor_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_srli_epi32, _mm256_storeu_si256, _mm256_sub_ps,
};

use super::{Grid, LANES, Lanes, MARGIN, Sampling, framed_area, put};
use crate::transforms::ops::Shape;

/// Fills `to` with what is at the places of the grid in planes with doubled lines.
///
/// A line's places are found before any is looked up: the two together are a longer chain of
/// operations than a processor can hold enough of at once.
#[target_feature(enable = "avx2,fma")]
pub(super) fn bilinear(
    sampling: &Sampling,
    grid: &Grid,
    framed: &[u8],
    shape: Shape,
    to: &mut [u8],
) {
    let (area, width, frame) = (shape.area(), shape.width, 2 * framed_area(shape));
    let mut around = vec![Around::nowhere(); grid.columns.len()];
    for line in 0..shape.height {
        for (chunk, around) in around.iter_mut().enumerate() {
            *around = Around::new(positions(grid, line, chunk), shape);
        }
        for channel in 0..shape.channels {
            let plane = &framed[channel * frame..][..frame];
            let fill = sampling.fill(channel).map(|fill| _mm256_set1_ps(fill));
            let turned = &mut to[channel * area..][line * width..area];
            for (chunk, around) in around.iter().enumerate() {
                let mut values = around.blend(plane);
                if let Some(fill) = fill {
                    let covered = _mm256_mul_ps(_mm256_sub_ps(values, fill), around.cover);
                    values = _mm256_add_ps(covered, fill);
                }
                let start = chunk * LANES;
                put(&bytes(values), &mut turned[start..], width - start);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn positions(grid: &Grid, line: usize, chunk: usize) -> [__m256; 2] {
    let line = line as f32 - grid.middle;
    let one = _mm256_set1_ps(1.0);
    let mut found = [one; 2];
    for (axis, found) in found.iter_mut().enumerate() {
        let columns = load(&grid.columns[chunk][axis]);
        let place = _mm256_add_ps(columns, _mm256_set1_ps(line * grid.lines[axis]));
        let place = _mm256_add_ps(place, _mm256_set1_ps(grid.offsets[axis]));
        let half = _mm256_set1_ps(grid.halves[axis]);
        *found = _mm256_fmadd_ps(_mm256_add_ps(place, one), half, _mm256_set1_ps(-0.5));
    }
    found
}

/// As [`super::Around`].
#[derive(Clone, Copy)]
struct Around {
    weights: [__m256; 4],
    cover: __m256,
    places: [u32; LANES],
}

impl Around {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn nowhere() -> Self {
        let none = _mm256_set1_ps(0.0);
        Self {
            weights: [none; 4],
            cover: none,
            places: [0; LANES],
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn new([x, y]: [__m256; 2], shape: Shape) -> Self {
        let one = _mm256_set1_ps(1.0);
        let (west, north) = (_mm256_floor_ps(x), _mm256_floor_ps(y));
        let (to_west, to_north) = (_mm256_sub_ps(x, west), _mm256_sub_ps(y, north));
        let (to_east, to_south) = (_mm256_sub_ps(one, to_west), _mm256_sub_ps(one, to_north));
        let (column, line) = (beside(west, shape.width), beside(north, shape.height));
        let stride = _mm256_set1_epi32((shape.width + 2 * MARGIN) as i32);
        let mut found = Self {
            weights: [
                _mm256_mul_ps(to_south, to_east),
                _mm256_mul_ps(to_north, to_east),
                _mm256_mul_ps(to_south, to_west),
                _mm256_mul_ps(to_north, to_west),
            ],
            cover: one,
            places: [0; LANES],
        };
        // SAFETY: there is room for eight numbers.
        unsafe {
            _mm256_storeu_si256(
                found.places.as_mut_ptr().cast(),
                _mm256_add_epi32(_mm256_mullo_epi32(line, stride), column),
            );
        }
        let [west, east] = within(column, shape.width);
        let [north, south] = within(line, shape.height);
        found.cover = found.sum([
            _mm256_and_ps(north, west),
            _mm256_and_ps(south, west),
            _mm256_and_ps(north, east),
            _mm256_and_ps(south, east),
        ]);
        found
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn blend(&self, framed: &[u8]) -> __m256 {
        let four = |lane: usize| {
            let place = self.places[lane] as usize;
            debug_assert!(2 * place + 4 <= framed.len());
            // SAFETY: `beside` keeps the place and the one after it in the frame.
            unsafe {
                framed
                    .as_ptr()
                    .add(2 * place)
                    .cast::<i32>()
                    .read_unaligned()
            }
        };
        let words = _mm256_setr_epi32(
            four(0),
            four(1),
            four(2),
            four(3),
            four(4),
            four(5),
            four(6),
            four(7),
        );
        let low = _mm256_set1_epi32(0xff);
        self.sum([
            _mm256_cvtepi32_ps(_mm256_and_si256(words, low)),
            _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32::<8>(words), low)),
            _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32::<16>(words), low)),
            _mm256_cvtepi32_ps(_mm256_srli_epi32::<24>(words)),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn sum(&self, values: [__m256; 4]) -> __m256 {
        let sum = _mm256_mul_ps(values[0], self.weights[0]);
        let sum = _mm256_fmadd_ps(values[2], self.weights[2], sum);
        let sum = _mm256_fmadd_ps(values[1], self.weights[1], sum);
        _mm256_fmadd_ps(values[3], self.weights[3], sum)
    }
}

/// As [`super::beside`].
#[inline]
#[target_feature(enable = "avx2,fma")]
fn beside(at: __m256, side: usize) -> __m256i {
    let margin = MARGIN as f32;
    // Of NaN and a number both take the second.
    let at = _mm256_max_ps(at, _mm256_set1_ps(-margin));
    let at = _mm256_min_ps(at, _mm256_set1_ps(side as f32));
    _mm256_cvttps_epi32(_mm256_add_ps(at, _mm256_set1_ps(margin)))
}

/// As [`super::within`], of what [`beside`] found.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn within(beside: __m256i, side: usize) -> [__m256; 2] {
    let (before, end) = (MARGIN as i32 - 1, (MARGIN + side) as i32);
    [before, before - 1].map(|before| {
        let from = _mm256_cmpgt_epi32(beside, _mm256_set1_epi32(before));
        let to = _mm256_cmpgt_epi32(
            _mm256_set1_epi32(end - (MARGIN as i32 - 1 - before)),
            beside,
        );
        let both = _mm256_castsi256_ps(_mm256_and_si256(from, to));
        _mm256_and_ps(both, _mm256_set1_ps(1.0))
    })
}

/// As [`super::to_byte`]: numbers beside the range, and none at all, are saturated twice.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn bytes(values: __m256) -> [u8; LANES] {
    let whole = _mm256_cvtps_epi32(values);
    let (low, high) = (
        _mm256_castsi256_si128(whole),
        _mm256_extracti128_si256::<1>(whole),
    );
    let short = _mm_packs_epi32(low, high);
    _mm_cvtsi128_si64(_mm_packus_epi16(short, short)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(lanes: &Lanes) -> __m256 {
    // SAFETY: eight numbers are there.
    unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
}
