//! Templates in the manner of published models.

use super::*;
use lem_domain::protocol::{Fault, SeamError};
use std::time::Duration;

/// 2024-07-26, 12:00 in UTC.
fn today() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_721_995_200)
}

fn template(text: &str) -> Result<ChatTemplate, TemplateError> {
    let special_tokens = [("bos_token", "<s>"), ("eos_token", "</s>")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let text = TemplateText { text: text.to_owned(), special_tokens: special_tokens.into() };
    ChatTemplate::new("test".to_owned(), text, today())
}

fn check(text: &str, system: Option<&str>, prompt: &str, expected: &str) {
    assert_eq!(template(text).unwrap().render(system, prompt).unwrap(), expected, "{text}");
}

#[test]
fn what_is_written_in_the_manner_of_python_runs() {
    check("{{ messages[0].content.strip().upper() }}", None, " a ", "A");
    check("{{ messages[0]['content'].split('\\n')[-1] }}", None, "a\nb", "b");
    check("{{ messages[-1].role }}{{ messages | length }}", Some("s"), "p", "user2");
    check("{% if 'tools' is defined and tools %}t{% else %}n{% endif %}", None, "p", "n");
    check(
        "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}{% break %}{% endfor %}",
        Some("s"),
        "p",
        "p",
    );
    check("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", Some("s"), "p", "2");
    check("{% generation %}{{ messages[0].content }}{%- endgeneration -%} x", None, "p", "px");
    check("{{ bos_token }}{{ eos_token }}{{ pad_token }}", None, "p", "<s></s>");
    check("{{ strftime_now('%d %b %Y') }}", None, "p", "26 Jul 2024");
}

#[test]
fn blocks_leave_no_lines_behind() {
    check("{% for m in messages %}\n  {% if true %}\n{{ m.content }}\n  {% endif %}\n{% endfor %}\n", None, "p", "p\n");
}

#[test]
fn json_is_written_as_python_writes_it() {
    check("{{ messages[0] | tojson }}", None, "<é> \"q\" & 'x'\n", "{\"role\": \"user\", \"content\": \"<é> \\\"q\\\" & 'x'\\n\"}");
    check("{{ {'a': [1, 2], 'b': {}} | tojson(indent=2) }}", None, "p", "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    check("{{ [1, true, none, 1.5] | tojson }}", None, "p", "[1, true, null, 1.5]");
}

#[test]
fn a_prompt_is_text_and_never_a_program() {
    check("{{ messages[0].content }}", None, "{{ bos_token }}{% for %}", "{{ bos_token }}{% for %}");
    check("{{ messages[0].content }}", None, "<b>&amp;</b>", "<b>&amp;</b>");
}

#[test]
fn a_template_that_refuses_is_quoted() {
    let gemma = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}x";
    let error = template(gemma).unwrap().render(Some("s"), "p").unwrap_err();
    assert!(matches!(&error, TemplateError::Refused { message, .. } if message == "System role not supported"), "{error:?}");
    let seam = SeamError::from(error);
    assert!(seam.what.contains("System role not supported") && seam.hint.is_some());
    assert_eq!(seam.fault, Fault::Usage);
}

#[test]
fn a_template_can_neither_run_for_ever_nor_grow_without_end_nor_read_files() {
    let endless = "{% for a in range(100000) %}{% for b in range(100000) %}{{ a }}{% endfor %}{% endfor %}";
    assert!(matches!(template(endless).unwrap().render(None, "p"), Err(TemplateError::Endless { .. } | TemplateError::Failed { .. })));
    let swelling = "{% set ns = namespace(s='x') %}{% for a in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s | length }}";
    assert!(matches!(template(swelling).unwrap().render(None, "p"), Err(TemplateError::Endless { .. })));
    let deep = "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}";
    assert!(matches!(template(deep).unwrap().render(None, "p"), Err(TemplateError::Failed { .. })));
    for reading in ["{% include '/etc/passwd' %}", "{% import '/etc/passwd' as x %}", "{% extends '/etc/passwd' %}"] {
        assert!(template(reading).and_then(|template| template.render(None, "p")).is_err(), "{reading}");
    }
}

#[test]
fn what_is_no_template_is_refused_before_a_prompt_comes() {
    assert!(matches!(template("{% for %}"), Err(TemplateError::NotATemplate { .. })));
}

#[test]
fn a_template_that_asks_for_the_date_is_known_for_it() {
    let dated = template("{{ strftime_now('%Y') }}").unwrap();
    assert!(!dated.asked_for_date());
    dated.render(None, "p").unwrap();
    assert!(dated.asked_for_date());
}

#[test]
fn the_digest_is_that_of_the_text() {
    // FIPS 180-4, example of one block.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(template("abc").unwrap().facts(), &TemplateFacts { source: "test".to_owned(), sha256: expected.to_owned() });
}

/// What transformers writes for the same templates and chats: `xtask/checkpoints/templates.py`.
#[test]
fn templates_give_what_transformers_gives() {
    #[derive(serde::Deserialize)]
    struct Fixture {
        special_tokens: BTreeMap<String, String>,
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        template: String,
        chats: Vec<Chat>,
    }
    #[derive(serde::Deserialize)]
    struct Chat {
        system: Option<String>,
        prompt: String,
        text: Option<String>,
        refused: Option<String>,
    }
    let fixture: Fixture = serde_json::from_str(include_str!("../../tests/fixtures/templates.json")).unwrap();
    let mut n_chats = 0;
    for case in fixture.cases {
        let text = TemplateText { text: case.template, special_tokens: fixture.special_tokens.clone() };
        let template = ChatTemplate::new(case.name.clone(), text, today()).unwrap();
        for chat in case.chats {
            let expected = chat.text.ok_or(chat.refused);
            let rendered = template.render(chat.system.as_deref(), &chat.prompt).map_err(|error| match error {
                TemplateError::Refused { message, .. } => Some(message),
                other => panic!("{}: {other:?}", case.name),
            });
            assert_eq!(rendered, expected, "{} with {:?} and {:?}", case.name, chat.system, chat.prompt);
            n_chats += 1;
        }
    }
    assert_eq!(n_chats, 32);
}
