//! The rules that split text into words before merging, by the names that GGUF files use for them.
//!
//! GGUF files name the rules without saying them. Each is written here as in the `tokenizer.json` of the model family
//! that it is named after, so that the result is that tokenizer and not an imitation. What a name stands for is decided
//! by llama.cpp: `convert_hf_to_gguf_update.py` lists the model that each name was taken from, `src/llama-vocab.cpp`
//! (`llm_tokenizer_bpe`) its own reading of the rules.

use super::TokenizerError;
use tokenizers::SplitDelimiterBehavior::{Contiguous, Isolated};
use tokenizers::normalizers::{NFC, NormalizerWrapper};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};

/// The names that are known; `llama3` and `llama-v3` are old spellings of `llama-bpe`.
pub(super) const KNOWN: &[&str] = &[
    "dbrx",
    "default",
    "falcon",
    "gpt-2",
    "gpt-4o",
    "llama-bpe",
    "mpt",
    "olmo",
    "phi-2",
    "qwen2",
    "refact",
    "smollm",
    "stablelm2",
    "starcoder",
    "tekken",
];

/// Llama 3's `tokenizer.json`; also that of GPT-4, whose rules and vocabulary DBRX, OLMo 2 and Phi-4 took over.
const LLAMA_3: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen2's `tokenizer.json`: as Llama 3, but each digit is a word. StableLM 2 has the same
/// (`tokenization_arcade100k.py` beside its weights).
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// GPT-4o's `tokenizer.json`, which Phi-4-mini took over: a word begins where an upper-case letter follows a lower-case
/// one, and a contraction stays with its word.
const GPT_4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

/// Mistral Nemo's `tokenizer.json`, quoted in `llama-vocab.cpp`: as GPT-4o, but without contractions, and each digit is a
/// word.
const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|",
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

/// Falcon's `tokenizer.json`, its last step.
const THREE_DIGITS: &str = "[0-9][0-9][0-9]";

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
    let composed = |rules| Rules { normalizer: Some(NFC.into()), ..rules };
    Ok(match pre {
        // CodeGen's tokenizer, which Phi-2 took over, differs from GPT-2's in added tokens only.
        "gpt-2" | "phi-2" => plain(byte_level(Words::Gpt2).into()),
        // GPT-NeoX 20B's tokenizer, which MPT, OLMo 1, Pythia and the first StableLM took over.
        "mpt" | "olmo" => composed(plain(byte_level(Words::Gpt2).into())),
        // StarCoder's rules, which Refact, Granite and SmolLM took over.
        "refact" | "smollm" | "starcoder" => plain(Sequence::new(vec![Digits::new(true).into(), byte_level(Words::Gpt2).into()]).into()),
        "falcon" => plain(falcon()?),
        "default" => plain(split(&DEFAULT)?),
        "dbrx" => plain(split(&[LLAMA_3])?),
        "gpt-4o" => plain(split(&[GPT_4O])?),
        "qwen2" | "stablelm2" => composed(plain(split(&[QWEN_2])?)),
        "llama-bpe" | "llama3" | "llama-v3" => Rules { keeps_whole_words: true, adds_start: true, ..plain(split(&[LLAMA_3])?) },
        "tekken" => Rules { keeps_whole_words: true, adds_start: true, ..plain(split(&[TEKKEN])?) },
        _ => return Err(TokenizerError::UnknownPreTokenizer { pre: pre.to_owned() }),
    })
}

/// Falcon's steps. Those for digits come after bytes were written as letters, some of which are digits to Unicode, so
/// the order matters: it splits the `м` of Cyrillic, whose second byte is written `¼`.
fn falcon() -> Result<PreTokenizerWrapper, TokenizerError> {
    let steps =
        vec![Punctuation::new(Contiguous).into(), byte_level(Words::Gpt2).into(), Digits::new(false).into(), isolate(THREE_DIGITS)?];
    Ok(Sequence::new(steps).into())
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

/// Splits by each expression in turn, then to the alphabet of bytes.
fn split(expressions: &[&str]) -> Result<PreTokenizerWrapper, TokenizerError> {
    let mut steps = expressions.iter().copied().map(isolate).collect::<Result<Vec<_>, TokenizerError>>()?;
    steps.push(byte_level(Words::AsTheyAre).into());
    Ok(Sequence::new(steps).into())
}

/// Splits by an expression, keeping matches and what lies between them.
fn isolate(expression: &str) -> Result<PreTokenizerWrapper, TokenizerError> {
    let split = Split::new(SplitPattern::Regex(expression.to_owned()), Isolated, false).map_err(TokenizerError::Build)?;
    Ok(split.into())
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
        check("gpt-4o", "in 12345", &["in", " ", "123", "45"]);
        check("tekken", "in 12345", &["in", " ", "1", "2", "3", "4", "5"]);
        check("falcon", "in 12345", &["in", " ", "123", "45"]);
        check("olmo", "in 12345", &["in", " 12345"]);
    }

    #[test]
    fn each_family_splits_contractions_and_line_ends_in_its_own_way() {
        check("gpt-2", "We'LL\n\n x", &["We", "'", "LL", "\n\n", " x"]);
        check("llama-bpe", "We'LL\n\n x", &["We", "'LL", "\n\n", " x"]);
        check("qwen2", "a!\n b", &["a", "!\n", " b"]);
        check("gpt-2", "a  b", &["a", " ", " b"]);
    }

    #[test]
    fn case_begins_a_word_to_those_after_gpt_4o() {
        check("gpt-4o", "aCamelCase don't", &["a", "Camel", "Case", " don't"]);
        check("tekken", "aCamelCase don't", &["a", "Camel", "Case", " don", "'t"]);
        check("dbrx", "aCamelCase don't", &["aCamelCase", " don", "'t"]);
        // A slash after punctuation belongs to it.
        check("gpt-4o", "a!\n/b", &["a", "!\n/", "b"]);
        check("dbrx", "a!\n/b", &["a", "!\n", "/b"]);
    }

    #[test]
    fn falcon_sees_digits_in_bytes_and_keeps_punctuation_apart() {
        check("falcon", "hello, world!! ...ok", &["hello", ",", " world", "!!", " ", "...", "ok"]);
        check("falcon", "1234567", &["123", "456", "7"]);
        // The letter is the bytes D0 BC.
        check("falcon", "м", &["Ð", "¼"]);
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
