//! `myc-schema lock`, `check --locked` and `breaking --against contracts.lock`.

use std::fs;
use std::path::Path;

use myc_schema::source::SourceMap;
use mycelium_tests::program::{Run, folder, run, run_with};

const CONTRACT: &str = "\
schema: { id: 7, version: 1 }
reserved: { tlv_types: [1500-1509], names: [Gone] }
messages:
  Tick: { tlv_type: 1001, domain: Market, fields: { price: i64, size: u32 } }
  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64 } }
";

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
checksum CHECKSUM

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
    let checksum = text.lines().find_map(|line| line.strip_prefix("checksum ")).expect("a checksum");
    let expected = expected.replace("CHECKSUM", checksum);
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

/// A lock with something in every section, and its contract.
fn with_history(here: &Path) -> String {
    write(here, 1, &[]);
    lock(here, &[]).quiet();
    write(here, 2, &[("size: u32", "size: u64")]);
    lock(here, &[]).quiet();
    write(here, 4, &[("size: u32", "size: u16"), ("price: i64", "price: { type: i64, validation: { min: -5 } }")]);
    lock(here, &[]).quiet();
    locked(here)
}

/// Without this, a file that is no lock could be overwritten, or a broken one be believed.
#[test]
fn what_is_no_lock() {
    let here = folder(&[("contracts.yaml", CONTRACT), ("notes.txt", "mine\n")]);
    let here = here.path();
    lock(here, &["--out", "notes.txt"]).exits(1).says(&["notes.txt", "no lock that can be used"]);
    assert_eq!(fs::read_to_string(here.join("notes.txt")).expect("a file"), "mine\n");
    lock(here, &["--out", "."]).exits(3).says(&["."]);
    run_with(here, ["lock", "-"], CONTRACT).exits(2).says(&["--out"]);
    assert_eq!(run_with(here, ["lock", "-", "--out", "piped.lock"], CONTRACT).quiet(), b"");
    lock(here, &[]).quiet();
    assert_eq!(fs::read_to_string(here.join("piped.lock")).expect("a lock"), locked(here));
    fs::remove_file(here.join("contracts.lock")).expect("removed");
    let text = with_history(here);
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} in\n{text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).expect("a line").to_owned();
    let tail = |lines: usize| text.lines().skip(lines).map(|line| format!("{line}\n")).collect::<String>();
    let marker = |c: char| format!("{} HEAD\n", c.to_string().repeat(7));
    let was = line("was 1001 Tick 16");
    for (broken, words) in [
        (changed("field 8 size", "field 9 size"), "line 28: `field 8 size u16 required` is expected"),
        (changed("price i64", "prize i64"), "which is the canonical text's, is expected"),
        (changed("version 4", "version 5"), "line 4: `version 4`, as the canonical text has it, is expected"),
        (changed("schema 7 4 1", "schema 7 x 1"), "`schema ID VERSION MIN_COMPATIBLE` is expected"),
        (changed("message 1001 Tick 16", "message 1001 Tick 24"), "line 9: `message 1001 Tick 16 "),
        (
            changed("message 1001 Tick 16", "message 1001 Tick 016"),
            "`message TYPE_ID NAME SIZE FINGERPRINT since VERSION`",
        ),
        (changed("since 4", "since 3"), "version 3 is neither this one nor one of the `earlier` below"),
        (changed("message 1002", "message 1001"), "line 9 "),
        (changed(&format!("{}\n", line("message 1002")), ""), "since …` is missing above"),
        (changed("earlier 1 ", "earlier 0 "), "version 1 is "),
        (changed("earlier 2 ", "earlier 1 "), "says it already"),
        (changed("earlier 2 ", "earlier 5 "), "is not earlier than version 4"),
        (changed(&format!("{was}\n"), &format!("{was}\n{was}\n")), "says it already"),
        (changed("in 1-1", "in 1-2"), "its versions are those of the line before as well"),
        (changed("in 1-1", "in 2-1"), "`was TYPE_ID NAME SIZE FINGERPRINT in FIRST-LAST` is expected"),
        (changed(&was, &was.replace(" 16 ", " 24 ")), "the checksum is not that of the other lines"),
        (changed(&was, &was.replace("Tick", "Tock")), "the checksum is not that of the other lines"),
        (changed(&was, &was.to_uppercase().replacen("WAS", "was", 1)), "is expected"),
        (changed(&format!("{}\n", line("earlier 1")), ""), "is "),
        (changed("reserved 1500-1509\n", ""), "the checksum is not that of the other lines"),
        (changed("reserved 1500-1509\n", "reserved 1500-1500\n"), "`reserved TYPE_ID` or `reserved FIRST-LAST` is"),
        (changed("reserved-name \"Gone\"", "reserved-name Gone"), "`reserved-name \"NAME\"` is expected"),
        (changed(&line("checksum"), "checksum 0123"), "`checksum CHECKSUM` is expected"),
        (changed(&format!("{}\n", line("checksum")), ""), "`checksum CHECKSUM` is missing above"),
        (changed("canonical text\n", ""), "is expected"),
        (changed("reserved 15", "retired 15"), "a line that begins with `version`, `digest`"),
        (marker('<').into_bytes().into_iter().chain(text.bytes()).collect(), "<`: a merge was not resolved"),
        (changed("message 1001", &format!("{}message 1001", marker('>'))), ">`: a merge was not resolved"),
        (
            changed("contracts.lock 1", "contracts.lock 2"),
            "format 2, and this myc-schema knows format 1: a newer version",
        ),
        (changed("contracts.lock 1", "contracts.lock one"), "`contracts.lock 1` is expected"),
        (tail(3).into_bytes(), "line 1: `contracts.lock 1` is expected: the first lines are missing"),
        (tail(20).into_bytes(), "the first lines are missing"),
        (Vec::new(), "the lock is empty"),
        (b"# a comment\n".to_vec(), "the lock is empty"),
        (text.as_bytes()[..text.len() - 1].to_vec(), "cut short: its last line has no end"),
        (text.as_bytes()[..text.find("message 1002").expect("a line")].to_vec(), "cut short: `canonical text` is"),
        (text.as_bytes()[..text.rfind("field").expect("a line")].to_vec(), "is expected"),
        (b"contracts.lock 1\n\xff\n".to_vec(), "it is not UTF-8 text"),
        (CONTRACT.as_bytes().to_vec(), "or it is no lock"),
    ] {
        let shown = String::from_utf8_lossy(&broken).into_owned();
        fs::write(here.join("contracts.lock"), &broken).expect("written");
        let runs = [
            lock(here, &["--amend"]),
            check(here),
            run(here, ["breaking", "--against", "contracts.lock"]),
            run(here, ["plan", "contracts.lock"]),
        ];
        let said: Vec<String> = runs.into_iter().map(|run| run.exits(1).says(&[words]).stderr).collect();
        assert!(said.iter().all(|other| *other == said[0]), "the same words everywhere: {said:?}\n{shown}");
        assert!(said[0].contains("`contracts.lock` is no lock that can be used: ") && said[0].contains("help: "));
        assert_eq!(fs::read(here.join("contracts.lock")).expect("a file"), broken);
    }
    // By what is in it a lock is known under any name.
    fs::write(here.join("locked"), &text).expect("written");
    run(here, ["breaking", "--against", "locked"]).quiet();
    fs::write(here.join("locked"), text.replace("earlier 1 ", "earlier 3 ")).expect("written");
    run(here, ["breaking", "--against", "locked"]).exits(1).says(&["`locked` is no lock that can be used"]);
    // One that is not there is another matter, as is one in the place of a contract.
    run(here, ["breaking", "--against", "no.lock"]).exits(3).says(&["no such file", "`myc-schema lock` writes"]);
    run(here, ["check", "locked"]).exits(1).says(&["`locked` is a lock, not a contract"]);
}

