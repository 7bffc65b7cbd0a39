//! `myc-schema compile`: what is written and when, `--check`, `--stdout`, failures that leave everything as it was.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use myc_schema::backend::BACKENDS;
use mycelium_tests::program::{Run, command, feed, folder, run, run_with};
use mycelium_tests::toolchain::{compiler, root, without_colours};

const CONTRACT: &str = "messages: { Ping: { tlv_type: 1000, domain: D, fields: { at: u64 } } }\n";
const CHANGED: &str = "messages: { Ping: { tlv_type: 1000, domain: D, fields: { at: u32 } } }\n";
const BOTH: [&str; 4] = ["--lang", "rust", "--lang", "ocaml"];

fn compile(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, [&["compile"], arguments].concat())
}

/// Every file under a folder, with its content.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        } else {
            found.insert(name, fs::read_to_string(&path).expect("UTF-8"));
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

/// Without this, a language could be in the list and not on the command line.
#[test]
fn every_language_writes_its_files() {
    for backend in BACKENDS {
        let here = folder(&[("contracts.yaml", CONTRACT)]);
        assert_eq!(compile(here.path(), &["--lang", backend.id, "--out", "a/b"]).made_folders(), b"");
        let mut expected: Vec<String> =
            backend.outputs.iter().map(|output| format!("messages.{}", output.extension)).collect();
        expected.sort();
        assert_eq!(names(&here.path().join("a/b")), expected);
        compile(here.path(), &["--lang", backend.id, "--name", "api_v2"]).quiet();
        for output in backend.outputs {
            let file = fs::read_to_string(here.path().join(format!("api_v2.{}", output.extension))).expect("written");
            assert!(file.lines().next().is_some_and(|line| line.contains("generated")), "{file}");
            assert!(file.contains("contracts.yaml") && file.ends_with('\n'), "{file}");
        }
    }
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    compile(here.path(), &[&BOTH[..], &["--lang", "rust", "--out", "out"]].concat()).made_folders();
    assert_eq!(names(&here.path().join("out")), ["messages.ml", "messages.mli", "messages.rs"]);
    for name in ["", "9a", "a-b", "a/b", "../a", ".a", "a.b", "é"] {
        compile(here.path(), &["--lang", "rust", "--out", "out", "--name", name]).exits(2).says(&["--name"]);
    }
}

/// Without this, every run would make build tools build again.
#[test]
fn unchanged_output_keeps_its_time() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let arguments = [&BOTH[..], &["--out", "out"]].concat();
    compile(here.path(), &arguments).made_folders();
    let out = here.path().join("out");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = || {
        let time = |name| fs::metadata(out.join(name)).and_then(|file| file.modified()).expect("a time");
        ["messages.rs", "messages.ml", "messages.mli"].map(time)
    };
    for name in names(&out) {
        File::options().append(true).open(out.join(name)).and_then(|file| file.set_modified(long_ago)).expect("a time");
    }
    compile(here.path(), &arguments).quiet();
    assert_eq!(times(), [long_ago; 3]);
    fs::write(here.path().join("contracts.yaml"), CHANGED).expect("written");
    compile(here.path(), &arguments).quiet();
    assert!(times().iter().all(|time| *time != long_ago));
}

/// Without this, a mistake in the contract could leave old code beside new.
#[test]
fn errors_write_nothing() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let arguments = [&BOTH[..], &["--out", "."]].concat();
    compile(here.path(), &arguments).quiet();
    let before = files(here.path());
    let broken = CHANGED.replace("u32", "u33");
    let warned = CHANGED.replace("u32", "String");
    for (contract, more, exit) in [(&broken, &[][..], 1), (&warned, &["--deny", "warnings"], 1)] {
        fs::write(here.path().join("contracts.yaml"), contract).expect("written");
        compile(here.path(), &[&arguments, more].concat()).exits(exit).says(&["contracts.yaml:1:"]);
        fs::write(here.path().join("contracts.yaml"), CONTRACT).expect("written");
        assert_eq!(files(here.path()), before);
    }
    compile(here.path(), &[&["nowhere.yaml"], &arguments[..]].concat()).exits(3).says(&["nowhere.yaml"]);
    assert_eq!(files(here.path()), before);
}

/// Without this, a folder that cannot be written could look like a success, or end in a panic.
#[test]
fn what_cannot_be_written_is_said() {
    let here = folder(&[("contracts.yaml", CONTRACT), ("file", "")]);
    // Not even root can make a file there.
    compile(here.path(), &["--lang", "rust", "--out", "/proc"]).exits(3).says(&["error: cannot write", "messages.rs"]);
    compile(here.path(), &["--lang", "rust", "--out", "file"]).exits(3).says(&["error: cannot write `file"]);
    fs::create_dir_all(here.path().join("out/messages.mli")).expect("a folder");
    compile(here.path(), &[&BOTH[..], &["--out", "out"]].concat()).exits(3).says(&["messages.mli", "directory"]);
    assert_eq!(names(&here.path().join("out")), [""; 0]);
}

