//! Areas from plain slices: one class, many classes, and what they are worth.
//!
//! `cargo run --example auc`. The scores are drawn from a generator, not from patients.

use medfast::metrics::{
    Classes, Error, Matrix, Options, roc_auc, roc_auc_covariance, roc_auc_per_class,
};

/// The 97.5 % point of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

fn main() -> Result<(), Error> {
    let mut random = Random(2024);

    // One class. Scores may be f32, f64 or integers.
    let labels: Vec<bool> = (0..400).map(|row| row % 4 == 0).collect();
    let scores: Vec<f32> = labels
        .iter()
        .map(|label| (random.normal() + if *label { 1.2 } else { 0.0 }) as f32)
        .collect();
    // A class without positives, or without negatives, has no area: hence the `Option`.
    match roc_auc(&labels, &scores)? {
        Some(area) => println!("one class, 100 of 400 positive: AUC {area:.4}"),
        None => println!("one class: no AUC, a side is absent"),
    }

    // Many classes, each against the rest: labels are class numbers, scores a row per sample.
    let classes: Vec<u8> = (0..400).map(|row| (row % 3) as u8).collect();
    let table: Vec<f64> = classes
        .iter()
        .flat_map(|class| {
            [0, 1, 2, 3].map(|column| random.normal() + f64::from(u8::from(column == *class)))
        })
        .collect();
    let table = Matrix::row_major(&table, 400, 4)?;
    let areas = roc_auc_per_class(Classes(&classes), table, &Options::default())?;
    for (class, area) in areas.iter().enumerate() {
        match area {
            Some(area) => println!("class {class} against the rest: AUC {area:.4}"),
            None => println!("class {class}: no AUC, no sample is of it"),
        }
    }

    // Two models on the same samples, with DeLong's covariance of their areas.
    let other: Vec<f32> = scores
        .iter()
        .map(|score| score + 0.8 * random.normal() as f32)
        .collect();
    let models = [&scores, &other].map(|scores| Matrix::single_column(scores));
    let truth = Matrix::single_column(&labels);
    let found = roc_auc_covariance(truth, &models, None, &Options::default())?;
    let &[Some(first), Some(second)] = found.areas() else {
        unreachable!("both sides are present")
    };
    for (model, area) in [first, second].into_iter().enumerate() {
        let (low, high) = logit_interval(area, found.between(model, model));
        println!("model {model}: AUC {area:.4}, 95 % interval {low:.4} to {high:.4}");
    }
    let variance = found.between(0, 0) + found.between(1, 1) - 2.0 * found.between(0, 1);
    let z = (first - second) / variance.sqrt();
    let (difference, reach) = (first - second, Z * variance.sqrt());
    println!("difference {difference:.4} +- {reach:.4} (95 %), z = {z:.2}");
    Ok(())
}

/// The interval on the scale of log odds, which keeps it inside (0, 1).
fn logit_interval(area: f64, variance: f64) -> (f64, f64) {
    let logit = (area / (1.0 - area)).ln();
    let reach = Z * variance.sqrt() / (area * (1.0 - area));
    let area_at = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    (area_at(logit - reach), area_at(logit + reach))
}

/// A linear congruential generator (Knuth's MMIX constants), enough for an example.
struct Random(u64);

impl Random {
    /// Uniform in (0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / 2.0_f64.powi(53)
    }

    /// Standard normal (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
