//! Files as people and tools write them, and damaged ones.

use super::*;
use lem_domain::protocol::{Fault, PromptContent, SeamError};
use proptest::prelude::*;
use std::path::PathBuf;

type Found = Result<(DatasetFacts, Vec<Finding>, Vec<(String, String)>), DatasetError>;

fn read_at(path: &Path, columns: &[&str]) -> Found {
    let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
    let mut draw = Draw::new(None, false, 0);
    let (facts, findings) = read(path, &columns, &mut draw)?;
    let prompts = draw.finish().into_iter().map(|prompt| match prompt.content {
        PromptContent::Text(text) => (prompt.id, text),
        PromptContent::Synthetic { .. } => panic!("a file holds texts"),
    });
    Ok((facts, findings, prompts.collect()))
}

fn read_bytes(name: &str, bytes: &[u8], columns: &[&str]) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_at(&path, columns)
}

fn check(name: &str, text: &str, columns: &[&str], expected: &[(&str, &str)]) {
    let (facts, _, prompts) = read_bytes(name, text.as_bytes(), columns).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
    let prompts: Vec<_> = prompts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    assert_eq!(prompts, expected, "{text:?}");
    assert_eq!(facts.available, u64::try_from(expected.len()).ok());
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/datasets").join(name)
}

#[test]
fn each_non_empty_line_of_a_text_is_a_prompt_named_by_its_place() {
    for name in ["prompts.txt", "prompts", "prompts.md"] {
        check(name, "one\ntwo\n", &[], &[("line-1", "one"), ("line-2", "two")]);
        check(name, "one", &[], &[("line-1", "one")]);
        check(name, "\n\none\n  \t\ntwo\n\n", &[], &[("line-3", "one"), ("line-5", "two")]);
        check(name, "one\r\n\r\ntwo\r\n", &[], &[("line-1", "one"), ("line-3", "two")]);
        check(name, "\u{feff}one\n", &[], &[("line-1", "one")]);
        check(name, "  def f():\n", &[], &[("line-1", "  def f():")]);
        check(name, "où ?\n日本語\n", &[], &[("line-1", "où ?"), ("line-2", "日本語")]);
    }
}

#[test]
fn json_is_read_by_the_line_or_as_an_array() {
    let lines = "{\"prompt\": \"one\", \"id\": 1}\n\n{\"id\": 2, \"prompt\": \"two\\nlines\"}\n";
    check("p.jsonl", lines, &[], &[("line-1", "one"), ("line-3", "two\nlines")]);
    check("p.json", lines, &[], &[("line-1", "one"), ("line-3", "two\nlines")]);
    let array = " \n[{\"prompt\": \"one\"},\n {\"prompt\": \"two\"}]\n";
    check("p.json", array, &[], &[("row-1", "one"), ("row-2", "two")]);
    check("p.jsonl", array, &[], &[("row-1", "one"), ("row-2", "two")]);
    check("p.json", "[\"one\", \"two\"]", &[], &[("row-1", "one"), ("row-2", "two")]);
    check("p.jsonl", "\"one\"\n\"two\"\n", &[], &[("line-1", "one"), ("line-2", "two")]);
    check("p.ndjson", "\u{feff}{\"text\": \"one\"}", &[], &[("line-1", "one")]);
}

#[test]
fn conversations_give_their_first_question() {
    let sharegpt = r#"[{"id": "a", "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]},
        {"id": "b", "conversations": [{"from": "gpt", "value": "Hi."}, {"from": "human", "value": "And?"}]}]"#;
    check("sharegpt.json", sharegpt, &[], &[("row-1", "Why?"), ("row-2", "And?")]);
    let chat = r#"{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]}"#;
    check("chat.jsonl", chat, &[], &[("line-1", "Why?")]);
}

#[test]
fn an_instruction_comes_with_its_input() {
    let alpaca = r#"[{"instruction": "Translate.", "input": "où ?", "output": "where?"}, {"instruction": "Name a colour.", "input": ""}]"#;
    check("alpaca.json", alpaca, &[], &[("row-1", "Translate.\n\noù ?"), ("row-2", "Name a colour.")]);
    check("alpaca.json", alpaca, &["instruction"], &[("row-1", "Translate."), ("row-2", "Name a colour.")]);
    let (facts, ..) = read_bytes("alpaca.json", alpaca.as_bytes(), &[]).unwrap();
    assert_eq!(facts.columns, ["instruction", "input"]);
}

