//! Names of cells, which follow from the values alone: another value on an axis renames no other cell.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of the part that a value gives.
const LONGEST_VALUE: usize = 32;

/// Bytes of a name: with an ending it stays a file name everywhere.
const LONGEST: usize = 200;

/// The base's name, then every setting by the last part of its path, with its value. What a file name cannot hold is
/// replaced, and a digest then keeps names apart.
pub(super) fn of(base: &str, settings: &[(&'static str, Value)]) -> String {
    let mut name = slug(base);
    for (path, value) in settings {
        let setting = path.rsplit('.').next().unwrap_or(path);
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        name.push_str(&format!("_{setting}-{}", shortened(&text, LONGEST_VALUE)));
    }
    shortened(&name, LONGEST)
}

/// A text that a file name can hold; where that is not the text itself, with a digest of it.
fn shortened(text: &str, longest: usize) -> String {
    let slug = slug(text);
    if slug == text && text.len() <= longest {
        return slug;
    }
    let digest = Sha256::digest(text);
    let cut: String = slug.chars().take(longest).collect();
    format!("{cut}~{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

fn slug(text: &str) -> String {
    let slug: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() || "._-~".contains(letter) { letter } else { '-' }).collect();
    // A name that starts with a dot is hidden, or a folder.
    if slug.starts_with('.') { slug.replacen('.', "-", 1) } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_says_what_varies() {
        let settings = [("batching.batch_size", json!(4)), ("fp_precision", json!("float16")), ("decoder.top_k", Value::Null)];
        assert_eq!(of("llama", &settings), "llama_batch_size-4_fp_precision-float16_top_k-null");
    }

    #[test]
    fn names_stay_file_names_and_apart() {
        let of = |value: &str| of("base", &[("model_name", json!(value))]);
        let names = [of("org/model"), of("org-model"), of("../../etc"), of(&"x".repeat(100)), of(&"x".repeat(101))];
        for (number, name) in names.iter().enumerate() {
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte)), "{name}");
            assert!(name.len() < 240 && !names[..number].contains(name), "{name}");
        }
        let many: Vec<_> = (0..40).map(|_| ("batching.batch_size", json!(1024))).collect();
        assert!(super::of("b", &many).len() < 240);
    }
}
