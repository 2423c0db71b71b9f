//! Distributions of lengths against what they promise, and traces.

use super::*;

fn length(length: u32) -> NonZeroU32 {
    NonZeroU32::new(length).unwrap()
}

fn lengths(spec: &LengthSpec, count: usize, seed: u64) -> Vec<u32> {
    let mut draw = Draw::new(None, false, seed);
    read(spec, Some(count), seed, &mut draw).unwrap();
    of_prompts(draw.finish())
}

fn of_prompts(prompts: Vec<Prompt>) -> Vec<u32> {
    let length = |prompt: Prompt| match prompt.content {
        PromptContent::Synthetic { tokens, .. } => tokens.get(),
        PromptContent::Text(_) => panic!("synthetic prompts have no text"),
    };
    prompts.into_iter().map(length).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn mean_and_deviation(lengths: &[u32]) -> (f64, f64) {
    let n = lengths.len() as f64;
    let mean = lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / n;
    let variance = lengths.iter().map(|&length| (f64::from(length) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}

#[test]
fn fixed_lengths_are_all_alike() {
    assert_eq!(lengths(&LengthSpec::Fixed(length(512)), 3, 1), [512, 512, 512]);
}

/// Mean and deviation of 100 to 300: 200 and √((201² − 1) / 12) = 58.02; of the mean of 10,000: 0.58.
#[test]
fn uniform_lengths_reach_both_bounds_and_no_further() {
    let drawn = lengths(&LengthSpec::Uniform { min: length(100), max: length(300) }, 10_000, 3);
    assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&100), Some(&300)));
    let (mean, deviation) = mean_and_deviation(&drawn);
    assert!((mean - 200.0).abs() < 3.0 && (deviation - 58.02).abs() < 2.0, "{mean} ± {deviation}");
    assert_eq!(lengths(&LengthSpec::Uniform { min: length(7), max: length(7) }, 2, 3), [7, 7]);
}

#[test]
fn normal_lengths_have_their_mean_and_deviation_where_bounds_are_far() {
    let spec = LengthSpec::Normal { mean: 1000.0, deviation: 100.0, min: length(1), max: length(100_000) };
    let drawn = lengths(&spec, 10_000, 3);
    let (mean, deviation) = mean_and_deviation(&drawn);
    // Five standard deviations: 100/√10000 of the mean, 100/√20000 of the deviation.
    assert!((mean - 1000.0).abs() < 5.0 && (deviation - 100.0).abs() < 3.6, "{mean} ± {deviation}");
    let within = drawn.iter().filter(|&&length| (900..=1100).contains(&length)).count();
    // 0.6827 of a normal distribution lie within one standard deviation, with half a token more on both sides 0.685.
    assert!((6600..7100).contains(&within), "{within}");
}

#[test]
fn normal_lengths_stay_between_their_bounds_without_piling_up_there() {
    let spec = LengthSpec::Normal { mean: 100.0, deviation: 50.0, min: length(80), max: length(120) };
    let drawn = lengths(&spec, 10_000, 5);
    assert!(drawn.iter().all(|length| (80..=120).contains(length)));
    // A draw that was clamped would be at a bound in a third of the cases.
    assert!(drawn.iter().filter(|&&length| length == 80).count() < 500);
    let far = LengthSpec::Normal { mean: 1.0, deviation: 0.0, min: length(80), max: length(120) };
    assert_eq!(lengths(&far, 2, 5), [80, 80]);
}

/// Results name their seed, so the same seed must mean the same lengths on every machine and in later versions.
#[test]
fn lengths_of_a_seed_do_not_change() {
    let normal = LengthSpec::Normal { mean: 512.0, deviation: 128.0, min: length(16), max: length(2048) };
    assert_eq!(lengths(&normal, 6, 42), [499, 421, 324, 656, 635, 592]);
    assert_eq!(lengths(&LengthSpec::Uniform { min: length(16), max: length(2048) }, 6, 42), [909, 146, 690, 1295, 89, 1721]);
    assert_eq!(lengths(&normal, 3, 42), lengths(&normal, 6, 42)[..3]);
    assert_ne!(lengths(&normal, 6, 43), lengths(&normal, 6, 42));
}

#[test]
fn every_prompt_has_a_stream_of_its_own() {
    let mut draw = Draw::new(None, false, 0);
    read(&LengthSpec::Fixed(length(8)), Some(100), 0, &mut draw).unwrap();
    let streams: std::collections::BTreeSet<_> = draw.finish().into_iter().map(|prompt| format!("{:?}", prompt.content)).collect();
    assert_eq!(streams.len(), 100);
}

fn trace(name: &str, text: &str, column: Option<&str>) -> Result<(DatasetFacts, Vec<u32>), DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut draw = Draw::new(None, false, 0);
    let facts = read(&LengthSpec::Trace { path, column: column.map(str::to_owned) }, None, 0, &mut draw)?;
    Ok((facts, of_prompts(draw.finish())))
}

#[test]
fn traces_give_their_lengths_in_their_order() {
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n";
    let (facts, lengths) = trace("azure.csv", azure, None).unwrap();
    assert_eq!((lengths, facts.available, facts.columns), (vec![374, 396], Some(2), vec!["ContextTokens".to_owned()]));
    let mooncake = "{\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500}\n{\"timestamp\": 27, \"input_length\": 7322.0}\n";
    assert_eq!(trace("mooncake.jsonl", mooncake, None).unwrap().1, [6758, 7322]);
    assert_eq!(trace("azure.csv", azure, Some("GeneratedTokens")).unwrap().1, [44, 109]);
    assert_eq!(trace("lengths.txt", "12\n7\n", None).unwrap().1, [12, 7]);
}

#[test]
fn what_is_no_length_is_named_with_its_place() {
    for wrong in ["0", "-3", "1.5", "many", "", "5000000000"] {
        let error = trace("t.csv", &format!("tokens,x\n5,1\n{wrong},1\n"), None).unwrap_err();
        assert!(matches!(&error, DatasetError::NotALength { place, .. } if place == "row 2"), "{wrong}: {error:?}");
    }
    assert!(matches!(trace("t.csv", "tokens\n", None), Err(DatasetError::NoPrompt { .. })));
}

#[test]
fn a_distribution_without_a_count_has_no_end() {
    let mut draw = Draw::new(None, false, 0);
    assert!(matches!(read(&LengthSpec::Fixed(length(8)), None, 0, &mut draw), Err(DatasetError::Endless)));
}
