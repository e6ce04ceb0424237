//! The console in a browser: `make console-test`.

#![cfg(test)]
#![cfg(unix)]

mod chromium;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chromium::Browser;
use qingstor_emulator::Emulator;
use serde_json::json;
use tokio::runtime::Runtime;

const HOSTILE_KEY: &str = "<img src=x onerror=alert(1)>";

/// A browser on the page of an emulator.
struct Setup {
    runtime: Runtime,
    emulator: Emulator,
    browser: Browser,
    folder: tempfile::TempDir,
}

impl Setup {
    /// Returns `None`, with a message, if there is no browser.
    fn new() -> Option<Self> {
        let Some(program) = chromium::find() else {
            let message = format!(
                "no browser found: install Chromium or Chrome, or set {} to its path",
                chromium::VARIABLE
            );
            assert_ne!(
                std::env::var(chromium::REQUIRED).as_deref(),
                Ok("1"),
                "{message}"
            );
            eprintln!("SKIPPED: {message}");
            return None;
        };
        let runtime = Runtime::new().unwrap();
        let builder = Emulator::builder().in_memory().console(true);
        let emulator = runtime.block_on(builder.start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut browser = Browser::start(&program, folder.path());
        browser.resize(1280, 800);
        browser.open(&format!("{}/_console/", emulator.endpoint()));
        browser.see("Buckets");
        Some(Self {
            runtime,
            emulator,
            browser,
            folder,
        })
    }

    fn bucket(&mut self, name: &str) {
        self.browser.eval("location.hash = '#/buckets'");
        self.browser.click("Create bucket");
        self.browser.set("dialog input:not([type=checkbox])", name);
        self.browser.click("Create");
        self.browser.wait_for(&format!("!document.querySelector('dialog') && [...document.querySelectorAll('td.name a')].some((link) => link.innerText === {})", json!(name)));
    }

    /// Puts an object with the functions of the page.
    fn put(&mut self, bucket: &str, key: &str, kind: &str, body: &str) {
        let request = json!({"method": "PUT", "bucket": bucket, "key": key, "headers": {"content-type": kind}});
        self.browser.eval(&format!(
            "import('/_console/api.js').then(async ({{ sign }}) => {{ const signed = await sign({request}); \
             const response = await fetch(signed.url, {{ method: 'PUT', headers: signed.headers, body: {} }}); if (!response.ok) throw new Error(await response.text()); }})",
            json!(body)
        ));
    }

    fn go(&mut self, hash: &str) {
        self.browser
            .eval(&format!("location.hash = {}", json!(hash)));
    }

    /// Checks that no script ran that should not have, and stops.
    fn finish(mut self) {
        self.browser.eval("1");
        assert!(self.browser.alerts.is_empty(), "{:?}", self.browser.alerts);
        assert!(self.browser.errors.is_empty(), "{:?}", self.browser.errors);
        drop(self.browser);
        self.runtime.block_on(self.emulator.shutdown());
    }
}

/// Sends a request like a program, and returns the status.
fn send(address: SocketAddr, method: &str, target: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response[9..12].parse().unwrap()
}

#[test]
#[ignore = "needs a browser: make console-test"]
fn buckets_and_objects() {
    let Some(mut setup) = Setup::new() else {
        return;
    };
    setup.browser.see("No buckets yet");
    setup.bucket("photos");
    setup.go("#/b/photos/");
    setup.browser.see("No objects here");
    // Upload by drag and drop, to another origin: the bucket has a CORS rule.
    let file = setup.folder.path().join("notes.txt");
    std::fs::write(&file, "hello from a file").unwrap();
    setup.browser.drop_file(".drop", &file);
    setup.browser.see("Uploaded notes.txt");
    setup.browser.click("notes.txt");
    setup.browser.see("hello from a file");
    setup.browser.see("text/plain");
    // A signed link, which other programs can use.
    setup.browser.click("Signed link");
    let link = setup
        .browser
        .wait_for("document.querySelector('dialog textarea').value");
    let link = link.as_str().unwrap();
    assert!(
        link.starts_with("http://localhost:") && link.contains("signature="),
        "{link}"
    );
    setup.browser.click("Close");
    setup.browser.click("Download");
    let downloaded = setup.folder.path().join("downloads/notes.txt");
    let start = Instant::now();
    while !downloaded.exists() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        std::fs::read_to_string(downloaded).unwrap(),
        "hello from a file"
    );
    setup.browser.click("Delete");
    setup.browser.see("This cannot be undone.");
    setup.browser.click("Delete");
    setup.browser.see("No objects here");
    // Folders.
    setup.browser.click("New folder");
    setup.browser.set("dialog input", "2026");
    setup.browser.click("Create");
    setup.browser.click("2026/");
    setup.browser.see("No objects here");
    setup.put("photos", "2026/a.txt", "text/plain", "a");
    setup.go("#/b/photos/");
    setup
        .browser
        .wait_for("(document.querySelector('tbody input[type=checkbox]').click(), true)");
    setup.browser.click("Delete");
    setup.browser.see("All objects in the selected folders");
    setup.browser.click("Delete");
    setup.browser.see("No objects here");
    // Settings as JSON.
    setup.go("#/s/photos");
    setup.browser.see("allowed_origin");
    setup
        .browser
        .eval("document.querySelector('#setting-versioning button').click()");
    setup
        .browser
        .set("dialog textarea", "{\"status\": \"ENABLED\"");
    setup.browser.click("Save");
    setup.browser.see("This is not JSON");
    setup
        .browser
        .set("dialog textarea", "{\"status\": \"ENABLED\"}");
    setup.browser.click("Save");
    setup.browser.wait_for("document.querySelector('#setting-versioning pre').innerText.includes('ENABLED') && !document.querySelector('dialog')");
    for text in ["one", "two"] {
        setup.put("photos", "versioned", "text/plain", text);
    }
    setup.go("#/o/photos/versioned/");
    setup.browser.see("two");
    setup
        .browser
        .wait_for("document.querySelectorAll('main table tbody tr').length === 2");
    setup.browser.see("latest");
    setup
        .browser
        .eval("document.querySelectorAll('main table tbody a')[1].click()");
    setup.browser.see("one");
    // A bucket that is not empty stays.
    setup.go("#/buckets");
    setup.browser.click("Delete");
    setup.browser.see("The bucket must be empty.");
    setup.browser.click("Delete");
    setup.browser.see("bucket_not_empty");
    // A bucket in another zone than the first one.
    setup.browser.click("Create bucket");
    setup
        .browser
        .set("dialog input:not([type=checkbox])", "holidays");
    setup.browser.set("dialog select", "sh1a");
    setup.browser.click("Create");
    setup.browser.wait_for("[...document.querySelectorAll('main tbody tr')].some((row) => /holidays[^]*sh1a/.test(row.innerText))");
    setup.finish();
}

