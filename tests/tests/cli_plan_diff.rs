//! `myc-schema plan` and `diff`.

use std::path::Path;

use mycelium_tests::program::{folder, run};
use serde_json::Value;

const OLD: &str = "\
schema: { id: 7, version: 1 }
structs:
  Price: { fields: { mantissa: i64, exponent: i8 } }
messages:
  Tick: { tlv_type: 1001, domain: Market, fields: { price: Price, size: u32 } }
  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64, tag: \"[u8; 3]\", last: bool } }
  Same: { tlv_type: 1003, domain: Control, fields: { a: u8 } }
";

/// A smaller struct, a field more, one renamed, one gone, a message more.
fn new() -> String {
    OLD.replace("version: 1", "version: 2")
        .replace("mantissa: i64", "mantissa: i32")
        .replace("nonce: u64, tag: \"[u8; 3]\"", "number: u64, kind: u16")
        .replace("  Same", "  Login: { tlv_type: 1004, domain: Control, fields: { user: u64 } }\n  Same")
}

fn without(name: &str, text: &str) -> String {
    text.lines().filter(|line| !line.contains(name)).map(|line| format!("{line}\n")).collect()
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    String::from_utf8(run(folder, arguments).quiet()).expect("UTF-8")
}

/// Without this, somebody could stop what need not stop, or upgrade in an order that loses messages.
#[test]
fn plans() {
    let here = folder(&[
        ("old.yaml", OLD),
        ("contracts.yaml", &new()),
        ("less.yaml", &without("Ping", OLD)),
        ("other.yaml", &without("Ping", &new())),
        ("described.yaml", &OLD.replace("domain: Market", "description: Trades, domain: Market")),
    ]);
    let here = here.path();
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&text(here, &[&["plan", "--format", "json"], arguments].concat())).expect("JSON")
    };
    let names = |plan: &Value, key: &str| {
        let list = plan[key].as_array().expect("a list");
        list.iter().map(|message| message["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let all = |plan: &Value| ["flowing", "paused", "added", "removed"].map(|key| names(plan, key));
    let forth = json(&["old.yaml"]);
    assert_eq!(all(&forth), ["Same", "Tick Ping", "Login", ""]);
    assert_eq!((&forth["order"], &forth["exact"]), (&"bridge-first".into(), &false.into()));
    let less = json(&["old.yaml", "less.yaml"]);
    assert_eq!((all(&less), &less["order"]), (["Tick Same", "", "", "Ping"].map(str::to_owned), &"bridge-last".into()));
    let other = json(&["old.yaml", "other.yaml"]);
    assert_eq!((names(&other, "removed"), &other["order"]), ("Ping".to_owned(), &"two-releases".into()));
    let described = json(&["old.yaml", "described.yaml"]);
    assert_eq!((&described["order"], &described["exact"]), (&"any".into(), &true.into()));
    run(here, ["lock", "old.yaml"]).quiet();
    assert_eq!(all(&json(&["old.lock"])), all(&forth));

    let words = text(here, &["plan", "old.yaml"]);
    for line in [
        "from old.yaml (version 1, digest ",
        "keep flowing between all peers: 1\n   1003  Same\n",
        "pause between peers of different versions: 2\n   1001  Tick\n   1002  Ping\n",
        "new: between newer peers alone: 1\n   1004  Login\n",
        "  1. let both sides accept a contract that differs",
        "  2. upgrade the bridge, and the services in its process; what pauses does so",
        "  3. upgrade the workers",
        "add the changed one with a type id of its own",
    ] {
        assert!(words.contains(line), "{line} in\n{words}");
    }
    assert!(text(here, &["plan", "old.yaml", "described.yaml"]).contains("Deploy in any order"));
    run(here, ["plan", "nowhere.yaml"]).exits(3).says(&["nowhere.yaml"]);
    run(here, ["plan"]).exits(2).says(&["<OLD>"]);
    run(here, ["plan", "-", "-"]).exits(2).says(&["more than once"]);
}

/// Without this, the picture in a review could show other bytes than the wire has.
#[test]
fn bytes_are_shown_side_by_side() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new())]);
    let here = here.path();
    let expected = "\
message Ping: 16 bytes as before, 4 → 5 padding (+1)
    offset    size  0                 offset    size  0                 field
  ~      0       8  ████████               0       8  ████████          nonce → number: u64
  -      8       3          ███                                         tag: [u8; 3]
  +                                        8       2          ██        kind: u16
  ~     11       1             █····      10       1            █·····  last: bool

