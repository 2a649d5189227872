//! Properties of `medfast::metrics` as its users see it: areas against a plain count of pairs.

use medfast::metrics::{
    Classes, Error, Matrix, Options, Place, Score, roc_auc, roc_auc_micro, roc_auc_per_class,
    roc_auc_with,
};
use proptest::prelude::*;

/// Twice the number of rightly ordered pairs, a tie counting half, and twice that of all.
fn pairs<S: Score>(labels: &[bool], scores: &[S]) -> (u64, u64) {
    let (mut twice_right, mut twice) = (0, 0);
    for p in (0..labels.len()).filter(|row| labels[*row]) {
        for n in (0..labels.len()).filter(|row| !labels[*row]) {
            twice += 2;
            twice_right += 2 * u64::from(scores[p] > scores[n]);
            twice_right += u64::from(scores[p] == scores[n]);
        }
    }
    (twice_right, twice)
}

fn naive<S: Score>(labels: &[bool], scores: &[S]) -> Option<f64> {
    let (twice_right, twice) = pairs(labels, scores);
    (twice > 0).then(|| twice_right as f64 / twice as f64)
}

/// Whole weights: their products and sums are exact, so a single rounding is left.
fn naive_weighted<S: Score>(labels: &[bool], scores: &[S], weights: &[f64]) -> Option<f64> {
    let (mut right, mut all) = (0.0, 0.0);
    for p in (0..labels.len()).filter(|row| labels[*row]) {
        for n in (0..labels.len()).filter(|row| !labels[*row]) {
            let weight = weights[p] * weights[n];
            all += weight;
            if scores[p] > scores[n] {
                right += weight;
            } else if scores[p] == scores[n] {
                right += weight / 2.0;
            }
        }
    }
    (all > 0.0).then(|| right / all)
}

/// Scores with ties, zeros of both signs, the smallest and largest numbers, and infinities.
fn hard() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-3_i8..4).prop_map(f64::from),
        2 => prop::sample::select(vec![
            0.0,
            -0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            5e-324,
            -5e-324,
            f64::MIN_POSITIVE,
        ]),
        2 => any::<u64>().prop_map(f64::from_bits).prop_filter("a number", |x| !x.is_nan()),
        1 => 0.0..1.0,
    ]
}

fn samples() -> impl Strategy<Value = (Vec<bool>, Vec<f64>, Vec<f64>)> {
    // Long enough, at times, for every way that the count is done.
    let rows = prop_oneof![3 => 0_usize..40, 1 => 0_usize..900];
    rows.prop_flat_map(|rows| prop::collection::vec((any::<bool>(), hard(), 0_u8..5), rows))
        .prop_map(|samples| {
            let labels = samples.iter().map(|sample| sample.0).collect();
            let scores = samples.iter().map(|sample| sample.1).collect();
            let weights = samples.iter().map(|sample| f64::from(sample.2)).collect();
            (labels, scores, weights)
        })
}

