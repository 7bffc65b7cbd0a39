//! No text makes the compiler panic, hang or lose a finding: thousands of broken contracts, and the
//! shapes that break readers of YAML.

use std::panic::{AssertUnwindSafe, catch_unwind};

use myc_schema::diag::render::{Format, render};
use myc_schema::diag::{Diagnostic, Severity};
use myc_schema::source::{SourceMap, Span};
use mycelium_tests::toolchain;

/// Checks a contract and everything that holds of whatever is found in it. Returns the codes found.
fn sound(bytes: &[u8]) -> Vec<&'static str> {
    let mut sources = SourceMap::new();
    let found = match sources.load_bytes("contracts.yaml", bytes.to_vec()) {
        Ok(source) => {
            let checked = myc_schema::check(&sources, source);
            let errors = checked.diagnostics.iter().any(|found| found.severity() == Severity::Error);
            assert_eq!(checked.schema.is_none(), errors, "a schema unless there is an error");
            checked.diagnostics
        }
        Err(found) => vec![*found],
    };
    assert!(found.windows(2).all(|pair| pair[0].span <= pair[1].span), "in source order");
    for diagnostic in &found {
        in_order(&sources, diagnostic);
    }
    // Excerpts of thousands are rendered once, below: that takes a build without optimization seconds.
    let format = if found.len() < 1_000 { Format::Human { color: false } } else { Format::Short };
    let text = render(&sources, &found, format);
    assert_eq!(text.is_empty(), found.is_empty());
    found.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn in_order(sources: &SourceMap, diagnostic: &Diagnostic) {
    let edit = diagnostic.suggestion.as_ref().map(|edit| edit.span);
    let related = diagnostic.related.iter().map(|(span, _)| *span);
    for Span { source, start, end } in related.chain(diagnostic.span).chain(edit) {
        let text = sources.get(source).expect("a text of this map").text();
        assert!(text.get(start as usize..end as usize).is_some(), "{start}..{end} is no place of it: {diagnostic:?}");
    }
    assert!(diagnostic.message.len() < 2_000, "a message of {} bytes", diagnostic.message.len());
}

/// SplitMix64: the same sequence on every machine and run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What is put in the place of a token, or between two.
const TOKENS: &[&str] = &[
    "",
    "~",
    "yes",
    "010",
    "-1",
    "1e9",
    "0x",
    "999999999999999999999999999999999999999999",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "? ",
    ",",
    "&a",
    "*a",
    "!t",
    "!!str",
    "<<",
    "|",
    ">",
    "#",
    "---",
    "...",
    "%YAML 1.1",
    "\t",
    "\r",
    "\0",
    "\u{feff}",
    "\u{85}",
    "é",
    "\u{202e}",
    "x-a",
    "type",
    "fields",
    "messages",
    "String",
    "String<0>",
    "String<65536>",
    "Vec<u8>",
    "Vec<Vec<u8, 2>, 2>",
    "[u8; 0]",
    "[[u8; 65535]; 65535]",
    "[[[u8;3];3];3]",
    "U256",
    "f64",
    "bool",
    "self",
    "Self",
    "type_",
    "max_length",
    "one_of",
    "one_of: [1, 1]",
    "not_zero",
    "min: 5",
    "optional",
    "deprecated",
    "core",
];

fn mutate(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(text.len());
        match random.below(10) {
            0 => text[at..].iter_mut().take(1).for_each(|byte| *byte = random.next() as u8),
            1 => text.truncate(at),
            2 => drop(text.drain(at..(at + 1 + random.below(8)).min(text.len()))),
            3 => {
                let piece = text[at..(at + random.below(40)).min(text.len())].to_vec();
                let to = random.below(text.len());
                text.splice(to..to, piece);
            }
            4 | 5 => {
                let token = random.of(TOKENS).bytes();
                text.splice(at..at, token);
            }
            6 => text = on_lines(&text, random, |lines, at, _| drop(lines.remove(at))),
            7 => {
                text = on_lines(&text, random, |lines, at, random| {
                    let to = random.below(lines.len());
                    lines.swap(at, to);
                });
            }
            8 => {
                text = on_lines(&text, random, |lines, at, random| {
                    let line = lines[at].clone();
                    let to = random.below(lines.len());
                    lines.insert(to, [&b" "[..random.below(2)], &line].concat());
                });
            }
            _ => text = with_token(&text, random),
        }
    }
    text
}

fn on_lines(text: &[u8], random: &mut Random, change: impl Fn(&mut Vec<Vec<u8>>, usize, &mut Random)) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let at = random.below(lines.len());
    change(&mut lines, at, random);
    lines.join(&b'\n')
}

/// Replaces one word by a token, or by another word of the same contract.
fn with_token(text: &[u8], random: &mut Random) -> Vec<u8> {
    let words: Vec<(usize, usize)> = words(text);
    if words.is_empty() {
        return text.to_vec();
    }
    let &(start, end) = random.of(&words);
    let other = *random.of(&words);
    let token = if random.below(2) == 0 { random.of(TOKENS).as_bytes() } else { &text[other.0..other.1] };
    [&text[..start], token, &text[end..]].concat()
}