█ value   ▒ presence, length   · always zero   + new   - gone   ~ otherwise
";
    let ping = text(here, &["diff", "old.yaml", "--message", "Ping"]);
    assert!(ping.starts_with(expected), "{ping}");
    assert!(ping.contains("\nDeploy:\n  1. "), "{ping}");
    let all = text(here, &["diff", "old.yaml"]);
    let heads: Vec<&str> =
        all.lines().filter(|line| line.starts_with("message ") || line.starts_with("struct ")).collect();
    assert_eq!(
        heads,
        [
            "message Tick: 24 → 12 bytes (-12), 11 → 3 padding (-8)",
            "message Ping: 16 bytes as before, 4 → 5 padding (+1)",
            "message Login: new, 8 bytes, 0 padding",
            "struct Price: 16 → 8 bytes (-8), 7 → 3 padding (-4)",
        ]
    );
    let back = text(here, &["diff", "contracts.yaml", "old.yaml", "--message", "Login"]);
    assert!(back.starts_with("message Login: removed, 8 bytes, 0 padding\n"), "{back}");
    assert_eq!(text(here, &["diff", "old.yaml", "old.yaml"]), "every message and struct lies as it did\n");
    run(here, ["diff", "old.yaml", "--message", "Tock"])
        .exits(2)
        .says(&["no message or struct `Tock`", "did you mean `Tick`?"]);
    run(here, ["diff", "nowhere.yaml"]).exits(3).says(&["nowhere.yaml"]);
}

/// Without this, a change that moves no byte would look like none, and its message stop unannounced.
#[test]
fn what_moves_no_byte_is_deployed_all_the_same() {
    let ruled = OLD.replace("tag: \"[u8; 3]\"", "tag: { type: \"[u8; 3]\", validation: { not_zero: true } }");
    let here = folder(&[
        ("old.yaml", OLD),
        ("contracts.yaml", &ruled.replace("Control, fields: { a", "Control, topic: c, fields: { a")),
        ("described.yaml", &OLD.replace("domain: Market", "description: Trades, domain: Market")),
    ]);
    let here = here.path();
    let paused = "These lie as they did, and pause between peers of the two: Ping, Same";
    for format in ["text", "markdown", "svg"] {
        let shown = text(here, &["diff", "old.yaml", "--format", format]);
        for words in ["every message and struct lies as it did", paused, "Deploy", "1. let both sides"] {
            let found = shown.contains(words) || shown.contains("Every message and struct lies as it did.");
            assert!(found, "{words} in\n{shown}");
        }
        assert!(shown.contains(paused) && shown.contains("1. let both sides"), "{shown}");
        let equal = text(here, &["diff", "old.yaml", "described.yaml", "--format", format]);
        assert!(!equal.contains("1. let both sides") && !equal.contains("pause"), "{equal}");
    }
    let one = text(here, &["diff", "old.yaml", "--message", "Same"]);
    assert!(one.contains("the two: Same\n"), "{one}");
}

