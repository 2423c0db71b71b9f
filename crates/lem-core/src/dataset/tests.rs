//! Choosing from a source, whatever it is.

use super::*;

fn embedded(count: Option<usize>, shuffle: bool, seed: u64) -> Selection {
    load(&PromptSpec { count, shuffle, ..PromptSpec::all_of(PromptSource::Embedded) }, seed).unwrap()
}

#[test]
fn a_sample_says_what_was_taken_of_how_many() {
    let all = embedded(None, false, 0);
    assert_eq!((all.facts.used, all.facts.available, all.prompts.len()), (Some(243), Some(243), 243));
    let ten = embedded(Some(10), false, 0);
    assert_eq!((ten.facts.used, ten.facts.available), (Some(10), Some(243)));
    assert_eq!(ten.prompts, all.prompts[..10]);
    assert_eq!((ten.findings, ten.facts.sha256), (vec![], all.facts.sha256));
}

#[test]
fn the_digest_of_the_prompts_tells_samples_and_their_order_apart() {
    let digest = |selection: Selection| selection.facts.used_sha256.unwrap();
    let ten = digest(embedded(Some(10), false, 0));
    assert_eq!(ten, digest(embedded(Some(10), false, 1)));
    assert_ne!(ten, digest(embedded(Some(9), false, 0)));
    assert_ne!(digest(embedded(None, false, 0)), digest(embedded(None, true, 0)));
    let cut = |texts: &[&str]| digest_of_prompts(&texts.iter().map(|text| Prompt::text("p", *text)).collect::<Vec<_>>());
    assert_ne!(cut(&["ab", "c"]), cut(&["a", "bc"]));
}

#[test]
fn too_few_prompts_are_used_whole_and_said() {
    let selection = embedded(Some(300), false, 0);
    assert_eq!(selection.prompts.len(), 243);
    let codes: Vec<_> = selection.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::PromptsFewerThanAsked]);
    assert!(selection.findings[0].message.contains("300") && selection.findings[0].message.contains("243"));
    assert_eq!(embedded(Some(243), false, 0).findings, []);
}
