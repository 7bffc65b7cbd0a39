//! Files that are no contract, and the odd ways in which text files begin, end and break their lines.

use std::io::{self, Read};

use myc_schema::diag::Diagnostic;
use myc_schema::source::{LineColumn, MAX_BYTES, SourceMap};
use myc_schema::{Checked, codes};

const CONTRACT: &str = "messages:\n  Tick:\n    tlv_type: 1001\n    domain: Quotes\n    fields: { price: u64 }\n";

fn check(text: &str) -> Checked {
    let mut sources = SourceMap::new();
    let source = sources.load_bytes("contracts.yaml", text.into()).expect("UTF-8 of a reasonable size");
    myc_schema::check(&sources, source)
}

fn codes_of(checked: &Checked) -> Vec<&'static str> {
    checked.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn place(sources: &SourceMap, diagnostic: &Diagnostic) -> LineColumn {
    let span = diagnostic.span.expect("a place");
    sources.get(span.source).expect("a text").line_column(span.start)
}

#[test]
fn what_is_no_file_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sources = SourceMap::new();
    let missing = sources.load(&folder.path().join("contracts.yaml")).expect_err("there is no such file");
    assert_eq!(missing.code.id, "E0001");
    assert!(missing.message.ends_with("there is no such file"), "{}", missing.message);
    let directory = sources.load(folder.path()).expect_err("a folder");
    assert_eq!(directory.code.id, "E0001");
    assert!(directory.message.ends_with("it is a directory"), "{}", directory.message);
}

/// A hundred megabytes are not read: only their number is looked at.
#[test]
fn a_large_file_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("contracts.yaml");
    std::fs::File::create(&path).and_then(|file| file.set_len(100_000_000)).expect("a sparse file");
    let refused = SourceMap::new().load(&path).expect_err("too large");
    assert_eq!(refused.code.id, codes::E0002.id);
}

/// A stream has no size to look at, and may have no end.
#[test]
fn an_endless_stream_is_refused() {
    struct Counted(u64);
    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'#');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }
    let mut endless = Counted(0);
    let refused = SourceMap::new().load_reader("<stdin>", &mut endless).expect_err("too large");
    assert_eq!(refused.code.id, codes::E0002.id);
    assert!(endless.0 <= MAX_BYTES + 1, "{} bytes were read", endless.0);
}

#[test]
fn a_stream_that_breaks_is_unreadable() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable is cut"))
        }
    }
    let refused = SourceMap::new().load_reader("<stdin>", Broken).expect_err("unreadable");
    assert_eq!(refused.code.id, codes::E0001.id);
    assert!(refused.message.contains("the cable is cut"));
}

#[test]
fn the_first_byte_that_is_not_utf8_has_a_place() {
    for (bytes, line, column) in [
        (&b"a: b\n  \xc3\xa9: \xff\n"[..], 2, 6),
        (b"\xff\xfea\0:\0", 1, 1),
        (b"a: \xe2\x82", 1, 4),
        (b"\n\n\xed\xa0\x80", 3, 1),
    ] {
        let mut sources = SourceMap::new();
        let found = sources.load_bytes("contracts.yaml", bytes.to_vec()).expect_err("not UTF-8");
        assert_eq!(found.code.id, codes::E0003.id);
        assert_eq!(place(&sources, &found), LineColumn { line, column }, "{bytes:?}");
    }
}

/// The same contract, whichever editor wrote it.
#[test]
fn line_breaks_and_byte_order_marks_mean_nothing() {
    let digest = |text: &str| {
        let checked = check(text);
        checked.schema.unwrap_or_else(|| panic!("{text:?}: {:?}", checked.diagnostics)).digest
    };
    let expected = digest(CONTRACT);
    for text in [
        CONTRACT.replace('\n', "\r\n"),
        CONTRACT.replace('\n', "\r"),
        format!("\u{feff}{CONTRACT}"),
        format!("\u{feff}{}", CONTRACT.replace('\n', "\r\n")),
        format!("---\n{CONTRACT}...\n"),
        format!("%YAML 1.2\n---\n{CONTRACT}"),
        CONTRACT.trim_end().to_owned(),
        CONTRACT.replace(": ", ": \t"),
        CONTRACT.replace('\n', " \t# why\n\n"),
    ] {
        assert_eq!(digest(&text), expected, "{text:?}");
    }
}

