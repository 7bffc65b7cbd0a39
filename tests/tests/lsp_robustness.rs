//! `myc-schema lsp` with texts that nobody would write on purpose.

use std::fs;

use myc_schema::source::SourceMap;
use mycelium_tests::contract::files;
use mycelium_tests::lsp_client::{Client, URI};
use mycelium_tests::random::Random;
use mycelium_tests::toolchain::root;
use serde_json::json;

const ASKED: [&str; 3] = ["textDocument/hover", "textDocument/completion", "textDocument/definition"];

fn ask_everything(client: &mut Client, offset: usize) {
    for method in ASKED {
        client.at(method, offset);
    }
    let document = json!({ "uri": URI });
    client.request("textDocument/documentSymbol", json!({ "textDocument": document })).expect("an answer");
    let at = client.position(offset);
    let range = json!({ "start": at, "end": at });
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    client.request("textDocument/codeAction", params).expect("an answer");
}

/// The codes that the compiler has for a text.
fn codes(text: &str) -> Vec<String> {
    let mut sources = SourceMap::new();
    let id = sources.add("contract", text);
    myc_schema::check(&sources, id).diagnostics.iter().map(|found| found.code.id.to_owned()).collect()
}

fn is_whole(codes: &[String]) -> bool {
    !codes.iter().any(|code| ["E0004", "E0005", "E0011"].contains(&code.as_str()))
}

/// Without this, the server could stop in the middle of a word.
#[test]
fn every_beginning_of_a_text() {
    let mut client = Client::open("");
    for path in ["reference", "strange"] {
        let text = match path {
            "reference" => fs::read_to_string(root().join("contracts.yaml")).expect("a contract"),
            _ => "a: {\n \"é😀: [}{\r\n- - ? |\n\t- 'x''\r  y: &a *b !c <<: # \n---\n...\n[[[[{{{{\n]}: ,:,\n\"\\"
                .to_owned(),
        };
        let whole = 0..client.text.len();
        client.edit(whole, "");
        for (at, c) in text.char_indices() {
            client.edit(at..at, c.encode_utf8(&mut [0; 4]));
            let asked = if path == "strange" || at % 7 == 0 { Some(at + c.len_utf8()) } else { None };
            if let Some(offset) = asked {
                ask_everything(&mut client, offset);
            }
        }
        assert_eq!(client.text, text);
        let codes = codes(&text);
        if is_whole(&codes) {
            assert_eq!(client.codes(), codes);
        }
    }
    client.shut_down().exits(0);
}

/// Without this, the server's text could drift from the editor's, or a strange edit end it.
#[test]
fn random_edits() {
    let mut random = Random::for_test("lsp_robustness", 11);
    let mut texts: Vec<String> = ["valid", "invalid"]
        .iter()
        .flat_map(|kind| files(&root().join("tests/schemas").join(kind), ".yaml"))
        .filter(|path| path.is_file())
        .filter_map(|path| fs::read_to_string(path).ok())
        .filter(|text| text.len() < 6000)
        .collect();
    texts.push("messages:\r\n  A: { tlv_type: 1000, domain: \"😀\" }\r\n".to_owned());
    let mut client = Client::open("");
    let mut compared = 0;
    for _ in 0..150 {
        let text = random.choose(&texts).clone();
        let whole = 0..client.text.len();
        client.edit(whole, &text);
        for _ in 0..random.between(1, 4) {
            let boundaries: Vec<usize> =
                (0..=client.text.len()).filter(|at| client.text.is_char_boundary(*at)).collect();
            let start = random.below(boundaries.len());
            let end = (start + random.below(4)).min(boundaries.len() - 1);
            let other = random.choose(&texts).clone();
            let from = random.below(other.len() + 1);
            let piece: String = other.get(from..).unwrap_or("é😀{").chars().take(random.below(6)).collect();
            // A line break of two characters is one place to the protocol.
            let inside = |at: usize| client.text[..at].ends_with('\r') && client.text[at..].starts_with('\n');
            if inside(boundaries[start]) || inside(boundaries[end]) {
                continue;
            }
            client.edit(boundaries[start]..boundaries[end], &piece);
            let offset = boundaries[random.below(boundaries.len())].min(client.text.len());
            if client.text.is_char_boundary(offset) && random.one_in(2) {
                ask_everything(&mut client, offset);
            }
        }
        let expected = codes(&client.text.clone());
        let found = client.codes();
        if is_whole(&expected) {
            assert_eq!(found, expected, "{}", client.text);
            compared += 1;
        } else {
            assert!(!is_whole(&found), "{}", client.text);
        }
    }
    assert!(compared > 30, "only {compared} texts were YAML");
    client.shut_down().exits(0);
}