#[test]
fn tables_are_read_by_the_names_of_their_columns() {
    let table = "id,question,text\n1,\"What, \"\"this\"\"?\nAnd that?\",other\n2,Why?,more\n";
    check("p.csv", table, &["question"], &[("row-1", "What, \"this\"?\nAnd that?"), ("row-2", "Why?")]);
    check("p.csv", table, &[], &[("row-1", "other"), ("row-2", "more")]);
    check("p.tsv", "id\tprompt\n1\tWhy, so?\n", &[], &[("row-1", "Why, so?")]);
    check("p.csv", "\u{feff}prompt\none\n", &[], &[("row-1", "one")]);
}

/// Written by pyarrow, in row groups of three: `xtask/checkpoints/datasets.py`.
#[test]
fn parquet_is_read_across_row_groups_in_both_codecs() {
    for codec in ["snappy", "zstd"] {
        let path = fixture(&format!("{codec}.parquet"));
        let (facts, findings, prompts) = read_at(&path, &[]).unwrap();
        let expected: Vec<_> = [1, 2, 3, 5, 7].map(|row| (format!("row-{row}"), format!("Question {}, où ?", row - 1))).into();
        assert_eq!(prompts, expected);
        assert_eq!((facts.available, facts.columns), (Some(5), vec!["question".to_owned()]));
        assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [lem_domain::FindingCode::PromptsEmpty]);
        let (_, _, questions) = read_at(&path, &["conversations"]).unwrap();
        let expected: Vec<_> = [1, 2, 4, 6, 7].map(|row| (format!("row-{row}"), format!("Ask {}", row - 1))).into();
        assert_eq!(questions, expected);
        let (_, _, joined) = read_at(&path, &["large", "id"]).unwrap();
        assert_eq!(joined[6].1, "long 6\n\nr6", "in the order of the question, not of the file");
        assert!(matches!(read_at(&path, &["length"]), Err(DatasetError::NotAPrompt { found: "a number", .. })));
    }
}

#[test]
fn a_full_draw_ends_the_reading_of_parquet() {
    let mut draw = Draw::new(Some(2), false, 0);
    let (facts, _) = read(&fixture("zstd.parquet"), &[], &mut draw).unwrap();
    assert_eq!((facts.available, draw.finish().len()), (None, 2));
}

#[test]
fn a_set_is_named_by_its_path_and_the_digest_of_its_bytes() {
    // FIPS 180-4, example of one block.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let (facts, ..) = read_bytes("prompts.txt", b"abc", &[]).unwrap();
    assert_eq!(facts.sha256, ABC);
    assert!(facts.name.ends_with("prompts.txt"));
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    for (name, text) in
        [("p.csv", "id,body\n1,a\n"), ("p.jsonl", "{\"body\": \"a\", \"id\": 1}"), ("p.json", "[{\"body\": \"a\", \"id\": 1}]")]
    {
        for columns in [&["text"][..], &[]] {
            let error = SeamError::from(read_bytes(name, text.as_bytes(), columns).unwrap_err());
            assert!(error.what.contains("`text`"), "{}", error.what);
            assert!(error.hint.as_deref().unwrap().contains("`body`"), "{:?}", error.hint);
            assert_eq!(error.fault, Fault::Usage);
        }
    }
    for (name, text) in [("p.txt", "one"), ("p.json", "[\"one\"]")] {
        assert!(matches!(read_bytes(name, text.as_bytes(), &["text"]), Err(DatasetError::NoColumn { .. })), "{name}");
    }
}

#[test]
fn damage_is_named_with_its_place() {
    let cases: [(&str, &[u8], &str); 9] = [
        ("p.jsonl", b"{\"text\": \"a\"}\n{\"text\": \"b\n", "line 2"),
        ("p.jsonl", b"{\n  \"text\": \"a\"\n}\n", "line 1"),
        ("p.jsonl", b"{\"text\": \"a\"}\n{\"text\": \"\xff\"}\n", "line 2"),
        ("p.json", b"[{\"text\": \"a\"}, {\"text\": ", "row 2"),
        ("p.json", b"[{\"text\": \"a\"}] x", "row 2"),
        ("p.csv", b"text,id\na,1\nb\n", "row 2"),
        ("p.csv", b"text\na\n\xff\n", "row 2"),
        ("p.jsonl", b"{\"text\": \"a\"}\n{\"text\": 7}\n", "line 2"),
        ("p.txt", b"one\ntwo\nth\xffree\n", "line 3"),
    ];
    for (name, bytes, place) in cases {
        let error = SeamError::from(read_bytes(name, bytes, &[]).unwrap_err());
        assert!(error.what.contains(place) && error.what.contains(name), "{error:?}");
    }
}

