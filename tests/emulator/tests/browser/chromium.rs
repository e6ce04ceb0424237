//! A Chromium process without a window, driven by its debugging protocol over pipes. This needs
//! neither a driver program nor a WebSocket library.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Timeout after which a step counts as failed. A loaded machine needs long to start a browser.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Environment variable with the path of the browser.
pub(crate) const VARIABLE: &str = "CONSOLE_BROWSER";
/// If this environment variable is `1`, the tests fail instead of being skipped without a browser.
pub(crate) const REQUIRED: &str = "CONSOLE_BROWSER_REQUIRED";
const NAMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Finds a browser in the environment variable or the search path.
pub(crate) fn find() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Some(path.into());
    }
    let folders = std::env::var_os("PATH")?;
    let candidates =
        std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    candidates.into_iter().find(|path| path.is_file())
}

/// A browser with one page.
pub(crate) struct Browser {
    process: Child,
    commands: File,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    /// Messages of dialogs that scripts have opened.
    pub(crate) alerts: Vec<String>,
    /// Errors of scripts, and violations of the policy of the page.
    pub(crate) errors: Vec<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Starts a browser, which keeps its files in `folder`.
    pub(crate) fn start(program: &Path, folder: &Path) -> Self {
        let (input, output) = (folder.join("in"), folder.join("out"));
        let made = Command::new("mkfifo").args([&input, &output]).status();
        assert!(made.unwrap().success(), "mkfifo");
        let process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$IN\" 4>\"$OUT\"", "sh"])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-pipe",
                "--lang=en",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.join("profile").display()
            ))
            .arg("about:blank")
            .env("IN", &input)
            .env("OUT", &output)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = OpenOptions::new().write(true).open(&input).unwrap();
        let responses = File::open(&output).unwrap();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut responses = BufReader::new(responses);
            let mut bytes = Vec::new();
            while responses
                .read_until(0, &mut bytes)
                .is_ok_and(|count| count > 0)
            {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).unwrap();
                if sender.send(message).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages,
            session: String::new(),
            last: 0,
            alerts: Vec::new(),
            errors: Vec::new(),
        };
        let target = browser.send("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.send("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "DOM"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        let downloads = json!({"behavior": "allow", "downloadPath": folder.join("downloads")});
        browser.send("Browser.setDownloadBehavior", downloads);
        browser
    }

    /// Sends a command, and returns its result.
    pub(crate) fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": parameters});
        if !self.session.is_empty() && !method.starts_with("Browser.") {
            command["sessionId"] = json!(self.session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message = message.unwrap_or_else(|_| panic!("no response to {method}"));
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.notice(&message);
        }
    }

    fn notice(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Page.javascriptDialogOpening" => self.alerts.push(parameters["message"].to_string()),
            "Runtime.exceptionThrown" => {
                self.errors.push(parameters["exceptionDetails"].to_string())
            }
            // Failed requests are part of some tests.
            "Log.entryAdded" if parameters["entry"]["source"] == "security" => {
                self.errors.push(parameters["entry"]["text"].to_string());
            }
            _ => {}
        }
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.send("Page.navigate", json!({"url": url}));
    }

    /// Evaluates a script, and waits for its promise.
    pub(crate) fn eval(&mut self, script: &str) -> Value {
        let parameters = json!({"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let result = self.send("Runtime.evaluate", parameters);
        let details = &result["exceptionDetails"];
        assert!(details.is_null(), "{script}: {details}");
        result["result"]["value"].clone()
    }

    /// Waits until a script returns a true value, which may need a navigation to finish.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, script: &str) -> Value {
        let start = Instant::now();
        loop {
            let parameters = json!({"expression": format!("(() => {{ try {{ return {script} }} catch {{ return null }} }})()"), "returnByValue": true});
            let value = self.send("Runtime.evaluate", parameters)["result"]["value"].clone();
            if !matches!(value, Value::Null | Value::Bool(false))
                && value != json!("")
                && value != json!(0)
            {
                return value;
            }
            let text = if start.elapsed() > PATIENCE {
                self.eval("document.body.innerText")
            } else {
                Value::Null
            };
            assert!(text.is_null(), "{script} is never true on the page: {text}");
            std::thread::sleep(POLL);
        }
    }

    /// Clicks the button or link with this text, in the open dialog if there is one.
    #[track_caller]
    pub(crate) fn click(&mut self, text: &str) {
        let text = json!(text);
        self.wait_for(&format!(
            "(() => {{ const scope = document.querySelector('dialog[open]') ?? document; \
             const found = [...scope.querySelectorAll('button, a')].find((element) => element.innerText.trim() === {text} && !element.disabled); \
             found?.click(); return Boolean(found); }})()"
        ));
    }

    /// Sets the value of the input that a selector matches.
    #[track_caller]
    pub(crate) fn set(&mut self, selector: &str, value: &str) {
        let (selector, value) = (json!(selector), json!(value));
        self.wait_for(&format!(
            "(() => {{ const input = document.querySelector({selector}); input.value = {value}; \
             for (const name of ['input', 'change']) input.dispatchEvent(new Event(name, {{ bubbles: true }})); return true; }})()"
        ));
    }

    /// Waits until the page contains a text.
    #[track_caller]
    pub(crate) fn see(&mut self, text: &str) {
        self.wait_for(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ));
    }

    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.send("Emulation.setDeviceMetricsOverride", size);
    }

    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.send("Input.dispatchKeyEvent", event);
        }
    }

    /// Drops a file on the element that a selector matches.
    pub(crate) fn drop_file(&mut self, selector: &str, file: &Path) {
        let place = self.eval(&format!(
            "(() => {{ const box = document.querySelector({}).getBoundingClientRect(); return [box.x + box.width / 2, box.y + 20]; }})()",
            json!(selector)
        ));
        let data = json!({"items": [], "files": [file], "dragOperationsMask": 1});
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "data": data});
            self.send("Input.dispatchDragEvent", event);
        }
    }

    /// Writes a picture of the page, if a folder for pictures is set.
    pub(crate) fn screenshot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("CONSOLE_SCREENSHOTS") else {
            return;
        };
        // Let transitions finish.
        std::thread::sleep(Duration::from_millis(400));
        let picture = self.send(
            "Page.captureScreenshot",
            json!({"format": "webp", "quality": 80}),
        );
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.webp")), bytes).unwrap();
    }
}
