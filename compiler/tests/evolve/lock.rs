//! The lock: its text and back, when it may change, and what it remembers of earlier versions.

use std::collections::BTreeSet;
use std::path::Path;

use myc_schema::digest::canonical_text;
use myc_schema::evolve::{Finding, Known, compare, rules};
use myc_schema::lock::{Lock, Refusal, is_lock, print, read};
use myc_schema::source::SourceId;

use super::edits::{BASE, edited};
use super::schema;

fn locked(text: &str) -> Lock {
    read(SourceId(1), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The lock that follows, as it is read from its text.
fn next(lock: &Lock, contract: &str) -> Lock {
    locked(&print(&lock.next(&schema(contract), false).expect("a version above")))
}

/// Without it a lock could be written that nobody can read, or that says something else when it was read.
#[test]
fn a_lock_is_read_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas/valid");
    let mut texts: Vec<String> = edited().map(|(_, text)| text).collect();
    for entry in std::fs::read_dir(folder).expect("contracts") {
        texts.push(std::fs::read_to_string(entry.expect("a file").path()).expect("a contract"));
    }
    texts.push("schema: { version: 7, digest: source }\nreserved: { names: [\"a b\", 'c\"d'], tlv_types: [5, 1-9] }\nmessages: {}\n".to_owned());
    for text in &texts {
        let schema = schema(text);
        let first = Lock::first(&schema);
        let printed = print(&first);
        assert!(is_lock(&printed) && !is_lock(text));
        for printed in [printed.clone(), printed.replace('\n', "\r\n")] {
            let lock = locked(&printed);
            assert_eq!(print(&lock), print(&first));
            assert_eq!(canonical_text(&lock.schema), canonical_text(&schema));
            assert_eq!(lock.schema.digest, schema.digest);
            assert!(lock.compare(&schema).is_empty(), "{:?}", lock.compare(&schema));
        }
    }
}

/// Without it a lock that was edited, cut or merged could be believed, or crash the compiler.
#[test]
fn what_is_no_lock_is_refused() {
    let lock = next(
        &Lock::first(&schema(BASE)),
        &BASE.replace("version: 3", "version: 4").replace("flags: u32", "flags: i32"),
    );
    let text = print(&lock);
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let with = |replacement: &[&str]| {
            let mut lines = lines.clone();
            lines.splice(index..=index, replacement.iter().copied());
            lines.join("\n") + "\n"
        };
        for text in [with(&[]), with(&[line, line]), with(&[&line.replace(['4', '7'], "5")]), with(&["field 0 x y"])] {
            // Where it is a lock after all, it was a comment.
            match read(SourceId(0), &text) {
                Ok(read) => assert!(print(&read) == print(&lock), "{line}\n{text}"),
                Err(error) => assert!(error.line > 0 && !error.message.is_empty()),
            }
        }
    }
    for (text, words) in [
        ("", "the lock is empty"),
        ("contracts.lock 2\n", "a newer version wrote it"),
        ("contracts.lock 1\n", "`canonical text` is expected after this line"),
        ("contracts.lock 1\nversion 70000\n", "`version NUMBER` is expected"),
        (concat!("contracts.lock 1\n<<<<", "<<< HEAD\n"), "a merge was not resolved"),
        (
            "contracts.lock 1\nversion 1\ndigest source {64}\nchecksum {16}\ncanonical text\nmycelium canonical-v1\nschema 1 1 1\nstruct A 1 1\nfield 0 a struct(A) required\n",
            "contains itself",
        ),
    ] {
        let text = &text.replace("{64}", &"0".repeat(64)).replace("{16}", &"0".repeat(16));
        let error = read(SourceId(0), text).expect_err(text);
        assert!(error.to_string().contains(words), "{error}");
    }
    // Any byte anywhere, and any end: an answer, never a panic.
    for at in (0..text.len()).step_by(5) {
        let _ = read(SourceId(0), &text[..at]);
        for byte in ["", " ", "(", ",", "=", "\"", "\n", "9", "é"] {
            let _ = read(SourceId(0), &format!("{}{byte}{}", &text[..at], &text[at + 1..]));
        }
    }
    let deep = format!(
        "contracts.lock 1\nversion 1\ndigest source {}\nchecksum {}\ncanonical text\nmycelium canonical-v1\nschema 1 1 1\n\
         message 1 A d 1 1\nfield 0 a {} required\n",
        "0".repeat(64),
        "0".repeat(16),
        "array(".repeat(1_000_000)
    );
    assert!(read(SourceId(0), &deep).is_err_and(|error| error.message.contains("nested too deeply")));
}