#[test]
#[ignore = "needs a browser: make console-test"]
fn hostile_names_and_contents_are_text() {
    let Some(mut setup) = Setup::new() else {
        return;
    };
    setup.bucket("photos");
    let script = "<!doctype html><script>alert(2); fetch('/_console/api/info', {headers: {'x-console': '1'}}).then(() => alert(3))</script><p>page</p>";
    setup.put("photos", HOSTILE_KEY, "text/html", script);
    setup.put("photos", "a\u{202e}gpj.exe", "text/plain", "x");
    setup.put("photos", "x.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(4)' width='9' height='9'><script>alert(5)</script></svg>");
    setup.put("photos", "</script><script>alert(6)</script>", "x<b>y", "x");
    setup.go("#/b/photos/");
    setup.browser.see(HOSTILE_KEY);
    setup.browser.see("aU+202Egpj.exe");
    assert_eq!(
        setup
            .browser
            .eval("document.querySelectorAll('main img').length"),
        0
    );
    setup.browser.click(HOSTILE_KEY);
    setup.browser.see("fetch('/_console/api/info'");
    assert_eq!(
        setup
            .browser
            .eval("document.querySelectorAll('main script').length"),
        0
    );
    setup.go("#/o/photos/x.svg/");
    setup
        .browser
        .wait_for("document.querySelector('.preview img').complete");
    setup.go("#/requests");
    setup.browser.see("No requests yet");
    setup
        .browser
        .eval("[...document.querySelectorAll('label.check input')].at(-1).click()");
    setup.browser.see("PutObject");
    // The object itself, in the origin of the page: its script does not run.
    let url = setup.browser.eval(&format!(
        "import('/_console/api.js').then(({{ sign }}) => sign({})).then(({{ url }}) => url)",
        json!({"bucket": "photos", "key": HOSTILE_KEY})
    ));
    let url = format!("{}{}", setup.emulator.endpoint(), url.as_str().unwrap());
    setup.browser.errors.clear();
    setup.browser.open(&url);
    setup.browser.see("page");
    assert_eq!(
        setup
            .browser
            .eval("location.pathname.startsWith('/photos/') && self.origin"),
        "null"
    );
    // The browser reports the blocked script.
    setup.browser.eval("1");
    setup.browser.errors.clear();
    setup.finish();
}

