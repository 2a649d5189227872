//! Areas of resampled samples (Efron 1979).

use super::covariance::check;
use super::error::Error;
use super::labels::Truth;
use super::matrix::Matrix;
use super::numbering;
use super::options::Options;
use super::ranking::Ranking;
use super::replicates::{self, Purpose};
use super::roc_auc::collect;
use super::score::Score;

/// What one replicate is drawn from, and how many are drawn.
///
/// Fields may be added: start from [`Resampling::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resampling<'a> {
    /// The number of replicates.
    pub replicates: usize,
    /// Any number; another seed gives unrelated replicates.
    pub seed: u64,
    /// The stratum of every sample, numbered from 0 on without gaps: as many are drawn from each
    /// as it has. All samples are one stratum if there are none. Not together with clusters.
    pub strata: Option<&'a [usize]>,
    /// The cluster of every sample, numbered from 0 on without gaps: clusters are drawn whole.
    pub clusters: Option<&'a [usize]>,
}

impl<'a> Resampling<'a> {
    /// Replicates of all samples, each drawn on its own.
    #[must_use]
    pub const fn new(replicates: usize, seed: u64) -> Self {
        Self {
            replicates,
            seed,
            strata: None,
            clusters: None,
        }
    }

    /// The same with [`strata`](Self::strata).
    #[must_use]
    pub const fn with_strata(mut self, strata: &'a [usize]) -> Self {
        self.strata = Some(strata);
        self
    }

    /// The same with [`clusters`](Self::clusters).
    #[must_use]
    pub const fn with_clusters(mut self, clusters: &'a [usize]) -> Self {
        self.clusters = Some(clusters);
        self
    }
}

/// The areas of every column in every replicate of the samples: replicate after replicate, NaN
/// where a class has lost its positives or its negatives.
///
/// A replicate draws as many samples (or clusters), with replacement, as there are; every column of
/// every table counts the same ones. Draw `i` of replicate `r` in stratum `s` is word `i % 4` of
/// Philox4x32-10 for the counter `(i / 4, r, 1, s)` with the seed as its key: that word times the
/// size of the stratum, divided by 2^32, is the place drawn. So no replicate depends on the others
/// or on the number of threads.
///
/// The same as, for each replicate: draw, repeat the samples as often as they were drawn, and take
/// [`roc_auc_per_class`](super::roc_auc_per_class) of them.
///
/// # Errors
/// As [`roc_auc_covariance`](super::roc_auc_covariance); [`Error::Unsupported`] for strata and
/// clusters together, and for 2^32 replicates or more.
///
/// # Examples
/// ```
/// use medfast::metrics::{Matrix, Options, Resampling, roc_auc_bootstrap};
///
/// let labels = [false, true, false, true, true];
/// let strata = labels.map(usize::from);
/// let labels = Matrix::single_column(&labels);
/// let scores = Matrix::single_column(&[0.1, 0.4, 0.5, 0.6, 0.9]);
/// let resampling = Resampling::new(200, 1).with_strata(&strata);
/// let areas = roc_auc_bootstrap(labels, &[scores], resampling, &Options::default())?;
/// let mean = areas.iter().sum::<f64>() / 200.0;
/// assert!((mean - 5.0 / 6.0).abs() < 0.05);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_bootstrap<S: Score>(
    truth: impl Truth,
    tables: &[Matrix<'_, S>],
    resampling: Resampling<'_>,
    options: &Options<'_>,
) -> Result<Vec<f64>, Error> {
    let Resampling {
        replicates,
        seed,
        strata,
        clusters,
    } = resampling;
    let units = check(truth, tables, clusters, options)?;
    if strata.is_some() && clusters.is_some() {
        return Err(Error::Unsupported("clusters are not drawn by strata"));
    }
    let strata = strata.map_or_else(
        || Ok(vec![(0..units as u32).collect()]),
        |strata| members(strata, units),
    )?;
    let rankings = rank(truth, tables, clusters, options)?;
    replicates::make(replicates, units, options, |replicate, times, areas| {
        times.fill(0);
        for (stratum, members) in (0..).zip(&strata) {
            let size = members.len() as u64;
            for block in 0..members.len().div_ceil(4) {
                let words = replicates::words(block, replicate, Purpose::Resampling, stratum, seed);
                for word in &words[..(members.len() - 4 * block).min(4)] {
                    let place = (u64::from(*word) * size) >> 32;
                    times[members[place as usize] as usize] += 1;
                }
            }
        }
        areas.extend(rankings.iter().map(|of| of.area(times).unwrap_or(f64::NAN)));
    })
}

