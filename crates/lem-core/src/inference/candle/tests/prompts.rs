//! Prompts on their way to tokens: templates and synthetic ones.

use super::tiny_model::{END, TinyModel};
use super::{prompts, spec};
use crate::inference::candle::CandleEngine;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lem_domain::FindingCode;
use lem_domain::protocol::{Fault, InferenceEngine, PreparedWorkload, Prompt, PromptContent};
use lem_domain::record::TemplateFacts;
use lem_domain::spec::{ExperimentSpec, PromptSpec, TemplateChoice};
use std::num::NonZeroU32;
use std::path::Path;

/// A model that puts its start token before every text, with this chat template.
fn model(template: Option<&str>) -> TinyModel {
    let model = TinyModel::new(GgmlDType::F32)
        .with("tokenizer.ggml.bos_token_id", Value::U32(END))
        .with("tokenizer.ggml.add_bos_token", Value::Bool(true));
    match template {
        Some(template) => model.with("tokenizer.chat_template", Value::String(template.to_owned())),
        None => model,
    }
}

/// An engine whose file stays as long as the folder does.
fn engine(folder: &Path, template: Option<&str>) -> CandleEngine {
    let path = folder.join("tiny.gguf");
    std::fs::write(&path, model(template).to_bytes()).unwrap();
    CandleEngine::load(path.to_str().unwrap(), Some(1)).unwrap()
}

fn templated(template: TemplateChoice, system: Option<&str>) -> ExperimentSpec {
    let spec = spec(64, 4, 1);
    ExperimentSpec { prompts: PromptSpec { template, system: system.map(str::to_owned), ..spec.prompts.clone() }, ..spec }
}

/// The text of a request's tokens, in which the start token is `<|end|>`.
fn text(engine: &CandleEngine, workload: &PreparedWorkload) -> String {
    engine.tokenizer().decode(&workload.requests[0].tokens).unwrap()
}

#[test]
fn a_template_stands_around_the_prompt_and_its_start_token_comes_once() {
    let folder = tempfile::tempdir().unwrap();
    let template =
        "{{ bos_token }}{% for m in messages %}[{{ m.role[0] }}:{{ m.content }}]{% endfor %}{% if add_generation_prompt %}[a:{% endif %}";
    let mut engine = engine(folder.path(), Some(template));
    let question = prompts(&["Why?"]);
    let plain = engine.prepare(&question, &templated(TemplateChoice::None, None)).unwrap();
    assert_eq!((text(&engine, &plain).as_str(), plain.template), ("<|end|>Why?", None));
    let alone = engine.prepare(&question, &templated(TemplateChoice::Model, None)).unwrap();
    assert_eq!(text(&engine, &alone), "<|end|>[u:Why?][a:");
    let told = engine.prepare(&question, &templated(TemplateChoice::Model, Some("Be brief."))).unwrap();
    assert_eq!(text(&engine, &told), "<|end|>[s:Be brief.][u:Why?][a:");
    assert_eq!(told.template.as_ref().map(|facts| (facts.source.as_str(), facts.sha256.len())), Some(("model", 64)));
    assert_eq!((told.template, told.findings), (alone.template, vec![]));

    let own = folder.path().join("own.jinja");
    std::fs::write(&own, "{{ strftime_now('%Y') | length }}{{ eos_token }}{{ messages[0].content }}").unwrap();
    let own = engine.prepare(&question, &templated(TemplateChoice::File(own.clone()), None)).unwrap();
    assert_eq!(text(&engine, &own), "4<|end|>Why?");
    assert!(matches!(&own.template, Some(TemplateFacts { source, .. }) if source.ends_with("own.jinja")));
    assert_eq!(own.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [FindingCode::PromptsDated]);
}

#[test]
fn a_template_beside_the_weights_counts_before_the_one_inside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("chat_template.jinja"), "beside {{ messages[0].content }}").unwrap();
    let mut engine = engine(folder.path(), Some("inside"));
    let workload = engine.prepare(&prompts(&["Why?"]), &templated(TemplateChoice::Model, None)).unwrap();
    assert_eq!(text(&engine, &workload), "beside Why?");
}

#[test]
fn a_template_that_is_not_there_or_refuses_is_the_callers_mistake() {
    let folder = tempfile::tempdir().unwrap();
    for (template, message) in [(None, "no chat template"), (Some("{{ raise_exception('no questions') }}"), "no questions")] {
        let error = engine(folder.path(), template).prepare(&prompts(&["Why?"]), &templated(TemplateChoice::Model, None)).unwrap_err();
        assert!(error.what.contains(message) && error.hint.is_some(), "{error:?}");
        assert_eq!(error.fault, Fault::Usage);
    }
}

#[test]
fn synthetic_prompts_have_their_length_to_the_token_and_are_cut_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(folder.path(), None);
    let synthetic = |tokens, stream| Prompt {
        id: format!("synthetic-{stream}"),
        content: PromptContent::Synthetic { tokens: NonZeroU32::new(tokens).unwrap(), stream },
    };
    let workload = engine.prepare(&[synthetic(1, 1), synthetic(40, 2), synthetic(40, 3), synthetic(100, 4)], &spec(64, 4, 1)).unwrap();
    let requests = &workload.requests;
    let lengths: Vec<_> = requests.iter().map(|request| (request.tokens.len(), request.truncated_from)).collect();
    assert_eq!(lengths, [(1, None), (40, None), (40, None), (64, Some(100))]);
    assert!(requests.iter().all(|request| request.tokens[0] == END && request.tokens[1..].iter().all(|&token| token != END)));
    assert_ne!(requests[1].tokens, requests[2].tokens);
    let again = engine.prepare(&[synthetic(40, 3)], &spec(64, 4, 1)).unwrap();
    assert_eq!(again.requests[0].tokens, requests[2].tokens);
    let other_seed = engine.prepare(&[synthetic(40, 3)], &ExperimentSpec { seed: 8, ..spec(64, 4, 1) }).unwrap();
    assert_ne!(other_seed.requests[0].tokens, requests[2].tokens);
}
