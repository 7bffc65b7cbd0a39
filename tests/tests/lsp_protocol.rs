//! `myc-schema lsp` and clients that do not keep to the protocol.

use mycelium_tests::lsp_client::{Client, URI, framed};
use mycelium_tests::program::{folder, run_with};
use serde_json::{Value, json};

const CONTRACT: &str = "messages:\n  A:\n    tlv_type: 1000\n    domain: D\n    fields: { a: u64 }\n";

fn body(bytes: &[u8]) -> Vec<u8> {
    [format!("Content-Length: {}\r\n\r\n", bytes.len()).as_bytes(), bytes].concat()
}

/// Without this, one bad message would take away all that an editor shows.
#[test]
fn what_is_no_message_is_refused() {
    let mut client = Client::open(CONTRACT);
    let deep = "[".repeat(100_000);
    let nested = format!(r#"{{"jsonrpc":"2.0","id":4001,"method":"textDocument/hover","params":{deep}}}"#);
    let closed = format!(
        r#"{{"jsonrpc":"2.0","id":4002,"method":"textDocument/hover","params":{deep}{}}}"#,
        "]".repeat(100_000)
    );
    for (bytes, id, code) in [
        (&b"not JSON."[..], Value::Null, -32700),
        (b"", Value::Null, -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":4000,\"method\":\"shutdown\"", Value::Null, -32700),
        (b"{} {}", Value::Null, -32700),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", Value::Null, -32700),
        (nested.as_bytes(), Value::Null, -32700),
        (closed.as_bytes(), json!(4002), -32602),
        (b"[]", Value::Null, -32600),
        (b" [\"2.0\",4005,\"shutdown\",null,null,null]", Value::Null, -32600),
        (b"null", Value::Null, -32600),
        (b"{}", Value::Null, -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":4003}", json!(4003), -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":4004,\"method\":5}", json!(4004), -32600),
        (b"{\"jsonrpc\":\"1.0\",\"id\":\"x\",\"method\":\"shutdown\"}", json!("x"), -32600),
        (b"{\"id\":\"y\",\"method\":\"shutdown\"}", json!("y"), -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"shutdown\"}", Value::Null, -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"shutdown\"}", Value::Null, -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"shutdown\"}", Value::Null, -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":\"z\",\"method\":\"no/such\"}", json!("z"), -32601),
    ] {
        client.send(&body(bytes));
        assert_eq!(client.refusal(), (id, code), "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(99)]));
        let shown = client.at("textDocument/hover", CONTRACT.find("a: u64").expect("there"));
        assert!(shown["contents"]["value"].as_str().is_some_and(|words| words.contains("offset 0")), "{shown}");
    }
    // Answers to what was never asked, and notifications that nobody knows, are no mistakes.
    client.send(&body(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}"));
    client.notify("$/setTrace", json!({ "value": "off" }));
    client.notify("textDocument/didOpen", json!(5));
    client.shut_down().exits(0);
}

/// Without this, whoever writes a client would read names that are nowhere but in our sources.
#[test]
fn refusals_are_in_the_protocols_words() {
    let mut client = Client::open(CONTRACT);
    for (bytes, words) in [
        (&b"[]"[..], "not a message: it is an array, expected an object; each message comes alone"),
        (b"5", "not a message: invalid type: integer `5`, expected an object at line 1 column 1"),
        (b"{\"jsonrpc\":5}", "not a message: invalid type: integer `5`, expected a string at line 1 column 12"),
    ] {
        client.send(&body(bytes));
        assert_eq!(client.refused()["error"]["message"], words);
    }
    for (params, words) in [
        (json!([]), "`params` is an array, expected an object"),
        (json!({ "textDocument": 5 }), "`params`: invalid type: integer `5`, expected an object at line 1 column 18"),
        (json!({ "textDocument": { "uri": URI } }), "`params`: missing field `position`"),
        (Value::Null, "`params`: invalid type: null, expected an object at line 1 column 4"),
    ] {
        let refused = client.request("textDocument/hover", params).expect_err("not a place");
        assert!(refused["message"].as_str().is_some_and(|text| text.starts_with(words)), "{refused} {words}");
    }
    client.shut_down().exits(0);
}

/// Without this, the server would wait for ever, make room for what never comes, or read on in the middle of something.
#[test]
fn what_cannot_be_read_on_from_ends_it() {
    let here = folder(&[]);
    let long = "x".repeat(10_000);
    let lengths = "Content-Length: 18446744073709551616\r\n\r\n";
    for (bytes, words) in [
        (lengths, "`Content-Length: 18446744073709551616`: expected a number of bytes"),
        ("Content-Length: 4000000000\r\n\r\n{}", "`Content-Length: 4000000000`: expected a number of bytes"),
        ("Content-Length: -1\r\n\r\n", "`Content-Length: -1`: expected a number of bytes"),
        ("Content-Length: \r\n\r\n", "`Content-Length: `: expected a number of bytes"),
        ("Content-Type: text\r\n\r\n{}", "a message without `Content-Length`"),
        ("\r\n{}", "a message without `Content-Length`"),
        ("GET / HTTP/1.1\r\n\r\n", "expected a header such as `Content-Length: 2`, found \"GET / HTTP/1.1"),
        (&long, "expected a header such as `Content-Length: 2`, found \"xxx"),
        ("Content-Length: 10", "they end within a message"),
        ("Content-Length: 10\r\n", "they end within a message"),
        ("Content-Length: 90000000\r\n\r\n{\"jsonrpc\"", "they end within a message"),
    ] {
        run_with(here.path(), ["lsp"], bytes).exits(3).says(&["the editor's messages: ", words]);
    }
    // Headers are as anybody writes them.
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#;
    let headers = format!("content-length:{}\r\nContent-Type: x; charset=utf-8\r\n\r\n{request}", request.len());
    let run = run_with(here.path(), ["lsp"], headers).exits(0);
    assert!(run.text().contains("\"myc-schema\""), "{}", run.text());
    run_with(here.path(), ["lsp"], body(b"not JSON.")).exits(0);
}

/// Without this, an editor could take an answer of a server that is not ready for one that counts.
#[test]
fn everything_in_its_time() {
    let mut client = Client::spawn();
    let hover = json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 0 } });
    for method in ["textDocument/hover", "shutdown", "no/such"] {
        assert_eq!(client.request(method, hover.clone()).expect_err("too early")["code"], -32002, "{method}");
    }
    client.notify("textDocument/didOpen", json!({ "textDocument": { "uri": URI, "version": 1, "text": "a" } }));
    let begin = json!({ "capabilities": {} });
    client.request("initialize", begin.clone()).expect("an answer");
    client.notify("initialized", json!({}));
    assert_eq!(client.request("initialize", begin.clone()).expect_err("again")["code"], -32600);
    assert_eq!(client.request("initialize", json!(5)).expect_err("again")["code"], -32600);
    assert_eq!(client.request("no/such", json!({})).expect_err("unknown")["code"], -32601);
    assert_eq!(client.request("shutdown", Value::Null), Ok(Value::Null));
    for method in ["textDocument/hover", "shutdown", "initialize", "no/such"] {
        assert_eq!(client.request(method, begin.clone()).expect_err("too late")["code"], -32600, "{method}");
    }
    client.notify("exit", Value::Null);
    client.hang_up().exits(0);
    // Without a word before, it is an error of the client's.
    let mut client = Client::open(CONTRACT);
    client.notify("exit", Value::Null);
    client.hang_up().exits(1);
    let mut client = Client::spawn();
    assert_eq!(client.request("initialize", json!({ "capabilities": 5 })).expect_err("no params")["code"], -32602);
    client.hang_up().exits(0);
    let here = folder(&[]);
    let exit = framed(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    run_with(here.path(), ["lsp"], exit).exits(1);
}

/// Without this, everything after a change that cannot be read would be said about another text.
#[test]
fn a_change_that_cannot_be_read() {
    let mut client = Client::open(CONTRACT);
    let range = json!({ "start": { "line": -1, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let change =
        json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [{ "range": range, "text": "" }] });
    client.notify("textDocument/didChange", change);
    assert_eq!(client.at("textDocument/hover", CONTRACT.find("a: u64").expect("there")), Value::Null);
    assert_eq!(client.diagnostics.0, json!([]));
    client.open_text(CONTRACT);
    client.settle();
    assert!(client.at("textDocument/hover", CONTRACT.find("a: u64").expect("there")).is_object());
    client.shut_down().exits(0);
}
