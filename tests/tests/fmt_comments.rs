//! `myc-schema fmt` and comments wherever YAML allows one: they all stay, in order, and nothing else changes. Which
//! places allow one is found out by asking YAML's parser.

use myc_schema::fmt::format;
use myc_schema::source::SourceMap;
use mycelium_tests::random::Random;
use saphyr_parser::{Event, Parser};

const BLOCK: &str = "\
schema: { id: 7, version: 2 }
domains:
  Market:
    description: \"Prices: one
      and \\
      two\"

messages:
  Quote:
    tlv_type: 1000
    domain: Market
    description: |
      First line.

        # no comment
      Last line.
    required_prior_messages:
    - Quote
    -   Trade
    fields:
      bid: u64
      name:
        type: String<12>
        validation:
          - not_empty: true
          -
            max_length: 12
  Trade:
    tlv_type: 1001
    domain:
      'Market'
    deprecated: >-
      folded
      text
    fields: {}
x-notes:
  - - a
    - b: c
      d: e
  - plain text
    goes on
  -
";

const FLOW: &str = "\
{ messages: { A: { tlv_type: 1000, domain: D,
   fields: { a: u8, \"b\" : {type: u16, validation: [ {min: 1}, max: 9 ]}, c: [u8; 4] } } },

  x-a: [ [1, 2], [], {} , 'q r
   s' ] }
";

const EXPLICIT: &str = "\
? messages
: A:
    ? tlv_type
    : 1000
    domain: D
    fields:
      a:
        ? type
        : u8
x-a: [ ? b : c, ? d ]
";

const MARKED: &str = "\
%YAML 1.2
---
messages:
  A: {tlv_type: 1000, domain: D}
...
";

const CONTRACTS: [&str; 6] =
    [BLOCK, FLOW, EXPLICIT, MARKED, "--- {messages: {}}\n", "---\nmessages:\n  A:\n    tlv_type: 1000\n    domain: D"];

/// What a text says, without places; `None` where it is not YAML.
fn said(text: &str) -> Option<Vec<String>> {
    let mut said = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        said.push(match event.ok()?.0 {
            Event::Scalar(text, style, ..) => format!("{style:?} {text:?}"),
            event => format!("{event:?}"),
        });
    }
    Some(said)
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut sources = SourceMap::new();
    let id = sources.add("contract", text);
    myc_schema::check(&sources, id).schema.map(|schema| schema.digest)
}

/// The numbers of the comments `#c1`, `#c2` … in order.
fn comments(text: &str) -> Vec<usize> {
    let numbers = text.split("#c").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    numbers.map(|number| number.and_then(|number| number.parse().ok()).expect("a number")).collect()
}

/// Holds that a text is formatted as it should be.
fn hold(text: &str, digest_of: Option<[u8; 32]>) {
    let neat = format(text).unwrap_or_else(|why| panic!("{why}:\n{text}\n{text:?}"));
    assert_eq!(comments(&neat), comments(text), "{text}\n===\n{neat}\n{text:?}");
    assert_eq!(format(&neat).as_deref(), Ok(neat.as_str()), "twice is once:\n{text}\n===\n{neat}\n{text:?}");
    assert_eq!(digest(&neat), digest_of, "{text}\n===\n{neat}\n{text:?}");
    assert!(!neat.contains(['\r', '\u{feff}']), "{neat:?}");
}

/// The ways to put a comment into a text at a place: at the end of a line that goes on below in this column, or on a
/// line of its own.
fn with_comment(text: &str, at: usize, number: usize, way: usize) -> String {
    let column = at - text[..at].rfind('\n').map_or(0, |found| found + 1);
    let indent = " ".repeat([0, column, column + 3, 2][way % 4]);
    let comment = match way / 4 {
        0 => format!(" #c{number} :, }}]\n"),
        1 => format!("\n{indent}#c{number} - \"'\n"),
        _ => format!("\t#c{number} é: |\n"),
    };
    [&text[..at], &comment, &indent, &text[at..]].concat()
}

const WAYS: usize = 12;

/// The places and ways of a text where a comment changes nothing.
fn places(text: &str) -> Vec<(usize, usize)> {
    let expected = said(text);
    assert!(expected.is_some(), "{text}");
    let ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
    let places = ends.flat_map(|at| (0..WAYS).map(move |way| (at, way)));
    places.filter(|(at, way)| said(&with_comment(text, *at, 1, *way)) == expected).collect()
}

/// Without this, `fmt` could lose a comment, refuse a contract for one, or give the contract another meaning.
#[test]
fn a_comment_at_every_place() {
    let mut count = 0;
    for contract in CONTRACTS {
        let digest_of = digest(contract);
        assert!(digest_of.is_some(), "{contract}");
        hold(contract, digest_of);
        for (at, way) in places(contract) {
            hold(&with_comment(contract, at, 1, way), digest_of);
            count += 1;
        }
    }
    println!("{count} places");
    assert!(count > 2000, "{count}");
}

/// Several at once, with every kind of line end, byte order marks, blanks at ends of lines, and no last line end.
#[test]
fn comments_together() {
    let mut random = Random::for_test("fmt_comments", 6);
    let all: Vec<_> = CONTRACTS.iter().map(|contract| (*contract, digest(contract), places(contract))).collect();
    let mut kept = 0;
    for _ in 0..2500 {
        let (contract, digest_of, places) = random.choose(&all);
        let mut chosen: Vec<_> = (0..random.between(2, 8)).map(|_| *random.choose(places)).collect();
        chosen.sort_unstable();
        let mut text = (*contract).to_owned();
        for (index, (at, way)) in chosen.iter().enumerate().rev() {
            text = with_comment(&text, *at, index, *way);
        }
        // Two that are allowed alone may not be together.
        if said(&text) != said(contract) {
            continue;
        }
        kept += 1;
        if random.one_in(3) {
            text = text.lines().map(|line| format!("{line}{}\n", random.choose(&["", " ", "  ", " \t"]))).collect();
        }
        if random.one_in(3) {
            text.truncate(text.trim_end().len());
        }
        let end = *random.choose(&["\n", "\r\n", "\r"]);
        text = text.replace('\n', end);
        for mark in ["\u{feff}", "\u{feff}#c99 before\n\u{feff}", "\u{feff}---\n"] {
            // A second marker would begin a second document.
            if random.one_in(4) && !text.contains("---") && !text.starts_with('\u{feff}') {
                text.insert_str(0, &mark.replace('\n', end));
            }
        }
        if said(&text).is_some() && digest(&text) == *digest_of {
            hold(&text, *digest_of);
        }
    }
    println!("{kept} texts");
    assert!(kept > 1500, "{kept}");
}
