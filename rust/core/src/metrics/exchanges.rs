//! Areas of two models that have exchanged scores, for permutation tests.

use super::covariance::check;
use super::error::Error;
use super::labels::Truth;
use super::matrix::Matrix;
use super::options::Options;
use super::ranking::Ranking;
use super::replicates::{self, Purpose};
use super::roc_auc::collect;
use super::score::Score;
use super::sort;
use crate::parallel::Interrupt;

/// The most units for which every way to exchange is tried.
const MAX_UNITS_EVERY: usize = 24;

/// Which exchanges are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exchanges {
    /// Every way to exchange, once.
    Every,
    /// Each unit by the toss of a coin.
    Random {
        /// The number of replicates.
        replicates: usize,
        /// Any number; another seed gives unrelated exchanges.
        seed: u64,
    },
}

/// For every replicate and class, the area of the first model minus that of the second, after the
/// two have exchanged their scores of some samples (or clusters): replicate after replicate, NaN
/// for a class without an area.
///
/// A score takes part as its mid-rank among the scores of its own model and class, so that models
/// on different scales can exchange them (Bandos, Rockette and Gur, Statistics in Medicine 24,
/// 2005). Unit `u` is exchanged in replicate `r` if bit `u % 128` of Philox4x32-10 for the counter
/// `(u / 128, r, 2, 0)` is set, with the seed as its key; with
/// [`Exchanges::Every`], replicate `r` exchanges those whose bit is set in `r`, and there are as many replicates as ways to exchange.
///
/// # Errors
/// As [`roc_auc_bootstrap`](super::roc_auc_bootstrap); [`Error::Unsupported`] for
/// [`Exchanges::Every`] with more than 24 units.
///
/// # Examples
/// ```
/// use medfast::metrics::{Exchanges, Matrix, Options, roc_auc_exchanges};
///
/// let labels = [true, true, true, false, false, false];
/// let labels = Matrix::single_column(&labels);
/// let models = [
///     Matrix::single_column(&[0.9, 0.8, 0.7, 0.3, 0.2, 0.1]),
///     Matrix::single_column(&[0.1, 0.8, 0.2, 0.9, 0.3, 0.4]),
/// ];
/// let options = Options::default();
/// let differences = roc_auc_exchanges(labels, models, None, Exchanges::Every, &options)?;
/// assert_eq!(differences.len(), 1 << 6);
/// // The first replicate exchanges nothing; the share that is as far from zero is the p-value.
/// let observed = differences[0].abs();
/// let as_large = differences.iter().filter(|difference| difference.abs() >= observed).count();
/// assert_eq!(as_large, 4);
/// # Ok::<(), medfast::metrics::Error>(())
/// ```
pub fn roc_auc_exchanges<S: Score>(
    truth: impl Truth,
    models: [Matrix<'_, S>; 2],
    clusters: Option<&[usize]>,
    exchanges: Exchanges,
    options: &Options<'_>,
) -> Result<Vec<f64>, Error> {
    let units = check(truth, &models, clusters, options)?;
    let replicates = match exchanges {
        Exchanges::Every if units > MAX_UNITS_EVERY => {
            return Err(Error::Unsupported("more than 2^24 ways to exchange"));
        }
        Exchanges::Every => 1 << units,
        Exchanges::Random { replicates, .. } => replicates,
    };
    // A model's scores of a unit count for the first model or for the second: 2 units each.
    let threads = options.threads_for(models[0].rows() * models[0].columns());
    let rankings = collect(threads, models[0].columns(), options, |class| {
        let ranks = [
            twice_mid_ranks(models[0].column(class), options.interrupt)?,
            twice_mid_ranks(models[1].column(class), options.interrupt)?,
        ];
        let samples = ranks.iter().enumerate().flat_map(|(model, ranks)| {
            let labels = truth.of_column(class);
            ranks
                .iter()
                .zip(labels)
                .enumerate()
                .map(move |(row, (rank, label))| {
                    let unit = clusters.map_or(row, |clusters| clusters[row]);
                    (*rank, label, 2 * unit + model)
                })
        });
        Ranking::new(samples, options.interrupt)
    })?;
    replicates::make(
        replicates,
        2 * units,
        options,
        |replicate, times, differences| {
            for block in 0..units.div_ceil(128) {
                let words = match exchanges {
                    Exchanges::Every => [replicate as u32, 0, 0, 0],
                    Exchanges::Random { seed, .. } => {
                        replicates::words(block, replicate, Purpose::Exchanging, 0, seed)
                    }
                };
                for unit in 128 * block..units.min(128 * (block + 1)) {
                    let exchanged = words[unit % 128 / 32] >> (unit % 32) & 1;
                    times[2 * unit] = 1 - exchanged;
                    times[2 * unit + 1] = exchanged;
                }
            }
            let first: Vec<_> = rankings.iter().map(|of| of.area(times)).collect();
            for times in &mut *times {
                *times = 1 - *times;
            }
            let both = first
                .into_iter()
                .zip(rankings.iter().map(|of| of.area(times)));
            differences.extend(both.map(|both| match both {
                (Some(first), Some(second)) => first - second,
                _ => f64::NAN,
            }));
        },
    )
}

/// Twice the mean place of each score among all, ties sharing theirs.
fn twice_mid_ranks<S: Score>(
    scores: impl Iterator<Item = S>,
    interrupt: Interrupt<'_>,
) -> Result<Vec<u64>, Error> {
    let mut places: Vec<(S::Key, usize)> = scores.map(|score| score.key()).zip(0..).collect();
    let mut scratch = places.clone();
    let sorted = sort::sorted_by_key(&mut places, &mut scratch, |place| place.0, interrupt)?;
    let mut ranks = vec![0; sorted.len()];
    let mut below = 0;
    for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
        for &(_, row) in tie {
            ranks[row] = 2 * below + tie.len() as u64;
        }
        below += tie.len() as u64;
    }
    Ok(ranks)
}

