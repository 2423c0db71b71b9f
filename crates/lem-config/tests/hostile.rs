//! Files that are meant to hurt, or that are not what their name says.

use lem_config::{ConfigError, Request, Resolved, resolve};
use lem_domain::{Clock, HostClock};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

fn load(ending: &str, content: &[u8]) -> Result<Resolved, ConfigError> {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().expect("a temporary file");
    file.write_all(content).expect("writable");
    resolve(&Request { file: Some(file.path().to_owned()), ..Request::default() })
}

fn refused(ending: &str, content: &str) {
    let error = load(ending, content.as_bytes()).map(|resolved| resolved.spec).expect_err("must be refused");
    assert!(matches!(error, ConfigError::Syntax { .. }), "{error:?}");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (before, name) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        writeln!(bomb, "{name}: &{name} [{}]", vec![format!("*{before}"); 10].join(", ")).expect("a string takes all text");
    }
    refused(".yaml", &bomb);
}

#[test]
fn deep_nesting_is_refused() {
    refused(".yaml", &format!("a: {}{}", "[".repeat(5000), "]".repeat(5000)));
    refused(".yaml", &(0..200).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n"));
    refused(".json", &format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000)));
    refused(".toml", &format!("a = {}{}", "[".repeat(5000), "]".repeat(5000)));
}

#[test]
fn several_documents_in_a_file_are_refused() {
    refused(".yaml", "model_name: a\n---\nmodel_name: b\n");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_parsed() {
    let large = format!("model_name: m.gguf\n# {}\n", "x".repeat(1 << 20));
    assert!(matches!(load(".yaml", large.as_bytes()), Err(ConfigError::TooLarge { limit_bytes: 1_048_576, .. })));
    let allowed = format!("model_name: m.gguf\n# {}\n", "x".repeat((1 << 20) - 100));
    assert!(load(".yaml", allowed.as_bytes()).is_ok());
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert!(matches!(load(".yaml", b"model_name: \xff\xfe\n"), Err(ConfigError::NotText { .. })));
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    for (ending, content) in
        [(".yaml", "\u{feff}model_name: m"), (".json", "\u{feff}{\"model_name\":\"m\"}"), (".toml", "\u{feff}model_name = \"m\"")]
    {
        assert_eq!(load(ending, content.as_bytes()).map(|resolved| resolved.spec.model).ok().as_deref(), Some("m"), "{ending}");
    }
}

#[test]
fn thousands_of_unknown_keys_are_all_told() {
    let keys = (0..3000).fold(String::new(), |text, key| text + &format!("\"key{key}\": 1,\n"));
    let Err(ConfigError::Invalid { violations }) = load(".json", format!("{{{keys} \"model_name\": \"m\"}}").as_bytes()) else {
        panic!("must be refused")
    };
    assert_eq!(violations.len(), 3000);
}

#[test]
fn a_folder_is_no_configuration() {
    let folder = tempfile::Builder::new().suffix(".yaml").tempdir().expect("a temporary folder");
    let request = Request { file: Some(folder.path().to_owned()), ..Request::default() };
    assert!(matches!(resolve(&request), Err(ConfigError::Read { .. })));
}

#[test]
fn an_ordinary_file_takes_less_than_five_milliseconds() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/quick-test.yaml");
    let request = Request { file: Some(file), ..Request::default() };
    let clock = HostClock;
    // The fastest of several is what the work takes when nothing else has the processor.
    let fastest = (0..20).map(|_| {
        let start = clock.now();
        resolve(&request).expect("an example");
        clock.now().since(start)
    });
    let fastest = fastest.map(lem_domain::units::Seconds::get).fold(f64::INFINITY, f64::min);
    assert!(fastest < Duration::from_millis(5).as_secs_f64(), "{fastest} s");
}
