//! Lines on a terminal that are drawn anew in their place.

use console::{Term, measure_text_width, truncate_str};
use std::io::{self, ErrorKind, Write};

/// Up by so many lines, to the first column, and everything below cleared: ECMA-48 CUU, CR, ED.
fn back_over(lines: usize) -> String {
    let up = if lines == 0 { String::new() } else { format!("\x1b[{lines}A") };
    format!("{up}\r\x1b[J")
}

/// A terminal, and what was drawn on it.
pub(crate) struct Screen {
    term: Term,
    /// Width of each line that stands there.
    drawn: Vec<usize>,
}

impl Screen {
    /// Stdout, when it is a terminal that can be drawn on.
    pub(crate) fn of_stdout() -> Option<Self> {
        let term = Term::stdout();
        let can_draw = std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb");
        (term.is_term() && can_draw).then_some(Self { term, drawn: Vec::new() })
    }

    /// Draws lines in the place of those before, cut to what the terminal is now; whether it is still there.
    pub(crate) fn draw(&mut self, lines: &[String]) -> io::Result<bool> {
        let (height, width) = self.size();
        let lines = fitted(lines, height, width);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let written = self.write(&format!("{}{text}", back_over(rows(&self.drawn, width))))?;
        self.drawn = lines.iter().map(|line| measure_text_width(line)).collect();
        Ok(written)
    }

    /// How many columns it has now.
    pub(crate) fn width(&self) -> usize {
        self.size().1
    }

    fn size(&self) -> (usize, usize) {
        self.term.size_checked().map_or((24, 80), |(rows, columns)| (usize::from(rows), usize::from(columns)))
    }

    /// Takes away what was drawn.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.draw(&[]).map(drop)
    }

    fn write(&mut self, text: &str) -> io::Result<bool> {
        match self.term.write_all(text.as_bytes()).and_then(|()| self.term.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// How many rows lines take up: one that was drawn on a wider terminal has been wrapped since.
fn rows(drawn: &[usize], width: usize) -> usize {
    drawn.iter().map(|line| line.div_ceil(width.max(1)).max(1)).sum()
}

/// Lines cut to a terminal; the last row is the cursor's.
fn fitted(lines: &[String], height: usize, width: usize) -> Vec<String> {
    let most = height.saturating_sub(1).max(1);
    let cut = |line: &String| truncate_str(line, width, "…").into_owned();
    if lines.len() <= most {
        return lines.iter().map(cut).collect();
    }
    let shown = most - 1;
    let more = format!("… {} more lines", lines.len() - shown);
    lines[..shown].iter().chain(std::iter::once(&more)).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn lines_are_cut_to_the_terminal() {
        assert_eq!(fitted(&lines(&["12345", "123456"]), 24, 5), ["12345", "1234…"]);
        assert_eq!(fitted(&lines(&["a", "b", "c", "d"]), 4, 80), ["a", "b", "… 2 more lines"]);
        assert_eq!(fitted(&lines(&["a", "b"]), 3, 80), ["a", "b"]);
        assert_eq!(fitted(&lines(&["a", "b"]), 0, 0).len(), 1);
    }

    #[test]
    fn what_was_wrapped_by_a_narrower_terminal_is_taken_back_whole() {
        assert_eq!(rows(&[80, 0, 41], 40), 5);
        assert_eq!((rows(&[], 40), rows(&[7], 0)), (0, 7));
        assert_eq!((back_over(3), back_over(0)), ("\x1b[3A\r\x1b[J".to_owned(), "\r\x1b[J".to_owned()));
    }
}