/// Without this, a full disk could cut the generated code that was there.
#[test]
fn a_full_disk_leaves_the_old_files() {
    let contract = |ty: &str| {
        let message = |id| format!("  M{id}: {{ tlv_type: {id}, domain: D, fields: {{ at: {ty} }} }}\n");
        format!("messages:\n{}", (1000..1010).map(message).collect::<String>())
    };
    let here = folder(&[("contracts.yaml", &*contract("u64"))]);
    let arguments = [&["compile"], &BOTH[..], &["--out", "out"]].concat();
    run(here.path(), &arguments).made_folders();
    let before = files(&here.path().join("out"));
    fs::write(here.path().join("contracts.yaml"), contract("u32")).expect("written");
    let sizes: Vec<u64> = ["rs", "ml", "mli"]
        .iter()
        .map(|extension| fs::metadata(here.path().join(format!("out/messages.{extension}"))).expect("a file").len())
        .collect();
    let (Some(smallest), Some(largest)) = (sizes.iter().min(), sizes.iter().max()) else { panic!("three files") };
    // A limit on the size of files, in KiB, fails writes as a full disk does: no file fits, all but the largest do.
    let limits = [1, largest.div_ceil(1024) - 1];
    assert!(limits[1] * 1024 > *smallest + 200, "some file fits: {sizes:?}");
    for limit in limits {
        let mut limited = Command::new("bash");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"")]);
        limited.arg(compiler()).args(&arguments).current_dir(here.path());
        feed(without_colours(limited), "").exits(3).says(&["error: cannot write", "out/messages.", "large"]);
        assert_eq!(files(&here.path().join("out")), before);
    }
}

/// Without this, stale code could pass in continuous integration.
#[test]
fn check_shows_what_is_stale() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    let write = [&BOTH[..], &["--out", "out"]].concat();
    let check = [&write[..], &["--check"]].concat();
    let nothing = compile(here.path(), &check).exits(1);
    assert!(nothing.text().contains("--- /dev/null\n+++ out/messages.rs\n@@ -0,0 +1,"), "{}", nothing.text());
    assert_eq!(names(here.path()), ["contracts.yaml"], "nothing is written");
    assert!(nothing.stderr.contains("stale") && nothing.stderr.contains("without --check"), "{}", nothing.stderr);
    compile(here.path(), &write).made_folders();
    assert_eq!(compile(here.path(), &check).quiet(), b"");

    fs::write(here.path().join("contracts.yaml"), CHANGED).expect("written");
    fs::remove_file(here.path().join("out/messages.mli")).expect("removed");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let unread = command(here.path(), [&["compile"], &check[..]].concat())
        .stdout(writer)
        .stderr(std::process::Stdio::null())
        .status();
    assert_eq!(unread.expect("runs").code(), Some(1), "stale, whether or not anybody reads the diff");
    let before = files(here.path());
    let stale = compile(here.path(), &check).exits(1);
    let diff = stale.text();
    for header in ["--- out/messages.rs\n+++ out/messages.rs\n@@", "--- /dev/null\n+++ out/messages.mli\n@@"] {
        assert!(diff.contains(header), "{header} in\n{diff}");
    }
    assert_eq!(files(here.path()), before, "nothing is written");
    // The diff is one that `patch` applies, and what it makes is up to date.
    let mut patch = Command::new("patch");
    patch.args(["-p0", "--quiet"]).current_dir(here.path());
    feed(patch, diff).quiet();
    assert_eq!(compile(here.path(), &check).quiet(), b"");

    fs::write(here.path().join("contracts.yaml"), "messages: 1\n").expect("written");
    compile(here.path(), &check).exits(1).says(&["contracts.yaml:1:"]);
}

/// A quadratic comparison of large files that differ everywhere would not come to an end here.
#[test]
fn large_files_that_differ_everywhere_are_compared() {
    let here = folder(&[]);
    let contract = |ty: &str| {
        let fields = (0..8).map(|field| format!("field_{field}: {ty}")).collect::<Vec<_>>().join(", ");
        let message = |id| format!("  Message{id}: {{ tlv_type: {}, domain: D, fields: {{ {fields} }} }}\n", id + 1000);
        format!("messages:\n{}", (0..300).map(message).collect::<String>())
    };
    fs::write(here.path().join("contracts.yaml"), contract("u64")).expect("written");
    compile(here.path(), &[&BOTH[..], &["--out", "."]].concat()).quiet();
    fs::write(here.path().join("contracts.yaml"), contract("u32")).expect("written");
    let stale = compile(here.path(), &[&BOTH[..], &["--out", ".", "--check"]].concat()).exits(1);
    assert!(stale.stdout.len() > 1_000_000);
}

