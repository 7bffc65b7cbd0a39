//! `lsp MYC_SCHEMA FOLDER [--quick] [--strict]`: an editor's conversation with `myc-schema lsp` about a contract of
//! 10,000 messages of eight fields. Prints how long the answers take, while the server has nothing else to do and while
//! it looks at an edit, its memory, and the goals, as Markdown.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};

const MESSAGES: usize = 10_000;
const URI: &str = "file:///project/contracts.yaml";

/// Between the questions of somebody who asks without a pause.
const PACE: Duration = Duration::from_millis(5);

/// Longer than anything takes.
const LIMIT: Duration = Duration::from_secs(60);

const TYPES: [&str; 8] = ["u64", "i64", "u32", "String<32>", "u16", "bool", "f64", "Price"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [compiler, folder, options @ ..] = &arguments[..] else {
        eprintln!("usage: lsp MYC_SCHEMA FOLDER [--quick] [--strict]");
        return ExitCode::from(2);
    };
    let has = |wanted: &str| options.iter().any(|option| option == wanted);
    match measure(compiler, Path::new(folder), if has("--quick") { 3 } else { 15 }) {
        Ok(unmet) if unmet > 0 && has("--strict") => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lsp benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn contract() -> String {
    let mut text = String::from("schema: { id: 1, version: 1 }\nmessages:\n");
    for message in 0..MESSAGES {
        let id = 1000 + message;
        let _ = write!(
            text,
            "  Message{message}:\n    tlv_type: {id}\n    domain: Load\n    description: \"Message {message}\"\n    fields:\n"
        );
        for (field, ty) in TYPES.iter().enumerate() {
            let _ = writeln!(text, "      field_{field}: {{ type: {ty}, description: \"Field {field}\" }}");
        }
    }
    text.push_str("structs:\n  Price: { fields: { mantissa: i64, exponent: i8 } }\n");
    text
}

/// How long each of several answers took, in order of length.
struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    fn worst(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

struct Editor {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Incoming>,
    next: i64,
    version: i64,
    /// The newest version that findings came for, how many they were, and when.
    known: (i64, usize, Instant),
}

/// What the server said, and when all of it was there.
struct Incoming {
    value: Value,
    bytes: usize,
    at: Instant,
}

impl Editor {
    fn start(compiler: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(compiler);
        let mut child = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("no stdin")?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let (sender, messages) = channel();
        thread::spawn(move || {
            while let Some(body) = read(&mut stdout) {
                let at = Instant::now();
                let Ok(value) = serde_json::from_slice(&body) else { return };
                if sender.send(Incoming { value, bytes: body.len(), at }).is_err() {
                    return;
                }
            }
        });
        let mut editor = Self { child, stdin, messages, next: 0, version: 0, known: (0, 0, Instant::now()) };
        editor.request("initialize", json!({ "capabilities": {} }))?;
        editor.notify("initialized", json!({}))?;
        Ok(editor)
    }

    fn send(&mut self, message: &Value) -> Result<(), Box<dyn Error>> {
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.stdin.flush()?)
    }

    fn notify(&mut self, method: &str, params: Value) -> Result<(), Box<dyn Error>> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn receive(&mut self) -> Result<Incoming, Box<dyn Error>> {
        let message = self.messages.recv_timeout(LIMIT)?;
        self.note(&message);
        Ok(message)
    }

    /// Asks nothing for a while, or until there is something new.
    fn rest(&mut self) {
        if let Ok(message) = self.messages.recv_timeout(PACE) {
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Incoming) {
        let params = &message.value["params"];
        if let (Some(version), Some(found)) = (params["version"].as_i64(), params["diagnostics"].as_array()) {
            self.known = (version, found.len(), message.at);
        }
    }

    /// The answer to a request, and how long it took.
    fn request(&mut self, method: &str, mut params: Value) -> Result<(Incoming, Duration), Box<dyn Error>> {
        self.next += 1;
        let id = self.next;
        if method.starts_with("textDocument/") {
            params["textDocument"] = json!({ "uri": URI });
        }
        let begun = Instant::now();
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.receive()?;
            if message.value["id"] == id {
                if message.value["result"].is_null() && method != "shutdown" {
                    return Err(format!("{method} {params}: {}", message.value).into());
                }
                let took = message.at - begun;
                return Ok((message, took));
            }
        }
    }

    fn open(&mut self, text: &str) -> Result<Duration, Box<dyn Error>> {
        self.version += 1;
        let document = json!({ "uri": URI, "languageId": "yaml", "version": self.version, "text": text });
        let begun = Instant::now();
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))?;
        self.settle(begun, 0)
    }

    /// Replaces characters of a line.
    fn edit(&mut self, line: usize, from: usize, to: usize, new: &str) -> Result<(), Box<dyn Error>> {
        self.version += 1;
        let range = json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
        let change = json!([{ "range": range, "text": new }]);
        let document = json!({ "uri": URI, "version": self.version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": change }))
    }

    /// Waits for the findings about the newest text, of which there are as many as said.
    fn settle(&mut self, begun: Instant, findings: usize) -> Result<Duration, Box<dyn Error>> {
        while self.known.0 != self.version {
            self.receive()?;
        }
        let (_, found, at) = self.known;
        if found != findings {
            return Err(format!("{found} findings where {findings} are").into());
        }
        Ok(at - begun)
    }

    /// Resident memory in MiB: the most there was, and now.
    fn memory(&self) -> Result<(f64, f64), Box<dyn Error>> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = |name: &str| -> Option<f64> {
            let line = status.lines().find(|line| line.starts_with(name))?;
            Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
        };
        Ok((value("VmHWM:").ok_or("no VmHWM")?, value("VmRSS:").ok_or("no VmRSS")?))
    }

    fn end(mut self) -> Result<(), Box<dyn Error>> {
        self.request("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        drop(self.stdin);
        self.child.wait()?;
        Ok(())
    }
}

fn read(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            header => length = header.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok()),
        }
    }
    let mut body = vec![0; length?];
    from.read_exact(&mut body).ok()?;
    Some(body)
}

