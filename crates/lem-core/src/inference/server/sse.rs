//! Server-sent events: lines of an answer to events.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>, without what only browsers
//! need: identifiers and times to try again.

use std::borrow::Cow;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// Its data, several lines joined by line ends.
    pub(super) data: Cow<'a, [u8]>,
    /// Bytes of the answer up to its end.
    pub(super) end: usize,
}

/// The events of an answer, in order. One that the answer breaks off in has its data up to the last whole line; only a line
/// without an end is left out.
pub(super) struct Events<'a> {
    raw: &'a [u8],
    position: usize,
}

impl<'a> Events<'a> {
    pub(super) fn of(raw: &'a [u8]) -> Self {
        let position = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { raw, position }
    }

    /// The next line without its end: a line feed, a carriage return, or both.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.raw[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r')?;
        let both = rest[length..].starts_with(b"\r\n");
        self.position += length + if both { 2 } else { 1 };
        Some(&rest[..length])
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let mut data: Option<Cow<'a, [u8]>> = None;
        loop {
            let line = self.line();
            match (line, &mut data) {
                (Some([]), None) => {}
                (Some([]) | None, Some(_)) => return data.map(|data| Event { data, end: self.position }),
                (None, None) => return None,
                (Some(line), _) => {
                    let Some(value) = field(line, b"data") else { continue };
                    match &mut data {
                        None => data = Some(Cow::Borrowed(value)),
                        Some(lines) => {
                            lines.to_mut().push(b'\n');
                            lines.to_mut().extend_from_slice(value);
                        }
                    }
                }
            }
        }
    }
}

/// The value of a line, when it is of this field.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = match line.strip_prefix(name)? {
        [] => [].as_slice(),
        [b':', value @ ..] => value,
        _ => return None,
    };
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(raw: &str, expected: &[(&str, usize)]) {
        let events: Vec<_> =
            Events::of(raw.as_bytes()).map(|event| (String::from_utf8_lossy(&event.data).into_owned(), event.end)).collect();
        let expected: Vec<_> = expected.iter().map(|(data, end)| ((*data).to_owned(), *end)).collect();
        assert_eq!(events, expected, "{raw:?}");
    }

    #[test]
    fn lines_become_events() {
        check("data: a\n\ndata: b\n\n", &[("a", 9), ("b", 18)]);
        check("data:a\r\n\r\ndata: b\r\r", &[("a", 10), ("b", 19)]);
        check(": comment\n\nevent: x\nid: 1\ndata: a\ndata: b\n\n", &[("a\nb", 43)]);
        check("\u{feff}data: a\n\n", &[("a", 12)]);
        check("data\n\n", &[("", 6)]);
        check("data: é\n\n", &[("é", 10)]);
        check("database: a\n\n", &[]);
        check("", &[]);
    }

    #[test]
    fn an_answer_that_breaks_off_gives_its_whole_lines() {
        check("data: a\n", &[("a", 8)]);
        check("data: a\n\ndata: b", &[("a", 9)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(raw in prop::collection::vec(prop::sample::select(b"data: x\r\n\n:".to_vec()), 0..60)) {
            let ends: Vec<_> = Events::of(&raw).map(|event| event.end).collect();
            prop_assert!(ends.is_sorted() && ends.iter().all(|&end| end <= raw.len()));
        }
    }
}
