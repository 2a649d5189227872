//! Tests of `medfast::npz` on archives made byte by byte.

mod faults;
mod reading;
mod stream;
mod zip;
