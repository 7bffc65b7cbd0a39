//! `myc-schema breaking`: what contracts are compared with, what is allowed, exit codes and formats.

use std::fmt::Write as _;
use std::path::Path;

use myc_schema::evolve::rules;
use mycelium_tests::program::{Run, command, feed, folder, run, run_with};
use serde_json::Value;

const OLD: &str = "\
schema: { id: 7, version: 3 }
messages:
  Tick:
    tlv_type: 1001
    domain: Market
    fields:
      price: i64
      size: { type: u32, unit: lots }
  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64 } }
";

/// A field more, another unit, a message gone.
fn new() -> String {
    let new = OLD.replace("unit: lots }", "unit: shares }\n      venue: u32").replace("version: 3", "version: 4");
    new.lines().filter(|line| !line.contains("Ping")).map(|line| format!("{line}\n")).collect()
}

fn breaking(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, [&["breaking"], arguments].concat())
}

/// The rules of the findings, from JSON.
fn rules_of(run: &Run) -> Vec<String> {
    let lines = run.text().lines();
    lines
        .map(|line| {
            let finding: Value = serde_json::from_str(line).expect("JSON");
            finding["rule"].as_str().expect("a rule").to_owned()
        })
        .collect()
}

/// Without this, a build could go on with a contract that breaks its peers, or stop for one that does not.
#[test]
fn exit_codes() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new()), ("bad.yaml", "messages: { A: 1 }\n")]);
    assert_eq!(breaking(here.path(), &["old.yaml", "--against", "old.yaml"]).quiet(), b"");
    let found = breaking(here.path(), &["--against", "old.yaml"]).exits(1);
    assert!(found.stderr.contains("4 findings that count: 2 WIRE, 1 SEMANTIC, 1 ROUTE"), "{}", found.stderr);
    // What nobody notices does not count.
    let raised = OLD.replace("version: 3", "version: 4");
    let info = run_with(here.path(), ["breaking", "-", "--against", "old.yaml"], &raised).exits(0);
    assert!(info.text().contains("INFO[SCHEMA_VERSION_RAISED]"), "{}", info.text());
    // But who connects does: the digest is another, also where that is all.
    let digest = "INFO[SCHEMA_DIGEST_CHANGED]: the schema digest is another: peers refuse each other, but in mode Shared 2 messages keep flowing\n";
    assert!(info.text().contains(digest), "{}", info.text());
    let source = |text: &str| text.replace("id: 7", "id: 7, digest: source");
    std::fs::write(here.path().join("source.yaml"), source(OLD)).expect("a file");
    let commented = format!("# More.\n{}", source(OLD));
    let info = run_with(here.path(), ["breaking", "-", "--against", "source.yaml"], &commented).exits(0);
    assert!(info.text().contains(digest), "{}", info.text());
    let added = run_with(
        here.path(),
        ["breaking", "-", "--against", "old.yaml", "--format", "markdown"],
        format!("{OLD}  Pong: {{ tlv_type: 1003, domain: Control, fields: {{}} }}\n"),
    );
    let words = "in mode Shared 2 messages keep flowing and 1 is new";
    assert!(added.exits(0).text().contains(words));
    breaking(here.path(), &[]).exits(2).says(&["--against"]);
    breaking(here.path(), &["-", "--against", "-"]).exits(2).says(&["more than once"]);
    breaking(here.path(), &["--against", "nowhere.yaml"]).exits(3).says(&["nowhere.yaml", "no such file"]);
    breaking(here.path(), &["--against", "."]).exits(3).says(&["directory"]);
    breaking(here.path(), &[".", "--against", "old.yaml"])
        .exits(3)
        .says(&["error[E0001]: cannot read `.`: it is a directory"]);
    breaking(here.path(), &["nowhere.yaml", "--against", "old.yaml"]).exits(3).says(&["nowhere.yaml"]);
    breaking(here.path(), &["--against", "bad.yaml"]).exits(1).says(&["bad.yaml", "error["]);
    breaking(here.path(), &["bad.yaml", "--against", "old.yaml"]).exits(1).says(&["bad.yaml", "error["]);
    breaking(here.path(), &["--against", "old.yaml", "--category", "wrie"]).exits(2).says(&["similar value", "wire"]);
}

