//! The `descr` of a `.npy` header: numpy's `dtype.descr`.

use std::fmt;

use super::error::Fault;
use super::literal::Literal;

/// What one element of an array is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// One value.
    Scalar(Scalar),
    /// A small array of a fixed shape, in C order.
    SubArray {
        /// What it holds.
        item: Box<Dtype>,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Fields one behind the other.
    Struct(Vec<Field>),
}

/// A field of a structured element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty for padding.
    pub name: String,
    /// A second name.
    pub title: Option<String>,
    /// What it holds.
    pub dtype: Dtype,
}

/// A value without parts. Its [`Display`](fmt::Display) is numpy's `dtype.str`, such as `<f8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// How its bytes are ordered; `None` where that means nothing.
    pub order: Option<ByteOrder>,
    /// What its bytes mean.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: usize,
    /// Of a date or a duration, what it counts: `ns`, `25s`; empty if that is not said.
    pub unit: String,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant byte comes first.
    Little,
    /// The most significant byte comes first.
    Big,
}

/// What the bytes of a value mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One byte, 0 or 1.
    Bool,
    /// Two's complement.
    Int,
    /// Without sign.
    Uint,
    /// IEEE 754; 12 and 16 bytes are the C compiler's `long double`.
    Float,
    /// Two floats.
    Complex,
    /// A count of units since 1970.
    Datetime,
    /// A count of units.
    Timedelta,
    /// Bytes, filled up with zeros.
    Bytes,
    /// UTF-32, filled up with zeros.
    Str,
    /// Bytes without a meaning.
    Void,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Bool => 'b',
            Self::Int => 'i',
            Self::Uint => 'u',
            Self::Float => 'f',
            Self::Complex => 'c',
            Self::Datetime => 'M',
            Self::Timedelta => 'm',
            Self::Bytes => 'S',
            Self::Str => 'U',
            Self::Void => 'V',
        }
    }

    fn has_size(self, size: usize) -> bool {
        match self {
            Self::Bool => size == 1,
            Self::Int | Self::Uint => matches!(size, 1 | 2 | 4 | 8),
            Self::Float => matches!(size, 2 | 4 | 8 | 12 | 16),
            Self::Complex => matches!(size, 8 | 16 | 24 | 32),
            Self::Datetime | Self::Timedelta => size == 8,
            Self::Bytes | Self::Str | Self::Void => true,
        }
    }
}

const UNITS: [&str; 13] = [
    "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as",
];

impl Dtype {
    /// Bytes of one element; `None` if they overflow.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Scalar(scalar) => Some(scalar.size),
            Self::SubArray { item, shape } => shape
                .iter()
                .try_fold(item.size()?, |size, &n| size.checked_mul(n)),
            Self::Struct(fields) => fields
                .iter()
                .try_fold(0_usize, |size, field| size.checked_add(field.dtype.size()?)),
        }
    }

    pub(super) fn from_literal(descr: Literal) -> Result<Self, Fault> {
        match descr {
            Literal::Str(text) => Scalar::parse(&text).map(Self::Scalar),
            Literal::List(fields) => {
                let fields: Result<_, _> = fields.into_iter().map(Field::from_literal).collect();
                Ok(Self::Struct(fields?))
            }
            Literal::Tuple(parts) => {
                let Ok([item, shape]) = <[Literal; 2]>::try_from(parts) else {
                    return Err(malformed("a (dtype, shape) pair"));
                };
                Self::from_literal(item)?.sub_array(shape)
            }
            _ => Err(malformed("a string or a list of fields")),
        }
    }

    fn sub_array(self, shape: Literal) -> Result<Self, Fault> {
        let shape = shape_from_literal(shape).ok_or(malformed("a tuple of sizes in a field"))?;
        Ok(Self::SubArray {
            item: Box::new(self),
            shape,
        })
    }
}

