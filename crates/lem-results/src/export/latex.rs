//! A `tabular` with the rules of booktabs, to be put into a `table` of one's own.

use super::paper::{Entry, Heading, Paper};

pub(super) fn write(paper: &Paper) -> String {
    let columns: String = paper.header.iter().map(|heading| if heading.numeric { 'r' } else { 'l' }).collect();
    let header: Vec<String> = paper.header.iter().map(head).collect();
    let mut text =
        format!("% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{} \\\\\n\\midrule\n", header.join(" & "));
    for row in &paper.rows {
        let cells: Vec<String> = row.iter().map(entry).collect();
        text += &format!("{} \\\\\n", cells.join(" & "));
    }
    text += "\\bottomrule\n\\end{tabular}\n\n";
    text += "% Values with expanded uncertainty ($k = 2$); $\\sim$ marks an estimate.\n";
    for (place, note) in paper.notes.iter().enumerate() {
        text += &format!("% {}: not available: {}\n", place + 1, note.replace(['\n', '\r'], " "));
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
            let expanded = expanded.as_ref().map_or_else(String::new, |expanded| format!(" \\pm {expanded}"));
            format!("${}{value}{expanded}$", if *estimated { "\\sim " } else { "" })
        }
        Entry::Missing(note) => format!("--\\textsuperscript{{{note}}}"),
    }
}

/// Text that no character of is a command.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', character]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
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
    fn no_name_is_a_command() {
        assert_eq!(escaped("50%_\\input{x} & $y$"), "50\\%\\_\\textbackslash{}input\\{x\\} \\& \\$y\\$");
    }
}