/// Without this, a build that denies warnings could not compare with a commit that has one, which nobody can mend.
#[test]
fn warnings_of_the_older_contract_are_not_denied() {
    let warned = OLD.replace("price: i64", "price: i64\n      name: String");
    let here = folder(&[("warned.yaml", &warned), ("contracts.yaml", &warned.replace("String", "String<32>"))]);
    let denied = |arguments: &[&str]| run(here.path(), [arguments, &["--deny", "warnings"]].concat());
    assert_eq!(denied(&["breaking", "--against", "warned.yaml"]).quiet(), b"");
    for command in ["plan", "diff"] {
        assert!(!denied(&[command, "warned.yaml"]).quiet().is_empty(), "{command}");
        let newer = denied(&[command, "contracts.yaml", "warned.yaml"]).exits(1);
        newer.says(&["warning[W0201]", "warned.yaml: 1 warning, denied by --deny warnings"]);
    }
    denied(&["breaking", "warned.yaml", "--against", "contracts.yaml"]).exits(1).says(&["1 warning, denied"]);
    // Errors leave no schema to compare with.
    let broken = folder(&[("contracts.yaml", OLD), ("broken.yaml", &OLD.replace("i64", "i65"))]);
    run(broken.path(), ["breaking", "--against", "broken.yaml"]).exits(1).says(&["broken.yaml: 1 error"]);
}

/// Without this, somebody who cares for bytes alone would have to look through all else.
#[test]
fn categories_are_chosen() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new())]);
    let of = |categories: &[&str]| {
        let mut arguments = vec!["breaking", "--against", "old.yaml", "--format", "json"];
        categories.iter().for_each(|category| arguments.extend(["--category", category]));
        let run = run(here.path(), arguments);
        (rules_of(&run), run.code)
    };
    assert_eq!(of(&["wire"]), (vec!["FIELD_ADDED".into(), "TYPE_ID_NOT_RESERVED".into()], Some(1)));
    assert_eq!(of(&["semantic", "route"]).0, ["UNIT_CHANGED", "MESSAGE_REMOVED"]);
    assert_eq!(of(&["info"]), (vec!["SCHEMA_DIGEST_CHANGED".into(), "SCHEMA_VERSION_RAISED".into()], Some(0)));
    assert_eq!(of(&["source"]), (vec![], Some(0)));
    assert_eq!(of(&[]).0.len(), 6);
}

/// Without this, the places could be those of the other contract, and an editor jump to nowhere.
#[test]
fn both_places_are_named() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new())]);
    let json = breaking(here.path(), &["--against", "old.yaml", "--format", "json"]).exits(1);
    let findings: Vec<Value> = json.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let unit = findings.iter().find(|finding| finding["rule"] == "UNIT_CHANGED").expect("a finding");
    let place =
        |place: &Value| (place["file"].as_str().unwrap().to_owned(), place["line"].as_u64(), place["column"].as_u64());
    assert_eq!(place(&unit["old"]), ("old.yaml".to_owned(), Some(8), Some(7)));
    assert_eq!(place(&unit["new"]), ("contracts.yaml".to_owned(), Some(8), Some(7)));
    assert_eq!(
        (&unit["path"], &unit["category"], &unit["counts"]),
        (&"Tick.size".into(), &"SEMANTIC".into(), &true.into())
    );
    assert_eq!((&unit["versions"], &unit["messages"]), (&serde_json::json!([[3, 3]]), &serde_json::json!(["Tick"])));
    let human = breaking(here.path(), &["--against", "old.yaml"]).exits(1);
    for words in [
        "WIRE[FIELD_ADDED]: `Tick` got a field `venue`, `u32`\n",
        " --> contracts.yaml:9:7",
        " ::: old.yaml:3:3",
        "as it was",
        "= note: it breaks peers of version 3",
        "= help: add to the contract: `reserved: { tlv_types: [1002], names: [Ping] }`",
    ] {
        assert!(human.text().contains(words), "{words} in\n{}", human.text());
    }
    // A name is in the fingerprint; a word for printers is not.
    let text =
        OLD.replace("size: {", "lots: {").replace("    domain: Market", "    rust_type: Trade\n    domain: Market");
    let renamed = run_with(here.path(), ["breaking", "-", "--against", "old.yaml", "--category", "source"], &text);
    assert_eq!(renamed.text().matches("SOURCE[").count(), 2, "{}", renamed.text());
    assert_eq!(renamed.exits(1).text().matches("= note: it breaks peers of version 3").count(), 1);
    let arguments = ["breaking", "-", "--against", "old.yaml", "--category", "source", "--format", "markdown"];
    assert_eq!(run_with(here.path(), arguments, &text).exits(1).text().matches("breaks version 3; ").count(), 1);
    assert!(!human.text().contains('\x1b'));
    let coloured = run(here.path(), ["--color", "always", "breaking", "--against", "old.yaml"]).exits(1);
    assert!(coloured.text().contains('\x1b'));
}

