//! A real browser without a window: what a page says in its console, what it becomes when it is used, how it looks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::toolchain;

/// A page after everything on it has run.
pub struct Visit {
    /// Its document as text.
    pub document: String,
    /// What is in its console, a line each.
    pub console: Vec<String>,
}

/// Opens a page: a file, with `?query` or `#fragment` where the address has one.
pub fn visit(file: &Path, rest: &str) -> Visit {
    visit_in(file, rest, 1200)
}

fn visit_in(file: &Path, rest: &str, width: u32) -> Visit {
    let window = format!("--window-size={width},900");
    let output = run(&["--dump-dom", "--virtual-time-budget=2000", &window], file, rest);
    // Of what the browser says about itself, and there is a lot, the console is one part.
    let console = output.1.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Visit { document: output.0, console }
}

/// The values that a script returns which runs in a copy of the page: `script` is the body of a function that returns
/// a list of strings.
pub fn ask(file: &Path, rest: &str, script: &str) -> Vec<String> {
    ask_in(file, rest, 1200, script)
}

/// The same in a window of so many pixels' width.
pub fn ask_in(file: &Path, rest: &str, width: u32, script: &str) -> Vec<String> {
    let page = std::fs::read_to_string(file).expect("a page");
    let asking = format!(
        "<pre id=\"-answers\"></pre><script>document.getElementById('-answers').textContent = JSON.stringify((() => {{ {script} }})());</script></body>"
    );
    let copy: PathBuf = file.with_file_name("asked.html");
    std::fs::write(&copy, page.replace("</body>", &asking)).expect("a copy of the page");
    let visit = visit_in(&copy, rest, width);
    std::fs::remove_file(&copy).expect("the copy can be removed");
    assert!(visit.console.is_empty(), "{:?}", visit.console);
    let (_, answers) = visit.document.split_once("<pre id=\"-answers\">").expect("answers");
    let (answers, _) = answers.split_once("</pre>").expect("answers");
    let answers = answers.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&answers).unwrap_or_else(|error| panic!("{error}: {answers}"))
}

/// A picture of a page: PNG.
pub fn screenshot(file: &Path, dark: bool) -> Vec<u8> {
    let picture = file.with_extension("png");
    let option = format!("--screenshot={}", picture.display());
    let theme =
        if dark { "--blink-settings=preferredColorScheme=0" } else { "--blink-settings=preferredColorScheme=1" };
    run(&[&option, theme, "--hide-scrollbars", "--window-size=1200,900"], file, "");
    let bytes = std::fs::read(&picture).expect("a picture");
    std::fs::remove_file(&picture).expect("the picture can be removed");
    bytes
}

fn run(options: &[&str], file: &Path, rest: &str) -> (String, String) {
    let profile = tempfile::tempdir().expect("a temporary folder");
    let mut browser = Command::new("chromium");
    // Tests may run as root, and without a display, a message bus or much shared memory.
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]);
    browser.arg(format!("--user-data-dir={}", profile.path().display())).args(options);
    browser.arg(format!("file://{}{rest}", file.display())).env("HOME", profile.path()).stdin(Stdio::null());
    let output = toolchain::run(browser);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), stderr)
}
