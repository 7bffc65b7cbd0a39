//! What comes from odd places: folders and nothing on stdin, names that are no text or would command a terminal, links
//! that lead nowhere, systems that refuse. Each has an exit code and words.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use mycelium_tests::program::{command, folder, run, run_with};

const CONTRACT: &str =
    "messages:\n  Count:\n    tlv_type: 1001\n    domain: Test\n    fields: { value: u32, name: String<8> }\n";

/// Every command that reads stdin.
const READERS: [&str; 11] = [
    "check -",
    "fmt -",
    "digest -",
    "layout -",
    "next-id -",
    "compile - --lang rust --stdout",
    "lock - --out -",
    "encode Count",
    "decode Count",
    "decode --stream",
    "annotate Count",
];

/// Without this, a slip in a script would be answered with a number of the system's, or with success.
#[test]
fn a_folder_or_nothing_on_stdin() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    for words in READERS {
        let mut of_folder = command(here.path(), words.split(' '));
        of_folder.stdin(File::open(here.path()).expect("a folder"));
        let said = mycelium_tests::program::Run::from(of_folder.output().expect("it runs")).exits(3);
        assert!(said.stdout.is_empty() && said.stderr.contains("stdin"), "{words}: {}", said.stderr);
        assert!(said.stderr.contains(": it is a directory"), "{words}: {}", said.stderr);
        // An empty stream is a stream.
        let code = if words == "decode --stream" { 0 } else { 1 };
        run_with(here.path(), words.split(' '), "").exits(code);
    }
    for nothing in ["", " \n", "\u{feff}\r\n"] {
        run_with(here.path(), ["encode", "Count"], nothing)
            .exits(1)
            .says(&["rejected: syntax: there is nothing on stdin"]);
    }
    let json = "\u{feff}{ \"value\": 1, \"name\": \"a\" }";
    assert!(!run_with(here.path(), ["encode", "Count"], json).quiet().is_empty());
    let bad = run_with(here.path(), ["decode", "Count", "--hex"], " 0x01\n0x").exits(1);
    assert!(bad.stderr.contains("character 8 of the hex digits is `x`"), "{}", bad.stderr);
}

/// Without this, the name of a file could colour, clear or rewrite what is on a terminal.
#[test]
fn names_do_not_command_terminals() {
    let odd = "a\u{1b}[31mb\rc\u{202e}";
    let name = format!("{odd}.yaml");
    let here = folder(&[(&name, "messages: {}\n"), ("contracts.yaml", CONTRACT)]);
    let missing = format!("no{odd}");
    let broken = format!("broken{odd}.yaml");
    fs::write(here.path().join(&broken), "messages: { a }\n").expect("written");
    let source = format!("source{odd}.yaml");
    fs::write(here.path().join(&source), "schema: {digest: source}\nmessages: {}\n").expect("written");
    let made = format!("made{odd}");
    for arguments in [
        &["check", &broken][..],
        &["check", &missing],
        &["check", "--fix", &broken],
        &["check", "--locked", &name],
        &["fmt", "--check", &broken],
        &["fmt", &source],
        &["fmt", &missing],
        &["compile", &broken, "--lang", "rust"],
        &["compile", "--lang", "rust", "--out", &made],
        &["compile", "--lang", "rust", "--check", "--out", &missing],
        &["lock", "--out", &name],
        &["breaking", "--against", &missing],
        &["breaking", "--against", &format!("git:{odd}")],
        &["breaking", "--against", &name, "--allow-file", &missing],
        &["plan", &missing],
        &["diff", &missing, &name],
        &["docs", "--out", &made, "--examples", &missing],
        &["encode", &missing],
        &["decode", "Count", "--contracts", &missing],
        &["layout", "contracts.yaml", &missing],
        &["explain", &missing],
        &["next-id", "--domain", &missing],
        &["new", "ocaml-worker", &missing],
        &["new", "ocaml-worker", &name, "--name", "x"],
        &["dune-rules", &missing],
    ] {
        let said = run(here.path(), arguments);
        assert!(said.code.is_some_and(|code| code < 4) && !said.stderr.contains("panicked"), "{arguments:?}: {said:?}");
        let is_plain = |text: &str| !text.contains(['\u{1b}', '\r', '\u{202e}']);
        // The diff of what is stale names files as diff does, for programs.
        assert!(is_plain(&said.stderr), "{arguments:?}: {:?}", said.stderr);
    }
}

/// Without this, make would look for a file that is called otherwise.
#[test]
fn names_that_are_no_text() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let odd = OsStr::from_bytes(b"odd\xff");
    fs::copy(here.path().join("contracts.yaml"), here.path().join(odd)).expect("a copy");
    let words = |words: &[&str]| words.iter().map(OsStr::new).chain([odd]).map(OsStr::to_owned).collect::<Vec<_>>();
    for arguments in [&["check"][..], &["digest"], &["fmt", "--check"], &["next-id"], &["layout"]] {
        run(here.path(), words(arguments)).exits(0);
    }
    let printed = run(here.path(), words(&["compile", "--lang", "rust", "--print-outputs", "--out"])).quiet();
    assert_eq!(printed, b"odd\xff/messages.rs\n");
    run(here.path(), words(&["compile", "--lang", "rust", "--depfile", "x.d", "--out", "gen"]))
        .exits(2)
        .says(&["cannot be in a dependency file: it is not UTF-8"]);
    assert!(!here.path().join("gen").exists());
    for arguments in [&["breaking", "--against"][..], &["plan"], &["encode"]] {
        run(here.path(), words(arguments)).exits(2).says(&["invalid UTF-8"]);
    }
    for arguments in
        [&["breaking", "--against", ""][..], &["plan", ""], &["diff", "", "contracts.yaml"], &["check", ""]]
    {
        run(here.path(), arguments).exits(2).says(&["a value is required"]);
    }
}

/// Without this, a loop of links would be followed for ever, or be named by a number.
#[test]
fn links_that_lead_to_themselves() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    symlink("loop", here.path().join("loop")).expect("a link");
    symlink("b", here.path().join("a")).expect("a link");
    symlink("a", here.path().join("b")).expect("a link");
    for words in [
        "check loop",
        "check --fix a",
        "fmt a",
        "lock --out a",
        "lock --out a/lock",
        "compile --lang rust --out loop",
        "compile --lang rust --out a/x",
        "compile --lang rust --depfile loop --out gen",
        "docs --out loop",
        "docs --out pages --examples a",
        "new ocaml-worker a",
        "new rust-service loop/x",
        "breaking --against loop",
        "breaking --against contracts.yaml --allow-file a",
        "decode Count --contracts loop",
    ] {
        let said = run(here.path(), words.split(' ')).exits(3).says(&["too many levels of symbolic links"]);
        assert!(!said.stderr.contains("os error"), "{words}: {}", said.stderr);
    }
    assert!(!here.path().join("gen").exists() && !here.path().join("pages").exists());
}