/// Without this, a change that was agreed on would stop every build, or one that nobody remembers stop none.
#[test]
fn what_is_allowed_has_a_last_day() {
    let allow = "allow:\n  - { rule: FIELD_ADDED, path: Tick.venue, reason: deployed together, until: 2026-12-01 }\n\
        \x20 - { rule: TYPE_ID_NOT_RESERVED, path: 'P*', reason: never sent, until: 2027-01-01 }\n";
    let here =
        folder(&[("old.yaml", OLD), ("contracts.yaml", &new()), ("contracts.allow.yaml", allow), ("x.yaml", &new())]);
    let on = |day: &str| breaking(here.path(), &["--against", "old.yaml", "--category", "wire", "--today", day]);
    let allowed = on("2026-12-01").exits(0);
    assert!(
        allowed.text().contains("allowed[FIELD_ADDED]: `Tick` got")
            && allowed.text().contains("(until 2026-12-01: deployed together)")
    );
    let expired = on("2026-12-02").exits(1);
    assert!(expired.text().contains("it was allowed until 2026-12-01: deployed together"), "{}", expired.text());
    assert!(expired.stderr.contains("1 finding that counts: 1 WIRE"), "{}", expired.stderr);
    on("2027-01-02").exits(1);
    // Another contract's file is not this one's.
    breaking(here.path(), &["x.yaml", "--against", "old.yaml", "--category", "wire"]).exits(1);
    let file = [
        "x.yaml",
        "--against",
        "old.yaml",
        "--category=wire",
        "--today=2026-11-01",
        "--allow-file",
        "contracts.allow.yaml",
    ];
    breaking(here.path(), &file).exits(0);
    // On the command line, without a day.
    let arguments = ["x.yaml", "--against", "old.yaml", "--category=wire", "--allow", "FIELD_ADDED:Tick.*=agreed"];
    let mut both = arguments.to_vec();
    both.extend(["--allow", "TYPE_ID_NOT_RESERVED:Ping=never sent"]);
    breaking(here.path(), &arguments).exits(1);
    breaking(here.path(), &both).exits(0);
    // What is no longer needed is said.
    let unused = breaking(here.path(), &["old.yaml", "--against", "old.yaml", "--allow", "FIELD_ADDED:A.b=c"]).exits(0);
    assert!(unused.stderr.contains("FIELD_ADDED:A.b is allowed, and there is no such finding"), "{}", unused.stderr);
    for (argument, words) in [
        ("FIELD_ADED:A=b", "did you mean `FIELD_ADDED`?"),
        ("FIELD_ADDED:A", "RULE:PATH=reason is expected"),
        ("FIELD_ADDED:A=", "the reason is missing"),
        ("FIELD_ADDED:=b", "the path is missing"),
    ] {
        breaking(here.path(), &["--against", "old.yaml", "--allow", argument]).exits(2).says(&[words]);
    }
    for (text, words) in [
        ("allow: 3\n", "bad.yaml"),
        ("alow: []\n", "unknown field `alow`"),
        ("allow: [{ rule: FIELD_ADDED, path: A, reason: b }]\n", "missing field `until`"),
        ("allow: [{ rule: FIELD_ADDED, path: A, reason: b, until: 2026-02-30 }]\n", "`2026-02-30` is no day"),
        ("allow: [{ rule: NOTHING, path: A, reason: b, until: 2026-02-20 }]\n", "--list-rules"),
    ] {
        std::fs::write(here.path().join("bad.yaml"), text).expect("written");
        breaking(here.path(), &["--against", "old.yaml", "--allow-file", "bad.yaml"]).exits(2).says(&[words]);
    }
    breaking(here.path(), &["--against", "old.yaml", "--allow-file", "nowhere"]).exits(3).says(&["nowhere"]);
    breaking(here.path(), &["--against", "old.yaml", "--today", "tomorrow"]).exits(2).says(&["YYYY-MM-DD"]);
}

