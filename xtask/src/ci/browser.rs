//! The pages in a real browser.

use anyhow::Result;

use crate::process;

/// Debian's packages of the browser and of what drives it.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Runs the tests that need a browser; where there is none and none can be installed, says that they were left out.
pub(super) fn run() -> Result<String> {
    if !is_there() {
        install();
    }
    if !is_there() {
        return Ok("skipped: no chromedriver; on Debian the package is chromium-driver".to_owned());
    }
    super::nextest(&["--run-ignored", "only", "-E", "package(lem-cli) and binary(browser)"])
}

fn is_there() -> bool {
    process::succeeds(process::command("chromedriver").arg("--version"))
}

/// Tries to; whether it worked is seen by what is there afterwards.
fn install() {
    if rustix::process::geteuid().is_root() && process::succeeds(process::command("apt-get").arg("--version")) {
        let quiet = |arguments: &[&str]| process::run(process::command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
        if let Err(error) =
            quiet(&["update", "-qq"]).and_then(|()| quiet(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &PACKAGES].concat()))
        {
            eprintln!("{}", process::render(&error));
        }
    }
}