fn words(text: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.iter().chain(b"\n").enumerate() {
        match (byte.is_ascii_alphanumeric() || *byte == b'_', start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The contracts that are mutated: every valid one that is not itself about size.
fn corpus() -> Vec<(String, Vec<u8>)> {
    const LONGEST: usize = 8_000;
    let folder = toolchain::root().join("tests/schemas/valid");
    let mut corpus: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of valid contracts")
        .map(|entry| entry.expect("a contract").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a contract")))
        .filter(|(_, text)| text.len() <= LONGEST)
        .collect();
    corpus.sort();
    assert!(corpus.len() > 10, "only {} contracts", corpus.len());
    corpus
}

#[test]
fn mutated_contracts_are_reported_or_accepted() {
    const ROUNDS: usize = 8_000;
    let corpus = corpus();
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let (name, text) = &corpus[round % corpus.len()];
        let mutated = mutate(text, &mut Random(round as u64));
        match catch_unwind(AssertUnwindSafe(|| sound(&mutated))) {
            Ok(found) => accepted += usize::from(found.is_empty()),
            Err(_) => panic!("round {round}, from {name}:\n{}", String::from_utf8_lossy(&mutated)),
        }
    }
    // Mutations that break everything, or nothing, would prove little.
    assert!((ROUNDS / 50..ROUNDS / 2).contains(&accepted), "{accepted} of {ROUNDS} accepted");
}

fn message(fields: &str) -> String {
    format!("messages:\n  M:\n    tlv_type: 1001\n    domain: A\n    fields:\n{fields}")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Each of these has one cause, and is reported as one finding or a bounded number of them.
#[test]
fn shapes_that_break_readers_of_yaml() {
    const MANY: usize = 100_000;
    for (what, text, expected) in [
        ("brackets", "[".repeat(MANY), &["E0011"][..]),
        ("braces", "{".repeat(MANY), &["E0011"]),
        ("brackets and braces", "[{a: ".repeat(MANY), &["E0011"]),
        ("dashes", "- ".repeat(MANY), &["E0011"]),
        ("question marks", "? ".repeat(MANY), &["E0011"]),
        ("colons", ": ".repeat(MANY), &["E0011"]),
        ("deeper and deeper", lines(200, |i| format!("{}a:\n", " ".repeat(i))), &["E0011"]),
        ("closing brackets", "]".repeat(MANY), &["E0005"]),
        ("quotes", "\"".repeat(MANY), &["E0005"]),
        ("an open quote", format!("a: \"{}", "\\n".repeat(MANY)), &["E0005"]),
        ("a long word", "a".repeat(1_000_000), &["E0103"]),
        ("a long line of words", "a ".repeat(500_000), &["E0103"]),
        ("documents", "---\n".repeat(MANY), &["E0007"]),
        ("empty lines", "\n".repeat(MANY), &["E0006"]),
        (
            "an alias bomb",
            format!("x-a: &a [1]\n{}messages: {{}}\n", lines(MANY, |i| format!("x-{i}: &a [*a, *a]\n"))),
            &["E0008"],
        ),
        ("array types that are not closed", format!("a: {}", "[[".repeat(MANY)), &["E0011"]),
        ("a giant integer", format!("schema: {{ id: {} }}", "9".repeat(1_000_000)), &["E0103"]),
        ("a giant octal integer", format!("schema: {{ id: 0{} }}", "7".repeat(1_000_000)), &["E0105"]),
        ("a giant hexadecimal bound", message(&format!("      a: String<0x{}>\n", "f".repeat(MANY))), &["E0203"]),
        ("a deep type", message(&format!("      a: \"{}u8{}\"\n", "[".repeat(MANY), "; 2]".repeat(MANY))), &["E0206"]),
        ("a long type", message(&format!("      a: {}\n", "U".repeat(1_000_000))), &["E0201"]),
        ("a long name", message(&format!("      ? {}\n      : u8\n", "n".repeat(1_000_000))), &["E0502"]),
    ] {
        assert_eq!(sound(text.as_bytes()), expected, "{what}");
    }
}

/// As many findings as lines, each with a place in a line of its own or in the same long line.
#[test]
fn very_many_mistakes_cost_no_more_each() {
    const MANY: usize = 20_000;
    for (what, text) in [
        ("one key again and again", "x-a: 1\n".repeat(100_000)),
        ("one message again and again", format!("messages:\n{}", "  A: { tlv_type: 1000, domain: A }\n".repeat(MANY))),
        ("unknown keys", lines(MANY, |i| format!("key_{i}: 1\n"))),
        ("unknown types", message(&lines(MANY, |i| format!("      f{i}: u65\n")))),
        ("one long line", format!("x-a: {{ {} }}\n", "é: 1, ".repeat(MANY))),
        ("tags", lines(MANY, |i| format!("x-{i}: !!str a\n"))),
        ("aliases", format!("x-a: &a [1]\n{}", lines(MANY, |i| format!("x-{i}: *a\n")))),
    ] {
        let found = sound(text.as_bytes());
        assert_eq!(found.len(), 10_001, "{what}: {:?}", found.first());
    }
}

/// Excerpts are looked up, not searched for: ten thousand in one line of a megabyte.
#[test]
fn very_many_excerpts_of_one_line() {
    let mut sources = SourceMap::new();
    let source = sources.add("contracts.yaml", format!("x-a: {{ {} }}\n", "é: 1, ".repeat(150_000)));
    let found = myc_schema::check(&sources, source).diagnostics;
    assert_eq!(found.len(), 10_001);
    let text = render(&sources, &found, Format::Human { color: false });
    assert!(text.len() < found.len() * 500, "{} bytes", text.len());
}
