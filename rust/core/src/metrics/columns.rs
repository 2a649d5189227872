//! The keys of a table of scores, column by column.

use super::error::Error;
use super::matrix::Matrix;
use super::options::Options;
use super::roc_auc::collect;
use super::score::{Key, Score};

/// Rows whose scores stay in the first cache while they are read once for every column.
const ROWS: usize = 512;

/// Blocks of rows that one piece of parallel work turns.
const BLOCKS: usize = 4;

/// The keys of a table, each column in blocks of rows that lie one after the other.
pub(super) struct Columns<K> {
    /// For every piece, its columns one after the other.
    pieces: Vec<Vec<K>>,
    columns: usize,
}

impl<K: Key> Columns<K> {
    pub(super) fn new<S: Score<Key = K>>(
        scores: Matrix<'_, S>,
        options: &Options<'_>,
    ) -> Result<Self, Error> {
        let (rows, columns) = (scores.rows(), scores.columns());
        let threads = options.threads_for(rows * columns);
        let piece_rows = ROWS * BLOCKS;
        let pieces = collect(threads, rows.div_ceil(piece_rows), options, |piece| {
            let start = piece * piece_rows;
            let length = piece_rows.min(rows - start);
            let mut keys = vec![K::default(); length * columns];
            for block in (0..length).step_by(ROWS) {
                let block_length = ROWS.min(length - block);
                for column in 0..columns {
                    let from = column * length + block;
                    let into = &mut keys[from..from + block_length];
                    let scores = scores.column(column).skip(start + block);
                    for (key, score) in into.iter_mut().zip(scores) {
                        *key = score.key();
                    }
                }
            }
            Ok(keys)
        })?;
        Ok(Self { pieces, columns })
    }

    /// The keys of a column, from the first row on, in pieces.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &[K]> + Clone {
        self.pieces.iter().map(move |piece| {
            let length = piece.len() / self.columns;
            &piece[column * length..(column + 1) * length]
        })
    }
}
