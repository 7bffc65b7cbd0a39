//! A client of `myc-schema lsp`: what an editor does, in a script.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Run, command};

/// Longer than anything takes, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The one document that clients open.
pub const URI: &str = "file:///project/contracts.yaml";

/// A running server and the editor's side of the conversation.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: i64,
    version: i64,
    /// The editor's text.
    pub text: String,
    /// The last diagnostics, and the version of the text they are about.
    pub diagnostics: (Value, i64),
    /// How often there were diagnostics.
    pub published: usize,
    /// Answers that nobody has asked for yet, in the order in which they came.
    answers: Vec<Value>,
}

/// The bytes of one message.
pub fn framed(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn read_message(from: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            header => length = header.strip_prefix("Content-Length: ").map_or(length, |length| length.parse().ok()),
        }
    }
    let mut body = vec![0; length?];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Client {
    /// Starts a server that nobody has said anything to yet.
    pub fn spawn() -> Self {
        let mut command = command(Path::new("."), ["lsp", "--stdio"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("myc-schema runs");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            stdin,
            messages,
            next: 0,
            version: 0,
            text: String::new(),
            diagnostics: (Value::Null, -1),
            published: 0,
            answers: Vec::new(),
        }
    }

    /// Starts a server and introduces itself, with the capabilities of an editor.
    pub fn start(capabilities: Value) -> (Self, Value) {
        let mut client = Self::spawn();
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
        let answer = client.request("initialize", params).expect("an answer");
        client.notify("initialized", json!({}));
        (client, answer)
    }

    /// A server with a document open in it, and its diagnostics.
    pub fn open(text: &str) -> Self {
        let snippets = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
        let (mut client, _) = Self::start(snippets);
        client.open_text(text);
        client.settle();
        client
    }

    /// Opens the document.
    pub fn open_text(&mut self, text: &str) {
        self.version += 1;
        text.clone_into(&mut self.text);
        let document = json!({ "uri": URI, "languageId": "yaml", "version": self.version, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the server is still spoken to");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the server listens");
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&framed(&json!({ "jsonrpc": "2.0", "method": method, "params": params })));
    }

    /// Sends a request and waits for the answer to it: a result, or the error.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// Sends a request, whose answer is waited for by its number.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&framed(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })));
        id
    }

    /// Waits for the answer to a request.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        while !self.is_answered(id) {
            self.receive();
        }
        let at = self.answers.iter().position(|answer| answer["id"] == id).expect("an answer");
        let mut answer = self.answers.remove(at);
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    /// Whether the answer to a request has come, which nobody has waited for, among what has been received.
    pub fn is_answered(&self, id: i64) -> bool {
        self.answers.iter().any(|answer| answer["id"] == id)
    }

    /// Waits for the refusal of something that is not a request: its id, and the number of the error.
    pub fn refusal(&mut self) -> (Value, i64) {
        let answer = self.refused();
        (answer["id"].clone(), answer["error"]["code"].as_i64().expect("a number"))
    }

    /// The whole of it.
    pub fn refused(&mut self) -> Value {
        let refused = |answer: &Value| answer["id"].as_i64().is_none_or(|id| id > 1000) && answer["error"].is_object();
        while !self.answers.iter().any(refused) {
            self.receive();
        }
        let at = self.answers.iter().position(refused).expect("a refusal");
        self.answers.remove(at)
    }

    /// The most memory that the server has had, in MiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel counts");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1024
    }

    fn receive(&mut self) {
        let Ok(message) = self.messages.recv_timeout(LIMIT) else {
            let _ = self.child.kill();
            let mut stderr = String::new();
            let _ = self.child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
            panic!("the server says nothing; on stderr: {stderr}\nthe text is:\n{}", self.text);
        };
        if message["method"] == "textDocument/publishDiagnostics" {
            let version = message["params"]["version"].as_i64().unwrap_or(-1);
            self.diagnostics = (message["params"]["diagnostics"].clone(), version);
            self.published += 1;
        } else if message.get("id").is_some() {
            self.answers.push(message);
        }
    }

    /// Waits for the diagnostics of the current text.
    pub fn settle(&mut self) -> &Value {
        while self.diagnostics.1 != self.version {
            self.receive();
        }
        &self.diagnostics.0
    }

    /// The codes of the current text's diagnostics, in order.
    pub fn codes(&mut self) -> Vec<String> {
        let diagnostics = self.settle().as_array().expect("a list").clone();
        diagnostics.iter().map(|found| found["code"].as_str().expect("a code").to_owned()).collect()
    }

    /// Replaces a part of the text, as an editor tells it: bytes here, UTF-16 there.
    pub fn edit(&mut self, range: std::ops::Range<usize>, new: &str) {
        let change = self.change(range, new);
        self.notify("textDocument/didChange", change);
    }

    /// Replaces a part of the editor's text, and gives what the server is to be told.
    pub fn change(&mut self, range: std::ops::Range<usize>, new: &str) -> Value {
        self.version += 1;
        let place = json!({ "start": self.position(range.start), "end": self.position(range.end) });
        let change = json!([{ "range": place, "text": new }]);
        self.text.replace_range(range, new);
        let document = json!({ "uri": URI, "version": self.version });
        json!({ "textDocument": document, "contentChanges": change })
    }

    /// Tells the server of changes after which the text is this one.
    pub fn tell(&mut self, text: &str, changes: Vec<Value>) {
        self.version += 1;
        text.clone_into(&mut self.text);
        let document = json!({ "uri": URI, "version": self.version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// Replaces the first occurrence of a text.
    pub fn replace(&mut self, old: &str, new: &str) {
        let at = self.text.find(old).unwrap_or_else(|| panic!("{old:?} in\n{}", self.text));
        self.edit(at..at + old.len(), new);
    }

    /// The protocol's position of a byte: lines of `\n` or `\r\n`, UTF-16 code units.
    pub fn position(&self, offset: usize) -> Value {
        let before = &self.text[..offset];
        let normal = before.replace("\r\n", "\n ");
        let lines = normal.chars().filter(|c| matches!(c, '\n' | '\r')).count();
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        json!({ "line": lines, "character": self.text[start..offset].encode_utf16().count() })
    }

    /// Asks about a place in the document.
    pub fn at(&mut self, method: &str, offset: usize) -> Value {
        let params = json!({ "textDocument": { "uri": URI }, "position": self.position(offset) });
        self.request(method, params).expect("an answer")
    }

    /// The byte of a protocol position.
    pub fn offset(&self, position: &Value) -> usize {
        let wanted = (position["line"].as_u64(), position["character"].as_u64());
        let fits = |at: &usize| {
            let here = self.position(*at);
            (here["line"].as_u64(), here["character"].as_u64()) == wanted
        };
        let bytes = self.text.as_bytes();
        // Inside of a line break there is no place.
        let split = |at: usize| at > 0 && bytes[at - 1] == b'\r' && bytes.get(at) == Some(&b'\n');
        let mut boundaries = (0..=self.text.len()).filter(|at| self.text.is_char_boundary(*at) && !split(*at));
        boundaries.find(fits).unwrap_or_else(|| panic!("{position} in\n{}", self.text))
    }

    /// The text with edits made in it, which do not overlap.
    pub fn edited(&self, edits: &[Value]) -> String {
        let mut places: Vec<(usize, usize, &str)> = edits
            .iter()
            .map(|edit| {
                let range = &edit["range"];
                let new = edit["newText"].as_str().expect("a text");
                (self.offset(&range["start"]), self.offset(&range["end"]), new)
            })
            .collect();
        places.sort();
        let mut text = self.text.clone();
        for (start, end, new) in places.into_iter().rev() {
            text.replace_range(start..end, new);
        }
        text
    }

    /// Says nothing more, and waits for the end of the server.
    pub fn hang_up(mut self) -> Run {
        drop(self.stdin.take());
        let mut stderr = String::new();
        let pipe = self.child.stderr.take().expect("stderr is a pipe");
        BufReader::new(pipe).read_to_string(&mut stderr).expect("UTF-8");
        let status = self.child.wait().expect("it ends");
        Run { code: status.code(), stdout: Vec::new(), stderr }
    }

    /// Ends the conversation as the protocol wants it.
    pub fn shut_down(mut self) -> Run {
        self.request("shutdown", Value::Null).expect("an answer");
        self.notify("exit", Value::Null);
        self.hang_up()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