/// Without this, a message that is padding for the most part could be said to have little.
#[test]
fn padding_in_structs_is_padding() {
    let book = |value: &str| {
        format!(
            "structs:\n  Level: {{ fields: {{ value: {value}, size: u32 }} }}\n\
             messages:\n  Book: {{ tlv_type: 1001, domain: D, \
             fields: {{ levels: 'Vec<Level, 4>', best: '[[Level; 2]; 2]', top: {{ type: Level, optional: true }} }} }}\n"
        )
    };
    let here = folder(&[("old.yaml", &book("u32")), ("contracts.yaml", &book("u64"))]);
    let shown = text(here.path(), &["diff", "old.yaml"]);
    // 6 after the count; 4 in each of 4, 4 and 1 levels; 3 and 7 before the last.
    assert!(shown.starts_with("message Book: 84 → 160 bytes (+76), 9 → 49 padding (+40)\n"), "{shown}");
    let layout = text(here.path(), &["layout"]);
    assert!(layout.contains("160 bytes, align 8, 49 padding"), "{layout}");
}

/// Without this, a comment could be one that GitHub garbles, or a browser refuse the picture.
#[test]
fn diffs_of_reviews() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new())]);
    let here = here.path();
    let markdown = text(here, &["diff", "old.yaml", "--format", "markdown"]);
    for words in [
        "### Bytes of `contracts.yaml` against `old.yaml`",
        "| message Tick | 24 → 12 (-12) | 11 → 3 (-8) |\n",
        "| message Login | new, 8 | new, 0 |\n",
        "<details><summary>message Ping: 16 bytes as before, 4 → 5 padding (+1)</summary>\n\n```text\n    offset",
        "```\n\n</details>\n",
        "**Deploy**\n\n1. let both sides",
    ] {
        assert!(markdown.contains(words), "{words} in\n{markdown}");
    }
    assert!(text(here, &["diff", "old.yaml", "old.yaml", "--format", "markdown"]).contains("lies as it did"));
    for (old, new) in [("old.yaml", "contracts.yaml"), ("contracts.yaml", "old.yaml"), ("old.yaml", "old.yaml")] {
        let svg = text(here, &["diff", old, new, "--format", "svg"]);
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
        let sides: Vec<_> = document.descendants().filter(|node| node.has_tag_name("g")).collect();
        assert_eq!(sides.len(), 2);
        let number =
            |node: roxmltree::Node<'_, '_>, name| node.attribute(name).and_then(|value| value.parse::<f64>().ok());
        let width = number(document.root_element(), "width").expect("a width") / 2.0;
        for side in &sides {
            let pieces = side.descendants().filter(|node| node.has_tag_name("rect"));
            for piece in pieces {
                let (x, wide) = (number(piece, "x").expect("x"), number(piece, "width").expect("a width"));
                assert!(x >= 0.0 && x + wide <= width, "{piece:?} of {width}");
            }
        }
        // Every message and struct but `Same`, to one scale on both sides: the larger of two takes 600 pixels.
        let bars = |side: roxmltree::Node<'_, '_>| {
            let pieces =
                side.descendants().filter(|node| node.has_tag_name("rect") && node.first_element_child().is_some());
            (pieces.filter_map(|node| number(node, "width")).sum::<f64>() / 60.0).round()
        };
        // Tick 24 and 12 bytes, Ping 16 and 16, Login 0 and 8, Price 16 and 8.
        let expected = match (old, new) {
            ("old.yaml", "contracts.yaml") => [30.0, 30.0],
            ("contracts.yaml", "old.yaml") => [30.0, 30.0],
            _ => [0.0, 0.0],
        };
        assert_eq!([bars(sides[0]), bars(sides[1])], expected, "{svg}");
        let marked = |side: roxmltree::Node<'_, '_>, class: &str| {
            side.descendants().filter(|node| node.attribute("class") == Some(class)).count()
        };
        let marks = sides.iter().map(|side| ["added", "removed", "changed"].map(|class| marked(*side, class)));
        // Price: mantissa and exponent; Tick: price and size; Ping: tag gone, kind new, nonce renamed, last moved; Login.
        let expected = match (old, new) {
            ("old.yaml", "contracts.yaml") => [[0, 1, 6], [2, 0, 6]],
            ("contracts.yaml", "old.yaml") => [[0, 2, 6], [1, 0, 6]],
            _ => [[0, 0, 0], [0, 0, 0]],
        };
        assert_eq!(marks.collect::<Vec<_>>(), expected, "{svg}");
    }
}
