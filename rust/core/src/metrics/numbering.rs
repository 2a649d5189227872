//! Groups of samples, numbered.

use super::error::Error;

/// Checks that every row has a number, and that the numbers go from 0 on without gaps; returns how
/// many there are.
pub(super) fn check(what: &'static str, numbers: &[usize], rows: usize) -> Result<usize, Error> {
    if numbers.len() != rows {
        return Err(Error::shape(what, (numbers.len(),), (rows,)));
    }
    let count = numbers
        .iter()
        .max()
        .map_or(0, |last| last.saturating_add(1));
    let mut seen = vec![false; count.min(rows)];
    for &number in numbers {
        if let Some(seen) = seen.get_mut(number) {
            *seen = true;
        }
    }
    match seen.iter().position(|seen| !seen) {
        Some(missing) => Err(Error::Numbering { what, missing }),
        None if count > rows => Err(Error::Numbering {
            what,
            missing: rows,
        }),
        None => Ok(count),
    }
}