#[cfg(test)]
mod tests {
    use super::super::roc_auc::roc_auc;
    use super::*;

    const LABELS: [bool; 6] = [true, false, true, false, false, true];
    const A: [f64; 6] = [9.0, 1.0, 5.0, 5.0, 2.0, 7.0];
    const B: [f64; 6] = [0.1, 0.3, 0.3, 0.2, 0.4, 0.5];

    fn run(exchanges: Exchanges, clusters: Option<&[usize]>, threads: usize) -> Vec<f64> {
        let labels = Matrix::row_major(&LABELS, 6, 1).unwrap();
        let models = [&A, &B].map(|scores| Matrix::row_major(scores, 6, 1).unwrap());
        let options = Options {
            threads: Some(threads),
            ..Options::default()
        };
        roc_auc_exchanges(labels, models, clusters, exchanges, &options).unwrap()
    }

    #[test]
    fn every_exchange_is_made_of_mid_ranks() {
        let ranks = [
            [6.0, 1.0, 3.5, 3.5, 2.0, 5.0],
            [1.0, 3.5, 3.5, 2.0, 5.0, 6.0],
        ];
        for clusters in [None, Some(&[0, 0, 1, 1, 2, 2][..])] {
            let units = clusters.map_or(6, |_| 3);
            let found = run(Exchanges::Every, clusters, 1);
            assert_eq!(found.len(), 1 << units);
            for (replicate, found) in found.into_iter().enumerate() {
                let of = |model: usize| -> Vec<f64> {
                    let exchanged = |row: usize| {
                        replicate >> clusters.map_or(row, |clusters| clusters[row]) & 1
                    };
                    (0..6)
                        .map(|row| ranks[model ^ exchanged(row)][row])
                        .collect()
                };
                let [first, second] = [of(0), of(1)].map(|s| roc_auc(&LABELS, &s).unwrap());
                assert_eq!(found, first.unwrap() - second.unwrap());
            }
        }
    }

    #[test]
    fn random_exchanges_are_fair_and_the_same_on_any_threads() {
        let exchanges = Exchanges::Random {
            replicates: 4000,
            seed: 3,
        };
        let found = run(exchanges, None, 1);
        assert!(found == run(exchanges, None, 2) && found == run(exchanges, None, 7));
        let every = run(Exchanges::Every, None, 1);
        for value in &every {
            let share = |all: &[f64]| {
                all.iter().filter(|other| *other == value).count() as f64 / all.len() as f64
            };
            let expected = share(&every);
            // Five standard deviations.
            let bound = 5.0 * (expected * (1.0 - expected) / 4000.0).sqrt();
            assert!((share(&found) - expected).abs() < bound, "{value}");
        }
    }
}
