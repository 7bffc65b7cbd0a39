//! `myc-schema layout`: which messages are shown, and the three formats.

use mycelium_tests::program::{folder, run};
use mycelium_tests::toolchain::root;
use serde_json::Value;

const CONTRACT: &str = r#"
enums: { Side: { repr: u16, values: { Buy: 1, Sell: 2 } } }
structs:
  Price: { fields: { mantissa: i64, exponent: i8 } }
  Level: { fields: { price: Price, orders: u16 } }
messages:
  Order:
    tlv_type: 1000
    domain: Execution
    fields:
      tag: "String<3>"
      side: { type: Side, optional: true }
      at: { type: u64, optional: true }
      last: u8
  Book: { tlv_type: 1001, domain: MarketData, fields: { bids: "Vec<Level, 2>" } }
  Empty: { tlv_type: 1002, domain: D, fields: {} }
"#;

/// Without this, the drawing could show other bytes than the wire has.
#[test]
fn the_table_is_drawn_to_scale() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let table = run(here.path(), ["layout", "Order"]).quiet();
    let expected = "\
message Order  type 1000  topic execution  40 bytes, align 8, 22 padding
  offset    size  0               16              32        field
       0      12  ▒▒······███·                              tag: String<3>   (2 length + 6 zero + 3 value + 1 zero)
      12       4              ▒·██                          side: Side?   (presence + 1 zero + 2 value)
      16      16                  ▒·······████████          at: u64?   (presence + 7 zero + 8 value)
      32       1                                  █·······  last: u8   (1 value + 7 zero)

█ value   ▒ presence, length   · always zero
";
    assert_eq!(String::from_utf8(table).expect("UTF-8"), expected);
}

/// Without this, a message of many bytes could overflow the line, or a small field vanish.
#[test]
fn large_messages_are_scaled() {
    let table = run(&root(), ["layout", "TextMessage"]).quiet();
    let table = String::from_utf8(table).expect("UTF-8");
    let bar = |name: &str| {
        let line = table.lines().find(|line| line.contains(name)).expect("a row a field");
        line.chars().filter(|character| "█▒·".contains(*character)).count()
    };
    // 40, 264 and 8 of 312 bytes, in 64 columns; a column that two fields share shows both.
    assert_eq!((bar("sender:"), bar("content:"), bar("timestamp:")), (9, 55, 2), "{table}");
}

/// Without this, asking for one message could show others, or hide the structs it is made of.
#[test]
fn what_is_shown() {
    let here = folder(&[("contracts.yaml", CONTRACT), ("Order", CONTRACT)]);
    let heads = |arguments: &[&str]| {
        let text = run(here.path(), [&["layout"], arguments].concat()).quiet();
        let text = String::from_utf8(text).expect("UTF-8");
        let head = |line: &str| {
            let mut words = line.split(' ');
            let kind = words.next().filter(|word| ["message", "struct"].contains(word))?;
            Some(format!("{kind} {}", words.next()?))
        };
        text.lines().filter_map(head).collect::<Vec<_>>()
    };
    let all = ["message Order", "message Book", "message Empty", "struct Price", "struct Level"];
    assert_eq!(heads(&[]), all);
    assert_eq!(heads(&["contracts.yaml"]), all);
    assert_eq!(heads(&["contracts.yaml", "Book"]), ["message Book", "struct Price", "struct Level"]);
    assert_eq!(heads(&["Book"]), ["message Book", "struct Price", "struct Level"]);
    assert_eq!(heads(&["Price"]), ["struct Price"]);
    assert_eq!(heads(&["Level"]), ["struct Price", "struct Level"]);
    assert_eq!(heads(&["Empty"]), ["message Empty"]);
    // There is a file of that name.
    assert_eq!(heads(&["Order"]), all);
    run(here.path(), ["layout", "Boook"]).exits(2).says(&["no message or struct `Boook`", "did you mean `Book`?"]);
    run(here.path(), ["layout", "contracts.yml"]).exits(3).says(&["contracts.yml"]);
}

