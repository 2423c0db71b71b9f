//! As much of WebDriver as the tests need (W3C WebDriver, with the addresses that chromedriver adds for logs and emulation).

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A browser without a screen.
pub(crate) struct Browser {
    driver: Child,
    session: String,
}

/// How the page is looked at.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) scheme: &'static str,
}

/// A phone and a desk, by day and by night.
pub(crate) const VIEWS: [View; 4] = [
    View { name: "desktop-light", width: 1280, scheme: "light" },
    View { name: "desktop-dark", width: 1280, scheme: "dark" },
    View { name: "phone-light", width: 390, scheme: "light" },
    View { name: "phone-dark", width: 390, scheme: "dark" },
];

impl Browser {
    /// Starts the driver and a browser whose profile lies in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is on the PATH: the Debian package is chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = format!("http://127.0.0.1:{}/session", port.expect("chromedriver says its port"));
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = post(&address, &wanted);
        let id = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        Self { driver, session: format!("{address}/{id}") }
    }

    /// Goes to a page and waits until it says that it is ready.
    pub(crate) fn open(&self, address: &str) {
        self.post("url", &json!({ "url": address }));
        self.wait("return document.documentElement.dataset.ready === 'true'");
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script returns true; the page must get there within half a minute.
    pub(crate) fn wait(&self, script: &str) {
        for _ in 0..300 {
            if self.run(script) == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("never true: {script}\n{:?}", self.complaints());
    }

    /// Looks at the page in one way.
    pub(crate) fn look(&self, view: View) {
        let mobile = view.width < 640;
        let metrics = json!({ "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": view.scheme }] }));
        // Charts are drawn anew a moment after the width has changed.
        std::thread::sleep(Duration::from_millis(400));
    }

    /// The whole page as PNG, in Base64.
    pub(crate) fn picture(&self) -> String {
        let asked = json!({ "captureBeyondViewport": true, "format": "png", "clip": self.run(
            "return { x: 0, y: 0, width: innerWidth, height: Math.min(document.documentElement.scrollHeight, 12000), scale: 1 }") });
        self.devtools("Page.captureScreenshot", asked)["data"].as_str().expect("a picture").to_owned()
    }

    /// Errors and warnings of the console since they were last asked for.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().expect("a log").iter();
        entries.filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG").map(|entry| entry["message"].to_string()).collect()
    }

    fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        post(&format!("{}/{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn post(address: &str, body: &Value) -> Value {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent.post(address).header("content-type", "application/json").send(body.to_string()).expect("the driver answers");
    let text = response.body_mut().with_config().limit(200 << 20).read_to_string().expect("the whole answer");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert!(response.status().is_success(), "{address}: {answer}");
    answer["value"].clone()
}
