//! What `breaking` promises about bytes, held against the dynamic codec: random contracts, random edits, random values.

use std::sync::Arc;

use myc_schema::evolve::rules::Category;
use myc_schema::evolve::{Finding, Known, compare};
use myc_schema::ir::{Message, Schema};
use myc_schema::source::SourceMap;
use myc_schema::value::{Code, decode, encode};
use mycelium_tests::contracts::contracts;
use mycelium_tests::random::Random;
use mycelium_tests::values;

/// Contracts, edits of each, and values of each of their messages.
const CONTRACTS: usize = 12;
const EDITS: usize = 80;
const VALUES: usize = 3;

fn schema(text: &str) -> Option<Arc<Schema>> {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    myc_schema::check(&sources, id).schema
}

/// One random edit of a contract that `contracts` made; it need not be a contract any more.
fn edit(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let fields: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].starts_with("      field_")).collect();
    let (at, other) = (*random.choose(&fields), *random.choose(&fields));
    let content = |line: &str| line.split_once(": ").map(|(_, content)| content.to_owned()).unwrap_or_default();
    match random.below(14) {
        0 if fields.contains(&(at + 1)) => lines.swap(at, at + 1),
        1 => drop(lines.remove(at)),
        2 => lines[at] = lines[at].replacen("field_", "renamed_", 1),
        3 if lines[at].contains(", optional: true") => lines[at] = lines[at].replace(", optional: true", ""),
        3 => lines[at] = lines[at].replace(" }", ", optional: true }"),
        4 => {
            if let Some((before, _)) = lines[at].split_once(", validation") {
                lines[at] = format!("{before} }}");
            }
        }
        5 => lines[at] = format!("      field_{}: {}", random.below(20), content(&lines[other])),
        6 => lines.insert(at, format!("      added_{}: {}", random.below(20), content(&lines[other]))),
        7 => lines[at] = lines[at].replace(" }", ", unit: ns }"),
        8 => return text.replace("Inner1", "Renamed1"),
        9 => {
            let values: &str = random.choose::<&str>(&["Uno: 1", "One: 3", "One: 1, Two: 2", "Two: 2"]);
            return text.replace("One: 1", values);
        }
        10 => return text.replace("KindU16", "Renamed"),
        11 => return text.replace("tlv_type: 1001", "tlv_type: 1010").replace("Message2", "Another"),
        // Other numbers, in bounds and in rules.
        _ => {
            let numbers: Vec<usize> = (0..lines[at].len())
                .filter(|&index| index > 14 && lines[at].as_bytes()[index].is_ascii_digit())
                .collect();
            if !numbers.is_empty() {
                let index = *random.choose(&numbers);
                let digit = char::from(b'0' + random.below(10) as u8).to_string();
                lines[at].replace_range(index..=index, &digit);
            }
        }
    }
    lines.join("\n") + "\n"
}

/// Whether a decoder may say this of bytes that the other schema accepts when only accepted values changed.
fn about_values(code: &Code) -> bool {
    matches!(code.to_string().as_str(), "count" | "enum") || code.to_string().starts_with("rule:")
}

fn concerns(findings: &[Finding], category: Category, id: u16) -> bool {
    findings.iter().any(|finding| finding.category() == category && finding.type_ids.contains(&id))
}

/// How often each promise was put to the test.
#[derive(Default, Debug)]
struct Tested {
    /// Messages with no WIRE finding, but a SEMANTIC one.
    semantic: usize,
    /// Messages with neither, in contracts that differ.
    same: usize,
    /// Messages with a WIRE finding.
    wire: usize,
    /// Bytes that one side alone accepts.
    refused: usize,
}

/// Bytes of one schema, decoded with the other.
fn hold(
    random: &mut Random,
    findings: &[Finding],
    from: (&Schema, &Message),
    to: (&Schema, &Message),
    id: u16,
) -> usize {
    let semantic = concerns(findings, Category::Semantic, id);
    let mut refused = 0;
    for _ in 0..VALUES {
        let value = values::valid(random, from.0, from.1);
        let payload = encode(from.0, from.1, &value).expect("a valid value");
        match decode(to.0, to.1, &payload) {
            Ok(read) => {
                assert_eq!(read, value, "{}: read as another value: {findings:#?}", from.1.name);
                assert_eq!(encode(to.0, to.1, &value).as_ref(), Ok(&payload), "{}: {findings:#?}", from.1.name);
            }
            Err(error) if semantic && about_values(&error.code) => refused += 1,
            Err(error) => panic!("{}: {error:?}: {findings:#?}", from.1.name),
        }
    }
    refused
}

/// Without this, a change could be let through as harmless, and a peer of the other version misread its bytes.
#[test]
fn without_wire_findings_bytes_are_the_same() {
    let mut random = Random::for_test("evolution", 11);
    let mut tested = Tested::default();
    for contract in contracts(&mut random, "evolution", CONTRACTS) {
        let mut text = contract.text.clone();
        for round in 0..EDITS {
            // Mostly one edit, at times a handful.
            let times = if random.one_in(4) { 4 } else { 1 };
            let edited = (0..times).fold(text.clone(), |text, _| edit(&mut random, &text));
            let (Some(old), Some(new)) = (schema(&text), schema(&edited)) else { continue };
            if new.messages.iter().any(|message| message.layout.size > 8000 || message.fields.len() < 3) {
                continue;
            }
            let findings = compare(&old, &new, Known::Everything);
            for was in &old.messages {
                let Some(is) = new.message_by_id(was.type_id) else { continue };
                if concerns(&findings, Category::Wire, was.type_id) {
                    tested.wire += 1;
                    continue;
                }
                tested.refused += hold(&mut random, &findings, (&old, was), (&new, is), was.type_id);
                tested.refused += hold(&mut random, &findings, (&new, is), (&old, was), was.type_id);
                match concerns(&findings, Category::Semantic, was.type_id) {
                    true => tested.semantic += 1,
                    false if edited != text => tested.same += 1,
                    false => {}
                }
            }
            // Now and then on from there.
            if round % 8 == 7 {
                text = edited;
            }
        }
    }
    println!("{tested:?}");
    assert!(tested.semantic > 50 && tested.same > 500 && tested.wire > 200 && tested.refused > 5, "{tested:?}");
}