/// Without this, findings would not show up where reviews happen.
#[test]
fn formats_of_reviews() {
    let here = folder(&[("old.yaml", OLD), ("contracts.yaml", &new())]);
    let of = |format: &str| {
        let run = breaking(
            here.path(),
            &["--against", "old.yaml", "--format", format, "--allow", "UNIT_CHANGED:Tick.size=a, b: 100%"],
        );
        run.exits(1).text().to_owned()
    };
    let github = of("github");
    let lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines.len(), 6, "{github}");
    assert!(lines[0].starts_with("::error file=contracts.yaml,line=9,endLine=9,col=7,endColumn=12,title=WIRE FIELD_ADDED%3A field added::`Tick` got"), "{github}");
    assert!(lines[1].starts_with("::error file=contracts.yaml,title=WIRE TYPE_ID_NOT_RESERVED"), "{github}");
    assert!(
        lines.iter().any(|line| line.starts_with("::notice ")
            && line.contains("UNIT_CHANGED")
            && line.contains("allowed: a, b: 100%25")),
        "{github}"
    );

    let sarif: Value = serde_json::from_str(&of("sarif")).expect("JSON");
    assert_eq!((&sarif["version"], sarif["runs"].as_array().map(Vec::len)), (&"2.1.0".into(), Some(1)));
    let run = &sarif["runs"][0];
    let described = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(described.len(), rules::ALL.len());
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 6);
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(described[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "contracts.yaml");
        assert_eq!(result["level"], if result["properties"]["category"] == "INFO" { "note" } else { "error" });
        assert_eq!(result["suppressions"].is_array(), result["ruleId"] == "UNIT_CHANGED");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 9);
    assert_eq!(results[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "old.yaml");
    let text = results[0]["message"]["text"].as_str().expect("words");
    assert!(text.ends_with("; as it was: old.yaml:3:3"), "{text}");

    let markdown = of("markdown");
    for words in [
        "### `contracts.yaml` against `old.yaml`",
        "**WIRE**: bytes change",
        "- `FIELD_ADDED` `Tick` got a field `venue`, `u32`<br>breaks version 3; ",
        "<br>allowed: a, b: 100%",
    ] {
        assert!(markdown.contains(words), "{words} in\n{markdown}");
    }
    let none = breaking(here.path(), &["old.yaml", "--against", "old.yaml", "--format", "markdown"]).quiet();
    assert!(String::from_utf8(none).expect("UTF-8").contains("No difference."));
}

/// Without this, a text of a contract could end a comment's code and be read as markup.
#[test]
fn comments_are_text() {
    let with = |prefix: &str, topic: &str| {
        format!(
            "messages:\n  Tick:\n    tlv_type: 1001\n    domain: Market\n    topic: '{topic}'\n    \
             fields: {{ note: {{ type: String<8>, validation: [{{ not_prefix: '{prefix}' }}] }} }}\n"
        )
    };
    let here = folder(&[("a`.yaml", &with("a`<b>", "t")), ("contracts.yaml", &with("``c`<b>", "`<i>`"))]);
    for format in ["markdown", "human"] {
        let found = breaking(here.path(), &["--against", "a`.yaml", "--format", format]).exits(1);
        for words in [
            "had the rule ``` not_prefix: \"``c`<b>\" ```".replace("had the rule", "has"),
            "had the rule `` not_prefix: \"a`<b>\" ``".to_owned(),
            "`Tick` had topic `t`, has `` `<i>` ``".to_owned(),
        ] {
            assert!(found.text().contains(&words), "{words} in\n{}", found.text());
        }
    }
    let heads = ["breaking", "diff"].map(|command| {
        let against: &[&str] = if command == "diff" { &["a`.yaml"] } else { &["--against", "a`.yaml"] };
        run(here.path(), [&[command, "--format", "markdown"], against].concat())
            .text()
            .lines()
            .next()
            .map(str::to_owned)
    });
    let [breaking, diff] = heads.map(Option::unwrap_or_default);
    assert_eq!(breaking, "### `contracts.yaml` against `` a`.yaml ``");
    assert_eq!(diff, "### Bytes of `contracts.yaml` against `` a`.yaml ``");
}

