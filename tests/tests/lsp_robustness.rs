//! `myc-schema lsp` with texts that nobody would write on purpose, and with one of ten thousand messages.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

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

fn large(messages: usize) -> String {
    let mut text = String::from(
        "domains:\n  Market: { description: \"Prices\" }\nstructs:\n  Price: { fields: { mantissa: i64, exponent: i8 } }\nmessages:\n",
    );
    for index in 0..messages {
        let id = 1000 + index;
        let _ = write!(
            text,
            "  Message{index}:\n    tlv_type: {id}\n    domain: Market\n    description: \"Number {index}\"\n    fields:\n      \
             id: u64\n      price: {{ type: Price, description: \"😀\" }}\n      name: {{ type: String<12>, validation: [{{ not_empty: true }}] }}\n"
        );
    }
    text
}

/// How much more time the limits allow where the compiler is built without optimization.
const SLOWER: u32 = if cfg!(debug_assertions) { 10 } else { 1 };

/// Without this, large contracts could not be edited. The machine does other things as well, so that the best of a few
/// tries counts.
#[test]
fn ten_thousand_messages() {
    let text = large(10_000);
    let (mut client, _) = Client::start(json!({}));
    let begun = Instant::now();
    client.open_text(&text);
    client.settle();
    println!("diagnostics after opening: {:?}", begun.elapsed());
    let middle = text.find("Message5000:").expect("a message");
    let field = text[middle..].find("price: ").expect("a field") + middle;
    let best = |times: usize, run: &mut dyn FnMut()| {
        let time = |()| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        };
        std::iter::repeat_n((), times).map(time).min().expect("a time")
    };
    let at =
        |client: &Client, offset: usize| json!({ "textDocument": { "uri": URI }, "position": client.position(offset) });
    let params = at(&client, field + 1);
    let hover = best(5, &mut || {
        let shown = client.request("textDocument/hover", params.clone()).expect("an answer");
        assert!(shown["contents"]["value"].as_str().expect("words").contains("offset 8, size 16"), "{shown}");
    });
    println!("hover: {hover:?}");
    let params = at(&client, field + "price: { ty".len());
    let complete = best(3, &mut || drop(client.request("textDocument/completion", params.clone())));
    println!("completion: {complete:?}");
    let ty = text[field..].find("Price").expect("the type") + field;
    let mut times = Vec::new();
    for new in ["Pricf", "Price", "Pricf"] {
        let change = client.change(ty..ty + new.len(), new);
        let begun = Instant::now();
        client.notify("textDocument/didChange", change);
        client.settle();
        times.push(begun.elapsed());
        assert_eq!(client.codes(), if new == "Price" { vec![] } else { vec!["E0201"] });
    }
    let edit = times.into_iter().min().expect("a time");
    println!("diagnostics after an edit: {edit:?}");
    let begun = Instant::now();
    let document = json!({ "uri": URI });
    let symbols = client.request("textDocument/documentSymbol", json!({ "textDocument": document })).expect("symbols");
    println!("symbols: {:?}", begun.elapsed());
    assert_eq!(symbols[2]["children"].as_array().map(Vec::len), Some(10_000));
    assert!(hover < Duration::from_millis(50) * SLOWER, "a hover took {hover:?}");
    assert!(edit < Duration::from_secs(2) * SLOWER, "diagnostics took {edit:?}");
}
