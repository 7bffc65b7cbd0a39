//! Where commands write, one convention for all: links are written through, folders are made and said, and what cannot be
//! written whole leaves everything as it was.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use mycelium_tests::program::{Run, command, feed, folder, run};
use mycelium_tests::toolchain::{compiler, without_colours};

const CONTRACT: &str = "schema: {version:  1}\nmessages:\n  Ping: { tlv_type: 1000, domain: D, fields: { at: u64 } }\n";

/// Every command that writes files, and the file that it writes.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["compile", "--lang", "rust", "--out", "gen"], "gen/messages.rs"),
    (&["compile", "--lang", "ocaml", "--out", "gen"], "gen/messages.mli"),
    (&["compile", "--lang", "rust", "--out", "gen", "--depfile", "deps/messages.d"], "deps/messages.d"),
    (&["lock"], "contracts.lock"),
    (&["lock", "-o", "locks/api.lock"], "locks/api.lock"),
    (&["docs", "--out", "site"], "site/contracts.html"),
    (&["docs", "--out", "site"], "site/index.html"),
    (&["fmt"], "contracts.yaml"),
    (&["check", "--fix"], "contracts.yaml"),
];

/// A contract with something to format and to mend.
fn here() -> tempfile::TempDir {
    folder(&[("contracts.yaml", &CONTRACT.replace("fields", "feilds"))])
}

/// Runs a command, on a contract without mistakes unless it mends them.
fn done(here: &Path, arguments: &[&str]) -> Run {
    if arguments[0] != "check" {
        let path = here.join("contracts.yaml");
        let text = fs::read_to_string(&path).expect("a contract").replace("feilds", "fields");
        fs::write(path, text).expect("written");
    }
    run(here, arguments)
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

/// Without this, a link that somebody made would become a file, and what it points to grow old.
#[test]
fn links_are_written_through() {
    for (arguments, output) in COMMANDS {
        for dangling in [false, true] {
            let (here, there) = (here(), folder(&[]));
            let (link, target) = (here.path().join(output), there.path().join("target"));
            fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
            let text = fs::read(&link).unwrap_or_default();
            // What is formatted or mended is there; a lock that is there is one.
            let needed = output.ends_with(".yaml");
            if dangling && needed || !dangling && output.ends_with(".lock") {
                continue;
            }
            if !dangling {
                fs::write(&target, text).expect("written");
            }
            let _ = fs::remove_file(&link);
            symlink(&target, &link).expect("a link");
            let before = fs::read(&target).ok();
            done(here.path(), arguments).exits(0);
            assert!(link.is_symlink(), "{arguments:?}: {output}");
            assert!(fs::read(&target).is_ok_and(|text| Some(&text) != before.as_ref()), "{arguments:?}: {output}");
            assert_eq!(files(there.path()).len(), 1, "no other file is left there");
        }
    }
    let here = here();
    symlink("contracts.lock", here.path().join("link.lock")).expect("a link");
    done(here.path(), &["lock", "-o", "link.lock"]).quiet();
    done(here.path(), &["lock", "-o", "link.lock", "--amend"]).quiet();
    assert!(here.path().join("link.lock").is_symlink() && here.path().join("contracts.lock").is_file());
}

/// Without this, somebody who misspells a folder would look for the files in vain.
#[test]
fn folders_that_are_made_are_said() {
    for (arguments, output) in COMMANDS.iter().filter(|(_, output)| output.contains('/')) {
        let here = here();
        let folder = output.split('/').next().expect("a folder");
        let first = done(here.path(), arguments).exits(0);
        assert!(first.stderr.contains(&format!("made the folder `{folder}`\n")), "{arguments:?}: {}", first.stderr);
        assert_eq!(first.text(), "");
        done(here.path(), arguments).quiet();
    }
    let here = here();
    let deep = done(here.path(), &["docs", "--out", "a/b/c"]).exits(0);
    assert_eq!(deep.stderr, "made the folder `a/b/c`\n");
    // Programs that read diagnostics get nothing else.
    run(here.path(), ["compile", "--lang", "rust", "--out", "x", "--message-format", "json"]).quiet();
}

/// Without this, a full disk could cut a file, or leave pieces of others, or end the program with a signal.
#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    for (arguments, output) in COMMANDS {
        let here = here();
        if arguments[0] != "check" {
            done(here.path(), &["fmt"]).exits(0);
        }
        if !output.ends_with(".yaml") {
            done(here.path(), arguments).exits(0);
        }
        let path = here.path().join("contracts.yaml");
        let text = fs::read_to_string(&path).expect("a contract");
        let more: String = (0..40)
            .map(|index| format!("  More{index}: {{ tlv_type: {}, domain: D,  feilds: {{}} }}\n", 2000 + index))
            .collect();
        let more = if arguments[0] == "check" { more } else { more.replace("feilds", "fields") };
        fs::write(&path, format!("{}{more}", text.replace("version: 1", "version: 2"))).expect("written");
        let before = files(here.path());
        // As a full disk does, a limit of one KiB fails what is larger; with the signal, which would end the process, and
        // without.
        for trap in ["", "trap '' XFSZ; "] {
            let mut limited = Command::new("bash");
            limited.args(["-c", &format!("{trap}ulimit -f 1; exec \"$0\" \"$@\"")]);
            limited.arg(compiler()).args(*arguments).current_dir(here.path());
            feed(without_colours(limited), "").exits(3).says(&["error: cannot write `", "large"]);
            assert!(files(here.path()) == before, "{arguments:?}: {output}");
        }
    }
}

