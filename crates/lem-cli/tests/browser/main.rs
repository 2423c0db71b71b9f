//! The report and the explorer in a real browser: no complaint in its console, charts drawn, filters and sorting at work, and
//! nothing wider than the screen. Pictures are left below the build folder.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod driver;

use driver::{Browser, VIEWS};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CONFIG: &str = "\
model_name: virtual-1b
backend: virtual
prompts: { sample_size: 24 }
energy: { interval: 20ms }
virtual: { ttft: 60ms, itl: 10ms }
";

/// What a hostile name would run.
const HOSTILE: &str = "</script><img src=x onerror=\"document.title='owned'\">";

fn lem(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lem"));
    command.args(arguments).current_dir(folder).env_remove("LEM_RESULTS_DIR").env_remove("LEM_CONFIG");
    command.env("XDG_CONFIG_HOME", folder.join("config")).env("LEM_DATA_DIR", folder.join("data")).stdin(Stdio::null());
    command
}

fn succeed(folder: &Path, arguments: &[&str]) {
    let output = lem(folder, arguments).output().unwrap();
    assert!(output.status.success(), "lem {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A sweep of batches and lengths, and one of a hostile name.
fn sweep(folder: &Path) {
    std::fs::write(folder.join("virtual.yaml"), CONFIG).unwrap();
    for batch in ["1", "2", "8"] {
        for length in ["16", "64"] {
            let batch = format!("batching.batch_size={batch}");
            succeed(folder, &["experiment", "virtual.yaml", "-y", "-q", "--set", &batch, "--max-tokens", length]);
        }
    }
    succeed(folder, &["experiment", "virtual.yaml", "-y", "-q", "--max-tokens", "16", "--model", HOSTILE]);
}

/// Looks at the page in every way, keeps a picture of each, and finds nothing wider than the screen.
fn pictures(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    for view in VIEWS {
        browser.look(view);
        assert_eq!(browser.run("return document.documentElement.scrollWidth <= innerWidth"), true, "{name} at {}", view.name);
        let encoded = folder.join(format!("{name}-{}.png.base64", view.name));
        std::fs::write(&encoded, browser.picture()).unwrap();
        let decoded = Command::new("base64").arg("-d").arg(&encoded).output().unwrap();
        std::fs::write(encoded.with_extension(""), decoded.stdout).unwrap();
        std::fs::remove_file(encoded).unwrap();
    }
    browser.look(VIEWS[0]);
}

/// Charts that have no mark with an extent.
const EMPTY_CHARTS: &str = "return [...document.querySelectorAll('.chart')].filter((chart) => ![...chart.querySelectorAll('svg path, svg rect, svg circle, svg line')]
    .some((mark) => mark.getBoundingClientRect().height > 0)).length";

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn the_report_draws_sorts_filters_and_runs_nothing_foreign() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    sweep(folder);
    succeed(folder, &["results", "report", "--all", "-o", "report.html"]);
    let browser = Browser::start(folder);
    browser.open(&format!("file://{}", folder.join("report.html").display()));

    assert_eq!(
        browser.run("return document.querySelectorAll('.chart svg').length >= 9"),
        true,
        "overview, sweep, power, tokens, latencies"
    );
    assert_eq!(browser.run(EMPTY_CHARTS), 0);
    assert_eq!(browser.run("return document.querySelectorAll('.cards .card').length"), 6);
    assert_ne!(browser.run("return document.title"), "owned");
    assert_eq!(browser.run("return document.querySelectorAll('img').length"), 0);

    let rates =
        "return [...document.querySelectorAll('#experiments tbody tr td:nth-child(2)')].map((cell) => parseFloat(cell.textContent))";
    let sort = "document.querySelector('[data-column=output_tok_per_s] button').click();";
    let sorted = |values: &[f64]| values.is_sorted();
    let values = |script: &str| serde_json::from_value::<Vec<f64>>(browser.run(script)).unwrap();
    let rising = values(&format!("{sort}{rates}"));
    assert!(rising.len() == 7 && sorted(&rising), "{rising:?}");
    let falling = values(&format!("{sort}{rates}"));
    assert_eq!(falling, rising.iter().rev().copied().collect::<Vec<_>>());

    let filter =
        "const box = document.querySelector('input[type=search]'); box.value = 'virtual-1b'; box.dispatchEvent(new Event('input'));";
    assert_eq!(values(&format!("{filter}{rates}")).len(), 6);
    let chosen = "document.querySelectorAll('#experiments tbody tr')[1].click(); return document.querySelector('[aria-selected=true]').dataset.place";
    let place_of_row = browser.run(chosen);
    assert_eq!(browser.run("return document.querySelector('#detail select').value"), place_of_row);
    assert_eq!(browser.run(EMPTY_CHARTS), 0, "also of the one that was chosen");

    pictures(&browser, "report");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn a_report_on_one_experiment_needs_no_overview() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    std::fs::write(folder.join("virtual.yaml"), CONFIG).unwrap();
    succeed(folder, &["experiment", "virtual.yaml", "-y", "-q", "--max-tokens", "16"]);
    succeed(folder, &["results", "report", "2", "-o", "report.html"]);
    let browser = Browser::start(folder);
    browser.open(&format!("file://{}", folder.join("report.html").display()));
    assert_eq!(browser.run("return document.querySelector('#overview').hidden"), true);
    assert_eq!(browser.run(EMPTY_CHARTS), 0);
    pictures(&browser, "report-of-one");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// `lem results serve`, ended with the test.
struct Server(Child);

impl Server {
    fn start(folder: &Path) -> (Self, String) {
        let mut child = lem(folder, &["-q", "results", "serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        (Self(child), address.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs Chromium and chromedriver"]
fn the_explorer_lists_sorts_filters_and_opens_reports() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    sweep(folder);
    let (_server, address) = Server::start(folder);
    let browser = Browser::start(folder);
    browser.open(&address);

    let count = "return document.querySelector('#count').textContent";
    assert_eq!(browser.run(count), "7 experiments");
    let filter = |text: &str| {
        browser.run(&format!(
            "const box = document.querySelector('#filter'); box.value = '{text}'; box.dispatchEvent(new Event('input')); {count}"
        ))
    };
    assert_eq!(filter("virtual-1b"), "6 of 7");
    assert_eq!(filter("tok/s>100000"), "0 of 7");
    assert_eq!(filter(""), "7 experiments");
    let ids = "return [...document.querySelectorAll('#rows .row')].map((row) => row.children[1].textContent)";
    let before: Vec<String> = serde_json::from_value(browser.run(ids)).unwrap();
    let after: Vec<String> =
        serde_json::from_value(browser.run(&format!("document.querySelector('[data-column=id] button').click(); {ids}"))).unwrap();
    assert_eq!(after, before.iter().rev().cloned().collect::<Vec<_>>(), "from the newest first to the oldest first");
    assert_eq!(browser.run("return location.hash"), "#sort=id", "the view is in the address");
    pictures(&browser, "explorer");
    assert_eq!(browser.run("return document.title"), "Results · lem");
    assert_eq!(browser.complaints(), [""; 0]);

    // Rows are drawn anew after each choice.
    for row in 1..=2 {
        browser.run(&format!("document.querySelector('#rows .row:nth-child({row}) input').click()"));
    }
    assert_eq!(browser.run("return document.querySelector('#open').textContent"), "Compare 2");
    browser.run("document.querySelector('#open').click()");
    browser.wait("return location.pathname === '/report' && document.documentElement.dataset.ready === 'true'");
    assert_eq!(browser.run("return document.querySelectorAll('#experiments tbody tr').length"), 2);
    assert_eq!(browser.complaints(), [""; 0]);
}
