//! How areas vary from sample to sample, and together (DeLong, DeLong and Clarke-Pearson 1988).

use super::error::Error;
use super::labels::Truth;
use super::matrix::Matrix;
use super::numbering;
use super::options::Options;
use super::ranking::MAX_UNITS;
use super::ratio;
use super::roc_auc::collect;
use super::score::{Key, Score};
use super::sort;
use crate::parallel::Interrupt;

/// Terms of a sum that are added up before their sum is added to the others: rounding grows with
/// the number of sums, not of terms.
const TERMS: usize = 256;

/// Areas, and the covariance of every two of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    areas: Vec<Option<f64>>,
    values: Vec<f64>,
}

impl Covariance {
    /// The area of each column; `None` for a class that no sample or every sample is of.
    #[must_use]
    pub fn areas(&self) -> &[Option<f64>] {
        &self.areas
    }

    /// The covariance of the areas of two columns, NaN unless both are defined and there are two
    /// positives and two negatives (or clusters with any) of each to estimate it from.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub fn between(&self, column: usize, other: usize) -> f64 {
        let columns = self.areas.len();
        assert!(column < columns && other < columns, "{columns} columns");
        self.values[column * columns + other]
    }

    /// [`Covariance::between`] any two columns, row by row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// The area of each class and the covariance of all of them, as estimated from the samples.
///
/// `tables` are scores of one or more models for the same samples; the areas are those of the
/// columns of the first table, then of the second. `clusters` numbers the samples' clusters (the
/// patients that the images are of) from 0 on, without gaps; samples are independent if there are
/// none.
///
/// A positive's component of an area is the share of the negatives that it is above, a negative's
/// the share of the positives that are above it, a tie counting half. With `p(k)` the sum over the
/// positives in cluster `k` of component minus area, divided by the number of positives, and `q(k)`
/// the same for the negatives, the covariance of areas `a` and `b` is
/// ```text
/// f(P_a, P_b) sum p_a(k) p_b(k) + f(Q_a, Q_b) sum q_a(k) q_b(k)
///     + K / (K - 1) sum (p_a(k) q_b(k) + q_a(k) p_b(k))
/// ```
/// where `P` counts the clusters that hold positives, `Q` those that hold negatives, `K` all, and
/// `f(x, y)` is `sqrt(x / (x - 1) * y / (y - 1))`. For models on the same labels this is
/// Obuchowski's estimate (Biometrics 53, 1997); where moreover every sample is a cluster of its own,
/// DeLong's (Biometrics 44, 1988). Between classes, the terms are those of the samples that count
/// for both, which is what makes them vary together.
///
/// # Errors
/// If shapes differ, a score is refused, or a class number has no column; [`Error::Unsupported`]
/// for weights, a limit on the false positive rate, and 2^30 samples or more.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, roc_auc_covariance};
///
/// let labels = [true, true, true, false, false];
/// let labels = Matrix::single_column(&labels);
/// let scores = Matrix::single_column(&[0.9, 0.6, 0.4, 0.5, 0.1]);
/// let found = roc_auc_covariance(labels, &[scores], None, &Options::default())?;
/// assert_eq!(found.areas(), [Some(5.0 / 6.0)]);
/// // Components 1, 1, 1/2 and 1, 2/3: (1/12)/3 + (1/18)/2.
/// assert!((found.between(0, 0) - (1.0 / 36.0 + 1.0 / 36.0)).abs() < 1e-15);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_covariance<S: Score>(
    truth: impl Truth,
    tables: &[Matrix<'_, S>],
    clusters: Option<&[usize]>,
    options: &Options<'_>,
) -> Result<Covariance, Error> {
    let units = check(truth, tables, clusters, options)?;
    let per_table = tables.first().map_or(0, Matrix::columns);
    let columns = per_table * tables.len();
    let rows = tables.first().map_or(0, Matrix::rows);
    let threads = options.threads_for(rows * columns);
    let deviations = collect(threads, columns, options, |column| {
        let (table, class) = (tables[column / per_table], column % per_table);
        let samples = table.column(class).map(|score| score.key());
        let samples = samples.zip(truth.of_column(class));
        deviations(samples, clusters, units, options.interrupt)
    })?;
    let pairs: Vec<(usize, usize)> = (0..columns)
        .flat_map(|a| (a..columns).map(move |b| (a, b)))
        .collect();
    let covariances = collect(threads, pairs.len(), options, |pair| {
        let (a, b) = pairs[pair];
        Ok(match (&deviations[a], &deviations[b]) {
            (Some(a), Some(b)) => a.covariance(b, units),
            _ => f64::NAN,
        })
    })?;
    let mut values = vec![0.0; columns * columns];
    for ((a, b), covariance) in pairs.into_iter().zip(covariances) {
        values[a * columns + b] = covariance;
        values[b * columns + a] = covariance;
    }
    let areas = deviations.iter().map(|of| of.as_ref().map(|of| of.area));
    Ok(Covariance {
        areas: areas.collect(),
        values,
    })
}

