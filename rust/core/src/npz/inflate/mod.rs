//! From the bytes in the archive to the bytes of the members.

mod bits;
mod codes;
mod crc;
mod jobs;
mod lane;
mod race;
mod search;
mod split;
mod team;
mod whole;

pub(super) use jobs::{Input, Job, Undone, inflate_all};
pub(super) use whole::peek;
