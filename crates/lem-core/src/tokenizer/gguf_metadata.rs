//! Reads the metadata of a GGUF file and stops before its tensors.
//!
//! candle's reader takes the whole header: it also builds the table of tensors, and it divides by an alignment that a
//! damaged file can set to zero. Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use candle_core::quantized::gguf_file::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};

const MAGIC: [u8; 4] = *b"GGUF";

/// Version 1 counted with 32 bits and was replaced within weeks.
const VERSIONS: [u32; 2] = [2, 3];

/// No writer nests arrays at all; the limit keeps a damaged file from exhausting the stack.
const MAX_DEPTH: u32 = 4;

/// All entries of a file's metadata, or an error of kind [`ErrorKind::InvalidData`] or [`ErrorKind::UnexpectedEof`] when
/// it is damaged.
pub(super) fn read(file: File) -> io::Result<HashMap<String, Value>> {
    let length = file.metadata()?.len();
    let mut header = Header { bytes: BufReader::new(file).take(length) };
    if header.array()? != MAGIC {
        return Err(damaged("it does not begin with `GGUF`"));
    }
    if !VERSIONS.contains(&header.u32()?) {
        return Err(damaged("its version is not 2 or 3"));
    }
    let _tensors = header.u64()?;
    let entries = header.u64()?;
    (0..entries).map(|_| header.entry()).collect()
}

/// What is left of the file: no length in it is believed beyond that.
struct Header<R> {
    bytes: io::Take<R>,
}

impl<R: Read> Header<R> {
    fn entry(&mut self) -> io::Result<(String, Value)> {
        let key = self.text()?;
        let kind = self.u32()?;
        Ok((key, self.value(kind, 0)?))
    }

    fn value(&mut self, kind: u32, depth: u32) -> io::Result<Value> {
        Ok(match kind {
            0 => Value::U8(u8::from_le_bytes(self.array()?)),
            1 => Value::I8(i8::from_le_bytes(self.array()?)),
            2 => Value::U16(u16::from_le_bytes(self.array()?)),
            3 => Value::I16(i16::from_le_bytes(self.array()?)),
            4 => Value::U32(self.u32()?),
            5 => Value::I32(i32::from_le_bytes(self.array()?)),
            6 => Value::F32(f32::from_le_bytes(self.array()?)),
            7 => Value::Bool(self.array()? != [0]),
            8 => Value::String(self.text()?),
            9 if depth < MAX_DEPTH => {
                let kind = self.u32()?;
                let length = self.u64()?;
                // Not reserved ahead: the file ends before a wrong length does harm.
                Value::Array((0..length).map(|_| self.value(kind, depth + 1)).collect::<io::Result<_>>()?)
            }
            10 => Value::U64(self.u64()?),
            11 => Value::I64(i64::from_le_bytes(self.array()?)),
            12 => Value::F64(f64::from_le_bytes(self.array()?)),
            _ => return Err(damaged("a value is of no known type")),
        })
    }

    fn text(&mut self) -> io::Result<String> {
        let length = self.u64()?;
        let mut bytes = Vec::new();
        if length > self.bytes.limit() || self.bytes.by_ref().take(length).read_to_end(&mut bytes)? as u64 != length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        String::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))
    }

    fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.bytes.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