/// Fails unless everything goes together; else tells the number of units: clusters, or samples.
pub(super) fn check<S: Score>(
    truth: impl Truth,
    tables: &[Matrix<'_, S>],
    clusters: Option<&[usize]>,
    options: &Options<'_>,
) -> Result<usize, Error> {
    if options.weights.is_some() {
        return Err(Error::Unsupported(
            "sample weights are not offered for the variance of an area",
        ));
    }
    if options.max_fpr != 1.0 {
        return Err(Error::Unsupported(
            "max_fpr is not offered for the variance of an area",
        ));
    }
    let Some(first) = tables.first() else {
        return Ok(0);
    };
    let (rows, columns) = (first.rows(), first.columns());
    for table in tables {
        let (found, expected) = ((table.rows(), table.columns()), (rows, columns));
        if found != expected {
            return Err(Error::shape("scores of another model", found, expected));
        }
        truth.check_against(rows, columns)?;
        table.check_ordered()?;
    }
    if rows >= MAX_UNITS {
        return Err(Error::Unsupported("2^30 samples or more"));
    }
    let Some(clusters) = clusters else {
        return Ok(rows);
    };
    numbering::check("clusters", clusters, rows)
}

/// What each unit contributes to the deviation of one area from its estimate.
struct Deviations {
    area: f64,
    positive: Side,
    negative: Side,
}

/// The part of the positives, or of the negatives.
struct Side {
    /// For each unit, the sum over its samples of component minus area, divided by the number of
    /// all samples of this side.
    of_unit: Vec<f64>,
    /// Whether each unit has samples of this side, and how many have.
    seen: Vec<bool>,
    units: usize,
}

impl Deviations {
    fn covariance(&self, other: &Self, units: usize) -> f64 {
        let mut sum = self.positive.covariance(&other.positive);
        sum += self.negative.covariance(&other.negative);
        let across = dot(&self.positive.of_unit, &other.negative.of_unit)
            + dot(&self.negative.of_unit, &other.positive.of_unit);
        sum + unbiased(units) * across
    }
}

impl Side {
    fn new(units: usize) -> Self {
        Self {
            of_unit: vec![0.0; units],
            seen: vec![false; units],
            units: 0,
        }
    }

    fn covariance(&self, other: &Self) -> f64 {
        let factor = (unbiased(self.units) * unbiased(other.units)).sqrt();
        factor * dot(&self.of_unit, &other.of_unit)
    }
}

/// What makes the mean square about a mean an unbiased estimate; no number for a single one.
fn unbiased(units: usize) -> f64 {
    if units > 1 {
        units as f64 / (units - 1) as f64
    } else {
        f64::NAN
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let sums = a.chunks(TERMS).zip(b.chunks(TERMS));
    sums.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>())
        .sum()
}

/// The deviations of one class, whose (key, positive?) samples come by row; `None` if a side is
/// absent.
fn deviations<K: Key>(
    samples: impl Iterator<Item = (K, bool)> + Clone,
    clusters: Option<&[usize]>,
    units: usize,
    interrupt: Interrupt<'_>,
) -> Result<Option<Deviations>, Error> {
    let labels = samples.clone().map(|(_, positive)| positive);
    let positives = labels.clone().filter(|positive| *positive).count() as u64;
    let negatives = labels.clone().count() as u64 - positives;
    if positives == 0 || negatives == 0 {
        return Ok(None);
    }
    let (twice_right, twice) = rightly_ordered(samples, positives, interrupt)?;
    let pairs = u128::from(positives) * u128::from(negatives);
    let area = ratio::correctly_rounded(twice_right, 2 * pairs);

    let (positives, negatives) = (positives as f64, negatives as f64);
    let mut positive = Side::new(units);
    let mut negative = Side::new(units);
    for (row, (label, twice)) in labels.zip(twice).enumerate() {
        let unit = clusters.map_or(row, |clusters| clusters[row]);
        let (side, own, others) = if label {
            (&mut positive, positives, negatives)
        } else {
            (&mut negative, negatives, positives)
        };
        side.of_unit[unit] += (twice as f64 / (2.0 * others) - area) / own;
        side.units += usize::from(!std::mem::replace(&mut side.seen[unit], true));
    }
    Ok(Some(Deviations {
        area,
        positive,
        negative,
    }))
}

/// Twice the number of rightly ordered pairs: of all, and by row of those that each sample is in.
fn rightly_ordered<K: Key>(
    samples: impl Iterator<Item = (K, bool)>,
    positives: u64,
    interrupt: Interrupt<'_>,
) -> Result<(u128, Vec<u64>), Error> {
    let mut samples: Vec<(K, u32)> = samples
        .zip(0..)
        .map(|((key, positive), row)| (key, row << 1 | u32::from(positive)))
        .collect();
    let mut scratch = samples.clone();
    let sorted = sort::sorted_by_key(&mut samples, &mut scratch, |s| s.0, interrupt)?;
    let mut total = 0;
    let mut twice = vec![0; sorted.len()];
    let (mut positives_above, mut negatives_below) = (positives, 0);
    for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
        let positives_tied: u64 = tie.iter().map(|sample| u64::from(sample.1 & 1)).sum();
        let negatives_tied = tie.len() as u64 - positives_tied;
        positives_above -= positives_tied;
        let of_positive = 2 * negatives_below + negatives_tied;
        let of_negative = 2 * positives_above + positives_tied;
        for &(_, item) in tie {
            let of_sample = if item & 1 == 1 {
                of_positive
            } else {
                of_negative
            };
            twice[(item >> 1) as usize] = of_sample;
        }
        total += u128::from(positives_tied) * u128::from(of_positive);
        negatives_below += negatives_tied;
    }
    Ok((total, twice))
}

