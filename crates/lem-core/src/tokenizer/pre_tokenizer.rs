//! The rules that split text into words before merging, by the names that GGUF files use for them.
//!
//! GGUF files name the rules without saying them. Each is written here as in the `tokenizer.json` of the model family
//! that it is named after, so that the result is that tokenizer and not an imitation. What a name stands for is decided
//! by llama.cpp (`src/llama-vocab.cpp`, `llm_tokenizer_bpe`).

use super::TokenizerError;
use tokenizers::SplitDelimiterBehavior::Isolated;
use tokenizers::normalizers::{NFC, NormalizerWrapper};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};

/// The names that are known; `llama3` and `llama-v3` are old spellings of `llama-bpe`.
pub(super) const KNOWN: &[&str] = &["default", "gpt-2", "llama-bpe", "qwen2", "smollm"];

/// Llama 3's `tokenizer.json`.
const LLAMA_3: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen2's `tokenizer.json`: as Llama 3, but each digit is a word.
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// llama.cpp's own rules for files that say `default`, applied one after the other. They are no model's.
const DEFAULT: [&str; 4] =
    [r"[\p{P}\$\+<=>\^~\|]+", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)", r"\p{N}+", r"[0-9][0-9][0-9]"];

/// What a name stands for.
pub(super) struct Rules {
    /// Applied to the text first.
    pub(super) normalizer: Option<NormalizerWrapper>,
    /// Splits the text into words.
    pub(super) words: PreTokenizerWrapper,
    /// Whether a word that is a token stays whole, whatever the merges say.
    pub(super) keeps_whole_words: bool,
    /// Whether the start token is put first when the file does not say.
    pub(super) adds_start: bool,
}

/// The rules of a name.
pub(super) fn rules(pre: &str) -> Result<Rules, TokenizerError> {
    let plain = |words| Rules { normalizer: None, words, keeps_whole_words: false, adds_start: false };
    Ok(match pre {
        "gpt-2" => plain(byte_level(Words::Gpt2).into()),
        "smollm" => plain(Sequence::new(vec![Digits::new(true).into(), byte_level(Words::Gpt2).into()]).into()),
        "default" => plain(split(&DEFAULT)?),
        "qwen2" => Rules { normalizer: Some(NFC.into()), ..plain(split(&[QWEN_2])?) },
        "llama-bpe" | "llama3" | "llama-v3" => Rules { keeps_whole_words: true, adds_start: true, ..plain(split(&[LLAMA_3])?) },
        _ => return Err(TokenizerError::UnknownPreTokenizer { pre: pre.to_owned() }),
    })
}

/// Whether the byte-level step also splits words.
enum Words {
    /// By GPT-2's expression, which it carries.
    Gpt2,
    /// Not: steps before it have.
    AsTheyAre,
}

/// Bytes to the printable alphabet of GPT-2, in which vocabularies are written. No space is put before the text.
fn byte_level(words: Words) -> ByteLevel {
    ByteLevel::new(false, true, matches!(words, Words::Gpt2))
}

/// Splits by each expression in turn, keeping matches and what lies between them.
fn split(expressions: &[&str]) -> Result<PreTokenizerWrapper, TokenizerError> {
    let splits = expressions.iter().map(|&expression| {
        let split = Split::new(SplitPattern::Regex(expression.to_owned()), Isolated, false).map_err(TokenizerError::Build)?;
        Ok(PreTokenizerWrapper::from(split))
    });
    let mut steps = splits.collect::<Result<Vec<_>, TokenizerError>>()?;
    steps.push(byte_level(Words::AsTheyAre).into());
    Ok(Sequence::new(steps).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn check(pre: &str, text: &str, expected: &[&str]) {
        let mut pieces = PreTokenizedString::from(text);
        rules(pre).unwrap().words.pre_tokenize(&mut pieces).unwrap();
        let words: Vec<_> = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte).iter().map(|(word, ..)| *word).collect();
        // The byte-level alphabet writes a space as `Ġ` and a line feed as `Ċ`.
        let expected: Vec<_> = expected.iter().map(|word| word.replace(' ', "Ġ").replace('\n', "Ċ")).collect();
        assert_eq!(words, expected, "{pre}: {text:?}");
    }

    #[test]
    fn each_family_splits_digits_in_its_own_way() {
        check("gpt-2", "in 12345", &["in", " 12345"]);
        check("smollm", "in 12345", &["in", " ", "1", "2", "3", "4", "5"]);
        check("qwen2", "in 12345", &["in", " ", "1", "2", "3", "4", "5"]);
        check("llama-bpe", "in 12345", &["in", " ", "123", "45"]);
        check("default", "in 12345", &["in", " ", "123", "45"]);
    }

    #[test]
    fn each_family_splits_contractions_and_line_ends_in_its_own_way() {
        check("gpt-2", "We'LL\n\n x", &["We", "'", "LL", "\n\n", " x"]);
        check("llama-bpe", "We'LL\n\n x", &["We", "'LL", "\n\n", " x"]);
        check("qwen2", "a!\n b", &["a", "!\n", " b"]);
        check("gpt-2", "a  b", &["a", " ", " b"]);
    }

    #[test]
    fn every_known_name_has_rules_and_no_other() {
        for pre in KNOWN {
            assert!(rules(pre).is_ok(), "{pre}");
        }
        for pre in ["", "gpt2", "SmolLM", "deepseek-llm"] {
            assert!(matches!(rules(pre), Err(TokenizerError::UnknownPreTokenizer { .. })), "{pre}");
        }
    }
}
