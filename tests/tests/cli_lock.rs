//! `myc-schema lock`, `check --locked` and `breaking --against contracts.lock`.

use std::fs;
use std::path::Path;

use mycelium_tests::program::{Run, folder, run, run_with};

const CONTRACT: &str = "\
schema: { id: 7, version: 1 }
reserved: { tlv_types: [1500-1509], names: [Gone] }
messages:
  Tick: { tlv_type: 1001, domain: Market, fields: { price: i64, size: u32 } }
  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64 } }
";

/// What a merge that failed leaves, in two parts: this file is not in conflict.
const CONFLICT: &str = concat!("<<<<", "<<< HEAD");

fn lock(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, [&["lock"], arguments].concat())
}

fn check(folder: &Path) -> Run {
    run(folder, ["check", "--locked"])
}

fn write(folder: &Path, version: u32, edits: &[(&str, &str)]) {
    let text = edits.iter().fold(CONTRACT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    fs::write(folder.join("contracts.yaml"), text.replace("version: 1", &format!("version: {version}")))
        .expect("written");
}

fn locked(folder: &Path) -> String {
    fs::read_to_string(folder.join("contracts.lock")).expect("a lock")
}

/// Without this, a lock could be in no order, and a review of it of no use.
#[test]
fn a_lock_is_text_in_order() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    assert_eq!(lock(here.path(), &[]).quiet(), b"");
    let expected = "\
contracts.lock 1
version 1
digest canonical-v1 DIGEST

# Type id, name, size in bytes, fingerprint, and the first locked version that has it so.
message 1001 Tick 16 TICK since 1
message 1002 Ping 8 PING since 1

# Type ids and names that may not come back.
reserved 1500-1509
reserved-name \"Gone\"

# Earlier versions and their digests, and messages as they were in them.

# What the digest is computed over.
canonical text
mycelium canonical-v1
schema 7 1 1
message 1001 Tick market 16 8
field 0 price i64 required
field 8 size u32 required
message 1002 Ping control 8 8
field 0 nonce u64 required
";
    let digest = String::from_utf8(run(here.path(), ["digest"]).quiet()).expect("UTF-8");
    let layout: serde_json::Value =
        serde_json::from_slice(&run(here.path(), ["layout", "--format", "json"]).quiet()).expect("JSON");
    let fingerprint =
        |index: usize| layout["messages"][index]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let expected =
        expected.replace("DIGEST", digest.trim()).replace("TICK", &fingerprint(0)).replace("PING", &fingerprint(1));
    let text = locked(here.path());
    let (comment, rest) = text.split_at(text.find("contracts.lock 1\n").expect("the first line"));
    assert!(comment.lines().all(|line| line.starts_with("# ")), "{comment}");
    assert_eq!(rest, expected);
    // In another order it is the same contract.
    let (head, messages) = CONTRACT.split_once("messages:\n").expect("messages");
    let mut lines: Vec<&str> = messages.lines().collect();
    lines.reverse();
    fs::write(here.path().join("contracts.yaml"), format!("{head}messages:\n{}\n", lines.join("\n"))).expect("written");
    assert_eq!(check(here.path()).quiet(), b"");
    lock(here.path(), &[]).quiet();
    assert_eq!(locked(here.path()), text);
}

/// Without this, a contract could be released that is not the one which was reviewed.
#[test]
fn a_stale_lock_fails_the_check() {
    let here = folder(&[("contracts.yaml", CONTRACT), ("api/other.yaml", CONTRACT)]);
    let here = here.path();
    check(here).exits(1).says(&["there is no `contracts.lock`", "myc-schema lock"]);
    lock(here, &[]).quiet();
    assert_eq!(check(here).quiet(), b"");
    // Words are no schema.
    write(here, 1, &[("domain: Market", "description: Trades, domain: Market")]);
    check(here).quiet();
    write(here, 1, &[("size: u32", "size: u64")]);
    check(here).exits(1).says(&["contracts.lock` is stale: Tick differs; the contract changed", "version: 2"]);
    write(here, 2, &[("size: u32", "size: u64"), ("  Ping", "  Pong"), ("1002", "1003")]);
    check(here).exits(1).says(&["stale: Tick differs, Pong is new, Ping is gone", "run `myc-schema lock`"]);
    write(here, 2, &[]);
    check(here).exits(1).says(&["stale: the version is 2, and 1 is locked"]);
    write(here, 1, &[("1500-1509", "1500-1510")]);
    check(here).exits(1).says(&["what is reserved differs"]);
    lock(here, &[]).quiet();
    check(here).quiet();
    // A checkout on another system.
    let text = locked(here);
    fs::write(here.join("contracts.lock"), text.replace('\n', "\r\n")).expect("written");
    check(here).quiet();
    // Each contract has its own.
    lock(here, &["api/other.yaml"]).quiet();
    run(here, ["check", "contracts.yaml", "api/other.yaml", "--locked"]).quiet();
    assert!(here.join("api/other.lock").exists());
    run(here, ["check", "-", "--locked"]).exits(2).says(&["stdin"]);
}