#[cfg(test)]
mod tests {
    use super::super::labels::Classes;
    use super::super::roc_auc::roc_auc;
    use super::*;
    use proptest::prelude::*;

    /// Components by comparing every pair, then the formula as it stands in the documentation.
    fn naive(
        labels: [&[bool]; 2],
        scores: [&[i8]; 2],
        clusters: &[usize],
        units: usize,
    ) -> Option<f64> {
        let mut parts = Vec::new();
        for (labels, scores) in labels.into_iter().zip(scores) {
            let area = roc_auc(labels, scores).unwrap()?;
            let mut sides = [vec![0.0; units], vec![0.0; units]];
            let mut present = [vec![false; units], vec![false; units]];
            let count = |side: bool| labels.iter().filter(|label| **label == side).count() as f64;
            for row in 0..labels.len() {
                let others = (0..labels.len()).filter(|other| labels[*other] != labels[row]);
                let right: f64 = others
                    .map(|other| {
                        let (p, n) = if labels[row] {
                            (row, other)
                        } else {
                            (other, row)
                        };
                        f64::from((scores[p] - scores[n]).signum() + 1) / 2.0
                    })
                    .sum();
                let side = usize::from(!labels[row]);
                let component = right / count(!labels[row]);
                sides[side][clusters[row]] += (component - area) / count(labels[row]);
                present[side][clusters[row]] = true;
            }
            parts.push((sides, present));
        }
        let ratio = |k: usize| k as f64 / (k as f64 - 1.0);
        let held = |part: usize, side: usize| parts[part].1[side].iter().filter(|p| **p).count();
        let f = |side| (ratio(held(0, side)) * ratio(held(1, side))).sqrt();
        let sum = |a: usize, b: usize| -> f64 {
            (0..units)
                .map(|k| parts[0].0[a][k] * parts[1].0[b][k])
                .sum()
        };
        Some(f(0) * sum(0, 0) + f(1) * sum(1, 1) + ratio(units) * (sum(0, 1) + sum(1, 0)))
    }

    fn close(found: f64, expected: Option<f64>) -> bool {
        match expected {
            Some(expected) if expected.is_finite() => (found - expected).abs() < 1e-12,
            _ => found.is_nan(),
        }
    }

    /// Clusters numbered in the order in which they come.
    fn renumbered(clusters: &[usize]) -> Vec<usize> {
        let mut known = Vec::new();
        let mut number = |cluster| {
            known.iter().position(|k| *k == cluster).unwrap_or_else(|| {
                known.push(cluster);
                known.len() - 1
            })
        };
        clusters.iter().map(|cluster| number(*cluster)).collect()
    }