/// The samples of every column of every table, in order.
fn rank<S: Score>(
    truth: impl Truth,
    tables: &[Matrix<'_, S>],
    clusters: Option<&[usize]>,
    options: &Options<'_>,
) -> Result<Vec<Ranking>, Error> {
    let Some(first) = tables.first() else {
        return Ok(Vec::new());
    };
    let (rows, per_table) = (first.rows(), first.columns());
    let columns = per_table * tables.len();
    collect(
        options.threads_for(rows * columns),
        columns,
        options,
        |column| {
            let (table, class) = (tables[column / per_table], column % per_table);
            let samples = table.column(class).zip(truth.of_column(class)).enumerate();
            let samples = samples.map(|(row, (score, label))| {
                (
                    score.key(),
                    label,
                    clusters.map_or(row, |clusters| clusters[row]),
                )
            });
            Ranking::new(samples, options.interrupt)
        },
    )
}

/// The samples of each stratum.
fn members(strata: &[usize], rows: usize) -> Result<Vec<Vec<u32>>, Error> {
    let count = numbering::check("strata", strata, rows)?;
    let mut members = vec![Vec::new(); count];
    for (row, &stratum) in (0..).zip(strata) {
        members[stratum].push(row);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::super::labels::Classes;
    use super::super::roc_auc::roc_auc_per_class;
    use super::*;

    const ROWS: usize = 300;

    /// Classes 0, 1, 2 of unequal size, and scores with ties.
    fn problem() -> (Vec<u8>, Vec<i16>) {
        let noise = |i: usize| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u16;
        let classes = (0..ROWS).map(|i| (noise(i) % 7 % 3) as u8).collect();
        let scores = (0..3 * ROWS)
            .map(|i| (noise(i + ROWS) % 40) as i16)
            .collect();
        (classes, scores)
    }

    fn options(threads: usize) -> Options<'static> {
        Options {
            threads: Some(threads),
            ..Options::default()
        }
    }

    #[test]
    fn a_replicate_is_the_areas_of_the_samples_repeated() {
        let (classes, scores) = problem();
        let table = Matrix::row_major(&scores, ROWS, 3).unwrap();
        let strata: Vec<usize> = classes.iter().map(|class| usize::from(*class)).collect();
        let clusters: Vec<usize> = (0..ROWS).map(|row| row / 3).collect();
        let every_row: Vec<usize> = (0..ROWS).collect();
        for (strata, clusters) in [(Some(&strata), None), (None, Some(&clusters)), (None, None)] {
            let resampling = Resampling {
                replicates: 5,
                seed: 9,
                strata: strata.map(|strata| &strata[..]),
                clusters: clusters.map(|clusters| &clusters[..]),
            };
            let found =
                roc_auc_bootstrap(Classes(&classes), &[table], resampling, &options(1)).unwrap();
            let unit_of_row = clusters.unwrap_or(&every_row);
            let units = unit_of_row.iter().max().unwrap() + 1;
            for (replicate, found) in found.chunks(3).enumerate() {
                let groups: Vec<Vec<usize>> = match strata {
                    None => vec![(0..units).collect()],
                    Some(strata) => (0..3)
                        .map(|s| (0..ROWS).filter(|row| strata[*row] == s).collect())
                        .collect(),
                };
                let drawn = groups.iter().enumerate().flat_map(|(stratum, group)| {
                    (0..group.len()).map(move |draw| {
                        let purpose = Purpose::Resampling;
                        let words =
                            replicates::words(draw / 4, replicate, purpose, stratum as u32, 9);
                        let unit = f64::from(words[draw % 4]) / 2.0_f64.powi(32);
                        group[(unit * group.len() as f64) as usize]
                    })
                });
                let rows: Vec<usize> = drawn
                    .flat_map(|unit| (0..ROWS).filter(move |row| unit_of_row[*row] == unit))
                    .collect();
                let classes: Vec<u8> = rows.iter().map(|row| classes[*row]).collect();
                let scores: Vec<i16> = rows
                    .iter()
                    .flat_map(|row| scores[3 * row..3 * row + 3].to_vec())
                    .collect();
                let table = Matrix::row_major(&scores, rows.len(), 3).unwrap();
                let expected =
                    roc_auc_per_class(Classes(&classes), table, &Options::default()).unwrap();
                assert!(
                    found.iter().copied().map(Some).eq(expected),
                    "replicate {replicate}"
                );
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_replicates() {
        let (classes, scores) = problem();
        let table = Matrix::row_major(&scores, ROWS, 3).unwrap();
        let [one, two, seven] = [1, 2, 7].map(|threads| {
            let resampling = Resampling {
                replicates: 333,
                seed: 1,
                strata: None,
                clusters: None,
            };
            roc_auc_bootstrap(
                Classes(&classes),
                &[table, table],
                resampling,
                &options(threads),
            )
            .unwrap()
        });
        assert_eq!(one.len(), 333 * 6);
        assert!(one.chunks(6).all(|areas| areas[..3] == areas[3..]));
        assert!(one == two && one == seven);
    }

    #[test]
    fn a_class_may_vanish_from_a_replicate() {
        let labels = Matrix::row_major(&[true, false], 2, 1).unwrap();
        let scores = Matrix::row_major(&[0.9, 0.1], 2, 1).unwrap();
        let run = |strata| {
            let resampling = Resampling {
                replicates: 64,
                seed: 0,
                strata,
                clusters: None,
            };
            roc_auc_bootstrap(labels, &[scores], resampling, &options(2)).unwrap()
        };
        let rows = run(None);
        assert!(rows.iter().any(|area| area.is_nan()) && rows.contains(&1.0));
        assert_eq!(run(Some(&[1, 0])), [1.0; 64]);
    }
}
