//! Bootstrap intervals of an area: samples drawn alone, within classes, and patient by patient.
//!
//! `cargo run --release --example bootstrap`. The scores are made up: 60 patients with four images
//! each, whose scores are close to each other.

use medfast::metrics::{Error, Matrix, Options, Resampling, roc_auc, roc_auc_bootstrap};

const PATIENTS: usize = 60;
const IMAGES: usize = 4;
const REPLICATES: usize = 2000;

fn main() -> Result<(), Error> {
    let rows = PATIENTS * IMAGES;
    let patients: Vec<usize> = (0..rows).map(|row| row / IMAGES).collect();
    let labels: Vec<bool> = patients.iter().map(|patient| patient % 3 == 0).collect();
    // What a patient's images share outweighs what is their own.
    let scores: Vec<f64> = (0..rows)
        .map(|row| {
            let sick = f64::from(u8::from(labels[row]));
            0.5 * sick + uniform(patients[row] as u64) + 0.2 * uniform((PATIENTS + row) as u64)
        })
        .collect();

    let area = roc_auc(&labels, &scores)?.expect("both classes have samples");
    println!("AUC {area:.4} of {rows} images, {PATIENTS} patients");

    let classes: Vec<usize> = labels.iter().map(|label| usize::from(*label)).collect();
    let drawn = Resampling::new(REPLICATES, 7);
    for (how, resampling) in [
        ("images", drawn),
        ("images within classes", drawn.with_strata(&classes)),
        ("whole patients", drawn.with_clusters(&patients)),
    ] {
        let truth = Matrix::single_column(&labels);
        let table = Matrix::single_column(&scores);
        let mut areas = roc_auc_bootstrap(truth, &[table], resampling, &Options::default())?;
        // A replicate that lost a class has no area, and says so with NaN.
        areas.retain(|area| !area.is_nan());
        areas.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&areas, 0.025), percentile(&areas, 0.975));
        let left = areas.len();
        println!("{how}: 95 % interval {low:.4} to {high:.4} ({left} of {REPLICATES} replicates)");
    }
    println!("images of one patient are not independent: only the last interval is right here");
    Ok(())
}

/// The value at a place between 0 and 1 of sorted values, interpolated as numpy's percentile is.
fn percentile(sorted: &[f64], at: f64) -> f64 {
    let place = at * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

/// A number in [0, 1) from a counter (the mixing steps of SplitMix64).
fn uniform(counter: u64) -> f64 {
    let mut bits = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ bits >> 31) >> 11) as f64 / 2.0_f64.powi(53)
}