#[test]
fn columns_are_characters() {
    for (text, line, column) in [
        ("é: 1", 1, 1),
        ("\u{feff}é: 1", 1, 1),
        ("messages: { é: 5 }", 1, 16),
        ("messages:\r\n  円円: 5\r\n", 2, 7),
        ("messages: { \"é\u{1f600}\": { }, B: 5 }", 1, 13),
    ] {
        let mut sources = SourceMap::new();
        let source = sources.add("contracts.yaml", text);
        let found = myc_schema::check(&sources, source).diagnostics;
        let first = found.iter().find(|found| found.code.id.starts_with("E01")).expect("a mistake of form");
        assert_eq!(place(&sources, first), LineColumn { line, column }, "{text:?}: {first:?}");
    }
}

#[test]
fn control_characters_are_one_finding() {
    for c in ['\0', '\u{1}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{fffe}'] {
        for text in [format!("{CONTRACT}# {c}{c}{c}\n"), format!("x-a: {c}\n{CONTRACT}"), c.to_string()] {
            assert_eq!(codes_of(&check(&text)), ["E0004"], "{text:?}");
        }
    }
    // As escapes they are text.
    let escaped = CONTRACT.replace("Tick:\n", "Tick:\n    description: \"\\0\\e\\x9b\"\n");
    assert!(check(&escaped).schema.is_some());
}

/// Without this, a merge that nobody finished would be a riddle about YAML, or be formatted.
#[test]
fn merge_conflicts_are_one_finding() {
    // This file is not in conflict.
    let marker = |c: char, name: &str| format!("{}{name}\n", c.to_string().repeat(7));
    let (ours, base, middle, theirs) =
        (marker('<', " HEAD"), marker('|', " 1234567"), marker('=', ""), marker('>', " topic"));
    let both = format!("{ours}    tlv_type: 1001\n{middle}    tlv_type: 1002\n{theirs}");
    let whole = CONTRACT.replace("    tlv_type: 1001\n", &both);
    let text = |lines: &str| CONTRACT.replace("    domain", &format!("{lines}    domain"));
    for (text, line) in [
        (whole.clone(), 3),
        (whole.replace('\n', "\r\n"), 3),
        (whole.replace(&middle, &format!("{base}    tlv_type: 1000\n{middle}")), 3),
        (text(&theirs), 4),
        (text(&base), 4),
        (format!("{ours}{CONTRACT}"), 1),
    ] {
        let checked = check(&text);
        assert_eq!(codes_of(&checked), ["E0012"], "{text}");
        let mut sources = SourceMap::new();
        sources.add("contracts.yaml", &*text);
        assert_eq!(place(&sources, &checked.diagnostics[0]), LineColumn { line, column: 1 }, "{text}");
        assert!(myc_schema::fmt::format(&text).is_err(), "{text}");
    }
    // In a description it is text.
    let described =
        CONTRACT.replace("    domain", &format!("    description: |\n      {ours}      {theirs}    domain"));
    assert!(check(&described).schema.is_some(), "{:?}", check(&described).diagnostics);
}

/// Past ten thousand findings the errors come first, and the end says that it is not the end.
#[test]
fn very_many_findings_are_cut() {
    let warnings: String = (0..6_000).map(|i| format!("      f{i}: String\n")).collect();
    let errors: String = (0..6_000).map(|i| format!("      g{i}: 0{i}\n")).collect();
    let text = format!("messages:\n  M:\n    tlv_type: 1001\n    domain: A\n    fields:\n{warnings}{errors}");
    let checked = check(&text);
    let count = |id: &str| codes_of(&checked).iter().filter(|code| **code == id).count();
    assert_eq!((count("E0103"), count("W0001"), checked.diagnostics.len()), (6_000, 1, 10_001));
    assert!(checked.schema.is_none());
    // Warnings alone, however many, are no error.
    let text = format!("messages:\n{}", many_messages(12_000));
    let checked = check(&text);
    assert!(checked.schema.is_some());
    assert_eq!(checked.diagnostics.len(), 10_001);
}

fn many_messages(count: usize) -> String {
    (0..count).map(|i| format!("  M{i}: {{ tlv_type: {}, domain: A, fields: {{ s: String }} }}\n", i + 100)).collect()
}

#[test]
fn too_many_items_are_refused() {
    let commas = format!("x-a: [{}]\n", ",".repeat(1_100_000));
    let lines = "\n".repeat(1_100_000) + CONTRACT;
    // What ended lines on old Macs does so for the parser.
    let returns = "\r".repeat(1_100_000) + CONTRACT;
    for text in [commas, lines, returns] {
        assert_eq!(codes_of(&check(&text)), ["E0002"]);
    }
}