/// Without it two schemas could go by one version, and nobody know which of them a peer has.
#[test]
fn a_change_needs_a_version() {
    let lock = Lock::first(&schema(BASE));
    let changed = BASE.replace("flags: u32", "flags: i32");
    assert_eq!(lock.next(&schema(&changed), false).expect_err("refused"), Refusal::VersionKept(3));
    let amended = lock.next(&schema(&changed), true).expect("amended");
    assert_eq!((amended.history.len(), amended.past.len()), (0, 0));
    let lowered = changed.replace("version: 3", "version: 2");
    for amend in [false, true] {
        assert_eq!(lock.next(&schema(&lowered), amend).expect_err("refused"), Refusal::VersionLowered(2, 3));
    }
    // What is in no digest needs none.
    let described = BASE.replace("\"A trade\"", "\"A deal\"");
    assert_eq!(print(&lock.next(&schema(&described), false).expect("the same")), print(&lock));
    let reserved = lock.next(&schema(&BASE.replace("1600]", "1600, 1700]")), false).expect("the same");
    assert!(print(&reserved).contains("\nreserved 1700\n"));
    // An amended version was nobody's: what was before it is remembered, it is not.
    let fourth = next(&lock, &changed.replace("version: 3", "version: 4"));
    let again = BASE.replace("flags: u32", "flags: u64").replace("version: 3", "version: 4");
    let amended = fourth.next(&schema(&again), true).expect("amended");
    let past = |lock: &Lock| lock.past.iter().map(|past| (past.type_id, past.first, past.last)).collect::<Vec<_>>();
    assert_eq!(past(&fourth), [(1004, 3, 3)]);
    assert_eq!(past(&amended), [(1004, 3, 3)]);
    assert_eq!((amended.history.len(), amended.since[&1004], amended.since[&1001]), (1, 4, 3));
}

/// Without it nobody would learn which of the deployed versions a change breaks.
#[test]
fn findings_name_versions() {
    let version = |number: u32, text: &str| text.replace("version: 3", &format!("version: {number}"));
    let third = Lock::first(&schema(BASE));
    let without_ping = BASE.replace("  Ping:\n    tlv_type: 1003\n    domain: Control\n    fields: {}\n", "");
    let fourth = next(&third, &version(4, &without_ping.replace("flags: u32", "flags: i32")));
    let fifth = next(&fourth, &version(5, &without_ping.replace("flags: u32", "flags: i32")));
    assert_eq!(fifth.history.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [3, 4]);
    let sixth = version(
        6,
        &without_ping.replace("flags: u32", "flags: f32").replace("mantissa: { type: i64", "mantissa: { type: u64"),
    )
    .replace("  Order:\n", "  Login: { tlv_type: 1003, domain: Control, fields: { user: u64 } }\n  Order:\n");
    let found = fifth.compare(&schema(&sixth));
    let found: Vec<_> = found
        .iter()
        .map(|locked| (locked.finding.rule.id, &*locked.finding.path, locked.versions.to_string()))
        .filter(|(rule, ..)| !rule.starts_with("SCHEMA_"))
        .collect();
    assert_eq!(
        found,
        [
            // Gone in version 4, so that nothing but the past knows it.
            ("TYPE_ID_REUSED", "Login", "version 3".to_owned()),
            ("FIELD_TYPE_CHANGED", "Price.mantissa", "versions 3 to 5".to_owned()),
            ("FIELD_TYPE_CHANGED", "Order.flags", "versions 4 to 5".to_owned()),
            ("MESSAGE_ADDED", "Login", "version 5".to_owned()),
        ]
    );
}

/// The locks of a message with these fields in one version after another (none: there is no such message), and what is
/// found when it has `next`.
fn history(fields: &[&str], next_fields: &str) -> Vec<(&'static str, String, String)> {
    let contract = |version: usize, fields: &str| {
        let message = |fields: &str| format!("  O: {{ tlv_type: 1002, domain: D, fields: {fields} }}\n");
        let rest = "messages:\n  Same: { tlv_type: 1001, domain: D, fields: {} }\n";
        let own = if fields.is_empty() { String::new() } else { message(fields) };
        format!("schema: {{ version: {version} }}\n{rest}{own}")
    };
    let mut lock = Lock::first(&schema(&contract(1, fields[0])));
    for (version, fields) in (2..).zip(&fields[1..]) {
        lock = next(&lock, &contract(version, fields));
    }
    let found = lock.compare(&schema(&contract(fields.len() + 1, next_fields)));
    let found =
        found.into_iter().map(|locked| (locked.finding.rule.id, locked.versions.to_string(), locked.finding.message));
    found.filter(|(rule, ..)| !rule.starts_with("SCHEMA_") && *rule != "MESSAGE_ADDED").collect()
}