/// Without this, annotations and code scanning would point to files that are not there: they count from the root.
#[test]
fn places_are_in_the_repository() {
    let here = folder(&[("api/contracts.yaml", &new()), ("api/old.yaml", OLD), ("other.yaml", &new())]);
    let root = here.path();
    let in_workflow = |folder: &Path, arguments: &[&str]| {
        let mut command = command(folder, arguments);
        command.env("GITHUB_WORKSPACE", root);
        feed(command, "").exits(1)
    };
    let breaking = ["breaking", "--against", "old.yaml", "--format", "github"];
    let from = |file: &str, name: &str| {
        let run = in_workflow(&root.join("api"), &[&breaking[..], &[file]].concat());
        assert!(run.text().starts_with(&format!("::error file={name},line=9,")), "{}", run.text());
        let places: Vec<&str> = run.text().lines().filter(|line| line.contains(" file=")).collect();
        assert!(places.iter().all(|line| line.contains(&format!(" file={name},"))), "{}", run.text());
    };
    from("contracts.yaml", "api/contracts.yaml");
    from("./contracts.yaml", "api/contracts.yaml");
    from("../other.yaml", "other.yaml");
    from(
        root.join("api/contracts.yaml").canonicalize().expect("a file").to_str().expect("UTF-8"),
        "api/contracts.yaml",
    );
    let outside = folder(&[("contracts.yaml", &new()), ("old.yaml", OLD)]);
    let run_outside = in_workflow(outside.path(), &breaking);
    assert!(run_outside.text().starts_with("::error file=contracts.yaml,line=9,"), "{}", run_outside.text());
    // Diagnostics are annotations as well.
    std::fs::write(root.join("api/bad.yaml"), "messages: { A: 1 }\n").expect("a file");
    let check = in_workflow(&root.join("api"), &["check", "bad.yaml", "--message-format", "github"]);
    assert!(check.stderr.contains("::error file=api/bad.yaml,line=1,"), "{}", check.stderr);
    let sarif = in_workflow(&root.join("api"), &["breaking", "--against", "old.yaml", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(sarif.text()).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    let uri = |place: &Value| place["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(uri(&result["locations"][0]), "api/contracts.yaml");
    assert_eq!(uri(&result["relatedLocations"][0]), "api/old.yaml");
}

/// Without this, an annotation past the tenth would be lost without a word.
#[test]
fn many_annotations_are_told() {
    let with = |ty: &str| {
        let mut text = String::from("messages:\n");
        for index in 0..15 {
            let _ = writeln!(text, "  M{index}: {{ tlv_type: {}, domain: D, fields: {{ a: {ty} }} }}", 1000 + index);
        }
        text
    };
    let here = folder(&[("old.yaml", &with("u32")), ("contracts.yaml", &with("u64"))]);
    let github = breaking(here.path(), &["--against", "old.yaml", "--format", "github"]).exits(1);
    let starting = |start: &str| github.text().lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((starting("::error "), starting("also: WIRE[FIELD_TYPE_CHANGED]")), (10, 5), "{}", github.text());
    assert!(github.text().contains("5 more findings are in the log"));
}

/// Without this, a rule could be reported that is described nowhere.
#[test]
fn rules_are_listed() {
    let here = folder(&[]);
    let list = String::from_utf8(breaking(here.path(), &["--list-rules"]).quiet()).expect("UTF-8");
    for rule in rules::ALL {
        assert!(
            list.lines().any(|line| line.starts_with(&format!("  {} ", rule.id)) && line.ends_with(rule.title)),
            "{}",
            rule.id
        );
    }
    assert_eq!(list.lines().count(), rules::ALL.len() + 5);
    for rule in [rules::ALL[0], rules::ALL[rules::ALL.len() - 1]] {
        let explained =
            String::from_utf8(run(here.path(), ["explain", &rule.id.to_lowercase()]).quiet()).expect("UTF-8");
        assert!(
            explained.starts_with(&format!("{}: {}\n\n{}: ", rule.id, rule.title, rule.category.name())),
            "{explained}"
        );
        assert!(explained.ends_with(&format!("What to do: {}\n", rule.advice)), "{explained}");
    }
}

/// A contract of so many messages, all of which have the struct and the enum.
fn large(messages: usize, ty: &str) -> String {
    let mut text = format!(
        "enums: {{ Side: {{ values: {{ Buy: 1, Sell: 2 }} }} }}\nstructs: {{ Price: {{ fields: {{ mantissa: {ty}, exponent: i8 }} }} }}\nmessages:\n"
    );
    for index in 0..messages {
        let _ = writeln!(
            text,
            "  Message{index}:\n    tlv_type: {}\n    domain: D\n    fields:\n      price: Price\n      side: Side\n      value_{index}: {ty}",
            1000 + index
        );
    }
    text
}

/// Without this, a contract of many messages could take time that grows with the square of their number: minutes.
#[test]
fn large_contracts_are_compared() {
    let here = folder(&[("old.yaml", &large(10_000, "i64")), ("contracts.yaml", &large(10_000, "i32"))]);
    for (against, found) in [("old.yaml", 10_001), ("contracts.yaml", 0)] {
        let run = breaking(here.path(), &["--against", against, "--format", "json", "--category", "wire"]);
        assert_eq!(run.text().lines().count(), found, "{}", run.stderr);
    }
}
