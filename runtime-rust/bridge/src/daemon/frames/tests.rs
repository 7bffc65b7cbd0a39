//! What is shown of messages: all of those that are wanted, and nothing of what a contract keeps out of logs.

use myc_schema::source::SourceMap;
use mycelium_bus::Frame;

use super::*;
use crate::daemon::exit::Exit;

const CONTRACT: &str = r#"
structs:
  Level: { fields: { price: i64, size: f64 } }
  Range: { fields: { most: { type: U256, validation: [{ min: 10 }] } } }
enums:
  Side: { values: { Buy: 1, Sell: 2 } }
messages:
  Book:
    tlv_type: 1001
    domain: MarketData
    fields: { venue: "String<8>", bids: "Vec<Level, 4>", side: Side, last: { type: u32, optional: true } }
  Note: { tlv_type: 1002, domain: Notes, fields: { venue: "String<8>" } }
  Flags:
    tlv_type: 1004
    domain: Flags
    fields: { on: bool, key: "[u8; 2]", wide: U256, ratio: f32 }
  Ruled:
    tlv_type: 1005
    domain: Rules
    fields:
      grade: { type: u8, validation: [{ min: 2 }, { max: 5 }] }
      word: { type: "String<8>", validation: [{ one_of: [up, down] }] }
      way: { type: Side, validation: [{ one_of: [Sell] }] }
      part: { type: f64, optional: true, validation: [{ not_zero: true }] }
      deep: "Vec<Range, 2>"
  Key: { tlv_type: 1003, domain: Notes, log_payload: false, fields: { secret: "String<8>" } }
"#;

fn contract() -> Contract {
    let mut sources = SourceMap::new();
    let source = sources.add("contracts.yaml", CONTRACT);
    let checked = myc_schema::check(&sources, source);
    Contract::of(checked.schema.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)))
}

fn frame(contract: &Contract, name: &str, json: &str) -> Frame {
    let message = contract.schema.message(name).expect("a message");
    let payload = value::json_to_payload(&contract.schema, message, json).expect("a payload");
    framed(message.type_id, &payload)
}

fn framed(type_id: u16, payload: &[u8]) -> Frame {
    let mut bytes = type_id.to_le_bytes().to_vec();
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    Frame::unchecked(bytes.into()).expect("a frame")
}

const BOOK: &str =
    r#"{"venue":"XETR","bids":[{"price":"5","size":1.5},{"price":"4","size":2.0}],"side":"Buy","last":null}"#;

fn wanted(topics: &[&str], messages: &[&str], fields: &[&str]) -> Wanted {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let fields = fields.iter().map(|text| Condition::parse(text).expect("a condition")).collect();
    Wanted { topics: owned(topics), messages: owned(messages), fields }
}

