//! `myc-schema lsp` with a contract of thousands of messages: who waits for whom, and for how much. How long it takes is
//! left to `cargo xtask bench lsp`.

use std::fmt::Write as _;

use mycelium_tests::lsp_client::{Client, URI};
use serde_json::{Value, json};

const MESSAGES: usize = 5_000;

fn large() -> String {
    let mut text = String::from(
        "domains:\n  Market: { description: \"Prices\" }\nstructs:\n  Price: { fields: { mantissa: i64, exponent: i8 } }\nmessages:\n",
    );
    for index in 0..MESSAGES {
        let id = 1000 + index;
        let _ = write!(
            text,
            "  Message{index}:\n    tlv_type: {id}\n    domain: Market\n    description: \"Number {index}\"\n    fields:\n      \
             id: u64\n      price: {{ type: Price, description: \"😀\" }}\n      name: {{ type: String<12>, validation: [{{ not_empty: true }}] }}\n"
        );
    }
    text
}

/// A place in the middle: that of a field's name, and of its type.
fn middle(text: &str) -> (usize, usize) {
    let message = text.find("Message2500:").expect("a message");
    let find = |what: &str| text[message..].find(what).expect("a field") + message;
    (find("price: "), find("Price"))
}

fn document() -> Value {
    json!({ "textDocument": { "uri": URI } })
}

fn format() -> Value {
    json!({ "textDocument": { "uri": URI }, "options": { "tabSize": 2, "insertSpaces": true } })
}

fn at(position: &Value) -> Value {
    json!({ "textDocument": { "uri": URI }, "position": position })
}

fn actions(position: &Value) -> Value {
    let range = json!({ "start": position, "end": position });
    json!({ "textDocument": { "uri": URI }, "range": range, "context": { "diagnostics": [] } })
}

fn words(hover: &Value) -> &str {
    hover["contents"]["value"].as_str().expect("words")
}

/// Without this, hovering, completing and going somewhere would stop while somebody types.
#[test]
fn an_answer_about_one_place_waits_for_nothing() {
    let text = large();
    let mut client = Client::open(&text);
    let (field, ty) = middle(&text);
    let (field, ty_at) = (client.position(field + 1), client.position(ty + 1));
    let shown = client.request("textDocument/hover", at(&field)).expect("an answer");
    assert!(words(&shown).contains("offset 8, size 16") && !words(&shown).contains("last edits"), "{shown}");
    for (round, new) in ["Pricf", "Price"].into_iter().enumerate() {
        client.edit(ty..ty + 5, new);
        let version = client.diagnostics.1;
        let action = client.ask("textDocument/codeAction", actions(&ty_at));
        let slow =
            [client.ask("textDocument/formatting", format()), client.ask("textDocument/documentSymbol", document())];
        let shown = client.request("textDocument/hover", at(&field)).expect("an answer");
        assert!(words(&shown).contains("field `Message2500.price`"), "{shown}");
        assert!(words(&shown).contains("As of before the last edits"), "{shown}");
        let offers = client.request("textDocument/completion", at(&ty_at)).expect("an answer");
        assert!(offers.as_array().expect("a list").iter().any(|offer| offer["label"] == "Price"));
        let found = client.request("textDocument/definition", at(&ty_at)).expect("an answer");
        assert_eq!(found["range"]["start"]["line"].as_u64(), (round == 1).then_some(3), "{found}");
        // The compiler has not seen the edit yet, and what takes long has not been done.
        assert_eq!(client.diagnostics.1, version);
        for id in slow.into_iter().chain([action]) {
            assert!(!client.is_answered(id));
        }
        let fixes = client.answer(action).expect("an answer");
        assert_eq!(fixes.as_array().map(Vec::len), Some(1 - round), "{fixes}");
        assert_eq!(client.codes(), if round == 0 { vec!["E0201"] } else { vec![] });
        assert_eq!(client.answer(slow[0]), Ok(json!([])), "it is formatted");
        let symbols = client.answer(slow[1]).expect("symbols");
        assert_eq!(symbols[2]["children"].as_array().map(Vec::len), Some(MESSAGES));
    }
    let shown = client.request("textDocument/hover", at(&field)).expect("an answer");
    assert!(!words(&shown).contains("last edits"), "{shown}");
    // The symbols taken apart into maps would be half a gigabyte.
    let peak = client.peak_memory();
    assert!(peak < 250, "{peak} MiB");
    client.shut_down().exits(0);
}