/// Without this, a line could be edited, lost, repeated or moved and nobody notice.
#[test]
fn no_line_of_a_lock_can_be_another() {
    let here = folder(&[]);
    let text = with_history(here.path());
    let read = |lines: &[&str]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        myc_schema::lock::read(SourceMap::new().add("contracts.lock", ""), &text)
            .map(|lock| myc_schema::lock::print(&lock))
    };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(read(&lines).as_deref(), Ok(&*text));
    let mut refused = 0;
    for index in (0..lines.len()).filter(|index| !lines[*index].is_empty() && !lines[*index].starts_with('#')) {
        let without = [&lines[..index], &lines[index + 1..]].concat();
        let twice = [&lines[..=index], &lines[index..]].concat();
        let mut others = vec![without, twice];
        for other in index + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(index, other);
            if !lines[other].is_empty() && !lines[other].starts_with('#') {
                others.push(swapped);
            }
        }
        for other in others {
            let error = read(&other).expect_err(&format!("line {}: {other:#?}", index + 1));
            assert!((1..=other.len() as u32).contains(&error.line) && !error.message.is_empty());
            refused += 1;
        }
        // Every character of it counts.
        for (at, c) in lines[index].char_indices() {
            for replaced in ["", " ", "0", "x", "-"] {
                let line = format!("{}{replaced}{}", &lines[index][..at], &lines[index][at + c.len_utf8()..]);
                let mut edited = lines.clone();
                edited[index] = &line;
                assert!(line == lines[index] || read(&edited).is_err(), "{line:?} for {:?}", lines[index]);
                refused += 1;
            }
        }
    }
    assert!(refused > 2000, "{refused}");
    // What says nothing may be otherwise.
    let mut comments = lines.clone();
    comments[0] = "# another comment";
    assert_eq!(read(&comments).as_deref(), Ok(&*text));
}

