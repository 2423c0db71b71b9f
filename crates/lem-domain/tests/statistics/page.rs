//! The tables of docs/statistics.md, and that they are those that come out.

use crate::{comparisons, intervals, stopping};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/statistics.md");

fn tables() -> [(&'static str, String); 3] {
    [("intervals", intervals::table()), ("verdicts", comparisons::table()), ("stopping", stopping::table())]
}

fn marks(name: &str) -> [String; 2] {
    [format!("<!-- {name}: generated -->\n"), "<!-- end -->".to_owned()]
}

fn written(page: &str, name: &str, table: &str) -> String {
    let [start, end] = marks(name);
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no place for {name}"));
    let (_, after) = rest.split_once(&end).expect("a table ends");
    format!("{before}{start}\n{table}\n{end}{after}")
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn the_tables_on_the_page_are_those_that_come_out() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    for (name, table) in tables() {
        assert!(written(&page, name, &table) == page, "`{name}` on the page is not what comes out:\n{table}");
    }
}

#[test]
#[ignore = "writes docs/statistics.md"]
fn write_the_tables() {
    let mut page = std::fs::read_to_string(PAGE).expect("the page is there");
    for (name, table) in tables() {
        page = written(&page, name, &table);
    }
    std::fs::write(PAGE, page).expect("the page can be written");
}
