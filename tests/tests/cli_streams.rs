//! What happens when stdout is closed, full, or read only in part; names that are not UTF-8.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, pipe};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use mycelium_tests::program::{Run, command, folder, run, run_with};
use mycelium_tests::toolchain::root;

/// Commands that write to stdout; those that read stdin do not get that far without it.
const WRITERS: [&[&str]; 10] = [
    &["compile", "--lang", "rust", "--stdout"],
    &["--help"],
    &["--version"],
    &["digest"],
    &["digest", "--explain"],
    &["layout"],
    &["explain", "E0201"],
    &["list-codes"],
    &["completions", "bash"],
    &["man"],
];

/// Without this, `myc-schema list-codes | head -1` could end with a panic or an error.
#[test]
fn a_reader_that_left_is_no_error() {
    for arguments in WRITERS {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let output = command(&root(), arguments).stdout(writer).stderr(Stdio::piped()).output().expect("runs");
        assert_eq!(Run::from(output), Run { code: Some(0), stdout: vec![], stderr: String::new() }, "{arguments:?}");
    }
    // The same in the middle of a long text.
    let (mut reader, writer) = pipe().expect("a pipe");
    let many = (1..20_000).map(|id| format!("  M{id}: {{ tlv_type: {}, domain: D, fields: {{}} }}\n", id + 1000));
    let here = folder(&[("contracts.yaml", &format!("messages:\n{}", many.collect::<String>()))]);
    let child = command(here.path(), ["layout"]).stdout(writer).stderr(Stdio::piped()).spawn().expect("runs");
    let mut start = [0; 10];
    reader.read_exact(&mut start).expect("some output");
    drop(reader);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(Run::from(output), Run { code: Some(0), stdout: vec![], stderr: String::new() });
}

/// Without this, a full disk behind `>` could look like a success.
#[test]
fn a_full_device_is_an_error() {
    for arguments in WRITERS {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = command(&root(), arguments).stdout(full).stderr(Stdio::piped()).output().expect("runs");
        Run::from(output).exits(3).says(&["error: cannot write to stdout: "]);
    }
}

/// Without this, a contract in a folder with an old name could not be compiled.
#[test]
fn names_that_are_not_utf8() {
    let here = folder(&[]);
    let odd = here.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&odd).expect("a folder");
    fs::copy(root().join("contracts.yaml"), odd.join(OsStr::from_bytes(b"c\xff.yaml"))).expect("a file");
    let file = OsStr::from_bytes(b"c\xff.yaml");
    assert_eq!(run(&odd, [OsStr::new("check"), file]).quiet(), b"");
    assert_eq!(run(&odd, [OsStr::new("digest"), file]).quiet().len(), 65);
    let json = r#"{"counter_id": 1, "value": 1, "delta": 1}"#;
    let encode = [OsStr::new("encode"), OsStr::new("CounterUpdate"), OsStr::new("--contracts"), file];
    assert_eq!(run_with(&odd, encode, json).quiet().len(), 16);
    let nowhere = OsStr::from_bytes(b"n\xff.yaml");
    run(&odd, [OsStr::new("check"), nowhere]).exits(3).says(&["n\u{fffd}.yaml"]);
    let message = [OsStr::new("layout"), file, OsStr::from_bytes(b"M\xff")];
    run(&odd, message).exits(2).says(&["UTF-8"]);
}

/// Without this, output could depend on who runs the command, and where.
#[test]
fn output_does_not_depend_on_the_surroundings() {
    let here = folder(&[]);
    let contract = root().join("contracts.yaml");
    for arguments in [&["digest", "--explain"][..], &["layout"], &["layout", "--format", "svg"], &["check"]] {
        let from_root = run(&root(), arguments).quiet();
        let elsewhere: Vec<&OsStr> = arguments.iter().map(OsStr::new).chain([contract.as_os_str()]).collect();
        for locale in ["C", "tr_TR.UTF-8", "de_DE.ISO-8859-1"] {
            let mut command = command(here.path(), &elsewhere);
            command.env("LC_ALL", locale).env("LANG", locale).env("COLUMNS", "20").env("TZ", "Asia/Tokyo");
            let there = Run::from(command.output().expect("runs")).quiet();
            assert!(there == from_root, "{arguments:?} in {locale}");
        }
    }
}