#[test]
#[ignore = "needs a browser: make console-test"]
fn lists_of_many_objects_are_sorted_and_paged() {
    let Some(mut setup) = Setup::new() else {
        return;
    };
    setup.bucket("many-keys");
    setup.browser.eval(
        "import('/_console/api.js').then(async ({ sign }) => { for (let start = 0; start < 5000; start += 50) { \
         await Promise.all(Array.from({ length: 50 }, async (_, offset) => { const number = start + offset; \
         const signed = await sign({ method: 'PUT', bucket: 'many-keys', key: `key-${String(number).padStart(5, '0')}`, headers: { 'content-type': 'text/plain' } }); \
         const response = await fetch(signed.url, { method: 'PUT', headers: signed.headers, body: 'x'.repeat(number % 1000) }); if (!response.ok) throw new Error(response.status); })); } })",
    );
    setup.go("#/b/many-keys/");
    setup.browser.see("Items: 5,000");
    setup.browser.see("Page 1 of 25");
    setup.browser.click("Size");
    setup.browser.click("Size ↑");
    setup
        .browser
        .wait_for("document.querySelector('tbody tr').innerText.includes('999 B')");
    setup.browser.set("input[type=search]", "key-04999");
    setup.browser.see("Items: 1");
    setup.browser.set("input[type=search]", "");
    setup.browser.click("Next");
    setup.browser.see("Page 2 of 25");
    setup
        .browser
        .eval("document.querySelector('thead input').click()");
    setup.browser.see("5,000 selected");
    setup.browser.click("Delete");
    setup.browser.click("Delete");
    setup.browser.see("No objects here");
    setup.finish();
}

#[test]
#[ignore = "needs a browser: make console-test"]
fn requests_faults_and_figures() {
    let Some(mut setup) = Setup::new() else {
        return;
    };
    setup.bucket("photos");
    setup.put("photos", "cat.txt", "text/plain", "meow");
    setup.go("#/requests");
    setup.browser.see("No requests yet");
    // A program whose HTTP library adds a Content-Type to a signed URL.
    let target = setup.browser.eval(
        "import('/_console/api.js').then(({ sign }) => sign({ method: 'PUT', bucket: 'photos', key: 'new' })).then(({ url }) => url)",
    );
    let address = setup.emulator.addr();
    let status = send(
        address,
        "PUT",
        target.as_str().unwrap(),
        "Content-Type: text/plain\r\n",
    );
    assert_eq!(status, 401);
    setup.browser.see("signature_not_matched");
    setup.browser.click("PutObject");
    setup
        .browser
        .see("it matches if `Content-Type` is left out of the string to sign");
    setup.browser.see("String to sign");
    setup.browser.screenshot("request-en");
    setup.browser.click("Close");
    setup.browser.set("input[type=search]", "nothing like this");
    setup.browser.see("Nothing matches the filter");
    setup.go("#/faults");
    setup.browser.see("No fault rules");
    setup.browser.click("Add rule");
    setup
        .browser
        .set("dialog input.mono", "operation=Nonsense,status=503");
    setup.browser.click("Add rule");
    setup.browser.see("Nonsense");
    setup
        .browser
        .set("dialog input.mono", "operation=HeadObject,status=503");
    setup.browser.click("Add rule");
    setup.browser.wait_for("!document.querySelector('dialog') && document.querySelector('tbody code').innerText.includes('HeadObject')");
    assert_eq!(setup.emulator.faults().len(), 1);
    setup.go("#/o/photos/cat.txt/");
    setup.browser.see("503");
    setup.go("#/faults");
    setup
        .browser
        .wait_for("document.querySelector('tbody td:nth-child(3)').innerText === '1'");
    setup.browser.click("Delete");
    setup.browser.see("No fault rules");
    assert!(setup.emulator.faults().is_empty());
    setup.go("#/figures");
    setup.browser.see("Latency");
    setup
        .browser
        .wait_for("document.querySelector('svg.chart rect')");
    setup.browser.see("PutObject");
    setup.finish();
}

