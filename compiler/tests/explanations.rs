//! Every code's explanation has an example that provokes it and one that does not.

use myc_schema::check;
use myc_schema::codes;
use myc_schema::diag::Severity;
use myc_schema::source::SourceMap;

/// The YAML example after a heading.
fn example<'a>(explanation: &'a str, heading: &str) -> Option<&'a str> {
    let (_, rest) = explanation.split_once(&format!("\n{heading}:\n\n```yaml\n"))?;
    Some(rest.split_once("```")?.0)
}

/// The codes that a contract gives, and whether it has errors.
fn found(text: &str) -> (Vec<&'static str>, bool) {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    let checked = check(&sources, id);
    let errors = checked.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    (checked.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect(), errors)
}

/// Without it `explain` could show an example that has nothing to do with its code.
#[test]
fn examples_do_what_they_say() {
    let mut seen = 0;
    for code in codes::ALL.iter().filter(|code| !code.id.starts_with("E00") && !code.id.starts_with("E01")) {
        let wrong = example(code.explanation, "Wrong").unwrap_or_else(|| panic!("{} has no wrong example", code.id));
        assert_eq!(found(wrong).0, [code.id], "{}: the wrong example\n{wrong}", code.id);
        let right = example(code.explanation, "Right").unwrap_or_else(|| panic!("{} has no right example", code.id));
        assert_eq!(found(right), (vec![], false), "{}: the right example\n{right}", code.id);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

/// Without it a code could be listed out of order, or twice.
#[test]
fn codes_are_sorted() {
    let ids: Vec<_> = codes::ALL.iter().map(|code| code.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    for code in codes::ALL {
        let letter = if code.severity == Severity::Error { 'E' } else { 'W' };
        assert!(code.id.starts_with(letter), "{}", code.id);
    }
}
