//! From the bytes in the archive to the bytes of the members.

mod bits;
mod codes;
mod crc;
mod jobs;
mod lane;
mod race;
mod search;
mod sequence;
mod split;
mod stream;
mod team;
#[cfg(test)]
mod tests;
mod whole;

pub(super) use jobs::{Input, Job, Undone, inflate_all};
pub(super) use sequence::Broken;
pub(super) use stream::{Compressed, build_index, read_range, stream};
pub(super) use whole::peek;
