//! The header of a `.npy` array.
//!
//! Source: numpy's documentation of the format (`numpy.lib.format`), versions 1.0, 2.0 and 3.0.

use super::dtype::{Dtype, shape_from_literal};
use super::error::Fault;
use super::fields::Fields;
use super::limits::Limits;
use super::literal::{self, Literal};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// What an array's bytes mean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// What one element is.
    pub dtype: Dtype,
    /// Whether the first index runs fastest, not the last.
    pub fortran_order: bool,
    /// Elements along each axis; empty for a single element.
    pub shape: Vec<usize>,
    /// Where the data starts in the member's bytes.
    pub data_offset: usize,
    /// Bytes of data.
    pub data_len: usize,
}

/// The fixed bytes before the text of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prelude {
    utf8: bool,
    text_offset: usize,
    /// Where the text ends and the data starts.
    pub data_offset: usize,
}

impl Prelude {
    pub fn parse(start: &[u8], limits: &Limits) -> Result<Self, Fault> {
        let mut fields = Fields(start);
        if fields.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(Fault::Magic {
                start: start.iter().take(MAGIC.len()).copied().collect(),
            });
        }
        let version = fields.bytes(2).ok_or(Fault::HeaderTruncated)?;
        let length = match *version {
            [1, 0] => fields.u16().map(u32::from),
            [2 | 3, 0] => fields.u32(),
            [major, minor] => return Err(Fault::NpyVersion { major, minor }),
            _ => None,
        };
        let length = length.ok_or(Fault::HeaderTruncated)? as usize;
        if length > limits.max_header_bytes {
            return Err(Fault::HeaderTooLong {
                length,
                limit: limits.max_header_bytes,
            });
        }
        let text_offset = start.len() - fields.0.len();
        Ok(Self {
            utf8: version == [3, 0],
            text_offset,
            data_offset: text_offset.checked_add(length).ok_or(Fault::ArraySize)?,
        })
    }
}

impl Header {
    /// Reads the header at the start of `npy`, the bytes of a `.npy` file or their beginning.
    ///
    /// # Errors
    /// [`Fault`] if it is not one that numpy writes, if it is longer than the limit, or if the
    /// array would hold Python objects.
    pub fn parse(npy: &[u8], limits: &Limits) -> Result<Self, Fault> {
        let prelude = Prelude::parse(npy, limits)?;
        let text = npy
            .get(prelude.text_offset..prelude.data_offset)
            .ok_or(Fault::HeaderTruncated)?;
        let text = if prelude.utf8 {
            let text = std::str::from_utf8(text).map_err(|_| Fault::HeaderEncoding)?;
            text.to_owned()
        } else {
            text.iter().copied().map(char::from).collect()
        };
        let (dtype, fortran_order, shape) = interpret(literal::parse(&text)?)?;
        if shape.len() > limits.max_dims {
            return Err(Fault::TooManyDims {
                dims: shape.len(),
                limit: limits.max_dims,
            });
        }

        let data_len = data_len(&dtype, &shape).ok_or(Fault::ArraySize)?;
        Ok(Self {
            dtype,
            fortran_order,
            shape,
            data_offset: prelude.data_offset,
            data_len,
        })
    }
}

/// Bytes of an array; `None` if they, or the number of elements, overflow. An axis of length 0
/// hides no overflow of the others: numpy refuses that too.
fn data_len(dtype: &Dtype, shape: &[usize]) -> Option<usize> {
    let size = dtype.size()?;
    let mut axes = shape.iter().filter(|&&length| length != 0);
    let most = axes.try_fold(size.max(1), |most, &length| most.checked_mul(length))?;
    isize::try_from(most).ok()?;
    Some(shape.iter().product::<usize>() * size)
}

fn interpret(header: Literal) -> Result<(Dtype, bool, Vec<usize>), Fault> {
    let Literal::Dict(items) = header else {
        return Err(Fault::HeaderKeys);
    };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    for (key, value) in items {
        let Literal::Str(key) = key else {
            return Err(Fault::HeaderKeys);
        };
        let slot = match key.as_str() {
            "descr" => &mut descr,
            "fortran_order" => &mut fortran_order,
            "shape" => &mut shape,
            _ => return Err(Fault::HeaderKeys),
        };
        if slot.replace(value).is_some() {
            return Err(Fault::HeaderKeys);
        }
    }
    let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
        return Err(Fault::HeaderKeys);
    };
    let Literal::Bool(fortran_order) = fortran_order else {
        return Err(Fault::HeaderValue {
            key: "fortran_order",
            expected: "True or False",
        });
    };
    let shape = shape_from_literal(shape).ok_or(Fault::HeaderValue {
        key: "shape",
        expected: "a tuple of sizes",
    })?;
    match Dtype::from_literal(descr)? {
        // Its axes belong to the array's shape.
        Dtype::SubArray { .. } => Err(Fault::HeaderValue {
            key: "descr",
            expected: "a string or a list of fields",
        }),
        dtype => Ok((dtype, fortran_order, shape)),
    }
}