#[test]
#[ignore = "needs a browser: make console-test"]
fn languages_themes_keyboard_and_narrow_windows() {
    let Some(mut setup) = Setup::new() else {
        return;
    };
    for name in ["backups", "records", "photos"] {
        setup.bucket(name);
    }
    for (key, kind, body) in [
        ("2026/11/cat.txt", "text/plain", "meow"),
        (
            "config.json",
            "application/json",
            "{\n  \"color\": \"green\",\n  \"size\": 3\n}\n",
        ),
        ("index.html", "text/html", "<h1>hello</h1>"),
        ("notes.md", "text/markdown", "# Notes\n\nEverything else."),
        (&"a-very-long-name-".repeat(20), "text/plain", "x"),
    ] {
        setup.put("photos", key, kind, body);
    }
    for path in [
        "/photos",
        "/photos/cat.jpg",
        "/",
        "/records?acl",
        "/photos/notes.md",
    ] {
        for method in ["GET", "PUT"] {
            send(setup.emulator.addr(), method, path, "");
        }
    }
    let views = [
        ("buckets", "#/buckets"),
        ("objects", "#/b/photos/"),
        ("object", "#/o/photos/config.json/"),
        ("requests", "#/requests"),
        ("faults", "#/faults"),
        ("figures", "#/figures"),
        ("settings", "#/s/photos"),
    ];
    for (language, heading, theme) in [("en", "Buckets", "light"), ("zh", "存储空间", "dark")] {
        for (name, hash) in views {
            setup.browser.eval(&format!("localStorage.setItem('language', '{language}'); localStorage.setItem('theme', '{theme}'); location.hash = '{hash}'"));
            setup.browser.send("Page.reload", json!({}));
            setup.browser.see(heading);
            setup.browser.wait_for("document.querySelector('main').innerText.length > 5 && !/(Loading|加载中)…/.test(document.body.innerText)");
            assert_eq!(
                setup.browser.eval("document.documentElement.dataset.theme"),
                theme
            );
            for (width, suffix) in [(1280, ""), (360, "-narrow")] {
                setup.browser.resize(width, 800);
                let excess = setup
                    .browser
                    .eval("document.documentElement.scrollWidth - innerWidth");
                assert!(
                    excess.as_i64().unwrap() <= 0,
                    "{name} has a horizontal scroll bar at {width}: {excess}"
                );
                setup
                    .browser
                    .screenshot(&format!("{name}-{language}{suffix}"));
            }
            setup.browser.resize(1280, 800);
        }
    }
    setup
        .browser
        .eval("localStorage.setItem('language', 'en'); location.hash = '#/buckets'");
    setup.browser.send("Page.reload", json!({}));
    setup.browser.see("Create bucket");
    // The keyboard reaches a bucket and opens it.
    for _ in 0..40 {
        setup.browser.press("Tab", 9);
        if setup.browser.eval("document.activeElement.innerText") == "photos" {
            break;
        }
    }
    let outline = setup
        .browser
        .eval("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid");
    setup.browser.press("Enter", 13);
    setup.browser.see("notes.md");
    setup.finish();
}
