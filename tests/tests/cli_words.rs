//! What `myc-schema` says about itself: help, codes, completions, manual pages, colours.

use std::process::Command;

use mycelium_tests::program::{Run, command, feed, folder, run};
use mycelium_tests::toolchain::{self, root};

const COMMANDS: &[&str] = &[
    "compile",
    "check",
    "breaking",
    "lock",
    "plan",
    "diff",
    "digest",
    "layout",
    "encode",
    "decode",
    "annotate",
    "docs",
    "new",
    "dune-rules",
    "next-id",
    "lsp",
    "fmt",
    "json-schema",
    "explain",
    "list-codes",
    "completions",
    "man",
];

fn text(arguments: &[&str]) -> String {
    String::from_utf8(run(&root(), arguments).quiet()).expect("UTF-8")
}

/// Without this, a command could be there and nobody know how to use it.
#[test]
fn help_teaches() {
    let help = text(&["--help"]);
    assert!(text(&["-h"]).len() < help.len());
    for &name in COMMANDS {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name} in\n{help}");
        let help = text(&[name, "--help"]);
        assert!(help.contains(&format!("Usage: myc-schema {name}")), "{help}");
    }
    for code in ["0 done", "1 findings", "2 wrong usage", "3 a file"] {
        assert!(help.contains(code), "{code} in\n{help}");
    }
    assert_eq!(text(&["--version"]), format!("myc-schema {}\n", env!("CARGO_PKG_VERSION")));
}

/// Without this, a mistyped command line would be a riddle, or look like a success to a script.
#[test]
fn mistyped_command_lines() {
    for (arguments, words) in [
        (&[][..], "Usage: myc-schema"),
        (&["chekc"], "a similar subcommand exists: 'check'"),
        (&["check", "--messge-format", "json"], "--message-format"),
        (&["check", "--message-format", "jsno"], "a similar value exists: 'json'"),
        (&["compile", "--lang", "rst", "--out", "."], "a similar value exists: 'rust'"),
        (&["compile", "--out", "."], "--lang <LANG>"),
        (&["explain", "E9999"], "list-codes"),
        (&["man", "compil"], "did you mean `compile`?"),
        (&["completions", "tcsh"], "bash"),
    ] {
        run(&root(), arguments).exits(2).says(&[words]);
    }
}

/// Without this, a code that somebody met could have no explanation.
#[test]
fn every_code_is_listed_and_explained() {
    let list = text(&["list-codes"]);
    let codes: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(codes.len(), myc_schema::codes::ALL.len());
    for (code, listed) in myc_schema::codes::ALL.iter().zip(codes) {
        assert_eq!(code.id, listed);
        let explained = text(&["explain", &code.id.to_lowercase()]);
        assert!(explained.starts_with(&format!("{}: {}\n\n", code.id, code.title)), "{explained}");
        assert!(explained.ends_with(&format!("\n\n{}\n", code.explanation.trim_end())), "{explained}");
    }
}

/// Without this, a completion script could break the shell that loads it.
#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        for &name in COMMANDS {
            assert!(script.contains(name), "{name} in the script for {shell}");
        }
        assert!(script.contains("message-format"), "{shell}");
    }
    let here = folder(&[("myc-schema.bash", &text(&["completions", "bash"]))]);
    let bash = |arguments: &[&str]| {
        let mut bash = Command::new("bash");
        bash.args(arguments).current_dir(here.path());
        feed(bash, "").quiet()
    };
    bash(&["-n", "myc-schema.bash"]);
    let complete = "source ./myc-schema.bash; COMP_WORDS=(myc-schema comp); COMP_CWORD=1; \
        _myc__schema myc-schema comp myc-schema; printf '%s ' \"${COMPREPLY[@]}\"";
    assert_eq!(bash(&["-c", complete]), b"compile completions ");
}

/// Without this, a manual page could be one that `man` garbles.
#[test]
fn manual_pages_have_their_sections() {
    let pages = std::iter::once(None).chain(COMMANDS.iter().copied().map(Some));
    for command in pages {
        let page = match command {
            None => text(&["man"]),
            Some(name) => text(&["man", name]),
        };
        let title = command.map_or("myc-schema".to_owned(), |name| format!("myc-schema-{name}"));
        assert!(page.contains(&format!(".TH {title} 1")), "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert!(page.lines().any(|line| line == format!(".SH {section}")), "{section} in\n{page}");
        }
        assert!(page.is_ascii(), "{page}");
        // Every line that begins with a control character is a request that roff has.
        let requests = ["ie", "el", "TH", "SH", "TP", "br", "RS", "RE", "IP", "nf", "fi", "PP", "B", "I"];
        for line in page.lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line[1..].split(' ').next().unwrap_or_default();
            assert!(requests.contains(&request), "{line}");
        }
        // The typesetter has no complaint and keeps examples whole.
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tascii", "-ww", "-P-c", "-P-b", "-P-o", "-P-u"]);
        let rendered = String::from_utf8(feed(groff, &page).quiet()).expect("ASCII");
        assert!(command != Some("man") || rendered.contains("  myc-schema man | man -l -\n"), "{rendered}");
    }
}

/// Runs `myc-schema check` on a bad contract with stdout and stderr on a terminal.
fn on_a_terminal(arguments: &str, environment: &[(&str, &str)]) -> String {
    let here = folder(&[("contracts.yaml", "messages: { A: 1 }\n")]);
    let mut script = Command::new("script");
    let line = format!("'{}' check {arguments}", toolchain::compiler().display());
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(here.path());
    let mut script = toolchain::without_colours(script);
    script.env("TERM", "xterm").envs(environment.iter().copied());
    let output = toolchain::run(script);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Without this, logs could be full of escape codes, or terminals plain.
#[test]
fn colours_are_for_terminals() {
    let here = folder(&[("contracts.yaml", "messages: { A: 1 }\n")]);
    let check = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = command(here.path(), [&["check"], arguments].concat());
        let run = Run::from(command.envs(environment.iter().copied()).output().expect("runs"));
        run.exits(1).stderr.contains('\x1b')
    };
    assert!(!check(&[], &[]));
    assert!(check(&["--color", "always"], &[]));
    assert!(check(&["--color=always"], &[("NO_COLOR", "1")]), "what is asked for by name wins");
    assert!(!check(&["--color", "never"], &[]));
    assert!(on_a_terminal("", &[]).contains('\x1b'));
    assert!(!on_a_terminal("", &[("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!on_a_terminal("--color never", &[]).contains('\x1b'));
    let usage = |arguments: &[&str]| run(&root(), arguments).exits(2).stderr.contains('\x1b');
    assert!(usage(&["--color", "always", "chekc"]));
    assert!(!usage(&["chekc"]));
}
