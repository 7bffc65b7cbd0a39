//! `myc-schema fmt`: one way to write a contract, in which it means what it meant.

use std::fs;

use myc_schema::fmt::{Unformatted, format};
use myc_schema::source::SourceMap;
use mycelium_tests::corpus;
use mycelium_tests::mutate::mutated_text;
use mycelium_tests::program::{folder, run, run_with};
use mycelium_tests::random::Random;

const UGLY: &str = "\
# A contract.


schema: {id: 7,version:  2}   # the header
messages:   # all of them
    # the first
    Quote :
        tlv_type:   1000 # free
        domain: Market

        description: |
              Two lines,
                 # not a comment

              and a third.
        fields:
          bid: {type:   Price,  optional: true}
          # about the hash
          hash: [[ u8 ;4 ]; 2]
          side: {
            type: Side,   # which
            # rules
            validation: [
              {one_of: [Buy,Sell]}
            ]
          }
        # after the fields
    Trade:
        tlv_type: 1001
        domain: 'Market'
        required_prior_messages:
        - Quote # it
        -   Trade
        fields:
            name:
                type: String<12>
                validation:
                -   not_empty: true
                    ascii: true
                - max_length: 12
enums: { Side: { values: { Buy: 1, Sell: 2 } } }
structs: { Price: { fields: { a: u8 } } }
x-notes:   {a:   [1,  2]}
invariants:
- name: \"a
    long   name\"

# the end

";

const NEAT: &str = "\
# A contract.

schema: { id: 7, version: 2 }  # the header
messages:  # all of them
  # the first
  Quote:
    tlv_type: 1000  # free
    domain: Market

    description: |
      Two lines,
         # not a comment

      and a third.
    fields:
      bid: { type: Price, optional: true }
      # about the hash
      hash: [[ u8 ;4 ]; 2]
      side: {
        type: Side,  # which
        # rules
        validation: [
          { one_of: [Buy, Sell] }
        ]
      }
    # after the fields
  Trade:
    tlv_type: 1001
    domain: 'Market'
    required_prior_messages:
      - Quote  # it
      - Trade
    fields:
      name:
        type: String<12>
        validation:
          - not_empty: true
            ascii: true
          - max_length: 12
enums: { Side: { values: { Buy: 1, Sell: 2 } } }
structs: { Price: { fields: { a: u8 } } }
x-notes: { a: [1, 2] }
invariants:
  - name: \"a
      long   name\"

# the end
";

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut sources = SourceMap::new();
    let id = sources.add("contract", text);
    myc_schema::check(&sources, id).schema.map(|schema| schema.digest)
}

/// The words of every comment, as far as a line shows them without knowing YAML.
fn comments(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.trim().strip_prefix('#')).map(|line| line.trim_end().to_owned()).collect()
}

/// Without this, what the formatter does could change with every release.
#[test]
fn one_way_to_write_it() {
    assert_eq!(format(UGLY).as_deref(), Ok(NEAT));
    assert_eq!(format(NEAT).as_deref(), Ok(NEAT));
    for (text, expected) in [
        ("messages: {}", "messages: {}\n"),
        ("\u{feff}messages: {}\r\n\r\n\r\n", "messages: {}\n"),
        ("---\n# a\nmessages: {}\n", "---\n# a\nmessages: {}\n"),
        ("\u{feff}--- # a\n# b\n\nmessages: {}\n... # c", "---  # a\n# b\n\nmessages: {}\n...  # c\n"),
        ("# a\n\n--- {messages: {}} # b\n", "# a\n\n---\n{ messages: {} }  # b\n"),
        ("a: 1\r# b\rc: |\r   x\r   y\r", "a: 1\n# b\nc: |\n  x\n  y\n"),
        ("{ a: X # 6\n , # 7\n # 8\n b: 1 }", "{\n  a: X,  # 6\n  # 7\n  # 8\n  b: 1\n}\n"),
        ("a: # b\n  1\nc:\n  # d\n  [2]\n", "a:  # b\n  1\nc:\n  # d\n  [2]\n"),
        ("a:\n- # b\n  - c\n-\n  # d\n  e: f\n", "a:\n  -  # b\n    - c\n  -\n    # d\n    e: f\n"),
        ("a: { # b\n }\n", "a: {  # b\n  }\n"),
        ("{\"a\": {\"b\": {\n}}}", "{\n  \"a\": {\n    \"b\": {\n    }\n  }\n}\n"),
        ("a: \"b\\  \n   c\\\n d\"\n", "a: \"b\\ \n  c\\\n  d\"\n"),
        ("a: |\n    b\n  # c\nd: 1\n", "a: |\n  b\n# c\nd: 1\n"),
        ("a: [{x: 1},\n\n  {y: 2}, {z: 3}]\n", "a: [\n  { x: 1 },\n\n  { y: 2 },\n  { z: 3 }\n]\n"),
        ("{messages: {}}", "{ messages: {} }\n"),
        (
            "messages:\n  A:\n    description: >-\n     a\n\n\n     b\n    tlv_type: 1\n",
            "messages:\n  A:\n    description: >-\n      a\n\n\n      b\n    tlv_type: 1\n",
        ),
        ("a:\n  b: |2\n      x\n     y\n", "a:\n  b: |2\n      x\n     y\n"),
        ("a:\n # one\n\n # two\n b: 1\n# three\n", "a:\n  # one\n\n  # two\n  b: 1\n# three\n"),
        ("a: 1 # x\n\n\n\nb: 2\n", "a: 1  # x\n\nb: 2\n"),
    ] {
        assert_eq!(format(text).as_deref(), Ok(expected), "{text:?}");
        assert_eq!(format(expected).as_deref(), Ok(expected), "{expected:?}");
    }
    // What is longer than a parser looks for a colon.
    let long = format!("? {}\n: 1\n", "a".repeat(1100));
    assert_eq!(format(&long).as_deref(), Ok(long.as_str()));
    let malformed = [
        "",
        "# nothing\n",
        "a: {\n",
        "a: *b\n",
        "a: !t 1\n",
        "a: &b # c\n  1\n",
        "a: 1\na: 2\n",
        "\u{0}",
        ">-\n",
        "a: [b]#c",
    ];
    for text in malformed {
        assert_eq!(format(text), Err(Unformatted::Malformed), "{text:?}");
    }
}

