//! What tools read of diagnostics, and what may never reach a terminal.

use myc_schema::diag::render::{Format, render};
use myc_schema::source::SourceMap;
use serde_json::Value;

const ALL: [Format; 5] =
    [Format::Human { color: false }, Format::Human { color: true }, Format::Short, Format::Json, Format::Github];

fn diagnose(name: &str, text: &str, format: Format) -> String {
    let mut sources = SourceMap::new();
    let source = sources.add(name, text);
    render(&sources, &myc_schema::check(&sources, source).diagnostics, format)
}

const TWO_MISTAKES: &str = "enums:\n  É: { values: { A: 010 } }\nmessages:\n  Tick: { tlv_type: 1001, tlv_type: 2 }\n";

#[test]
fn short_is_one_line_each() {
    let text = diagnose("a.yaml", "messages:\n  Tick: { tlv_type: 1_001, domain: A }\n", Format::Short);
    assert_eq!(text, "a.yaml:2:21: error[E0105]: expected an integer for `tlv_type`, found `1_001`\n");
}

#[test]
fn json_has_every_key_of_every_finding() {
    let text = diagnose("a.yaml", TWO_MISTAKES, Format::Json);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let find = |code: &str| lines.iter().find(|line| line["code"] == code).unwrap_or_else(|| panic!("{code}: {text}"));
    let spelling = find("E0105");
    assert_eq!(spelling["severity"], "error");
    assert_eq!(spelling["file"], "a.yaml");
    assert_eq!((&spelling["line"], &spelling["column"]), (&2.into(), &21.into()));
    assert_eq!((&spelling["end_line"], &spelling["end_column"]), (&2.into(), &24.into()));
    assert_eq!((&spelling["byte_start"], &spelling["byte_end"]), (&28.into(), &31.into()));
    assert_eq!(spelling["suggestion"]["replacement"], "10");
    assert_eq!(spelling["suggestion"]["byte_start"], 28);
    let twice = find("E0102");
    assert_eq!(twice["related"][0]["line"], 4);
    assert_eq!(twice["related"][0]["column"], 11);
    let keys = |line: &Value| line.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert!(lines.iter().all(|line| keys(line) == keys(&lines[0])), "{text}");
}

/// Applying every edit that is offered mends what it is offered for.
#[test]
fn suggestions_can_be_applied() {
    let text = "schema: { id: 0X10, version: \"2\" }\ntag_ranges: { app: 1000..49999 }\nmessages:\n  Tick:\n    \
                tlv_tpye: 1_001\n    domain: Quotes\n    deprecated: 5\n    required_prior_messages: Tick\n    \
                fields: { a: { type: Vec<u8, 4>, optional: yes } }\n";
    let mut sources = SourceMap::new();
    let source = sources.add("a.yaml", text);
    let found = myc_schema::check(&sources, source).diagnostics;
    assert!(found.iter().all(|found| found.suggestion.is_some()), "{found:?}");
    let mut edits: Vec<_> = found.into_iter().filter_map(|found| found.suggestion).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut mended = text.to_owned();
    for edit in edits {
        mended.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
    }
    let rest = diagnose("a.yaml", &mended, Format::Short);
    assert!(!rest.contains("error["), "{mended}\n{rest}");
}

#[test]
fn github_escapes_and_counts() {
    let text = diagnose("folder, 100%: a.yaml", "messages: { '50%\n\n off': 5 }\n", Format::Github);
    let expected = "::error file=folder%2C 100%25%3A a.yaml,line=3,endLine=3,col=8,endColumn=9,title=E0103 wrong kind of \
                    value::expected a mapping for `50%25\\noff`, found the integer `5`%0Aexpected a mapping";
    assert!(text.lines().any(|line| line == expected), "{text}");
    // A place on several lines has no columns.
    let text = diagnose("a.yaml", "messages: { a: b, 'c\n d': { }, 'c\n d': { } }\n", Format::Github);
    let line = text.lines().find(|line| line.contains("title=E0102")).expect("the key given twice");
    assert!(line.starts_with("::error file=a.yaml,line=2,endLine=3,title="), "{line}");

    let many: String = (0..40).map(|i| format!("unknown_{i}: 1\n")).collect();
    let text = diagnose("a.yaml", &many, Format::Github);
    assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
    assert_eq!(text.lines().filter(|line| line.starts_with("::notice ")).count(), 1);
    assert_eq!(text.lines().filter(|line| line.starts_with("also: a.yaml:")).count(), 30);
    assert!(text.contains("30 more errors and 0 more warnings"));
}

/// A contract from a stranger can't move the cursor, colour the screen, forge a line or a command.
#[test]
fn nothing_of_a_contract_reaches_the_terminal_raw() {
    let names =
        ["\\e[31mred", "\\x9b31m", "a\\nb\\n::error file=x::forged", "\\u202Egnp.exe", "\\u200Bhidden", "\\uFEFF"];
    for name in names {
        let text = format!("messages:\n  \"{name}\": {{ tlv_type: 5_0, \"{name}\": 1 }}\n# \u{202e} \u{85}\n  x: 1\n");
        for file in ["a.yaml", "\u{1b}]0;title\u{7}.yaml", "a\n::error::b.yaml"] {
            for format in ALL {
                let mut shown = diagnose(file, &text, format);
                assert!(!shown.is_empty());
                if format == (Format::Human { color: true }) {
                    shown = without_colors(&shown);
                }
                let raw = shown
                    .chars()
                    .find(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || "\u{202e}\u{200b}\u{feff}".contains(*c));
                assert_eq!(raw, None, "{format:?} of {name}: {shown:?}");
                assert!(
                    !shown.lines().any(|line| line.starts_with("::error::b") || line.starts_with("::error file=x"))
                );
            }
        }
    }
}

/// Takes out what the renderer itself colours with.
fn without_colors(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find("\x1b[") {
        plain.push_str(&rest[..at]);
        let code = &rest[at + 2..];
        let end = code.find(|c: char| !c.is_ascii_digit() && c != ';').expect("the end of a colour");
        assert!(code[end..].starts_with('m'), "only colours: {text:?}");
        rest = &code[end + 1..];
    }
    plain + rest
}

/// The excerpt of a line of a megabyte is a line, and its column is that of the file.
#[test]
fn long_lines_are_cut() {
    let padding = " ".repeat(500_000);
    let text = format!("messages: {{ {padding} Tick: {{ tlv_type: 0x, domain: \"{}\" }} }}\n", "é".repeat(250_000));
    for color in [false, true] {
        let shown = diagnose("a.yaml", &text, Format::Human { color });
        assert!(shown.len() < 3_000, "{} bytes", shown.len());
        assert!(shown.contains("a.yaml:1:500032"), "{shown}");
    }
    let shown = diagnose("a.yaml", &text, Format::Short);
    assert!(shown.starts_with("a.yaml:1:500032: error[E0103]"), "{shown}");
    // A mistake behind half a million characters of two bytes, and a second place far before it.
    let text = format!("x-a: {{ b: 1, c: \"{}\", b: 2 }}\nmessages: {{}}\n", "é".repeat(500_000));
    let shown = diagnose("a.yaml", &text, Format::Human { color: false });
    assert!(shown.contains("a.yaml:1:500021") && shown.contains("a.yaml:1:8"), "{shown}");
    assert!(shown.len() < 3_000, "{} bytes", shown.len());
}