/// Without this, two schemas could go by one version, or what a version was be forgotten.
#[test]
fn versions_are_remembered() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let here = here.path();
    lock(here, &[]).quiet();
    let first = locked(here);
    let line = |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
    write(here, 1, &[("size: u32", "size: u64")]);
    lock(here, &[]).exits(1).says(&["`schema.version` is 1 as in the lock", "write `version: 2`", "--amend"]);
    assert_eq!(locked(here), first);
    lock(here, &["--amend"]).quiet();
    assert_ne!(locked(here), first);
    assert_eq!(line(&locked(here), "earlier"), None);
    write(here, 1, &[]);
    lock(here, &["--amend"]).quiet();
    assert_eq!(locked(here), first);
    write(here, 2, &[("size: u32", "size: u64")]);
    lock(here, &[]).quiet();
    let second = locked(here);
    let digest = line(&first, "digest").expect("a digest").replace("digest canonical-v1", "earlier 1");
    assert_eq!(line(&second, "earlier"), Some(digest));
    let was = line(&first, "message 1001").expect("a message").replace("message", "was").replace("since 1", "in 1-1");
    assert_eq!(line(&second, "was"), Some(was));
    assert!(line(&second, "message 1001").is_some_and(|line| line.ends_with("since 2")));
    assert!(line(&second, "message 1002").is_some_and(|line| line.ends_with("since 1")));
    write(here, 1, &[]);
    lock(here, &["--amend"]).exits(1).says(&["`schema.version` is 1, and 2 is locked"]);
    assert_eq!(locked(here), second);

    // A message that no contract in reach has any more.
    write(
        here,
        3,
        &[("size: u32", "size: u64"), ("  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64 } }\n", "")],
    );
    lock(here, &[]).quiet();
    write(here, 4, &[("size: u32", "size: u16"), ("  Ping: ", "  Login: "), ("nonce: u64", "user: u64")]);
    let found = run(here, ["breaking", "--against", "contracts.lock", "--category", "wire"]).exits(1);
    for words in [
        "type id 1002 was `Ping` in versions 1 to 2, is `Login`",
        "it breaks peers of versions 1 to 2",
        "`Tick.size` was `u64`, is `u16`",
        "it breaks peers of versions 2 to 3",
        "::: contracts.lock:",
    ] {
        assert!(found.text().contains(words), "{words} in\n{}", found.text());
    }
}

/// Without this, a file that is no lock could be overwritten, or a broken one be believed.
#[test]
fn what_is_no_lock() {
    let here = folder(&[("contracts.yaml", CONTRACT), ("notes.txt", "mine\n")]);
    let here = here.path();
    lock(here, &["--out", "notes.txt"]).exits(1).says(&["notes.txt", "no lock that can be used"]);
    assert_eq!(fs::read_to_string(here.join("notes.txt")).expect("a file"), "mine\n");
    lock(here, &["--out", "nowhere/at/all.lock"]).quiet();
    assert!(here.join("nowhere/at/all.lock").exists());
    lock(here, &["--out", "."]).exits(3).says(&["."]);
    run_with(here, ["lock", "-"], CONTRACT).exits(2).says(&["--out"]);
    assert_eq!(run_with(here, ["lock", "-", "--out", "piped.lock"], CONTRACT).quiet(), b"");
    lock(here, &[]).quiet();
    let text = locked(here);
    assert_eq!(fs::read_to_string(here.join("piped.lock")).expect("a lock"), text);
    for (broken, words) in [
        (text.replace("field 8 size", "field 9 size"), "the canonical text is not as it was written"),
        (text.replace("price", "prize"), "the digest or the version above is not that of the canonical text"),
        (text.replace("message 1001 Tick 16", "message 1001 Tick 24"), "says something else of the message"),
        (format!("{CONFLICT}\n{text}"), "is expected"),
        (text.replace("message 1001", &format!("{CONFLICT}\nmessage 1001")), "merge conflict"),
        (text.replace("contracts.lock 1", "contracts.lock 2"), "another format"),
    ] {
        fs::write(here.join("contracts.lock"), &broken).expect("written");
        for run in [lock(here, &["--amend"]), check(here), run(here, ["breaking", "--against", "contracts.lock"])] {
            let run = run.exits(1);
            assert!(run.stderr.contains(words) || broken.starts_with("<<"), "{words} in\n{}", run.stderr);
        }
        assert_eq!(locked(here), broken);
    }
}
