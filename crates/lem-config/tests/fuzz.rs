//! No document, however broken, makes a loader panic, hang or take much memory.
//!
//! `PROPTEST_CASES` says how many documents are tried; `PROPTEST_RNG_SEED` which.

use lem_config::{Request, resolve};
use proptest::prelude::*;
use std::io::Write as _;
use std::path::Path;

/// Files of each format that are as they should be, to be broken.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("../../configs"), root.join("tests/fixtures"), root.join("tests/fixtures/former")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("part of the repository"));
    let mut paths: Vec<_> = files.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let seed = |path: &Path| Some((format!(".{}", path.extension()?.to_str()?), std::fs::read(path).expect("readable")));
    paths.iter().filter_map(|path| seed(path)).collect()
}

/// One step of breaking a document.
#[derive(Clone, Debug)]
enum Damage {
    Overwrite(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    Cut(usize),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |position: usize, bytes: &[u8]| position % (bytes.len() + 1);
        match self {
            Self::Overwrite(position, byte) => {
                let position = at(*position, bytes);
                if let Some(there) = bytes.get_mut(position) {
                    *there = *byte;
                }
            }
            Self::Insert(position, more) => {
                let position = at(*position, bytes);
                drop(bytes.splice(position..position, more.iter().copied()));
            }
            Self::Remove(position, length) => {
                let from = at(*position, bytes);
                let to = (from + length).min(bytes.len());
                bytes.drain(from..to);
            }
            Self::Repeat(position, length, times) => {
                let from = at(*position, bytes);
                let to = (from + length).min(bytes.len());
                let piece = bytes[from..to].repeat(*times);
                drop(bytes.splice(to..to, piece));
            }
            Self::Cut(position) => bytes.truncate(at(*position, bytes)),
        }
    }
}

/// What a format finds special.
fn tokens() -> impl Strategy<Value = Vec<u8>> {
    let special = [
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "!tag ",
        "|\n",
        ">-\n",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "\n---\n",
        "...",
        "\t",
        "\u{feff}",
        "null",
        "~",
        "1e999",
        "-0",
        "0x7f",
        ".inf",
        "\\u0000",
        "\\ud800",
        "# ",
        "_extends: ",
        "= ",
        "[[a]]",
        "'''",
        "\"\"\"",
        "1979-05-27",
        "\0",
    ];
    prop_oneof![prop::sample::select(special.to_vec()).prop_map(|text| text.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..16),]
}

fn damage() -> impl Strategy<Value = Damage> {
    let position = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    prop_oneof![
        (position.clone(), any::<u8>()).prop_map(|(position, byte)| Damage::Overwrite(position, byte)),
        (position.clone(), tokens()).prop_map(|(position, more)| Damage::Insert(position, more)),
        (position.clone(), 0_usize..64).prop_map(|(position, length)| Damage::Remove(position, length)),
        (position.clone(), 0_usize..64, 1_usize..200).prop_map(|(position, length, times)| Damage::Repeat(position, length, times)),
        position.prop_map(Damage::Cut),
    ]
}

fn load(ending: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format!("document{ending}"));
    let mut file = std::fs::File::create(&path).expect("writable");
    file.write_all(bytes).expect("writable");
    // It is an experiment or an error; both are told, and neither takes the program along.
    match resolve(&Request { file: Some(path), ..Request::default() }) {
        Ok(resolved) => drop(resolved.to_yaml().expect("what was read can be shown")),
        Err(error) => drop(error.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_document_is_read_or_refused(
        seed in prop::sample::select(seeds()),
        damages in prop::collection::vec(damage(), 1..8),
    ) {
        let (ending, mut bytes) = seed;
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        load(&ending, &bytes);
    }

    #[test]
    fn bytes_of_no_format_are_refused(
        ending in prop::sample::select(vec![".yaml", ".json", ".toml"]),
        pieces in prop::collection::vec(tokens(), 0..64),
    ) {
        load(ending, &pieces.concat());
    }
}
