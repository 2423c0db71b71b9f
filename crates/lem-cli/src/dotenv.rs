//! `.env` in the working folder: variables for this program alone, known ones and no others, and never shown.
#![expect(unsafe_code, reason = "variables are set while no other thread is there that could read them")]

use lem_domain::protocol::{Fault, SeamError};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

const FILE: &str = ".env";

/// What may be said there. The address of a hub is not among them: a folder that somebody else made would have the user's
/// key sent elsewhere.
const KNOWN: &[&str] = &[
    "CUDA_VISIBLE_DEVICES",
    "HF_HOME",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "LEM_DATA_DIR",
    "LEM_RESULTS_DIR",
    "LLM_ENERGY_RESULTS_DIR",
];

/// Names of the variables that came from the file.
static LOADED: OnceLock<Vec<&'static str>> = OnceLock::new();

/// A file that is longer is something else.
const MOST_BYTES: u64 = 1 << 20;

/// Sets what the file says and the environment does not. To be called before anything else: no other thread may be there.
///
/// # Errors
/// When the value of a known variable cannot be told from what follows it.
pub(crate) fn load() -> Result<(), SeamError> {
    let mut bytes = Vec::new();
    // A folder without the file, or with one that is not meant for reading, says nothing.
    if File::open(FILE).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes)).is_err() {
        return Ok(());
    }
    let mut loaded = Vec::new();
    for (name, value) in parse(&bytes)? {
        if std::env::var_os(name).is_none() {
            // SAFETY: this is the first thing that the program does, and nothing has started another thread.
            unsafe { std::env::set_var(name, value) };
            loaded.push(name);
        }
    }
    LOADED.get_or_init(|| loaded);
    Ok(())
}

/// The file that a variable came from, when it did.
pub(crate) fn file_of(name: &str) -> Option<PathBuf> {
    LOADED.get()?.contains(&name).then(|| PathBuf::from(FILE))
}

/// Known variables with their values, in the order of the file. Lines of any other kind are none of this program's business.
fn parse(bytes: &[u8]) -> Result<Vec<(&'static str, String)>, SeamError> {
    let mut variables = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let line = line.trim();
        let Some((name, value)) = line.strip_prefix("export ").unwrap_or(line).split_once('=') else { continue };
        let Some(name) = KNOWN.iter().copied().find(|known| *known == name.trim()) else { continue };
        let value = unquoted(value.trim()).ok_or_else(|| {
            SeamError::new(Fault::Usage, format!("`{FILE}`, line {number}: the value of {name} cannot be read"))
                .with_hint("write it as `NAME=value`, or between two quotes of one kind")
        })?;
        if !value.is_empty() && !value.contains('\0') {
            variables.push((name, value.to_owned()));
        }
    }
    Ok(variables)
}

/// A value without the quotes around it, or without the remark behind it; `None` where a quote has no end.
fn unquoted(value: &str) -> Option<&str> {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (inner, rest) = value[1..].split_once(quote)?;
            let rest = rest.trim_start();
            (rest.is_empty() || rest.starts_with('#')).then_some(inner)
        }
        _ => Some(value.split(" #").next().unwrap_or(value).trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&'static str, String)> {
        parse(text.as_bytes()).expect("well-formed")
    }

    #[test]
    fn known_variables_are_read_and_nothing_else() {
        let text = "# keys\nexport HF_TOKEN = 'hf_a b'  # mine\nHF_ENDPOINT=http://elsewhere\nPATH=/x\nLEM_RESULTS_DIR=runs # here\n\nHF_HOME=\"/d\"\r\nnonsense\nLEM_DATA_DIR=\n";
        let expected = [("HF_TOKEN", "hf_a b"), ("LEM_RESULTS_DIR", "runs"), ("HF_HOME", "/d")];
        assert_eq!(read(text), expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(parse(b"\xff\xfe=1\nHF_HOME=/d").expect("well-formed"), [("HF_HOME", "/d".to_owned())]);
    }

    #[test]
    fn a_value_without_an_end_is_named_and_not_shown() {
        for line in ["HF_TOKEN='hf_secret", "HF_TOKEN=\"hf_secret\" more"] {
            let error = parse(format!("A=1\n{line}\n").as_bytes()).expect_err("no end");
            assert!(error.what.contains("line 2") && error.what.contains("HF_TOKEN") && !error.what.contains("secret"), "{}", error.what);
        }
    }
}
