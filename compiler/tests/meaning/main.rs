//! What a contract means: rows of small contracts, each with everything the compiler says about it.

mod enums;
mod ids;
mod names;
mod noise;
mod rules;
mod sizes;
mod structs;
mod types;

use myc_schema::source::SourceMap;
use myc_schema::{Checked, check};

/// Checks a contract.
fn checked(text: &str) -> Checked {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    check(&sources, id)
}

/// Every finding as `CODE underlined token`, in order.
fn findings(text: &str) -> Vec<String> {
    let slice = |span: myc_schema::source::Span| &text[span.start as usize..span.end as usize];
    let line = |diagnostic: &myc_schema::diag::Diagnostic| {
        format!("{} {}", diagnostic.code.id, diagnostic.span.map_or("", slice))
    };
    checked(text).diagnostics.iter().map(line).collect()
}

/// Asserts what is said about each contract: in this order, and nothing else.
fn contracts(rows: &[(&str, &[&str])]) {
    for (text, wanted) in rows {
        assert_eq!(findings(text), *wanted, "\n{text}\n{:#?}", checked(text).diagnostics);
    }
}

/// A contract with one field `f`, an enum, a struct and two messages to refer to.
fn with_field(field: &str) -> String {
    format!(
        "enums: {{ Side: {{ values: {{ Buy: 1, Sell: 2 }} }} }}
structs: {{ Price: {{ fields: {{ mantissa: i64 }} }} }}
messages:
  Uses: {{ tlv_type: 1001, domain: D, fields: {{ side: Side, price: Price }} }}
  M: {{ tlv_type: 1002, domain: D, fields: {{ f: {field} }} }}
"
    )
}

/// Asserts what is said about each field.
fn fields(rows: &[(&str, &[&str])]) {
    for (field, wanted) in rows {
        let text = with_field(field);
        assert_eq!(findings(&text), *wanted, "\n{field}\n{:#?}", checked(&text).diagnostics);
    }
}

/// The help of the first finding about a field, or nothing.
fn help(field: &str) -> String {
    let checked = checked(&with_field(field));
    checked.diagnostics.first().and_then(|diagnostic| diagnostic.help.clone()).unwrap_or_default()
}