/// Without this, the compiler would be busy with what somebody typed a while ago.
#[test]
fn only_the_newest_text_is_looked_at() {
    let text = large();
    let mut client = Client::open(&text);
    let (_, ty) = middle(&text);
    let at = client.position(ty);
    let published = client.published;
    for _ in 0..20 {
        client.edit(ty..ty + 5, "Pricf");
        client.edit(ty..ty + 5, "Price");
    }
    assert_eq!(client.codes(), Vec::<String>::new());
    let count = client.published - published;
    assert!(count <= 2, "40 edits were looked at {count} times");
    // What was asked about an earlier text is not answered by a later one.
    client.edit(ty..ty + 5, "Pricf");
    let action = client.ask("textDocument/codeAction", actions(&at));
    client.edit(ty..ty + 5, "Price");
    assert_eq!(client.answer(action).expect_err("outdated")["code"], -32801);
    client.shut_down().exits(0);
}

/// Without this, an editor that changes its mind would wait for what it does not want.
#[test]
fn requests_are_cancelled() {
    let text = large();
    let mut client = Client::open(&text);
    let first = client.ask("textDocument/formatting", format());
    let second = client.ask("textDocument/formatting", format());
    let third = client.ask("textDocument/documentSymbol", document());
    for id in [second, third, 999] {
        client.notify("$/cancelRequest", json!({ "id": id }));
    }
    assert_eq!(client.answer(second).expect_err("cancelled")["code"], -32800);
    assert_eq!(client.answer(third).expect_err("cancelled")["code"], -32800);
    assert!(!client.is_answered(first));
    assert_eq!(client.answer(first), Ok(json!([])));
    // It has been answered: there is nothing to cancel.
    client.notify("$/cancelRequest", json!({ "id": first }));
    client.edit(0..0, "#");
    let action = client.ask("textDocument/codeAction", actions(&json!({ "line": 0, "character": 0 })));
    client.notify("$/cancelRequest", json!({ "id": action }));
    assert_eq!(client.answer(action).expect_err("cancelled")["code"], -32800);
    client.settle();
    client.shut_down().exits(0);
}

/// Without this, a contract on one line would take minutes: as many positions as it has findings and symbols, each with
/// everything before it to be counted.
#[test]
fn one_line() {
    let mut text = String::from("messages: {");
    for index in 0..MESSAGES {
        let id = 1000 + index;
        let _ = write!(
            text,
            " M{index}: {{ tlv_type: {id}, domain: D, description: \"😀\", fields: {{ a: u8, b: u65 }} }},"
        );
    }
    text.push('}');
    let mut client = Client::open(&text);
    assert_eq!(client.codes().len(), MESSAGES);
    let last = client.settle()[MESSAGES - 1]["range"].clone();
    let place = text.rfind("u65").expect("there");
    assert_eq!(last, json!({ "start": client.position(place), "end": client.position(place + 3) }));
    let symbols = client.request("textDocument/documentSymbol", document()).expect("symbols");
    assert_eq!(symbols[0]["children"].as_array().map(Vec::len), Some(MESSAGES));
    let edits = client.request("textDocument/formatting", format()).expect("an answer");
    assert_eq!(edits.as_array().map(Vec::len), Some(1), "one edit, of what differs");
    client.shut_down().exits(0);
}

/// What is offered at a mark `|` in the text, by label, and whether there is more.
fn offered(client: &mut Client, marked: &str) -> (Vec<String>, bool) {
    let (before, after) = marked.split_once('|').expect("a mark");
    let at = client.text.find(&format!("{before}{after}")).expect("there") + before.len();
    let offers = client.at("textDocument/completion", at);
    let (items, more) = match &offers {
        Value::Array(items) => (items, false),
        list => (list["items"].as_array().expect("a list"), list["isIncomplete"] == true),
    };
    (items.iter().map(|item| item["label"].as_str().expect("a label").to_owned()).collect(), more)
}