/// What is printed of one kind of answer, with the goal for the slowest.
struct Row {
    what: &'static str,
    times: Times,
    goal: Duration,
}

const INTERACTIVE: Duration = Duration::from_secs(2);
const AT_ONCE: Duration = Duration::from_millis(50);

/// In MiB.
const MEMORY: f64 = 400.0;

fn measure(compiler: &str, folder: &Path, rounds: usize) -> Result<usize, Box<dyn Error>> {
    let text = contract();
    fs::create_dir_all(folder)?;
    fs::write(folder.join("contracts.yaml"), &text)?;
    let mut rows = Vec::new();
    let mut row = |what, times, goal| rows.push(Row { what, times: Times::of(times), goal });

    let mut checks = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        let status = Command::new(compiler).arg("check").current_dir(folder).stdout(Stdio::null()).status()?;
        checks.push(begun.elapsed());
        if !status.success() {
            return Err("the contract is wrong".into());
        }
    }
    row("`myc-schema check`, for comparison", checks, INTERACTIVE);

    let mut editor = Editor::start(compiler)?;
    let opened = editor.open(&text)?;
    let (after_opening, _) = editor.memory()?;
    row("findings after opening", vec![opened], INTERACTIVE);

    // The line of the first field of a message in the middle, and where its type begins.
    let lines: Vec<&str> = text.lines().collect();
    let line = lines.iter().position(|line| line.contains("Message5000:")).ok_or("no such message")? + 5;
    let at = lines[line].find("u64").ok_or("no such field")?;
    let place = json!({ "position": { "line": line, "character": 8 } });
    let offset = |answer: &Incoming| answer.value["result"]["contents"]["value"].to_string().contains("offset 0");

    let mut hovers = Vec::new();
    for _ in 0..rounds * 20 {
        let (answer, took) = editor.request("textDocument/hover", place.clone())?;
        if !offset(&answer) {
            return Err(format!("a hover says {}", answer.value).into());
        }
        hovers.push(took);
    }
    row("hover", hovers, AT_ONCE);

    let (mut during, mut at_once) = (Vec::new(), Vec::new());
    for round in 0..rounds * 2 {
        let (old, new) = if round % 2 == 0 { ("u64", "i64") } else { ("i64", "u64") };
        editor.edit(line, at, at + old.len(), new)?;
        at_once.push(editor.request("textDocument/hover", place.clone())?.1);
        while editor.known.0 != editor.version {
            editor.rest();
            during.push(editor.request("textDocument/hover", place.clone())?.1);
        }
    }
    row("hover right after an edit", at_once, AT_ONCE);
    row("hover while the edit is looked at", during, AT_ONCE);

    let mut after = Vec::new();
    let mut broken = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        editor.edit(line, at, at + 3, "u65")?;
        after.push(editor.settle(begun, 1)?);
        let begun = Instant::now();
        editor.edit(line, at, at + 3, "u64")?;
        after.push(editor.settle(begun, 0)?);
        let begun = Instant::now();
        editor.edit(line, at, at, "\"")?;
        broken.push(editor.settle(begun, 1)?);
        let begun = Instant::now();
        editor.edit(line, at, at + 1, "")?;
        after.push(editor.settle(begun, 0)?);
        // A mapping that is not closed, up to the end of its line.
        let begun = Instant::now();
        let rest = &lines[line][at..];
        editor.edit(line, at, lines[line].len(), "")?;
        broken.push(editor.settle(begun, 1)?);
        let begun = Instant::now();
        editor.edit(line, at, at, rest)?;
        after.push(editor.settle(begun, 0)?);
    }
    row("findings after an edit", after, INTERACTIVE);
    row("findings after an edit that breaks the YAML", broken, INTERACTIVE);

    // Ten edits at once, as of somebody who types fast: the findings about the last one.
    let mut typed = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..5 {
            editor.edit(line, at, at + 3, "u65")?;
            editor.edit(line, at, at + 3, "u64")?;
        }
        typed.push(editor.settle(begun, 0)?);
    }
    row("findings after ten edits at once", typed, INTERACTIVE);

    let mut others = |what, method: &str, params: Value, goal| -> Result<usize, Box<dyn Error>> {
        let mut bytes = 0;
        let mut times = Vec::new();
        for _ in 0..rounds {
            let (answer, took) = editor.request(method, params.clone())?;
            bytes = answer.bytes;
            times.push(took);
        }
        row(what, times, goal);
        Ok(bytes)
    };
    let ty = json!({ "position": { "line": line, "character": at + 1 } });
    others("completion of a type", "textDocument/completion", ty.clone(), AT_ONCE)?;
    let range = json!({ "start": place["position"], "end": place["position"] });
    let actions = json!({ "range": range, "context": { "diagnostics": [] } });
    others("quick fixes", "textDocument/codeAction", actions, AT_ONCE)?;
    let price = json!({ "position": { "line": line + 7, "character": at + 1 } });
    others("definition of a type", "textDocument/definition", price, AT_ONCE)?;
    let symbols = others("symbols of the document", "textDocument/documentSymbol", json!({}), INTERACTIVE)?;
    let options = json!({ "options": { "tabSize": 2, "insertSpaces": true } });
    others("formatting", "textDocument/formatting", options, INTERACTIVE)?;
    let (peak, now) = editor.memory()?;
    editor.end()?;
    println!("Text {:.1} MB, symbols {:.1} MB.\n", text.len() as f64 / 1e6, symbols as f64 / 1e6);
    let unmet = report(&rows) + usize::from(peak > MEMORY);
    println!(
        "\nMemory: {after_opening:.0} MiB at most after opening, {peak:.0} MiB at most (goal {MEMORY:.0}), {now:.0} MiB at the end.\n"
    );
    println!("Language server: {unmet} goals not met.");
    Ok(unmet)
}

/// Prints the table; says how many goals are not met.
fn report(rows: &[Row]) -> usize {
    println!("| milliseconds | times | median | worst | goal | |");
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let mut unmet = 0;
    for Row { what, times, goal } in rows {
        let met = times.worst() < *goal;
        unmet += usize::from(!met);
        let verdict = if met { "met" } else { "**not met**" };
        let (count, median, worst) = (times.0.len(), ms(times.median()), ms(times.worst()));
        println!("| {what} | {count} | {median:.2} | {worst:.2} | {:.0} | {verdict} |", ms(*goal));
    }
    unmet
}