/// Without this, a slip would make a file called `-`, and what a change does to the lock could not be seen before.
#[test]
fn a_lock_is_printed() {
    let here = folder(&[]);
    write(here.path(), 1, &[]);
    let printed = lock(here.path(), &["--out", "-"]).exits(0);
    assert!(!here.path().join("-").exists() && !here.path().join("contracts.lock").exists());
    lock(here.path(), &[]).quiet();
    assert_eq!(printed.text(), locked(here.path()));
    // With the history of the lock that is there, which stays as it is.
    write(here.path(), 2, &[]);
    let (before, next) = (locked(here.path()), lock(here.path(), &["--out", "-"]).exits(0));
    assert_eq!(locked(here.path()), before);
    lock(here.path(), &[]).quiet();
    assert_eq!(next.text(), locked(here.path()));
    assert_ne!(next.text(), before);
    let contract = fs::read_to_string(here.path().join("contracts.yaml")).expect("a contract");
    let stdin = run_with(here.path(), ["lock", "-", "--out", "-"], &contract).exits(0);
    assert!(stdin.text().contains("\ncontracts.lock 1\n"), "{}", stdin.text());
    run_with(here.path(), ["lock", "-"], &contract).exits(2).says(&["`--out -` prints the lock"]);
}

/// Without this, a lock that one command writes could be one that another refuses.
#[test]
fn large_locks() {
    let here = folder(&[]);
    write(here.path(), 1, &[]);
    lock(here.path(), &[]).quiet();
    // Larger than a contract may be.
    let large = locked(here.path()) + &"x".repeat(17 << 20) + "\n";
    fs::write(here.path().join("large.lock"), &large).expect("written");
    fs::write(here.path().join("large.txt"), &large).expect("written");
    fs::write(here.path().join("large.yaml"), "#".repeat(17 << 20)).expect("written");
    let words = |arguments: &[&str]| {
        let run = run(here.path(), arguments).exits(1);
        run.stderr.lines().next().unwrap_or_default().split_once(": ").map(|(_, why)| why.to_owned())
    };
    for name in ["large.lock", "large.txt"] {
        let locked = words(&["lock", "--out", name]);
        assert!(locked.as_ref().is_some_and(|words| words.contains("is no lock that can be used")), "{locked:?}");
        assert_eq!(words(&["breaking", "--against", name]), locked);
        assert_eq!(words(&["plan", name, "contracts.yaml"]), locked);
    }
    // What is no lock is too large for a contract.
    run(here.path(), ["breaking", "--against", "large.yaml"]).exits(1).says(&["E0002", "larger than 16 MiB"]);
    // And there is an end to locks as well.
    let endless = fs::File::create(here.path().join("endless.lock")).expect("a file");
    endless.set_len(257 << 20).expect("holes");
    for arguments in [["lock", "--out", "endless.lock"], ["breaking", "--against", "endless.lock"]] {
        run(here.path(), arguments).exits(1).says(&["larger than 256 MiB"]);
    }
    // A folder is neither.
    fs::create_dir(here.path().join("dir.lock")).expect("a folder");
    for arguments in [["lock", "--out", "dir.lock"], ["breaking", "--against", "dir.lock"]] {
        run(here.path(), arguments).exits(3).says(&["`dir.lock`: it is a directory", "give the path of the lock"]);
    }
}