/// Without this, a file could not be looked at without being written.
#[test]
fn stdout_prints_what_would_be_written() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    compile(here.path(), &[&BOTH[..], &["--out", "out"]].concat()).made_folders();
    let written = files(&here.path().join("out"));
    let printed = |arguments: &[&str]| String::from_utf8(compile(here.path(), arguments).quiet()).expect("UTF-8");
    assert_eq!(printed(&["--lang", "rust", "--stdout"]), written["messages.rs"]);
    assert_eq!(printed(&["--lang", "ocaml", "--stdout=mli"]), written["messages.mli"]);
    assert_eq!(printed(&["--lang", "ocaml", "--stdout=ml", "contracts.yaml"]), written["messages.ml"]);
    assert_eq!(printed(&[&BOTH[..], &["--stdout=rs"]].concat()), written["messages.rs"]);
    let named =
        run_with(here.path(), ["compile", "-", "--lang=rust", "--stdout", "--stdin-name=contracts.yaml"], CONTRACT);
    assert_eq!(String::from_utf8(named.quiet()).expect("UTF-8"), written["messages.rs"]);
    let both =
        format!("==> messages.ml <==\n{}\n==> messages.mli <==\n{}", written["messages.ml"], written["messages.mli"]);
    assert_eq!(printed(&["--lang", "ocaml", "--stdout"]), both);
    compile(here.path(), &["--lang", "ocaml", "--stdout=rs"]).exits(2).says(&["--stdout=ml or --stdout=mli"]);
    compile(here.path(), &["--lang", "rust", "--stdout=ml"]).exits(2).says(&["`ml`", "--stdout=rs"]);
    compile(here.path(), &["--lang", "rust", "--stdout", "--out", "."]).exits(2).says(&["--out"]);
    compile(here.path(), &["--lang", "rust", "--stdout", "--check"]).exits(2).says(&["--check"]);
    fs::write(here.path().join("contracts.yaml"), CONTRACT.replace("u64", "u63")).expect("written");
    compile(here.path(), &["--lang", "rust", "--stdout"]).exits(1).says(&["E0201"]);
}

/// Without this, the command in the header could be one that a shell takes for something else.
#[test]
fn the_header_says_a_command_that_works() {
    let here = folder(&[("my contract.yaml", CONTRACT), ("plain.yaml", CONTRACT)]);
    for (file, argument) in [("plain.yaml", "plain.yaml"), ("my contract.yaml", "'my contract.yaml'"), ("-", "-")] {
        for (language, extension) in [("rust", "rs"), ("ocaml", "ml"), ("ocaml", "mli")] {
            let stdout = format!("--stdout={extension}");
            let printed = run_with(here.path(), ["compile", file, "--lang", language, &stdout], CONTRACT).quiet();
            let printed = String::from_utf8(printed).expect("UTF-8");
            let command = format!("Regenerate: myc-schema compile {argument} --lang {language} --out DIR");
            assert!(printed.lines().nth(1).is_some_and(|line| line.contains(&command)), "{command}:\n{printed}");
        }
    }
}

/// Without this, output would differ between machines and be committed again and again.
#[test]
fn the_same_contract_gives_the_same_bytes() {
    let here = folder(&[]);
    let contract = root().join("contracts.yaml");
    let contract = contract.to_str().expect("UTF-8");
    let out = |name: &str| here.path().join(name).to_str().expect("UTF-8").to_owned();
    compile(&root(), &[&BOTH[..], &["--out", &out("a")]].concat()).made_folders();
    compile(here.path(), &[&[contract], &BOTH[..], &["--out", "b"]].concat()).made_folders();
    let mut other = command(Path::new("/"), ["compile", contract, "--lang=ocaml", "--lang=rust", "--out", &out("c")]);
    other.env("LC_ALL", "tr_TR.UTF-8").env("TZ", "Asia/Tokyo").env("COLUMNS", "20").env("HOME", "/nowhere");
    Run::from(other.output().expect("runs")).made_folders();
    let first = files(&here.path().join("a"));
    assert_eq!(first, files(&here.path().join("b")));
    assert_eq!(first, files(&here.path().join("c")));
}

/// Without this, a strangely named contract could end the comment that names it and run code.
#[test]
fn a_contract_with_a_strange_name() {
    let here = folder(&[]);
    for name in [&b"a*)b\"\n#![x]\\{|.yaml"[..], b"caf\xe9.yaml"] {
        let name = OsStr::from_bytes(name);
        fs::write(here.path().join(name), CONTRACT).expect("written");
        let arguments = ["compile", "--lang=rust", "--lang=ocaml", "--out=out"].map(OsStr::new);
        run(here.path(), arguments.into_iter().chain([name])).exits(0);
        for (file, text) in files(&here.path().join("out")) {
            let head: String = text.lines().take(4).collect();
            assert!(head.contains("a__b_____x____.yaml") || head.contains("caf_.yaml"), "{file}: {head}");
        }
    }
}