    proptest! {
        #[test]
        fn equals_the_formula_on_every_pair(
            samples in prop::collection::vec((0_u8..3, [-3_i8..3, -3..3, -3..3], 0_usize..9), 1..40),
            clustered: bool,
        ) {
            let classes: Vec<u8> = samples.iter().map(|sample| sample.0).collect();
            let scores: Vec<i8> = samples.iter().flat_map(|sample| sample.1).collect();
            let rows = samples.len();
            let clusters = renumbered(&samples.iter().map(|s| s.2).collect::<Vec<_>>());
            let rows_as_clusters: Vec<usize> = (0..rows).collect();
            let (given, clusters) =
                if clustered { (Some(&clusters[..]), &clusters) } else { (None, &rows_as_clusters) };
            let units = clusters.iter().max().unwrap() + 1;
            let table = Matrix::row_major(&scores, rows, 3).unwrap();
            let found =
                roc_auc_covariance(Classes(&classes), &[table], given, &Options::default()).unwrap();
            for (a, b) in (0..9).map(|pair| (pair / 3, pair % 3)) {
                let labels = |class| -> Vec<bool> {
                    classes.iter().map(|label| usize::from(*label) == class).collect()
                };
                let of = |class| -> Vec<i8> { scores.chunks(3).map(|row| row[class]).collect() };
                let expected = naive(
                    [&labels(a), &labels(b)], [&of(a), &of(b)], clusters, units,
                );
                let found = found.between(a, b);
                prop_assert!(close(found, expected), "({a}, {b}): {found} is not {expected:?}");
            }
        }
    }

    #[test]
    fn models_follow_each_other_and_threads_change_nothing() {
        let noise = |seed: u64| {
            (0..20_000_u64)
                .map(move |i| (i.wrapping_mul(6_364_136_223_846_793_005 + seed) >> 40) as f32)
        };
        let labels: Vec<bool> = noise(1).map(|x| (x as u64).is_multiple_of(3)).collect();
        let scores: [Vec<f32>; 2] = [noise(2).collect(), noise(3).map(|x| x % 97.0).collect()];
        let labels = Matrix::row_major(&labels, 10_000, 2).unwrap();
        let tables = scores
            .each_ref()
            .map(|s| Matrix::row_major(s, 10_000, 2).unwrap());
        let run = |threads, tables: &[Matrix<'_, f32>]| {
            let threads = Some(threads);
            let options = Options {
                threads,
                ..Options::default()
            };
            roc_auc_covariance(labels, tables, None, &options).unwrap()
        };
        let both = run(1, &tables);
        assert_eq!(both, run(2, &tables));
        assert_eq!(both, run(7, &tables));
        let second = run(1, &tables[1..]);
        assert_eq!(both.areas()[2..], *second.areas());
        assert_eq!(both.between(2, 3), second.between(0, 1));
    }

    #[test]
    fn one_positive_has_an_area_but_no_variance() {
        let labels = Matrix::row_major(&[true, false, false], 3, 1).unwrap();
        let scores = Matrix::row_major(&[0.5, 0.7, 0.1], 3, 1).unwrap();
        let found = roc_auc_covariance(labels, &[scores], None, &Options::default()).unwrap();
        assert_eq!(found.areas(), [Some(0.5)]);
        assert!(found.between(0, 0).is_nan());
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let labels = Matrix::row_major(&[true, false, false], 3, 1).unwrap();
        let scores = Matrix::row_major(&[0.5, 0.7, 0.1], 3, 1).unwrap();
        let short = Matrix::row_major(&[0.5, 0.7], 2, 1).unwrap();
        let message = |tables: &[Matrix<'_, f64>], clusters: Option<&[usize]>| {
            let outcome = roc_auc_covariance(labels, tables, clusters, &Options::default());
            outcome.unwrap_err().to_string()
        };
        assert_eq!(
            message(&[scores, short], None),
            "scores of another model has shape (2, 1), expected (3, 1)"
        );
        assert_eq!(
            message(&[scores], Some(&[0, 1])),
            "clusters has shape (2,), expected (3,)"
        );
        let gap = "clusters must be numbered from 0 on without gaps; no row has the number 1";
        assert_eq!(message(&[scores], Some(&[0, 2, 2])), gap);
        assert_eq!(message(&[scores], Some(&[0, 9, 2])), gap);
    }
}
