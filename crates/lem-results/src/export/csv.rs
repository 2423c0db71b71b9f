//! Comma-separated values, RFC 4180.

use super::table::{Cell, Table};
use crate::figure::Number;

pub(super) fn write(table: &Table) -> String {
    let header = table.columns.iter().map(|column| field(&column.name));
    let rows = (0..table.rows).map(|row| line(table.row(row).map(|(_, cell)| shown(cell))));
    std::iter::once(line(header)).chain(rows).collect()
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(Number::Count(count)) => count.to_string(),
        Cell::Number(Number::Real(value)) => value.to_string(),
        Cell::Text(text) => field(text),
    }
}

/// Quoted where a comma, a quote or the end of a line would break it, and where an empty text would read as missing.
fn field(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_breaks_lines_is_quoted_and_nothing_is_empty() {
        let mut table = Table::default();
        let name = |text: &str| text.to_owned();
        table.push([(name("a,b"), Cell::text("x")), (name("n"), Cell::Number(Number::Real(0.1)))]);
        table.push([(name("a,b"), Cell::text("say \"hi\",\nyou")), (name("n"), Cell::Missing), (name("late"), Cell::count(u64::MAX))]);
        table.push([(name("a,b"), Cell::text(""))]);
        assert_eq!(write(&table), "\"a,b\",n,late\nx,0.1,\n\"say \"\"hi\"\",\nyou\",,18446744073709551615\n\"\",,\n");
    }
}