/// Without this, formatting could lose a comment, change a digest, or come to no end.
#[test]
fn nothing_but_blanks_changes() {
    let mut random = Random::for_test("fmt", 9);
    let mut texts = corpus::texts();
    texts.push(UGLY.to_owned());
    let originals: Vec<String> = texts.iter().filter(|text| (1..6000).contains(&text.len())).cloned().collect();
    for _ in 0..3000 {
        let (text, other) = (random.choose(&originals), random.choose(&originals));
        let mutated = mutated_text(&mut random, text.as_bytes(), other.as_bytes());
        texts.extend(String::from_utf8(mutated).ok());
    }
    let (mut formatted, mut unusual) = (0, Vec::new());
    for text in &texts {
        match format(text) {
            Ok(neat) => {
                assert_eq!(format(&neat).as_deref(), Ok(neat.as_str()), "twice is once:\n{text}\n===\n{neat}");
                if !text.contains("source") {
                    assert_eq!(digest(&neat), digest(text), "{text}\n===\n{neat}");
                }
                let lost = comments(text).into_iter().find(|comment| !neat.contains(comment.as_str()));
                assert_eq!(lost, None, "{text}\n===\n{neat}");
                formatted += 1;
            }
            Err(Unformatted::Malformed) => assert_eq!(digest(text), None, "{text}"),
            Err(Unformatted::Unusual) => unusual.push(text),
        }
    }
    println!("{formatted} formatted, {} unusual of {}", unusual.len(), texts.len());
    assert!(formatted > 700, "{formatted}");
    assert!(unusual.is_empty(), "{} of {}: {}", unusual.len(), texts.len(), unusual[0]);
}

/// Without this, a contract that a program wrote on one line could take time that grows with the square of its length:
/// many minutes.
#[test]
fn a_long_line_is_formatted() {
    let message = |index: usize| format!("M{index}: {{tlv_type: {},  domain: D, fields: {{a: u8}}}}", index + 1000);
    let messages: Vec<String> = (0..20_000).map(message).collect();
    let line = format(&format!("messages: {{{}}} # all\n", messages.join(", "))).expect("formatted");
    assert!(line.starts_with("messages: { M0: { tlv_type: 1000, domain: D,") && line.ends_with(" } }  # all\n"));
    assert_eq!(line.matches("tlv_type").count(), messages.len());
}

/// Without this, continuous integration could not hold contracts to the format, or a digest would change unseen.
#[test]
fn the_command() {
    let source =
        format!("schema: {{digest: source}}\n{UGLY}").replacen("schema: {id: 7,version:  2}   # the header\n", "", 1);
    let files = [("contracts.yaml", UGLY), ("neat.yaml", NEAT), ("bad.yaml", "a: {\n"), ("source.yaml", &source)];
    let here = folder(&files);
    let read = |name: &str| fs::read_to_string(here.path().join(name)).expect("a file");
    let check = run(here.path(), ["fmt", "--check"]).exits(1);
    assert!(check.text().starts_with("--- contracts.yaml\n+++ contracts.yaml\n@@"), "{}", check.text());
    assert!(check.stderr.contains("contracts.yaml: not formatted"), "{}", check.stderr);
    assert_eq!(read("contracts.yaml"), UGLY);
    run(here.path(), ["fmt", "--check", "neat.yaml"]).quiet();
    run(here.path(), ["fmt"]).quiet();
    assert_eq!(read("contracts.yaml"), NEAT);
    run(here.path(), ["fmt", "--check", "contracts.yaml", "neat.yaml"]).quiet();
    assert_eq!(run_with(here.path(), ["fmt", "-"], UGLY).quiet(), NEAT.as_bytes());
    run(here.path(), ["fmt", "bad.yaml", "neat.yaml"]).exits(1).says(&["error[E0005]", "bad.yaml:"]);
    assert_eq!(read("bad.yaml"), "a: {\n");
    assert!(digest(&source).is_some(), "{source}");
    for arguments in [&["fmt", "source.yaml"][..], &["fmt", "--check", "source.yaml"]] {
        run(here.path(), arguments).exits(0).says(&["left as it is", "digest: source"]);
    }
    assert_eq!(read("source.yaml"), source);
    run(here.path(), ["fmt", "nowhere.yaml"]).exits(3).says(&["E0001"]);
    run(here.path(), ["fmt", "-", "neat.yaml"]).exits(2).says(&["stdin"]);
}