/// The lines of one frame of each type, without their times.
fn shown(contract: &Contract, wanted: Wanted) -> Vec<String> {
    let lines = Lines::new(Some(contract), wanted).unwrap_or_else(|failure| panic!("{failure:?}"));
    let frames = [
        frame(contract, "Book", BOOK),
        frame(contract, "Note", r#"{"venue":"XETR"}"#),
        frame(contract, "Key", r#"{"secret":"hunter2"}"#),
        frame(contract, "Flags", r#"{"on":true,"key":"0x12ab","wide":"7","ratio":-0.0}"#),
    ];
    frames.iter().filter_map(|frame| lines.line(frame)).map(|line| without_time(&line)).collect()
}

fn without_time(line: &str) -> String {
    let (time, rest) = line.split_once("\",").expect("the time is first");
    humantime::parse_rfc3339(time.strip_prefix("{\"time\":\"").expect("the time")).expect("a time");
    rest.to_owned()
}

#[test]
fn lines_say_what_a_message_is_and_keep_secrets() {
    let contract = contract();
    let lines = shown(&contract, Wanted::default());
    assert_eq!(
        lines,
        [
            format!(r#""type_id":1001,"message":"Book","topic":"market-data","size":104,"payload":{BOOK}}}"#),
            r#""type_id":1002,"message":"Note","topic":"notes","size":16,"payload":{"venue":"XETR"}}"#.into(),
            r#""type_id":1003,"message":"Key","topic":"notes","size":16,"redacted":true}"#.into(),
            r#""type_id":1004,"message":"Flags","topic":"flags","size":40,"payload":{"on":true,"key":"0x12ab","wide":"7","ratio":-0.0}}"#.into(),
        ]
    );
    let all = Lines::new(Some(&contract), Wanted::default()).expect("lines");
    assert_eq!(all.types(), None);
    // Of a type that is not in the contract, and of a payload that is none.
    let unknown = all.line(&framed(9000, &[1, 2, 3])).expect("a line");
    assert_eq!(without_time(&unknown), r#""type_id":9000,"size":3}"#);
    let mut bad = frame(&contract, "Note", r#"{"venue":"XETR"}"#).payload().to_vec();
    bad[0] = 9;
    let bad = all.line(&framed(1002, &bad)).expect("a line");
    assert!(bad.ends_with(r#""rejected":"count at venue"}"#), "{bad}");
    // Not even what is wrong with a secret.
    let secret = all.line(&framed(1003, &[9; 16])).expect("a line");
    assert!(secret.ends_with(r#""redacted":true}"#), "{secret}");
    // Without a contract nothing is known.
    let none = Lines::new(None, Wanted::default()).expect("lines");
    assert_eq!(without_time(&none.line(&framed(1001, &[0; 4])).expect("a line")), r#""type_id":1001,"size":4}"#);
}

#[test]
fn lines_are_of_what_is_wanted() {
    let contract = contract();
    let names = |wanted: Wanted| -> Vec<String> {
        let lines = shown(&contract, wanted);
        lines.iter().filter_map(|line| line.split('"').nth(5).map(str::to_owned)).collect()
    };
    for (found, expected) in [
        (names(wanted(&["notes"], &[], &[])), &["Note", "Key"][..]),
        (names(wanted(&[], &["Book"], &[])), &["Book"]),
        (names(wanted(&["notes"], &["Book"], &[])), &["Book", "Note", "Key"]),
        // A secret does not answer questions about its payload.
        (names(wanted(&[], &[], &["venue=XETR"])), &["Book", "Note"]),
        (names(wanted(&[], &[], &["venue=XLON"])), &[]),
        (names(wanted(&[], &[], &["bids[1].price=4"])), &["Book"]),
        (names(wanted(&[], &[], &["bids[1].size=2"])), &["Book"]),
        (names(wanted(&[], &[], &["bids[2].price=4"])), &[]),
        (names(wanted(&[], &[], &["side=Buy", "last=null"])), &["Book"]),
        (names(wanted(&[], &[], &["side=Buy", "venue=XLON"])), &[]),
        (names(wanted(&[], &[], &["last=7"])), &[]),
        (names(wanted(&[], &[], &["on=true", "key=0x12AB", "wide=7", "ratio=0"])), &["Flags"]),
        (names(wanted(&[], &[], &["key[1]=171"])), &["Flags"]),
        (names(wanted(&[], &[], &["key[1]=170"])), &[]),
        (names(wanted(&[], &[], &["ratio=NaN"])), &[]),
    ] {
        assert_eq!(found, expected);
    }
    let types = |wanted| Lines::new(Some(&contract), wanted).expect("lines").types();
    assert_eq!(types(wanted(&["notes"], &[], &[])), Some(vec![1002, 1003]));
    assert_eq!(types(wanted(&[], &[], &["venue=x"])), Some(vec![1001, 1002]));
}

#[test]
fn what_there_is_not_is_said() {
    let contract = contract();
    for (wanted, words) in [
        (wanted(&["note"], &[], &[]), "no topic `note`; did you mean `notes`?"),
        (wanted(&["zzz"], &[], &[]), "no topic `zzz`; it has market-data, notes, flags, rules"),
        (wanted(&[], &["Boook"], &[]), "no message `Boook`; did you mean `Book`?"),
        (wanted(&[], &[], &["vemue=1"]), "no message that is asked for has a field `vemue`; did you mean `venue`?"),
        (
            wanted(&[], &[], &["price=1"]),
            "no message that is asked for has a field `price`; there are bids[0].price, bids[0].size, deep[0].most, grade, key, last, on, part, ratio, side, venue, way, …",
        ),
        (wanted(&[], &["Note"], &["side=Buy"]), "no message that is asked for has a field `side`"),
        (wanted(&[], &[], &["secret=hunter2"]), "keeps the payload of Key out of logs"),
    ] {
        let Err(failure) = Lines::new(Some(&contract), wanted) else { panic!("{words}") };
        let said = format!("{}; {}", failure.lines.join("; "), failure.help.unwrap_or_default());
        assert!(said.contains(words), "{said}");
    }
    // What a field can never be is a mistake, and not a message that never comes.
    for (field, words) in [
        (
            "bids[4].price=1",
            "`bids` of Book is Vec<Level, 4>, and never has an element 4; elements are counted from 0: `bids[3]`",
        ),
        ("venue.x=1", "`venue` of Book is String<8>, and has no fields; ask for `venue` itself"),
        ("venue[0]=1", "`venue` of Book is String<8>, and has no elements"),
        (
            "bids=1",
            "`bids` of Book is Vec<Level, 4>: it is no single value; ask for an element of it, such as `bids[0]=…`",
        ),
        (
            "bids[0]=1",
            "`bids[0]` of Book is Level: it is no single value; ask for a field of it, such as `bids[0].price=…`",
        ),
        (
            "last=4294967296",
            "`last` of Book is u32: 4294967296 is out of the range of u32, 0 to 4294967295; write a value such as `last=1`; or `null`",
        ),
        ("last=-1", "-1 is out of the range of u32"),
        ("last=1.5", "an integer number was expected, found 1.5"),
        ("last=many", "an integer number was expected, found \"many\""),
        ("bids[0].price=9223372036854775808", "out of the range of i64"),
        (
            "bids[0].size=large",
            "`bids[0].size` of Book is f64: a number, \"NaN\", \"Infinity\" or \"-Infinity\" was expected",
        ),
        (
            "side=Bye",
            "`side` of Book is Side: `Bye` is not a value of Side, whose values are: Buy, Sell; write a value such as `side=Buy`",
        ),
        ("side=null", "`null` is not a value of Side"),
        (
            "venue=XETRAXETRA",
            "`venue` of Book is String<8>: this text has 10 bytes; write a value such as `venue=text`",
        ),
        ("on=yes", "`on` of Flags is bool: true or false was expected, found \"yes\"; write a value such as `on=true`"),
        ("key=12", "`key` of Flags is [u8; 2]: a string of hex digits after 0x was expected"),
        ("key=0x12", "these are 1 bytes; write a value such as `key=0x0000`"),
        ("wide=-1", "-1 is out of the range of U256"),
        // What its rules exclude is in no message either.
        ("grade=1", "`grade` of Ruled is never `1`, which is less than 2 (rule:min); write a value such as `grade=5`"),
        ("grade=6", "`grade` of Ruled is never `6`, which is more than 5 (rule:max); write a value such as `grade="),
        (
            "word=left",
            "`word` of Ruled is never `left`, which is not one of the allowed values (rule:one_of); write a value such as `word=down`",
        ),
        (
            "way=Buy",
            "`way` of Ruled is never `Buy`, which is not one of the allowed values (rule:one_of); write a value such as `way=Sell`",
        ),
        (
            "part=-0.0",
            "`part` of Ruled is never `-0.0`, which is zero (rule:not_zero); write a value such as `part=1.5`",
        ),
        ("grade=many", "found \"many\"; write a value such as `grade=5`"),
        ("part=NaN", "`part` of Ruled is never `NaN`"),
        (
            "deep[1].most=9",
            "`deep[1].most` of Ruled is never `9`, which is less than 10 (rule:min); write a value such as `deep[1].most=",
        ),
    ] {
        let Err(failure) = Lines::new(Some(&contract), wanted(&[], &[], &[field])) else { panic!("{field}") };
        let said = format!("{}; {}", failure.lines.join("; "), failure.help.unwrap_or_default());
        assert!(said.contains(words), "{said}");
        assert_eq!(failure.exit, Exit::Usage);
    }
    for field in ["grade=2", "word=up", "way=Sell", "part=null", "part=0.5", "deep[0].most=10"] {
        assert!(Lines::new(Some(&contract), wanted(&[], &[], &[field])).is_ok(), "{field}");
    }
    let Err(failure) = Lines::new(None, wanted(&["notes"], &[], &[])) else { panic!("no contract") };
    assert!(failure.lines[0].contains("by a contract alone"));
    for text in ["venue", "=x", "a..b=1", "a[x]=1", "a[0=1", "[0]=1", "a b=1"] {
        assert!(Condition::parse(text).is_err(), "{text}");
    }
}