impl Field {
    fn from_literal(field: Literal) -> Result<Self, Fault> {
        let Literal::Tuple(parts) = field else {
            return Err(malformed("a tuple for every field"));
        };
        let mut parts = parts.into_iter();
        let (Some(name), Some(descr), shape, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed(
                "a name, a dtype and at most a shape for every field",
            ));
        };
        let (title, name) = match name {
            Literal::Str(name) => (None, name),
            Literal::Tuple(names) => match <[Literal; 2]>::try_from(names) {
                Ok([Literal::Str(title), Literal::Str(name)]) => (Some(title), name),
                _ => return Err(malformed("a (title, name) pair of strings")),
            },
            _ => return Err(malformed("a string for the name of every field")),
        };
        let dtype = Dtype::from_literal(descr)?;
        let dtype = match shape {
            Some(shape) => dtype.sub_array(shape)?,
            None => dtype,
        };
        Ok(Self { name, title, dtype })
    }
}

impl Scalar {
    fn parse(text: &str) -> Result<Self, Fault> {
        let unknown = || Fault::UnknownDtype {
            descr: text.to_owned(),
        };
        let (order, rest) = match text.split_at_checked(1).ok_or_else(unknown)? {
            ("<", rest) => (Some(ByteOrder::Little), rest),
            (">", rest) => (Some(ByteOrder::Big), rest),
            ("|", rest) => (None, rest),
            _ => return Err(unknown()),
        };
        let (kind, rest) = rest.split_at_checked(1).ok_or_else(unknown)?;
        let kind = match kind {
            "b" => Kind::Bool,
            "i" => Kind::Int,
            "u" => Kind::Uint,
            "f" => Kind::Float,
            "c" => Kind::Complex,
            "M" => Kind::Datetime,
            "m" => Kind::Timedelta,
            "S" => Kind::Bytes,
            "U" => Kind::Str,
            "V" => Kind::Void,
            "O" => return Err(Fault::ObjectArray),
            _ => return Err(unknown()),
        };
        let (digits, unit) = match rest.split_once('[') {
            Some((digits, unit)) => (digits, unit.strip_suffix(']').ok_or_else(unknown)?),
            None => (rest, ""),
        };
        let dated = matches!(kind, Kind::Datetime | Kind::Timedelta);
        if rest.contains('[') && !(dated && is_unit(unit)) {
            return Err(unknown());
        }
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(unknown());
        }
        let width: usize = digits.parse().map_err(|_| unknown())?;
        let size = match kind {
            Kind::Str => width.checked_mul(4).ok_or(Fault::ArraySize)?,
            _ => width,
        };
        if !kind.has_size(size) {
            return Err(unknown());
        }
        let ordered = !matches!(kind, Kind::Bytes | Kind::Void) && size != 1;
        if ordered && order.is_none() {
            return Err(unknown());
        }
        Ok(Self {
            order: order.filter(|_| ordered),
            kind,
            size,
            unit: unit.to_owned(),
        })
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Some(ByteOrder::Little) => '<',
            Some(ByteOrder::Big) => '>',
            None => '|',
        };
        let width = match self.kind {
            Kind::Str => self.size / 4,
            _ => self.size,
        };
        write!(f, "{order}{}{width}", self.kind.letter())?;
        if self.unit.is_empty() {
            Ok(())
        } else {
            write!(f, "[{}]", self.unit)
        }
    }
}

/// A unit of time with an optional multiple from 1, as in `25s`.
fn is_unit(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let multiple = &text[..text.len() - unit.len()];
    let multiple_fits = multiple.is_empty() || multiple.parse::<i32>().is_ok_and(|n| n > 0);
    UNITS.contains(&unit) && multiple_fits
}

/// A tuple of sizes.
/// The axes that an array of numpy 2 may have.
const MAX_AXES: usize = 64;

pub(super) fn shape_from_literal(shape: Literal) -> Option<Vec<usize>> {
    let Literal::Tuple(sizes) = shape else {
        return None;
    };
    let size = |literal| match literal {
        Literal::Int(size) => usize::try_from(size).ok(),
        _ => None,
    };
    if sizes.len() > MAX_AXES {
        return None;
    }
    sizes.into_iter().map(size).collect()
}

fn malformed(expected: &'static str) -> Fault {
    Fault::HeaderValue {
        key: "descr",
        expected,
    }
}
