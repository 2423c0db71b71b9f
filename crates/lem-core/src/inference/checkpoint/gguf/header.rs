//! Walks the structure of a GGUF header without keeping any of it.
//!
//! Layout: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Version 1 had 32-bit lengths; it was never
//! widely used and is refused.

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

const MAGIC: [u8; 4] = *b"GGUF";
/// Elements of all lists together. Gemma's vocabulary of 262,144 has about a million entries with types and scores.
const MAX_ELEMENTS: u64 = 1 << 24;
/// Longest name of a key or tensor: 65,535 bytes by the specification.
const MAX_NAME: u64 = u16::MAX as u64;
/// The specification allows four; ggml has no more.
const MAX_DIMENSIONS: u32 = 4;
/// Lists of lists are allowed and nobody writes them.
const MAX_NESTING: u32 = 4;

/// Codes of value types.
mod value_type {
    pub(super) const STRING: u32 = 8;
    pub(super) const ARRAY: u32 = 9;
    pub(super) const UINT32: u32 = 4;

    /// Bytes of a value with a fixed size; `None` for another type.
    pub(super) fn size(code: u32) -> Option<u64> {
        match code {
            0 | 1 | 7 => Some(1),
            2 | 3 => Some(2),
            4..=6 => Some(4),
            10..=12 => Some(8),
            _ => None,
        }
    }
}

/// Checks the header of a file of `length` bytes. The message says what is wrong and at which byte.
pub(super) fn check(reader: impl Read + Seek, length: u64) -> Result<(), Problem> {
    let mut walk = Walk { reader, length, position: 0, elements: 0, unsupported: None };
    walk.header().map_err(|problem| Problem::Damage(format!("{problem} (byte {} of {length})", walk.position)))?;
    walk.unsupported.map_or(Ok(()), |code| Err(Problem::Type(tensor_type::name(code))))
}

/// What is wrong with a header.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is damaged: what, and at which byte.
    Damage(String),
    /// A tensor is of a type that is not read: its name.
    Type(String),
}

/// Codes of tensor types: `ggml_type` of ggml.
mod tensor_type {
    /// Those that are not read, by name where they have one.
    const UNREAD: &[(u32, &str)] = &[
        (9, "Q8_1"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (20, "IQ4_NL"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (23, "IQ4_XS"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
    ];

    pub(super) fn is_read(code: u32) -> bool {
        matches!(code, 0..=3 | 6..=8 | 10..=14 | 30)
    }

    pub(super) fn name(code: u32) -> String {
        UNREAD.iter().find(|(known, _)| *known == code).map_or_else(|| format!("type {code}"), |(_, name)| (*name).to_owned())
    }
}

struct Walk<R> {
    reader: R,
    length: u64,
    position: u64,
    /// List elements seen so far.
    elements: u64,
    /// Type of the first tensor that is of one that is not read.
    unsupported: Option<u32>,
}

impl<R: Read + Seek> Walk<R> {
    fn header(&mut self) -> Result<(), String> {
        if self.bytes::<4>()? != MAGIC {
            return Err("it does not start with `GGUF`".to_owned());
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!("version {version} is neither 2 nor 3"));
        }
        let (tensors, entries) = (self.u64()?, self.u64()?);
        let mut seen = HashSet::new();
        for _ in 0..entries {
            self.entry(&mut seen)?;
        }
        seen.clear();
        for _ in 0..tensors {
            self.tensor(&mut seen)?;
        }
        Ok(())
    }

    fn entry(&mut self, seen: &mut HashSet<Vec<u8>>) -> Result<(), String> {
        let key = self.name()?;
        let is_alignment = key == b"general.alignment";
        if !seen.insert(key) {
            return Err("a metadata key comes twice".to_owned());
        }
        let code = self.u32()?;
        if !is_alignment {
            return self.value(code, 0);
        }
        // Any other type would be ignored or, as 0, divide by zero.
        if code != value_type::UINT32 || !self.u32()?.is_power_of_two() {
            return Err("`general.alignment` is no power of two".to_owned());
        }
        Ok(())
    }

    fn value(&mut self, code: u32, nesting: u32) -> Result<(), String> {
        match code {
            value_type::STRING => {
                let length = self.u64()?;
                self.skip(length)
            }
            value_type::ARRAY => self.list(nesting),
            _ => self.skip(value_type::size(code).ok_or_else(|| format!("value type {code} is not known"))?),
        }
    }

    fn list(&mut self, nesting: u32) -> Result<(), String> {
        if nesting == MAX_NESTING {
            return Err("lists are nested too deeply".to_owned());
        }
        let (code, length) = (self.u32()?, self.u64()?);
        self.elements = self.elements.saturating_add(length);
        if self.elements > MAX_ELEMENTS {
            return Err(format!("lists of the metadata have more than {MAX_ELEMENTS} elements"));
        }
        if let Some(size) = value_type::size(code) {
            return self.skip(size * length);
        }
        for _ in 0..length {
            self.value(code, nesting + 1)?;
        }
        Ok(())
    }

    fn tensor(&mut self, seen: &mut HashSet<Vec<u8>>) -> Result<(), String> {
        let name = self.name()?;
        if !seen.insert(name) {
            return Err("a tensor comes twice".to_owned());
        }
        let dimensions = self.u32()?;
        if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(format!("a tensor has {dimensions} dimensions"));
        }
        let mut elements = 1u64;
        for _ in 0..dimensions {
            // The largest type has 4 bytes an element: what passes here cannot overflow there.
            let product = elements.checked_mul(self.u64()?).filter(|&product| product > 0 && product <= u64::MAX / 8);
            elements = product.ok_or("a tensor has no elements, or more than any file can hold")?;
        }
        let code = self.u32()?;
        if !tensor_type::is_read(code) {
            self.unsupported.get_or_insert(code);
        }
        const OFFSET: u64 = 8;
        self.skip(OFFSET)
    }

    fn name(&mut self) -> Result<Vec<u8>, String> {
        let length = self.u64()?;
        if length > MAX_NAME {
            return Err(format!("a name is {length} bytes long"));
        }
        let mut name = vec![0; usize::try_from(length).expect("at most 65,535")];
        self.fill(&mut name)?;
        Ok(name)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.reader.read_exact(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "the file ends inside its header".to_owned(),
            _ => error.to_string(),
        })?;
        self.position += u64::try_from(bytes.len()).expect("a buffer's length fits 64 bits");
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        if count > self.length.saturating_sub(self.position) {
            return Err(format!("{count} bytes are announced where the file ends"));
        }
        let distance = i64::try_from(count).expect("no longer than a file");
        // Relative seeks stay inside the buffer; absolute ones would throw it away.
        self.reader.seek(SeekFrom::Current(distance)).map_err(|error| error.to_string())?;
        self.position += count;
        Ok(())
    }
}