/// Without this, a program that reads the layout could get numbers that do not add up.
#[test]
fn json_accounts_for_every_byte() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let json = run(here.path(), ["layout", "--format", "json"]).quiet();
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let number = |value: &Value| value.as_u64().expect("a number");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let composites = [list(&json["messages"]), list(&json["structs"])].concat();
    assert_eq!(composites.len(), 5);
    // What is zero inside of a value: as much in each of so many structs.
    let inside = |ty: &str| {
        let of = list(&json["structs"]).into_iter().find(|item| ty.contains(item["name"].as_str().expect("a name")));
        let count = ty.rsplit([',', ';', ' ']).find_map(|part| part.trim_end_matches(['>', ']']).parse::<u64>().ok());
        of.map_or(0, |item| number(&item["padding"]) * count.unwrap_or(1))
    };
    for composite in &composites {
        let mut offset = 0;
        let mut padding = 0;
        for field in list(&composite["fields"]) {
            assert_eq!(number(&field["offset"]), offset, "{composite}");
            padding += inside(field["type"].as_str().expect("a type"));
            for piece in list(&field["bytes"]) {
                assert_eq!(number(&piece["offset"]), offset, "{composite}");
                offset += number(&piece["size"]);
                padding += if piece["use"] == "padding" { number(&piece["size"]) } else { 0 };
            }
        }
        assert_eq!((number(&composite["size"]), number(&composite["padding"])), (offset, padding), "{composite}");
    }
    assert_eq!(json["messages"][0]["fields"][2]["type"], "u64");
    assert_eq!(json["messages"][0]["fields"][2]["optional"], true);
    assert_eq!(json["schema"]["digest"].as_str().map(str::len), Some(64));
}

/// Without this, a browser could refuse the picture, or show black on black.
#[test]
fn svg_is_well_formed() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let svg = run(here.path(), ["layout", "--format", "svg"]).quiet();
    let svg = String::from_utf8(svg).expect("UTF-8");
    let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
    let root = document.root_element();
    assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    let pieces = root.descendants().filter(|node| node.has_tag_name("rect") && node.first_element_child().is_some());
    let width = |node: roxmltree::Node<'_, '_>| node.attribute("width").and_then(|width| width.parse::<f64>().ok());
    let total: f64 = pieces.map(|node| width(node).expect("a width")).sum();
    // Four of five have bytes; the pieces of each make one full bar.
    assert!((total - 4.0 * 600.0).abs() < 1.0, "{total}");
    assert!(svg.contains("prefers-color-scheme: dark"), "{svg}");
}

/// Without this, names could be cut by the edge of the picture or run into the bars, and small fields vanish.
#[test]
fn svg_has_room_for_what_it_says() {
    let long = "ANameThatIsAsLongAsANameMayBe".repeat(4);
    let field = "a_field_that_has_more_letters_than_there_is_room_for_in_any_picture";
    let contract = format!(
        "structs: {{ {long}: {{ fields: {{ small: bool, large: \"[u8; 60000]\" }} }} }}\nmessages:\n  Short:\n    \
         tlv_type: 1000\n    domain: D\n    topic: {}\n    fields: {{ {field}: {long}, o: {{ type: u8, optional: true }} }}\n",
        "t".repeat(150)
    );
    let here = folder(&[("contracts.yaml", &*contract)]);
    let svg = String::from_utf8(run(here.path(), ["layout", "--format", "svg"]).quiet()).expect("UTF-8");
    let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
    let number = |node: roxmltree::Node<'_, '_>, name| {
        node.attribute(name).and_then(|value| value.parse::<f64>().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
    };
    let width = number(document.root_element(), "width");
    let rows: Vec<_> = document.descendants().filter(|node| node.attribute("class") == Some("row")).collect();
    assert_eq!(rows.len(), 4);
    let (left, right) = (number(rows[0], "x"), number(rows[0], "x") + number(rows[0], "width"));
    assert!(right < width);
    for text in document.descendants().filter(|node| node.has_tag_name("text")) {
        let class = text.attribute("class").expect("a class");
        let points = if class == "head" { 14.0 } else { 12.0 };
        // The widest of the fonts in the style has letters of 0.602 em.
        let end = number(text, "x") + text.text().unwrap_or_default().chars().count() as f64 * points * 0.602;
        let limit = if class == "name" { left } else { width };
        assert!(class.contains("end") || class.contains("middle") || end <= limit, "{text:?} ends at {end} of {limit}");
        assert!(class.split(' ').all(|class| class == "name" || svg.contains(&format!(".{class} {{"))), "{class}");
    }
    let heads: Vec<_> = document.descendants().filter(|node| node.attribute("class") == Some("head")).collect();
    assert_eq!(
        heads.iter().filter_map(roxmltree::Node::text).collect::<Vec<_>>(),
        ["message Short", &format!("struct {long}")]
    );
    for piece in document.descendants().filter(|node| node.first_element_child().is_some() && node.has_tag_name("rect"))
    {
        let (start, wide) = (number(piece, "x"), number(piece, "width"));
        assert!(start >= left && start + wide <= right + 0.01, "{piece:?}");
        assert!(wide >= 2.0 || piece.attribute("class") == Some("padding"), "{piece:?}");
    }
    assert!(svg.contains(&format!("<title>{field}: {long}, bytes 0 to ")), "{svg}");
    for words in ["presence, length", "always zero"] {
        assert!(svg.contains(&format!(">{words}</text>")), "{words} is in the legend");
    }
}
