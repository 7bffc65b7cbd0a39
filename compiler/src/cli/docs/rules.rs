//! Rules in words, as a contract writes them.

use myc_schema::ir::{Field, Number, OneOf, Rule};
use myc_schema::u256;

/// Values of a list that are shown.
const MOST: usize = 12;

/// The enforced rules of a field.
pub fn enforced(field: &Field) -> Vec<String> {
    field.rules.iter().map(rule).collect()
}

/// The rules that are documentation only.
pub fn documented(field: &Field) -> Vec<String> {
    field.documented_rules.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

fn rule(rule: &Rule) -> String {
    let name = rule.name();
    match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => name.to_owned(),
        Rule::Max(bound) | Rule::Min(bound) => format!("{name}: {}", number(bound)),
        Rule::MinLength(least) => format!("{name}: {least}"),
        Rule::NotPrefix(prefix) => format!("{name}: {}", quoted(prefix)),
        Rule::OneOf(allowed) => {
            let values: Vec<String> = match allowed {
                OneOf::Ints(values) => values.iter().map(i128::to_string).collect(),
                OneOf::U256s(values) => values.iter().map(u256::to_decimal).collect(),
                OneOf::Strings(values) => values.iter().map(|text| quoted(text)).collect(),
                OneOf::Enums(values) => values.iter().map(|(name, _)| name.clone()).collect(),
            };
            let more = values.len().saturating_sub(MOST);
            let shown = values[..values.len().min(MOST)].join(", ");
            if more > 0 { format!("{name}: {shown} and {more} more") } else { format!("{name}: {shown}") }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn number(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => value.to_string(),
        Number::F64(value) => value.to_string(),
        Number::U256(value) => u256::to_decimal(value),
    }
}