/// Without this, what is protected would be replaced, because its folder is not; or a folder that is protected be a riddle.
#[test]
fn what_may_not_be_written_is_left() {
    // As somebody for whom permissions count, who has to get at the program.
    let place = folder(&[]);
    let program = place.path().join("myc-schema");
    fs::hard_link(compiler(), &program).or_else(|_| fs::copy(compiler(), &program).map(drop)).expect("a program");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    mode(place.path(), 0o755);
    let as_nobody = |here: &Path, arguments: &[&str]| {
        let mut command = match rustix::process::geteuid().is_root() {
            false => Command::new(&program),
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
                command
            }
        };
        command.args(arguments).current_dir(here);
        feed(without_colours(command), "")
    };
    for (arguments, output) in COMMANDS {
        let here = here();
        mode(here.path(), 0o777);
        let (path, contract) = (here.path().join(output), here.path().join("contracts.yaml"));
        if !output.ends_with(".yaml") {
            done(here.path(), arguments).exits(0);
            let text = fs::read_to_string(&contract).expect("a contract");
            fs::write(&contract, text.replace("version:  1", "version:  2").replace("u64", "u32")).expect("written");
        } else if arguments[0] == "fmt" {
            fs::write(&contract, CONTRACT).expect("written");
        }
        if output.ends_with(".d") {
            // This one is the same for every contract.
            fs::write(&path, "old\n").expect("written");
        }
        let folder = path.parent().expect("a folder");
        let before = files(here.path());
        for (protected, writable) in [(0o444, 0o777), (0o666, 0o555)] {
            for (path, _) in &before {
                mode(path, 0o666);
                mode(path.parent().expect("a folder"), 0o777);
            }
            mode(&path, protected);
            mode(folder, writable);
            // Of several files the first one is named.
            let folder = output.rsplit_once('/').map_or("", |(folder, _)| folder);
            let words = [&*format!("error: cannot write `{folder}"), "ermission denied"];
            as_nobody(here.path(), arguments).exits(3).says(&words);
            assert!(files(here.path()) == before, "{arguments:?}: {output}");
        }
        mode(folder, 0o777);
        as_nobody(here.path(), arguments).exits(0);
        assert!(files(here.path()) != before, "{arguments:?}: {output}");
    }
}

/// Without this, formatting as the superuser would take a file from its owner.
#[test]
fn a_file_keeps_its_owner_and_mode() {
    use std::os::unix::fs::{MetadataExt, chown};
    let here = here();
    let path = here.path().join("contracts.yaml");
    let owner = if rustix::process::geteuid().is_root() { Some(65534) } else { None };
    chown(&path, owner, owner).expect("an owner");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let of = || fs::metadata(&path).map(|file| (file.uid(), file.gid(), file.mode() & 0o7777)).expect("a file");
    let before = of();
    run(here.path(), ["check", "--fix"]).exits(0);
    run(here.path(), ["fmt"]).quiet();
    assert_eq!(of(), before);
    assert!(fs::read_to_string(&path).expect("a contract").contains("schema: { version: 1 }"));
}

/// Without this, a slip could put generated text in the place of the contract, or of other generated text.
#[test]
fn nothing_is_written_over_the_contract() {
    let here = folder(&[("contracts.yaml", CONTRACT)]);
    symlink("contracts.yaml", here.path().join("link")).expect("a link");
    for depfile in ["contracts.yaml", "./contracts.yaml", "link"] {
        run(here.path(), ["compile", "--lang", "rust", "--depfile", depfile]).exits(2).says(&["is the contract"]);
    }
    run(here.path(), ["compile", "--lang", "rust", "--depfile", "messages.rs"])
        .exits(2)
        .says(&["is a file that is generated"]);
    // Nor through links among the outputs, nor where the contract has an output's name.
    let cases = [("out/messages.rs", "compile --lang rust --out out"), ("site/contracts.md", "docs --out site")];
    for (link, words) in cases {
        fs::create_dir(here.path().join(link).parent().expect("a folder")).expect("a folder is made");
        symlink("../contracts.yaml", here.path().join(link)).expect("a link");
        run(here.path(), words.split(' ')).exits(2).says(&[link, "is the contract"]);
        fs::remove_dir_all(here.path().join(link).parent().expect("a folder")).expect("the folder goes");
    }
    fs::copy(here.path().join("contracts.yaml"), here.path().join("messages.rs")).expect("a copy");
    run(here.path(), ["compile", "messages.rs", "--lang", "rust"]).exits(2).says(&["messages.rs", "is the contract"]);
    fs::remove_file(here.path().join("messages.rs")).expect("the copy goes");
    run(here.path(), ["lock", "--out", "contracts.yaml"]).exits(1).says(&["no lock"]);
    assert_eq!(files(here.path()).len(), 2);
    assert_eq!(fs::read_to_string(here.path().join("contracts.yaml")).expect("a contract"), CONTRACT);
    let mut piped = command(here.path(), ["compile", "--lang", "rust", "--depfile", "/dev/stderr"]);
    piped.stdout(std::process::Stdio::piped());
    assert!(feed(piped, "").exits(0).stderr.contains("messages.rs: contracts.yaml"));
}
