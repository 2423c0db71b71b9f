//! An answer as it came: bytes, and when.

use super::event::Reading;
use super::transport::Broken;
use lem_domain::Timestamp;

/// Everything that happened to one request, as far as it is known while others run.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The instant at which it was meant to start.
    pub(super) arrived: Option<Timestamp>,
    /// The instant at which it did.
    pub(super) scheduled: Option<Timestamp>,
    /// The instant at which it ended.
    pub(super) ended: Option<Timestamp>,
    pub(super) status: Option<u16>,
    /// Why the answer is none, or not whole.
    pub(super) broken: Option<Broken>,
    pub(super) retries: u32,
    /// The body so far.
    pub(super) raw: Vec<u8>,
    /// When bytes came, and how many there were then.
    pub(super) marks: Vec<(Timestamp, usize)>,
    /// What it says, where it was read already.
    pub(super) reading: Option<Reading>,
}

impl Answer {
    /// Room for what `pieces` pieces of output usually take, within a budget of bytes.
    pub(super) fn with_room(pieces: usize, budget: usize) -> Self {
        /// Bytes of an event with one token; those of llama.cpp and vLLM have 150 to 350.
        const PIECE: usize = 320;
        let bytes = pieces.saturating_mul(PIECE).saturating_add(1024).min(budget);
        Self { raw: Vec::with_capacity(bytes), marks: Vec::with_capacity(pieces.saturating_add(4).min(budget / 16)), ..Self::default() }
    }

    /// Forgets an attempt that gave no output, to make another one.
    pub(super) fn start_again(&mut self) {
        self.raw.clear();
        self.marks.clear();
        (self.status, self.broken, self.ended) = (None, None, None);
        self.retries += 1;
    }

    /// Bytes came.
    pub(super) fn take(&mut self, bytes: &[u8], at: Timestamp) {
        self.raw.extend_from_slice(bytes);
        self.marks.push((at, self.raw.len()));
    }

    /// When the byte before a position was there.
    pub(super) fn came_by(marks: &[(Timestamp, usize)], position: usize) -> Timestamp {
        let mark = marks.partition_point(|&(_, bytes)| bytes < position);
        marks.get(mark).or(marks.last()).map(|&(at, _)| at).unwrap_or_default()
    }

    /// What the answer says; the bytes are given back.
    pub(super) fn read(&mut self) -> Reading {
        self.reading.take().unwrap_or_else(|| {
            let (raw, marks) = (std::mem::take(&mut self.raw), std::mem::take(&mut self.marks));
            Reading::of(&raw, |position| Self::came_by(&marks, position))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_came_with_the_read_that_brought_it() {
        let at = Timestamp::from_nanos;
        let mut answer = Answer::with_room(2, 1 << 20);
        answer.take(b"abc", at(10));
        answer.take(b"de", at(20));
        let came = [1, 3, 4, 5, 9].map(|position| Answer::came_by(&answer.marks, position));
        assert_eq!(came, [at(10), at(10), at(20), at(20), at(20)]);
        assert_eq!(Answer::came_by(&[], 1), at(0));
    }
}
