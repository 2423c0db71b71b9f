//! What each token of a vocabulary stands for, as bytes.

use super::TokenizerError;
use std::collections::HashMap;
use std::sync::LazyLock;
use tokenizers::decoders::DecoderWrapper;

/// The bytes of every token. Those of an output, one after the other, are its text: unlike texts of single tokens they
/// can be put together where a token ends within a character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenBytes {
    /// Back to back, in the order of the tokens.
    bytes: Vec<u8>,
    /// Where the bytes of each token end.
    ends: Vec<usize>,
    longest: usize,
}

impl TokenBytes {
    /// The bytes of a token; none for one outside the vocabulary, with which the rows of some models are padded.
    #[must_use]
    pub fn of(&self, token: u32) -> &[u8] {
        let Some((token, &end)) = usize::try_from(token).ok().and_then(|token| Some((token, self.ends.get(token)?))) else { return &[] };
        let start = token.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..end]
    }

    /// Bytes of the token that has the most.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for TokenBytes {
    /// Of the bytes of token 0, token 1, and so on.
    fn from_iter<I: IntoIterator<Item = T>>(tokens: I) -> Self {
        let mut all = Self::default();
        for token in tokens {
            let token = token.as_ref();
            all.bytes.extend_from_slice(token);
            all.ends.push(all.bytes.len());
            all.longest = all.longest.max(token.len());
        }
        all
    }
}

/// Reads them off the rules of a tokenizer.
pub(super) fn read(rules: &tokenizers::Tokenizer) -> Result<TokenBytes, TokenizerError> {
    let form = Form::of(rules.get_decoder());
    let last = rules.get_vocab(true).into_values().max();
    let ids = last.into_iter().flat_map(|last| 0..=last);
    ids.map(|id| rules.id_to_token(id).map_or_else(|| Ok(Vec::new()), |text| form.bytes(&text, id, rules))).collect()
}

/// How a vocabulary writes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Every byte is a character of its own (GPT-2).
    ByteLevel,
    /// Text, and `<0xE2>` for a byte that no token has the text of (sentencepiece).
    ByteFallback,
    /// Text.
    Plain,
}

impl Form {
    fn of(decoder: Option<&DecoderWrapper>) -> Self {
        match decoder {
            Some(DecoderWrapper::ByteLevel(_)) => Self::ByteLevel,
            Some(DecoderWrapper::ByteFallback(_)) => Self::ByteFallback,
            Some(DecoderWrapper::Sequence(steps)) => {
                let mut forms = steps.get_decoders().iter().map(|step| Self::of(Some(step)));
                forms.find(|&form| form != Self::Plain).unwrap_or(Self::Plain)
            }
            _ => Self::Plain,
        }
    }

    fn bytes(self, text: &str, id: u32, rules: &tokenizers::Tokenizer) -> Result<Vec<u8>, TokenizerError> {
        match self {
            Self::ByteLevel => {
                let bytes: Option<Vec<u8>> = text.chars().map(|letter| BYTE_OF_CHARACTER.get(&letter).copied()).collect();
                // An added token is text of its own.
                Ok(bytes.unwrap_or_else(|| text.as_bytes().to_vec()))
            }
            Self::ByteFallback => match fallback_byte(text) {
                Some(byte) => Ok(vec![byte]),
                None => within_text(id, rules),
            },
            Self::Plain => within_text(id, rules),
        }
    }
}

/// What a token adds to a text. Decoded alone it would lose the space with which it may begin.
fn within_text(id: u32, rules: &tokenizers::Tokenizer) -> Result<Vec<u8>, TokenizerError> {
    let decode = |ids: &[u32]| rules.decode(ids, false).map_err(TokenizerError::Decode);
    let (once, twice) = (decode(&[id])?, decode(&[id, id])?);
    Ok(twice.strip_prefix(&once).unwrap_or(&once).as_bytes().to_vec())
}

fn fallback_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// The alphabet of byte-level vocabularies: a byte that Latin-1 prints is written as that character, the others follow each
/// other from 256 on. `bytes_to_unicode` in `encoder.py` of GPT-2.
static BYTE_OF_CHARACTER: LazyLock<HashMap<char, u8>> = LazyLock::new(|| {
    let is_printed = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let printed = (0..=u8::MAX).filter(|&byte| is_printed(byte)).map(|byte| (char::from(byte), byte));
    let others = (0..=u8::MAX).filter(|&byte| !is_printed(byte));
    printed.chain(('\u{100}'..).zip(others)).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    #[test]
    fn the_alphabet_is_that_of_the_library() {
        let mut library: Vec<char> = ByteLevel::alphabet().into_iter().collect();
        let mut own: Vec<char> = BYTE_OF_CHARACTER.keys().copied().collect();
        library.sort_unstable();
        own.sort_unstable();
        assert_eq!(own, library);
        // As every vocabulary of GPT-2's kind writes them.
        assert_eq!(['Ġ', 'Ċ', 'A', 'Ã'].map(|letter| BYTE_OF_CHARACTER[&letter]), [b' ', b'\n', b'A', 0xC3]);
    }

    #[test]
    fn bytes_are_found_by_token_and_a_stranger_has_none() {
        let bytes: TokenBytes = ["ab", "", "c"].iter().collect();
        assert_eq!([0, 1, 2, 3, u32::MAX].map(|token| bytes.of(token)), [&b"ab"[..], b"", b"c", b"", b""]);
        assert_eq!(bytes.longest(), 2);
        assert_eq!(TokenBytes::default().of(0), b"");
    }

    /// As llama 2 and its kin are written: a space is `▁`, and bytes without a token are spelt out.
    fn sentencepiece() -> tokenizers::Tokenizer {
        let tokens = ["<unk>", "<0x0A>", "<0xE2>", "<0x82>", "<0xAC>", "▁he", "llo", "▁", "€"];
        let vocabulary: serde_json::Map<_, _> = (0..).zip(tokens).map(|(id, token): (u32, _)| (token.to_owned(), id.into())).collect();
        let rules = serde_json::json!({
            "version": "1.0",
            "added_tokens": [
                { "id": 9, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true }
            ],
            "model": { "type": "BPE", "byte_fallback": true, "unk_token": "<unk>", "vocab": vocabulary, "merges": [] },
            "decoder": { "type": "Sequence", "decoders": [
                { "type": "Replace", "pattern": { "String": "▁" }, "content": " " },
                { "type": "ByteFallback" },
                { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 },
            ] },
        });
        rules.to_string().parse().unwrap()
    }

    #[test]
    fn a_sentencepiece_vocabulary_keeps_its_spaces_and_bytes() {
        let bytes = read(&sentencepiece()).unwrap();
        let of = |token| bytes.of(token);
        assert_eq!([of(1), of(2), of(5), of(6), of(7), of(9)], [&b"\n"[..], b"\xE2", b" he", b"llo", b" ", b"</s>"]);
        assert_eq!([2, 3, 4].map(of).concat(), "€".as_bytes());
        assert_eq!(of(8), "€".as_bytes());
    }
}
