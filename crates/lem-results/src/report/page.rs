//! One file of HTML: markup, style, script, charting library and data.
//!
//! The data is JSON that a browser does not run, and the script puts every text of it into the page as text. Beside that, a
//! policy in the page lets a browser run these very scripts and nothing else, and load nothing from anywhere.

use crate::digest::sha256_base64;
use serde::Serialize;

/// A page of lem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// A report on some experiments.
    Report,
    /// The list of a results folder, which asks the server that it came from for its data.
    Explorer,
}

const D3: &str = include_str!("page/vendor/d3.min.js");
const PLOT: &str = include_str!("page/vendor/plot.umd.min.js");
const STYLE: &str = include_str!("page/style.css");
const REPORT: &str = include_str!("page/report.js");
const REPORT_BODY: &str = include_str!("page/report.html");
const EXPLORER: &str = include_str!("page/explorer.js");
const EXPLORER_BODY: &str = include_str!("page/explorer.html");

/// The page with its data.
pub(super) fn page(page: Page, data: &impl Serialize) -> String {
    let (title, body, scripts): (&str, &str, &[&str]) = match page {
        Page::Report => ("Energy report · lem", REPORT_BODY, &[D3, PLOT, REPORT]),
        Page::Explorer => ("Results · lem", EXPLORER_BODY, &[EXPLORER]),
    };
    let hashes: Vec<String> = scripts.iter().map(|script| format!("'sha256-{}'", sha256_base64(script.as_bytes()))).collect();
    let connect = if page == Page::Explorer { "; connect-src 'self'" } else { "" };
    let policy = format!("default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:{connect}", hashes.join(" "));
    let scripts: String = scripts.iter().map(|script| format!("<script>{script}</script>\n")).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\
         <script type=\"application/json\" id=\"data\">{}</script>\n{scripts}</body>\n</html>\n",
        embedded(data)
    )
}

/// The page that asks for its data.
#[must_use]
pub fn explorer() -> String {
    page(Page::Explorer, &())
}

/// JSON inside a script element: no character of it can end the element or open a comment in it.
fn embedded(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("views have text as keys and finite numbers");
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_the_data_can_leave_its_element() {
        let hostile = ["</script><script>alert(1)</script>", "<!--<script>", "&lt;", "]]>"];
        let text = embedded(&hostile);
        assert!(!text.contains(['<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), hostile);
    }

    #[test]
    fn a_page_names_no_other_place_and_its_scripts_cannot_end_early() {
        for script in [D3, PLOT, REPORT, EXPLORER] {
            assert!(!script.to_ascii_lowercase().contains("</script"));
        }
        for text in [STYLE, REPORT, REPORT_BODY, EXPLORER, EXPLORER_BODY] {
            let addresses = text.matches("://").count() - text.matches("http://www.w3.org/2000/svg").count();
            assert_eq!(addresses, 0, "nothing is loaded from anywhere");
        }
    }
}
