//! Fast, distrustful reading of `.npz` archives, and writing them whole.
//!
//! An `.npz` is a zip archive of `.npy` arrays. [`Archive::open`] maps it and reads its directory;
//! [`Archive::headers`] tells dtypes and shapes and inflates no more than that;
//! [`Archive::read_into`] inflates members, several at a time, into buffers of the caller's.
//! No length in a file is trusted, [`Limits`] are checked before memory is taken, arrays of Python
//! objects are refused, and every array is checked against its CRC-32.
//!
//! ```no_run
//! use medfast::npz::{Archive, Limits};
//!
//! let archive = Archive::open("breastmnist.npz", &Limits::default())?;
//! let labels = archive.read(archive.find("test_labels").expect("MedMNIST's key"))?;
//! assert_eq!(labels.header.shape, [156, 1]);
//! assert_eq!(labels.header.dtype.size(), Some(1));
//! assert_eq!(labels.data().len(), 156);
//! # Ok::<(), medfast::npz::Error>(())
//! ```

mod archive;
mod directory;
mod dtype;
mod error;
mod fields;
mod header;
mod index;
mod inflate;
mod limits;
mod literal;
mod save;
mod source;

pub use archive::{Archive, Array};
pub use directory::Member;
pub use dtype::{ByteOrder, Dtype, Field, Kind, Scalar};
pub use error::{Error, Fault};
pub use header::Header;
pub use index::SeekIndex;
pub use limits::Limits;
pub use save::{Part, save};
