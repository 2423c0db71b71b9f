//! A table of GitHub-flavoured Markdown, with its notes below.

use super::paper::{Entry, Heading, Paper};

pub(super) fn write(paper: &Paper) -> String {
    let header: Vec<String> = paper.header.iter().map(head).collect();
    let rule: Vec<&str> = paper.header.iter().map(|heading| if heading.numeric { "---:" } else { "---" }).collect();
    let mut text = format!("| {} |\n| {} |\n", header.join(" | "), rule.join(" | "));
    for row in &paper.rows {
        let cells: Vec<String> = row.iter().map(entry).collect();
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text += "\nValues ± expanded uncertainty (k = 2); ~ marks an estimate.\n";
    for (place, note) in paper.notes.iter().enumerate() {
        text += &format!("\n<sup>{}</sup> not available: {}\n", place + 1, escaped(note));
    }
    text
}

fn head(heading: &Heading) -> String {
    let unit = heading.unit.map_or_else(String::new, |unit| format!(" ({unit})"));
    escaped(&heading.text) + &unit
}

fn entry(entry: &Entry) -> String {
    match entry {
        Entry::Text(text) => escaped(text),
        Entry::Value { value, expanded, estimated } => {
            let expanded = expanded.as_ref().map_or_else(String::new, |expanded| format!(" ± {expanded}"));
            format!("{}{value}{expanded}", if *estimated { "~" } else { "" })
        }
        Entry::Missing(note) => format!("–<sup>{note}</sup>"),
    }
}

/// Text that stays text: no cell ends early, and no name becomes markup or HTML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' => safe.extend(['\\', character]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\n' | '\r' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_cell_and_is_no_markup() {
        assert_eq!(escaped("a|b_<script>\n*x*"), "a\\|b\\_&lt;script&gt; \\*x\\*");
    }
}