#[test]
fn records_without_a_prompt_are_left_out_and_counted() {
    let (_, findings, prompts) =
        read_bytes("p.jsonl", b"{\"text\": \"a\"}\n{\"text\": \" \"}\n{\"text\": null}\n{\"id\": 1}\n", &[]).unwrap();
    assert_eq!(prompts.len(), 1);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].message.ends_with(": 3"), "{}", findings[0].message);
}

#[test]
fn a_file_without_a_prompt_is_refused() {
    for (name, text) in [
        ("p.txt", ""),
        ("p.txt", " \n\t\r\n"),
        ("p.txt", "\u{feff}"),
        ("p.jsonl", ""),
        ("p.json", "[]"),
        ("p.json", "{\"text\": \"\"}"),
        ("p.csv", "text\n"),
    ] {
        let error = read_bytes(name, text.as_bytes(), &[]).unwrap_err();
        assert!(matches!(error, DatasetError::NoPrompt { .. }), "{name} {text:?} gave {error:?}");
    }
}

#[test]
fn a_wrong_path_is_the_callers_mistake_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["missing.txt", "missing.jsonl", "missing.csv", "missing.parquet", ""] {
        let path = folder.path().join(name);
        let error = SeamError::from(read_at(&path, &[]).unwrap_err());
        assert_eq!(error.fault, Fault::Usage, "{error:?}");
        assert!(error.what.contains(&path.display().to_string()) && error.hint.is_some() && error.source.is_some());
    }
}

/// A file of its records, in a format that is named by an ending.
fn written(ending: &str, texts: &[String]) -> Vec<u8> {
    let object = |text: &String| serde_json::json!({ "id": 1, "text": text });
    match ending {
        "jsonl" => texts.iter().map(|text| object(text).to_string() + "\n").collect::<String>().into_bytes(),
        "json" => serde_json::to_vec(&texts.iter().map(object).collect::<Vec<_>>()).unwrap(),
        "csv" => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["id", "text"]).unwrap();
            texts.iter().for_each(|text| writer.write_record(["1", text]).unwrap());
            writer.into_inner().unwrap()
        }
        _ => std::fs::read(fixture(&format!("{ending}.parquet"))).unwrap(),
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(ending in prop::sample::select(vec!["jsonl", "json", "csv"]), texts in prop::collection::vec("\\PC{0,40}x", 1..20)) {
        let (_, _, prompts) = read_bytes(&format!("p.{ending}"), &written(ending, &texts), &["text"]).unwrap();
        let read: Vec<_> = prompts.into_iter().map(|(_, text)| text).collect();
        prop_assert_eq!(read, texts);
    }

    /// Bytes are changed, taken out and put in. Whatever comes of it is prompts or an error, and neither a panic nor a hang.
    #[test]
    fn damaged_files_are_read_or_refused(
        ending in prop::sample::select(vec!["jsonl", "json", "csv", "snappy", "zstd"]),
        texts in prop::collection::vec("[a-z\"\\\\,\n]{0,20}", 1..8),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6),
    ) {
        let mut bytes = written(ending, &texts);
        for (place, byte, kind) in damage {
            match (kind, bytes.is_empty()) {
                (_, true) | (0, _) => { let place = place.index(bytes.len() + 1); bytes.insert(place, byte); }
                (1, _) => { let place = place.index(bytes.len()); bytes.remove(place); }
                _ => { let place = place.index(bytes.len()); bytes[place] = byte; }
            }
        }
        let name = if ["snappy", "zstd"].contains(&ending) { "p.parquet".to_owned() } else { format!("p.{ending}") };
        let _ = read_bytes(&name, &bytes, &[]);
    }

    #[test]
    fn noise_is_read_or_refused(ending in prop::sample::select(vec!["jsonl", "json", "csv", "tsv", "txt", "parquet"]), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&format!("p.{ending}"), &bytes, &[]);
    }
}
