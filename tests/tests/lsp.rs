//! `myc-schema lsp`, spoken to as an editor does: what it shows, offers and finds.

use mycelium_tests::lsp_client::{Client, URI, framed};
use mycelium_tests::program::folder;
use serde_json::{Value, json};

const CONTRACT: &str = "\
schema: { id: 7, version: 1 }
domains:
  Market: { description: \"Prices\", type_range: \"1000-1099\" }
enums:
  Side:
    values: { Buy: 1, Sell: 2 }
structs:
  Price:
    fields:
      mantissa: i64
      exponent: i8
messages:
  Quote:
    tlv_type: 1000
    domain: Market
    description: \"Größe 😀\"
    fields:
      id: u32
      bid: { type: Price, description: \"😀 best\", optional: true }
      side: { type: Side, validation: [{ one_of: [Buy] }] }
  Trade:
    tlv_type: 1001
    domain: Market
    required_prior_messages: [Quote]
    fields:
      quote: u64
      name:
        type: String<12>
        validation:
          - not_empty: true
";

/// The byte of a mark `|` in an excerpt of the text, which is there once.
fn place(text: &str, marked: &str) -> usize {
    let (before, after) = marked.split_once('|').expect("a mark");
    let at = text.find(&format!("{before}{after}")).unwrap_or_else(|| panic!("{marked} in\n{text}"));
    at + before.len()
}

fn hover(client: &mut Client, marked: &str) -> String {
    let offset = place(&client.text, marked);
    let hover = client.at("textDocument/hover", offset);
    hover["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

/// Without this, an editor could hang when it ends, or not know what the server can do.
#[test]
fn the_conversation_begins_and_ends() {
    let (client, answer) = Client::start(json!({}));
    let can = &answer["capabilities"];
    assert_eq!(can["positionEncoding"], "utf-16");
    for what in ["hoverProvider", "definitionProvider", "documentSymbolProvider"] {
        assert_eq!(can[what], true, "{can}");
    }
    assert_eq!(answer["serverInfo"]["name"], "myc-schema");
    client.shut_down().exits(0);
    let (client, _) = Client::start(json!({}));
    client.hang_up().exits(0);
    let mut client = Client::open(CONTRACT);
    let refused = client.request("textDocument/rename", json!({})).expect_err("not there");
    assert_eq!(refused["code"], -32601, "method not found");
    let refused = client.request("textDocument/hover", json!({ "a": 1 })).expect_err("not a place");
    assert_eq!(refused["code"], -32602, "invalid params");
    let elsewhere = json!({ "textDocument": { "uri": "file:///other" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.request("textDocument/hover", elsewhere), Ok(Value::Null));
    client.shut_down().exits(0);
}

/// Without this, mistakes would be shown late, twice or in the wrong place.
#[test]
fn diagnostics_follow_the_text() {
    let mut client = Client::open(CONTRACT);
    assert_eq!(client.codes(), Vec::<String>::new());
    client.replace("😀 best\", optional: true", "😀 best\", optinal: true");
    assert_eq!(client.codes(), ["E0101"]);
    let found = &client.diagnostics.0[0];
    let at = place(&client.text, "|optinal");
    assert_eq!(found["range"], json!({ "start": client.position(at), "end": client.position(at + 7) }));
    assert_eq!((&found["severity"], &found["source"]), (&json!(1), &json!("myc-schema")));
    assert!(found["message"].as_str().expect("words").contains("did you mean `optional`?"), "{found}");
    client.replace("optinal", "optional");
    assert_eq!(client.codes(), Vec::<String>::new());
    client.replace("tlv_type: 1001", "tlv_type: 1000");
    assert_eq!(client.codes(), ["E0402"]);
    let related = &client.diagnostics.0[0]["relatedInformation"][0];
    assert_eq!(client.offset(&related["location"]["range"]["start"]), place(&client.text, "tlv_type: |1000\n"));
    // Closing takes them away.
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
    client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } })).expect("an answer");
    assert_eq!(client.diagnostics.0, json!([]));
}

/// Without this, somebody would look at the layout elsewhere.
#[test]
fn hovering_shows_offsets_and_sizes() {
    let mut client = Client::open(CONTRACT);
    for (marked, words) in [
        (
            "Quo|te:\n",
            &[
                "message `Quote`",
                "type 1000",
                "topic `market`",
                "40 bytes, align 8",
                "| 8 | 24 | `bid` | `Price` optional |",
                "Größe 😀",
                "fingerprint `",
            ][..],
        ),
        ("|bid: {", &["field `Quote.bid`: optional `Price`", "offset 8, size 24, align 8", "value at 16", "😀 best"]),
        (
            "type: Pri|ce",
            &["offset 8, size 24", "struct `Price`", "16 bytes, align 8", "| 8 | 1 | `exponent` | `i8` |"],
        ),
        ("mantissa: i6|4", &["field `Price.mantissa`", "`i64`: 8 bytes, align 8"]),
        ("one_of: [Bu|y]", &["`Buy` = 1 of enum `Side`"]),
        ("one|_of", &["rule `one_of`", "integers, U256, String and enums"]),
        ("type: Si|de", &["enum `Side`", "`Buy` = 1, `Sell` = 2"]),
        ("Se|ll: 2", &["`Sell` = 2 of enum `Side`"]),
        ("domain: Mark|et\n    desc", &["domain `Market`", "ids 1000 to 1099", "Prices"]),
        ("[Quo|te]", &["message `Quote`"]),
        ("tlv_ty|pe: 1001", &["The type id on the wire"]),
        ("    val|ues", &["Names to numbers"]),
        ("type: Str|ing<12>", &["offset 8, size 20, align 2", "UTF-8"]),
        ("not_em|pty", &["rule `not_empty`"]),
    ] {
        let shown = hover(&mut client, marked);
        for words in words {
            assert!(shown.contains(words), "{words:?} at {marked} in:\n{shown}");
        }
    }
    // The range is that of the word, in UTF-16, after an emoji on the same line.
    let at = place(&client.text, "|optional: true");
    let range = client.at("textDocument/hover", at + 2)["range"].clone();
    assert_eq!(range, json!({ "start": client.position(at), "end": client.position(at + 8) }));
    assert_eq!(hover(&mut client, "  |  tlv_type: 1001"), "");
    // What is zero inside of structs is padding as well, as in a layout.
    assert!(hover(&mut client, "Quo|te:\n").contains("40 bytes, align 8, 25 padding"));
    // It follows the text.
    client.replace("mantissa: i64", "mantissa: i32");
    client.settle();
    assert!(hover(&mut client, "|bid: {").contains("offset 4, size 12, align 4"));
}

/// Without this, one could read the layout of something else, or of what is not there any more, and not know.
#[test]
fn hovering_describes_what_is_under_the_cursor() {
    let again = "\
messages:
  A:
    tlv_type: 1000
    domain: D
    fields: { x: u8, y: u64, y: u16 }
  B: { tlv_type: 1001, domain: D, fields: { z: u32 } }
  A: { tlv_type: 1002, domain: D, fields: { y: u32 } }
";
    let mut client = Client::open(again);
    assert_eq!(client.codes(), ["E0102", "E0102"]);
    assert!(hover(&mut client, "  |A:\n").contains("type 1000"));
    assert!(hover(&mut client, "|y: u64").contains("offset 8, size 8"));
    assert!(hover(&mut client, "|z: u32").contains("offset 0, size 4"));
    for second in ["|A: { tlv_type: 1002", "|y: u16", "|y: u32"] {
        assert_eq!(hover(&mut client, second), "", "{second}");
    }
    // A stand-in is not shown as a type.
    let mut client = Client::open(
        "messages:\n  A: { tlv_type: 1000, domain: D, fields: { s: S } }\nstructs:\n  S: { fields: { a: u16, b: u33 } }\n",
    );
    assert_eq!(client.codes(), ["E0201"]);
    let shown = hover(&mut client, "|S: { fields");
    assert!(shown.contains("| `a` | `u16` |") && shown.contains("| `b` | `?` |"), "{shown}");
    assert!(hover(&mut client, "|b: u33").starts_with("field `S.b`: `?`"));
    // Half of a message is not what is on the wire.
    let mut client = Client::open(CONTRACT);
    client.replace("id: u32", "id: { type: u32");
    assert_eq!(client.codes(), ["E0005"]);
    assert!(hover(&mut client, "|bid: {").ends_with("*Without what cannot be read yet.*"));
    assert!(!hover(&mut client, "|mantissa: i64").contains("cannot be read"));
    assert!(!hover(&mut client, "one|_of").contains("cannot be read"), "a rule is what it is");
    // Where nothing can be read, it is what was read last.
    client.replace("exponent: i8", "exponent: {");
    assert_eq!(client.codes(), ["E0005"]);
    let shown = hover(&mut client, "|mantissa: i64");
    assert!(shown.ends_with("*As of before the last edits.*"), "{shown} {:?}", client.diagnostics);
}

fn labels(client: &mut Client, marked: &str) -> Vec<String> {
    let offset = place(&client.text, marked);
    let items = client.at("textDocument/completion", offset);
    let mut items = items.as_array().expect("a list").clone();
    items.sort_by_key(|item| item["sortText"].as_str().expect("an order").to_owned());
    items.iter().map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
}

/// The text after taking the offer with a label.
fn completed(text: &str, label: &str) -> (String, Value) {
    let offset = text.find('|').expect("a mark");
    let mut client = Client::open(&text.replacen('|', "", 1));
    let items = client.at("textDocument/completion", offset);
    let items = items.as_array().expect("a list").clone();
    let item = items.iter().find(|item| item["label"] == label).unwrap_or_else(|| panic!("{label} in {items:?}"));
    (client.edited(std::slice::from_ref(&item["textEdit"])), item.clone())
}

/// Without this, one would have to know the language by heart.
#[test]
fn completion_offers_what_may_stand_there() {
    const HEAD: &str = "enums: { Side: { values: { Buy: 1, Sell: 2 } } }\nstructs:\n  Price: { fields: { a: u8 } }\ndomains:\n  Market: { type_range: 1000-1010 }\n";
    let quote = |rest: &str| format!("{HEAD}messages:\n  Quote:\n    tlv_type: 1000\n    domain: Market\n{rest}");
    for (text, first, absent) in [
        ("|".to_owned(), &["schema", "tag_ranges", "domains"][..], &["tlv_type"][..]),
        (format!("{HEAD}me|"), &["schema", "tag_ranges", "messages"], &["enums"]),
        (quote("    |"), &["topic", "description", "fields"], &["tlv_type", "domain", "messages"]),
        (format!("{HEAD}messages:\n  Quote: {{ domain: Market, |"), &["tlv_type", "topic"], &["domain"]),
        (quote("    fields:\n      a: |"), &["Price", "Side", "String<N>"], &["Quote", "Market"]),
        (quote("    fields:\n      a: { type: |"), &["Price", "Side", "String<N>"], &["Quote"]),
        (quote("    fields:\n      a: \"Vec<|"), &["Price", "Side", "[T; N]", "u8"], &["String<N>", "Vec<T, N>"]),
        (quote("    fields:\n      a: \"[ |"), &["Price", "Side", "[T; N]", "u8"], &["String<N>", "Vec<T, N>"]),
        (quote("    fields:\n      a: { type: u8, |"), &["description", "optional"], &["type"]),
        (quote("    fields:\n      a: { type: Side, validation: [{ |"), &["one_of"], &["type"]),
        (quote("    fields:\n      a: { type: u8, validation: [{ |"), &["min", "max", "not_zero"], &["ascii"]),
        (
            quote("    fields:\n      a:\n        type: u8\n        validation:\n          - |"),
            &["min", "max"],
            &["type"],
        ),
        (quote("    fields:\n      a: { type: Side, validation: [{ one_of: [|] }] }"), &["Buy", "Sell"], &["Side"]),
        (quote("    fields:\n      a: { type: u8, validation: [{ not_zero: | }] }"), &["true", "false"], &[]),
        (quote("    required_prior_messages: [|]"), &["Quote"], &["Price"]),
        (quote("    log_payload: |"), &["true", "false"], &[]),
        (format!("{HEAD}messages:\n  A: {{ domain: | }}"), &["Market"], &["Quote"]),
        (quote("  B:\n    domain: Market\n    tlv_type: |"), &["1001"], &["1000"]),
        ("schema: { digest: | }".to_owned(), &["canonical-v1", "source"], &["id"]),
        ("enums:\n  E: { repr: |, values: { A: 1 } }".to_owned(), &["u8", "u16", "u32"], &["u64"]),
        (quote("    description: |"), &[], &["fields"]),
        (quote("    # |"), &[], &["fields"]),
    ] {
        let offset = text.find('|').expect("a mark");
        let mut client = Client::open(&text.replacen('|', "", 1));
        let marked = format!("{}|{}", &client.text.clone()[..offset], &client.text.clone()[offset..]);
        let labels = labels(&mut client, &marked);
        let mut found = labels.iter();
        for label in first {
            assert!(found.any(|found| found == label), "{label} in this order in {labels:?}:\n{text}");
        }
        assert!(absent.iter().all(|label| !labels.contains(&(*label).to_owned())), "{labels:?}:\n{text}");
    }
}

/// Without this, taking an offer could leave half of a word behind, or a contract that is wrong.
#[test]
fn taking_an_offer() {
    let text =
        "messages:\n  A:\n    tlv_type: 1000\n    domain: \"😀\"\n    fields: { b: { type: u6|, unit: \"😀\" } }\n";
    let (taken, item) = completed(text, "u64");
    assert!(taken.contains("{ b: { type: u64, unit:"), "{taken}");
    assert!(item["documentation"]["value"].as_str().expect("words").contains('8'));
    let (taken, _) = completed("messages:\n  A:\n    tlv_t|\n", "tlv_type");
    assert_eq!(taken, "messages:\n  A:\n    tlv_type: $0\n");
    // Without snippets, an offer is plain text.
    let (mut client, _) = Client::start(json!({}));
    client.open_text("messages:\n  A:\n    fields:\n      a: \n");
    let items = client.at("textDocument/completion", place("messages:\n  A:\n    fields:\n      a: \n", "a: |\n"));
    let vec = items.as_array().expect("a list").iter().find(|item| item["label"] == "Vec<T, N>").expect("vectors");
    assert_eq!((&vec["textEdit"]["newText"], &vec["insertTextFormat"]), (&json!("\"Vec<u64, 8>\""), &json!(1)));
    let text = format!("{CONTRACT}  |");
    let (taken, _) = completed(&text, "Name: …");
    assert!(taken.contains("${1:Name}:\n  tlv_type: ${2:1002}\n  domain: ${3:Market}"), "{taken}");
}

/// Without this, going to a definition could go nowhere.
#[test]
fn definitions() {
    let mut client = Client::open(CONTRACT);
    for (from, to) in [
        ("type: Pri|ce", "|Price:\n"),
        ("type: Si|de", "|Side:\n"),
        ("[Quo|te]", "|Quote:\n"),
        ("domain: Mar|ket\n    req", "|Market: {"),
        ("one_of: [Bu|y]", "|Buy: 1"),
        ("|Trade:", "|Trade:"),
        ("Sel|l: 2", "|Sell: 2"),
    ] {
        let found = client.at("textDocument/definition", place(CONTRACT, from));
        assert_eq!(found["uri"], URI, "{from}: {found}");
        assert_eq!(client.offset(&found["range"]["start"]), place(CONTRACT, to), "{from}");
    }
    for nowhere in ["mantissa: i|64", "desc|ription: \"Gr", "tlv_type: 10|00"] {
        assert_eq!(client.at("textDocument/definition", place(CONTRACT, nowhere)), Value::Null, "{nowhere}");
    }
}

fn tree(symbols: &Value, depth: usize, into: &mut Vec<String>) {
    for symbol in symbols.as_array().into_iter().flatten() {
        let detail = symbol["detail"].as_str().map_or(String::new(), |detail| format!(" ({detail})"));
        into.push(format!("{}{}{detail}", "  ".repeat(depth), symbol["name"].as_str().expect("a name")));
        tree(&symbol["children"], depth + 1, into);
    }
}

fn symbols(client: &mut Client) -> Vec<String> {
    let params = json!({ "textDocument": { "uri": URI } });
    let symbols = client.request("textDocument/documentSymbol", params).expect("an answer");
    let mut lines = Vec::new();
    tree(&symbols, 0, &mut lines);
    lines
}

/// Without this, a contract of hundreds of messages would be a wall of text.
#[test]
fn document_symbols() {
    let mut client = Client::open(CONTRACT);
    let expected = [
        "schema",
        "domains",
        "  Market",
        "enums",
        "  Side",
        "    Buy (1)",
        "    Sell (2)",
        "structs",
        "  Price",
        "    mantissa (i64)",
        "    exponent (i8)",
        "messages",
        "  Quote (1000)",
        "    id (u32)",
        "    bid ({ type: Price, description: \"😀 best\", optional: true })",
        "    side ({ type: Side, validation: [{ one_of: [Buy] }] })",
        "  Trade (1001)",
        "    quote (u64)",
        "    name",
    ];
    assert_eq!(symbols(&mut client), expected);
    let params = json!({ "textDocument": { "uri": URI } });
    let all = client.request("textDocument/documentSymbol", params).expect("an answer");
    let quote = &all[4]["children"][0];
    assert_eq!(client.offset(&quote["range"]["end"]), place(CONTRACT, "[{ one_of: [Buy] }] }|\n"));
    assert_eq!(client.offset(&quote["selectionRange"]["start"]), place(CONTRACT, "|Quote:"));
}

/// Without this, a suggestion would have to be typed.
#[test]
fn quick_fixes() {
    let wrong = CONTRACT.replace("optional: true", "optinal: true").replace("exponent: i8", "exponent: i9");
    let mut client = Client::open(&wrong);
    assert_eq!(client.codes(), ["E0201", "E0101"]);
    let actions = |client: &mut Client, marked: &str, only: Option<&str>| {
        let at = client.position(place(&client.text, marked));
        let context =
            only.map_or_else(|| json!({ "diagnostics": [] }), |only| json!({ "diagnostics": [], "only": [only] }));
        let params = json!({ "textDocument": { "uri": URI }, "range": { "start": at, "end": at }, "context": context });
        client.request("textDocument/codeAction", params).expect("an answer").as_array().expect("a list").clone()
    };
    let found = actions(&mut client, "opti|nal", None);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["title"], "Replace `optinal` with `optional`");
    assert_eq!((&found[0]["kind"], &found[0]["diagnostics"][0]["code"]), (&json!("quickfix"), &json!("E0101")));
    let edits = found[0]["edit"]["changes"][URI].as_array().expect("edits").clone();
    let fixed = client.edited(&edits);
    client.edit(0..wrong.len(), &fixed);
    assert_eq!(client.codes(), ["E0201"]);
    assert_eq!(actions(&mut client, "exponent: |i9", Some("quickfix"))[0]["title"], "Replace `i9` with `i8`");
    assert_eq!(actions(&mut client, "exponent: |i9", Some("refactor")), Vec::<Value>::new());
    assert_eq!(actions(&mut client, "Tra|de:", None), Vec::<Value>::new());
}

/// Without this, one would have to leave the editor to format a contract, or to mend it.
#[test]
fn formatting_and_mending() {
    let ugly = CONTRACT.replace("    tlv_type: 1000\n", "    tlv_type:   1000 # é\n").replace("id: u32", "id:  u32");
    let mut client = Client::open(&ugly);
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let format = json!({ "textDocument": { "uri": URI }, "options": options });
    let edits = client.request("textDocument/formatting", format.clone()).expect("an answer");
    let formatted = client.edited(edits.as_array().expect("edits"));
    assert_eq!(formatted, CONTRACT.replace("    tlv_type: 1000\n", "    tlv_type: 1000  # é\n"));
    client.edit(0..ugly.len(), &formatted);
    assert_eq!(client.request("textDocument/formatting", format.clone()), Ok(json!([])));
    client.replace("mantissa: i64", "mantissa: {");
    assert_eq!(client.request("textDocument/formatting", format), Ok(Value::Null), "it is not YAML");
    let wrong = CONTRACT.replace("optional: true", "optinal: yes").replace("tlv_type: 1001", "tlv_type: 1_001");
    client.edit(0..client.text.len(), &wrong);
    let at = client.position(0);
    let range = json!({ "start": at, "end": at });
    let context = json!({ "diagnostics": [], "only": ["source.fixAll"] });
    let params = json!({ "textDocument": { "uri": URI }, "range": range, "context": context });
    let actions = client.request("textDocument/codeAction", params).expect("an answer");
    assert_eq!(actions.as_array().map(Vec::len), Some(1), "{actions}");
    let edits = actions[0]["edit"]["changes"][URI].as_array().expect("edits").clone();
    assert_eq!(client.edited(&edits), CONTRACT);
}

/// Without this, everything would go dark while somebody types a line.
#[test]
fn half_a_line_does_not_lose_the_rest() {
    for (old, new) in [
        ("      id: u32\n", "      id: { type: u3\n"),
        ("      id: u32\n", "      id: \"u32\n"),
        ("      id: u32\n", "      id: u32\n      x\n"),
        ("      id: u32\n", "      id: [u8;\n"),
        ("    tlv_type: 1000\n", "    tlv_type: 1000\n    desc: a: b\n"),
        ("    values: { Buy: 1, Sell: 2 }\n", "    values: { Buy: 1, Sell: 2 }\n  New: { values: {\n"),
    ] {
        let mut client = Client::open(CONTRACT);
        // A mistake elsewhere is still shown, and found after the text is broken.
        client.replace(old, new);
        let trade = client.text.find("Trade:").expect("there");
        let quote = client.text[trade..].find("quote: u64").expect("there") + trade;
        client.edit(quote + 7..quote + 10, "i65");
        let codes = client.codes();
        assert!(codes.iter().any(|code| code == "E0005"), "{new:?}: {codes:?}");
        assert!(codes.iter().any(|code| code == "E0201"), "{new:?}: {codes:?}");
        assert!(codes.len() == 2, "{new:?}: {codes:?}");
        let shown = hover(&mut client, "exp|onent: i8");
        assert!(shown.contains("offset 8, size 1"), "{new:?}: {shown}");
        assert!(hover(&mut client, "Tra|de:").contains("type 1001"), "{new:?}");
        let symbols = symbols(&mut client);
        for name in ["  Price", "  Quote (1000)", "  Trade (1001)", "    name"] {
            assert!(symbols.iter().any(|line| line == name), "{new:?}: {symbols:?}");
        }
        let offers = labels(&mut client, "type: Str|ing<12>");
        assert!(offers.contains(&"Price".to_owned()), "{new:?}: {offers:?}");
    }
}

/// Without this, the command would be a riddle to somebody who starts it by hand.
#[test]
fn what_is_no_conversation() {
    let here = folder(&[]);
    mycelium_tests::program::run(here.path(), ["lsp"]).exits(0);
    let request = framed(&json!({ "jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {} }));
    let run = mycelium_tests::program::run_with(here.path(), ["lsp"], request).exits(0);
    assert!(run.text().contains("-32002"), "not initialized: {}", run.text());
}

/// Without this, a file with a byte order mark, or with the line ends of another system, would have no hover, no
/// completion and edits in wrong places.
#[test]
fn marks_and_line_ends() {
    for (mark, end) in [("\u{feff}", "\n"), ("", "\r"), ("\u{feff}", "\r"), ("\u{feff}", "\r\n")] {
        // The section that comes first is the one beside the mark.
        let (header, messages) = CONTRACT.split_at(CONTRACT.find("messages:").expect("there"));
        let text = format!("{mark}{messages}{header}").replace('\n', end);
        let mut client = Client::open(&text);
        assert_eq!(client.codes(), Vec::<String>::new(), "{text:?}");
        assert!(hover(&mut client, "mess|ages:").contains("`messages`"), "{text:?}");
        assert!(hover(&mut client, "i|d: u32").contains("offset 0, size 4"), "{text:?}");
        assert!(hover(&mut client, "type: Pri|ce").contains("struct `Price`"), "{text:?}");
        let place = client.text.find("type: Price").expect("there") + 6;
        let offers = client.at("textDocument/completion", place + 1);
        let labels: Vec<&str> =
            offers.as_array().expect("a list").iter().filter_map(|offer| offer["label"].as_str()).collect();
        assert!(labels.contains(&"Price") && labels.contains(&"Side"), "{labels:?}");
        let found = client.at("textDocument/definition", place + 1);
        let declared = client.text.find("Price:").expect("there");
        assert_eq!(found["range"]["start"], client.position(declared), "{text:?}");
        let symbols = client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
        let names: Vec<Value> =
            symbols.expect("symbols").as_array().expect("a list").iter().map(|symbol| symbol["name"].clone()).collect();
        assert_eq!(names, ["messages", "schema", "domains", "enums", "structs"], "{text:?}");
        let options = json!({ "tabSize": 2, "insertSpaces": true });
        let edits = client
            .request("textDocument/formatting", json!({ "textDocument": { "uri": URI }, "options": options }))
            .expect("edits");
        let edited = client.edited(edits.as_array().expect("a list"));
        assert_eq!(edited, format!("{messages}{header}"), "{text:?}");
        // What is written next is found as well, and a mistake is where it is.
        client.edit(place..place + 5, "Pricf");
        assert_eq!(client.codes(), ["E0201"]);
        let shown = client.settle()[0]["range"].clone();
        assert_eq!(shown, json!({ "start": client.position(place), "end": client.position(place + 5) }), "{text:?}");
        client.edit(place..place + 5, "\"");
        assert!(client.codes().iter().any(|code| code == "E0005"), "{text:?}");
        assert!(hover(&mut client, "mantis|sa: i64").contains("offset 0, size 8"), "{text:?}");
        client.shut_down().exits(0);
    }
}