proptest! {
    #[test]
    fn an_area_is_the_rounded_share_of_pairs((labels, scores, _) in samples()) {
        prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), naive(&labels, &scores));
        let single: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
        prop_assert_eq!(roc_auc(&labels, &single).unwrap(), naive(&labels, &single));
    }

    #[test]
    fn integers_are_ranked_whole(
        samples in prop::collection::vec(
            (any::<bool>(), prop_oneof![any::<i64>(), -2_i64..3, i64::MAX - 3..=i64::MAX]),
            0..200,
        ),
    ) {
        let (labels, scores): (Vec<bool>, Vec<i64>) = samples.into_iter().unzip();
        prop_assert_eq!(roc_auc(&labels, &scores).unwrap(), naive(&labels, &scores));
        let unsigned: Vec<u64> = scores.iter().map(|score| score.cast_unsigned()).collect();
        prop_assert_eq!(roc_auc(&labels, &unsigned).unwrap(), naive(&labels, &unsigned));
    }

    #[test]
    fn a_weighted_area_is_the_weighted_share_of_pairs((labels, scores, weights) in samples()) {
        let options = Options::default().with_weights(&weights);
        let found = roc_auc_with(&labels, &scores, &options);
        if weights.iter().all(|weight| *weight == 0.0) {
            prop_assert_eq!(found, Err(Error::ZeroWeights));
        } else {
            let (found, expected) = (found.unwrap(), naive_weighted(&labels, &scores, &weights));
            prop_assert_eq!(found.is_some(), expected.is_some());
            let difference = found.unwrap_or(0.0) - expected.unwrap_or(0.0);
            prop_assert!(difference.abs() < 1e-14, "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn perfect_is_one_and_chance_a_half_whatever_the_weights(
        positive in prop::collection::vec(1e-9_f64..1e9, 1..30),
        negative in prop::collection::vec(1e-9_f64..1e9, 1..30),
        max_fpr in prop_oneof![Just(1.0), 0.001_f64..1.0],
    ) {
        let weights: Vec<f64> = positive.iter().chain(&negative).copied().collect();
        let labels: Vec<bool> = (0..weights.len()).map(|row| row < positive.len()).collect();
        let falling: Vec<i32> = (0..weights.len() as i32).map(|row| -row).collect();
        let limited = Options::default().with_max_fpr(max_fpr);
        for options in [limited, limited.with_weights(&weights)] {
            let area = |scores: &[i32]| roc_auc_with(&labels, scores, &options).unwrap();
            prop_assert_eq!(area(&falling), Some(1.0));
            let ties = area(&vec![0; weights.len()]).unwrap();
            prop_assert!((ties - 0.5).abs() < 1e-15, "{ties}");
            if max_fpr == 1.0 {
                prop_assert_eq!(ties, 0.5);
                let rising: Vec<i32> = falling.iter().map(|score| -score).collect();
                prop_assert_eq!(area(&rising), Some(0.0));
            }
        }
    }

    #[test]
    fn a_weight_is_a_number_of_repeats((labels, scores, weights) in samples()) {
        prop_assume!(weights.iter().any(|weight| *weight > 0.0));
        let repeats = weights.iter().map(|weight| *weight as usize);
        let repeated: Vec<usize> = repeats.enumerate().flat_map(|(row, n)| vec![row; n]).collect();
        let labels_repeated: Vec<bool> = repeated.iter().map(|row| labels[*row]).collect();
        let scores_repeated: Vec<f64> = repeated.iter().map(|row| scores[*row]).collect();
        let expected = roc_auc(&labels_repeated, &scores_repeated).unwrap();
        let options = Options::default().with_weights(&weights);
        let found = roc_auc_with(&labels, &scores, &options).unwrap();
        prop_assert_eq!(found.is_some(), expected.is_some());
        let difference = found.unwrap_or(0.0) - expected.unwrap_or(0.0);
        prop_assert!(difference.abs() < 1e-14, "{found:?} is not {expected:?}");
    }

    #[test]
    fn the_order_of_samples_changes_no_bit((labels, scores, _) in samples(), turn: usize) {
        let area = roc_auc(&labels, &scores).unwrap();
        let turned = |by: usize| -> Option<f64> {
            let (mut labels, mut scores) = (labels.clone(), scores.clone());
            labels.rotate_left(by);
            scores.rotate_left(by);
            labels.reverse();
            scores.reverse();
            roc_auc(&labels, &scores).unwrap()
        };
        prop_assert_eq!(turned(turn % labels.len().max(1)), area);
    }

    #[test]
    fn turning_scores_and_labels_round_changes_no_bit((labels, scores, _) in samples()) {
        let others: Vec<bool> = labels.iter().map(|label| !label).collect();
        let negated: Vec<f64> = scores.iter().map(|score| -score).collect();
        prop_assert_eq!(roc_auc(&others, &negated).unwrap(), roc_auc(&labels, &scores).unwrap());
    }

    #[test]
    fn many_classes_are_many_areas(
        samples in prop::collection::vec((0_u8..3, [hard(), hard(), hard()]), 0..120),
        threads in 1_usize..4,
    ) {
        let rows = samples.len();
        let classes: Vec<u8> = samples.iter().map(|sample| sample.0).collect();
        let by_row: Vec<f64> = samples.iter().flat_map(|sample| sample.1).collect();
        let column = |c: usize| samples.iter().map(move |sample| sample.1[c]);
        let by_column: Vec<f64> = (0..3).flat_map(column).collect();
        let is = |c: u8| -> Vec<bool> { classes.iter().map(|class| *class == c).collect() };
        let yes_by_column: Vec<bool> = (0..3).flat_map(is).collect();

        let expected: Vec<Option<f64>> = (0..3)
            .map(|c| naive(&is(c as u8), &column(c).collect::<Vec<_>>()))
            .collect();
        let options = Options::default().with_threads(threads);
        let truth = Matrix::column_major(&yes_by_column, rows, 3).unwrap();
        for table in [
            Matrix::row_major(&by_row, rows, 3).unwrap(),
            Matrix::column_major(&by_column, rows, 3).unwrap(),
        ] {
            let areas = roc_auc_per_class(Classes(&classes), table, &options).unwrap();
            prop_assert_eq!(&areas, &expected);
            prop_assert_eq!(&roc_auc_per_class(truth, table, &options).unwrap(), &expected);
            let micro = roc_auc_micro(truth, table, &options).unwrap();
            prop_assert_eq!(micro, naive(&yes_by_column, &by_column));
        }
    }

    #[test]
    fn the_first_nan_is_named((labels, mut scores, _) in samples(), places: [prop::sample::Index; 2]) {
        prop_assume!(!scores.is_empty());
        let rows = places.map(|place| place.index(labels.len()));
        for row in rows {
            scores[row] = if row % 2 == 0 { f64::NAN } else { -f64::NAN };
        }
        let row = rows[0].min(rows[1]);
        let place = Place { row, column: None };
        prop_assert_eq!(roc_auc(&labels, &scores), Err(Error::Score { place }));
        let weights = vec![1.0; labels.len()];
        let weighted = Options::default().with_weights(&weights);
        prop_assert_eq!(roc_auc_with(&labels, &scores, &weighted), Err(Error::Score { place }));
    }
}

#[test]
fn any_integer_that_numbers_a_class_will_do() {
    let table = Matrix::row_major(&[0.9, 0.1, 0.2, 0.8], 2, 2).unwrap();
    let options = Options::default();
    let expected = Ok(vec![Some(1.0), Some(1.0)]);
    assert_eq!(
        roc_auc_per_class(Classes(&[0_u8, 1]), table, &options),
        expected
    );
    assert_eq!(
        roc_auc_per_class(Classes(&[0_u32, 1]), table, &options),
        expected
    );
    assert_eq!(
        roc_auc_per_class(Classes(&[0_u64, 1]), table, &options),
        expected
    );
    assert_eq!(
        roc_auc_per_class(Classes(&[0_usize, 1]), table, &options),
        expected
    );
    let error = roc_auc_per_class(Classes(&[0, u64::MAX]), table, &options).unwrap_err();
    assert!(matches!(
        error,
        Error::Class {
            row: 1,
            columns: 2,
            ..
        }
    ));
}

#[test]
fn options_say_what_they_are() {
    let stop = || false;
    let options = Options::default()
        .with_weights(&[0.5])
        .with_interrupt(medfast::parallel::Interrupt::when(&stop));
    assert_eq!(
        format!("{options:?}"),
        "Options { weights: Some([0.5]), max_fpr: 1.0, threads: None, interrupt: Interrupt::when(..) }"
    );
}
