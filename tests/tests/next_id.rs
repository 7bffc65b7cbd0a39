//! `myc-schema next-id`: a free id, in the right range, that the compiler has nothing against.

use mycelium_tests::program::{folder, run, run_with};
use mycelium_tests::toolchain::root;

fn contract(head: &str, ids: &[(u16, &str)]) -> String {
    let messages: String =
        ids.iter().map(|(id, domain)| format!("  M{id}: {{ tlv_type: {id}, domain: {domain} }}\n")).collect();
    format!("{head}\nmessages:\n{messages}  x-end: 1\n")
}

fn next(text: &str, domain: Option<&str>) -> String {
    let here = folder(&[]);
    let mut arguments = vec!["next-id", "-"];
    arguments.extend(domain.iter().flat_map(|domain| ["--domain", domain]));
    String::from_utf8(run_with(here.path(), arguments, text).quiet()).expect("UTF-8")
}

/// Without this, the id could be one that was used before, or belongs to others.
#[test]
fn the_id_after_the_highest_in_its_range() {
    const RANGES: &str = "tag_ranges: { core: 1-999, app: 1000-1009, more: 2000-2003, experimental: 50000-65535 }";
    const DOMAINS: &str = "domains: { A: { type_range: 1000-1004 }, B: { type_range: 1005-1009 }, C: {} }";
    for (head, ids, domain, expected) in [
        ("", &[][..], None, "1000\n"),
        ("", &[(1001, "A"), (1003, "A")], None, "1004\n"),
        ("", &[(200, "A")], None, "1000\n"),
        ("", &[(65535, "A")], None, "1000\n"),
        ("", &[(1001, "A"), (1500, "B")], Some("A"), "1002\n"),
        ("schema: { core: true }", &[(1, "A")], Some("A"), "2\n"),
        ("reserved: { tlv_types: [1002, 1004-1009] }", &[(1001, "A")], None, "1003\n"),
        ("reserved: { tlv_types: [1002-1009] }", &[(1001, "A")], None, "1010\n"),
        (RANGES, &[], None, "1000\n"),
        (RANGES, &[(1009, "A")], None, "1000\n"),
        (RANGES, &[(1000, "A"), (1009, "A")], None, "1001\n"),
        (RANGES, &[(2000, "Z")], Some("Z"), "2001\n"),
        (DOMAINS, &[(1001, "A"), (1006, "B")], Some("A"), "1002\n"),
        (DOMAINS, &[(1001, "A"), (1006, "B")], Some("B"), "1007\n"),
        (DOMAINS, &[(1001, "A"), (1006, "B")], Some("C"), "1010\n"),
        (DOMAINS, &[(1004, "A"), (1000, "A")], Some("A"), "1001\n"),
    ] {
        let text = contract(head, ids);
        let id = next(&text, domain);
        assert_eq!(id, expected, "{head} {ids:?} {domain:?}");
        // The compiler has nothing against it.
        let more = [ids, &[(id.trim().parse().expect("an id"), domain.unwrap_or("New"))]].concat();
        let here = folder(&[]);
        let check = ["check", "-", "--deny", "warnings"];
        run_with(here.path(), check, contract(head, &more)).quiet();
    }
}

/// Without this, a script would take an empty line for an id.
#[test]
fn where_there_is_none() {
    let here = folder(&[
        ("full.yaml", &contract("domains: { A: { type_range: 1000-1001 } }", &[(1000, "A"), (1001, "A")])),
        ("bad.yaml", "messages: 1\n"),
    ]);
    run(here.path(), ["next-id", "full.yaml", "--domain", "A"]).exits(1).says(&["no type id is free", "widen"]);
    run(here.path(), ["next-id", "full.yaml", "--domain", "Aa"]).exits(2).says(&["no domain `Aa`"]);
    run(here.path(), ["next-id", "bad.yaml"]).exits(1).says(&["E0103"]);
    run(here.path(), ["next-id"]).exits(3).says(&["contracts.yaml"]);
    run(&root(), ["next-id", "--domain", "Example"]).exits(2).says(&["did you mean `Examples`?"]);
}