/// Without it an id could come back with other bytes, and peers that were never upgraded misread what they stored.
#[test]
fn an_id_that_comes_back_is_what_it_was() {
    let (small, large, other) = ("{ n: u32 }", "{ n: u64 }", "{ n: i32 }");
    assert_eq!(history(&[small, ""], small), []);
    let reused = |versions: &str, message: &str| ("TYPE_ID_REUSED", versions.to_owned(), message.to_owned());
    assert_eq!(
        history(&[small, ""], large),
        [reused("version 1", "type id 1002 was another `O` in version 1: its 4 bytes became 8")]
    );
    let [(rule, versions, message)] = &history(&[small, small, ""], other)[..] else { panic!("one finding") };
    assert_eq!((*rule, &**versions), ("TYPE_ID_REUSED", "versions 1 to 2"));
    assert!(message.starts_with("type id 1002 was another `O` in versions 1 to 2: its fingerprint was "), "{message}");
    // Of all that it ever was, only what it is now is left out, and each is found once.
    assert_eq!(
        history(&[small, "", large, "", small, ""], large),
        [reused("versions 1 and 5", "type id 1002 was another `O` in versions 1 and 5: its 4 bytes became 8")]
    );
    let all: Vec<String> =
        history(&[small, "", large, ""], "{ n: u16 }").into_iter().map(|(_, versions, _)| versions).collect();
    assert_eq!(all, ["version 1", "version 3"]);
}

/// Without it a team could upgrade the peers of the version that is named, and forget those that have the same.
#[test]
fn all_versions_that_had_it_so_are_named() {
    let (wide, narrow, signed) = ("{ n: u32 }", "{ n: u16 }", "{ n: i32 }");
    let versions = |fields: &[&str], next: &str| history(fields, next).remove(0).1;
    assert_eq!(versions(&[wide, wide, wide, narrow, wide], signed), "versions 1 to 3 and 5");
    assert_eq!(versions(&[wide, "", wide, wide], signed), "versions 1 and 3 to 4");
    // What version 4 broke with was found in version 4.
    assert_eq!(versions(&[wide, wide, wide, narrow], signed), "version 4");
    assert_eq!(versions(&[wide, narrow, wide], ""), "versions 1 and 3");
}

/// What no lock knows: the rules of the table in docs/evolution.md.
fn not_in_locks() -> BTreeSet<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/evolution.md")).expect("the page");
    let (_, table) = page.split_once("| not in a lock | rules that need a contract |\n").expect("the table");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | ").map(|(_, rules)| rules.to_owned()));
    cells.flat_map(|cell| cell.split(", ").map(|rule| rule.trim_matches('`').to_owned()).collect::<Vec<_>>()).collect()
}

/// Without it a team that compares with its lock could be told less than one that compares with git, and not know of it.
#[test]
fn a_lock_finds_what_its_contract_does() {
    let base = schema(BASE);
    let lock = locked(&print(&Lock::first(&base)));
    let not_in_locks = not_in_locks();
    assert!(
        not_in_locks.iter().all(|rule| rules::find(rule).is_some_and(|known| known.id == rule)),
        "{not_in_locks:?}"
    );
    let mut missed = BTreeSet::new();
    for (what, text) in edited() {
        let new = schema(&text);
        let known = |findings: Vec<Finding>| {
            let mut known: Vec<_> =
                findings.into_iter().map(|finding| (finding.rule.id, finding.path, finding.message)).collect();
            known.sort();
            known
        };
        let mut with_contract = known(compare(&base, &new, Known::Everything));
        let mut with_lock = known(lock.compare(&new).into_iter().map(|locked| locked.finding).collect());
        with_contract.retain(|(rule, ..)| {
            let lacking = not_in_locks.contains(*rule);
            missed.extend(lacking.then(|| (*rule).to_owned()));
            !lacking
        });
        // Of a type that a message has, a lock knows more.
        with_lock.retain(|(rule, ..)| !["ENUM_ADDED", "ENUM_REMOVED", "STRUCT_ADDED", "STRUCT_REMOVED"].contains(rule));
        assert_eq!(with_lock, with_contract, "{what}");
    }
    assert_eq!(missed, not_in_locks, "every rule of the table has an edit, and is found against a contract");
}