/// Without this, a letter in a contract with a large enum or with thousands of messages would send an editor megabytes.
#[test]
fn of_many_names_some_are_offered() {
    let mut text = String::from("enums:\n  Big:\n    repr: u32\n    values:\n");
    for index in 0..60_000 {
        let _ = writeln!(text, "      V{index}: {index}");
    }
    text.push_str("  Small: { values: { One: 1, Two: 2 } }\nmessages:\n");
    for index in 0..5_000 {
        let id = 1000 + index;
        let _ = writeln!(text, "  Msg{index}: {{ tlv_type: {id}, domain: D, fields: {{ a: u8 }} }}");
    }
    text.push_str(
        "  Last:\n    tlv_type: 9000\n    domain: D\n    required_prior_messages: [Msg49]\n    fields:\n      \
         big: { type: Big, validation: [{ one_of: [V5999] }] }\n      \
         all: { type: Big, validation: [{ one_of: [] }] }\n      \
         few: { type: Small, validation: [{ one_of: [Two] }] }\n",
    );
    let mut client = Client::open(&text);
    assert_eq!(client.codes(), ["E0307"], "an empty list: {:?}", client.diagnostics.0);
    let (all, more) = offered(&mut client, "one_of: [|] }] }");
    assert!(all.len() == 200 && more && all[0] == "V0", "{} {more}", all.len());
    let (some, more) = offered(&mut client, "[V5999|]");
    let mut expected: Vec<String> = vec!["V5999".to_owned()];
    expected.extend((59_990..60_000).map(|index| format!("V{index}")));
    assert_eq!((some, more), (expected, true));
    assert_eq!(offered(&mut client, "[Two|]"), (vec!["One".to_owned(), "Two".to_owned()], false));
    let (some, more) = offered(&mut client, "[Msg49|]");
    assert!(some.len() == 111 && more && some.iter().all(|name| name.starts_with("Msg49")), "{some:?}");
    // In the case that is quicker to type.
    let at = client.text.find("[Msg49]").expect("there") + 1;
    client.edit(at..at + 5, "msg499");
    let (some, _) = offered(&mut client, "[msg499|]");
    assert_eq!(some.len(), 11, "{some:?}");
    client.shut_down().exits(0);
}

/// Without this, an answer about a contract on one long line would read all of it each time.
#[test]
fn a_long_line() {
    let mut text = String::from("messages: {");
    for index in 0..8_000 {
        let id = 1000 + index;
        let _ = write!(
            text,
            " M{index}: {{ tlv_type: {id}, domain: D, description: \"some words 😀 about it\", fields: {{ a: u8, b: u64 }} }},"
        );
    }
    text.push_str(" Z: { tlv_type: 20000, domain: D, fields: { s: Side } } }\nenums: {Side: {values: {Buy: 1}}}\n");
    assert!(text.len() > 600_000, "{}", text.len());
    let mut client = Client::open(&text);
    assert_eq!(client.codes(), Vec::<String>::new());
    for (message, field) in [("M7999: {", "b: u64"), ("M4000: {", "b: u64"), ("M0: {", "b: u64")] {
        let at = client.text.find(message).expect("there");
        let ty = at + client.text[at..].find(field).expect("there") + 4;
        let name = client.at("textDocument/hover", at);
        assert!(words(&name).contains(&format!("message `{}`", &message[..message.len() - 3])), "{name}");
        let shown = client.at("textDocument/hover", ty - 4);
        assert!(words(&shown).contains("offset 8, size 8"), "{shown}");
        let offers = client.at("textDocument/completion", ty);
        let labels: Vec<&Value> = offers.as_array().expect("a list").iter().map(|offer| &offer["label"]).collect();
        assert!(labels.contains(&&json!("Side")) && labels.contains(&&json!("u64")), "{labels:?}");
        let keys = client.at("textDocument/completion", at + message.len());
        assert!(keys.as_array().expect("a list").iter().any(|offer| offer["label"] == "sensitivity"), "{keys}");
    }
    // What was said of an earlier text is not said of this one, and is again when it was looked at.
    let at = client.text.find("M4000").expect("there");
    client.edit(at..at + 1, "N");
    client.settle();
    assert!(words(&client.at("textDocument/hover", at)).contains("message `N4000`"));
    client.shut_down().exits(0);
}
