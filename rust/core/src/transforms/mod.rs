//! Augmentation of whole uint8 batches: every sample its own draw, torchvision's values.
//!
//! A [`Pipeline`] takes [`Images`] of shape (N, H, W, C) in any memory order, or volumes, whose
//! slices lie one below the other ([`Images::as_volumes`]), and writes the rows asked for, transformed, as bytes or as normalised float32. Given the same draws, each image is
//! equal to what torchvision.transforms.v2 makes of it alone, value for value. What is drawn is a
//! function of the seed, the epoch, the row and the position of the transform.
//!
//! ```
//! use medfast::parallel::Interrupt;
//! use medfast::transforms::{Draws, Dtype, Images, Layout, Output, Pipeline, Shape, Transform};
//!
//! let pipeline = Pipeline::new(
//!     vec![
//!         Transform::ColorJitter {
//!             brightness: Some((0.8, 1.2)),
//!             contrast: Some((0.8, 1.2)),
//!             saturation: None,
//!             hue: None,
//!         },
//!         Transform::RandomHorizontalFlip { p: 0.5 },
//!         Transform::ToDtype { dtype: Dtype::F32, scale: true },
//!         Transform::Normalize { mean: vec![0.5], std: vec![0.5] },
//!     ],
//!     Layout::Nchw,
//! )?;
//! let pixels: Vec<u8> = (0..4 * 28 * 28).map(|byte| byte as u8).collect();
//! let images = Images::new(&pixels, [4, 28, 28, 1])?;
//! let draws = Draws { seed: 1, epoch: 0 };
//!
//! let mut out = vec![0.0; 2 * 28 * 28];
//! let rows = [3, 0];
//! let output = Output::F32(&mut out);
//! pipeline.run(&images, Some(&rows), draws, output, None, Interrupt::never())?;
//! assert!(out.iter().all(|value| (-1.0..=1.0).contains(value)));
//! let shape = Shape { channels: 1, depth: None, height: 28, width: 28 };
//! println!("sample 3 drew {:?}", pipeline.parameters(3, draws, shape)?);
//! # Ok::<(), medfast::transforms::Error>(())
//! ```

mod batch;
mod draws;
mod error;
mod images;
mod normal;
pub mod ops;
mod output;
mod pipeline;
mod random;
mod tone;

pub use half;

pub use draws::Draws;
pub use error::Error;
pub use images::Images;
pub use ops::{Named, Op, Shape};
pub use output::{Dtype, Layout, Output};
pub use pipeline::{Drawn, Pipeline, Transform};
pub use random::{AugMix, Parameter, Random};