/// The byte that a position of the protocol means, found by walking there: the last place of the line that is not after
/// it, and the end of the text for a line that there is not.
fn walked(text: &str, line: u64, character: u64) -> usize {
    let (mut here, mut units, mut found, mut ended) = (0, 0, None, false);
    let mut before = ' ';
    for (at, c) in text.char_indices().chain([(text.len(), '\0')]) {
        // A line break of two characters is one.
        let begins = before == '\n' || before == '\r' && c != '\n';
        if begins {
            (here, units, ended) = (here + 1, 0, false);
        }
        if here == line && units <= character && !ended {
            found = Some(at);
        }
        ended |= matches!(c, '\r' | '\n');
        units += c.len_utf16() as u64;
        before = c;
    }
    found.unwrap_or(text.len())
}

/// What the compiler has to say about a text, with the places of an editor.
fn findings(client: &Client) -> Vec<(String, serde_json::Value)> {
    let mut sources = SourceMap::new();
    let id = sources.add("contract", client.text.as_str());
    let place = |found: &myc_schema::diag::Diagnostic| {
        let span = found.span.unwrap_or_default();
        json!({ "start": client.position(span.start as usize), "end": client.position(span.end as usize) })
    };
    let found = myc_schema::check(&sources, id).diagnostics;
    found.iter().map(|found| (found.code.id.to_owned(), place(found))).collect()
}

/// Edits of any sort: of several places at once, where there is no such place, with line breaks and characters of every
/// kind. Without this, all that the server says could be about another text than the editor's: what it makes of the text
/// is compared, and what it finds in it.
#[test]
fn edits_anywhere() {
    const PIECES: [&str; 16] = [
        "\n",
        "\r\n",
        "\r",
        "",
        " ",
        "é",
        "😀",
        "\u{feff}",
        "  b: u64\n",
        "# 😀\n",
        "{",
        "}",
        "\"",
        ": ",
        "- ",
        "\u{2028}",
    ];
    let mut random = Random::for_test("lsp_edits_anywhere", 23);
    let base = "messages:\n  A:\n    tlv_type: 1000  # 😀\n    domain: D\n    description: \"é😀\"\n    fields:\n      a: u64\n      b:  \
                { type: u8, unit: \"😀\" }\n";
    let (mut formatted, mut compared, mut refused) = (0, 0, 0);
    let mut client = Client::open("");
    for round in 0..500 {
        let text = if round % 2 == 0 { base.to_owned() } else { base.replace('\n', "\r\n") };
        let whole = 0..client.text.len();
        client.edit(whole, &text);
        for _ in 0..random.between(1, 2) {
            let mut model = client.text.clone();
            let mut changes = Vec::new();
            for _ in 0..random.between(1, 2) {
                let lines = model.lines().count() as u64;
                let line = random.below(lines as usize + 2) as u64;
                let last = if random.one_in(9) { line + random.below(3) as u64 } else { line };
                let from = random.below(30) as u64;
                let to = if random.one_in(9) { u64::from(u32::MAX) } else { from + random.below(3) as u64 };
                let range = json!({
                    "start": { "line": line, "character": from },
                    "end": { "line": last, "character": to },
                });
                let piece =
                    if random.one_in(3) { *random.choose(&PIECES) } else { *random.choose(&["x", "é", "😀", ""]) };
                let (start, end) = (walked(&model, line, from), walked(&model, last, to));
                model.replace_range(start..end.max(start), piece);
                changes.push(json!({ "range": range, "text": piece }));
            }
            client.tell(&model, changes);
        }
        let expected = findings(&client);
        let found = client.settle().as_array().expect("a list").clone();
        let found: Vec<_> = found
            .iter()
            .map(|found| (found["code"].as_str().expect("a code").to_owned(), found["range"].clone()))
            .collect();
        if is_whole(&codes(&client.text)) {
            assert_eq!(found, expected, "{:?}", client.text);
            compared += 1;
        } else {
            // What else is found is about the rest, without what stands in the way.
            assert!(expected.iter().all(|expected| found.contains(expected)), "{found:?} {:?}", client.text);
            refused += 1;
        }
        let params = json!({ "textDocument": { "uri": URI }, "options": { "tabSize": 2, "insertSpaces": true } });
        let edits = client.request("textDocument/formatting", params).expect("an answer");
        match myc_schema::fmt::format(&client.text) {
            Ok(text) => {
                assert_eq!(client.edited(edits.as_array().expect("edits")), text, "{:?}", client.text);
                formatted += 1;
            }
            Err(_) => assert!(edits.is_null(), "{:?}", client.text),
        }
    }
    assert!(formatted > 60 && compared > 60 && refused > 60, "{formatted} {compared} {refused}");
    client.shut_down().exits(0);
}
