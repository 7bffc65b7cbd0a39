//! Enforced rules: whether one accepts more or fewer values than before.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::ir::{Number, OneOf, Rule};
use crate::u256;

/// How the values that a rule accepts changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Fewer.
    Tightened,
    /// More.
    Loosened,
    /// Others.
    Other,
}

/// What changed between two rules of one name; `None` if they accept the same, or are about different types.
pub fn change(old: &Rule, new: &Rule) -> Option<Change> {
    match (old, new) {
        (Rule::Min(old), Rule::Min(new)) => ordered(compare(new, old)),
        (Rule::Max(old), Rule::Max(new)) => ordered(compare(old, new)),
        (Rule::MinLength(old), Rule::MinLength(new)) => ordered(Some(new.cmp(old))),
        // A longer prefix refuses less.
        (Rule::NotPrefix(old), Rule::NotPrefix(new)) if old == new => None,
        (Rule::NotPrefix(old), Rule::NotPrefix(new)) if old.starts_with(new) => Some(Change::Tightened),
        (Rule::NotPrefix(old), Rule::NotPrefix(new)) if new.starts_with(old) => Some(Change::Loosened),
        (Rule::NotPrefix(_), Rule::NotPrefix(_)) => Some(Change::Other),
        (Rule::OneOf(old), Rule::OneOf(new)) => lists(old, new),
        _ => None,
    }
}

/// Whether two lists of rules, each by name, accept the same.
pub fn same(old: &[Rule], new: &[Rule]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.name() == b.name() && change(a, b).is_none())
}

/// `Greater` stands for stricter.
fn ordered(strictness: Option<Ordering>) -> Option<Change> {
    match strictness? {
        Ordering::Equal => None,
        Ordering::Greater => Some(Change::Tightened),
        Ordering::Less => Some(Change::Loosened),
    }
}

fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
        (Number::F32(a), Number::F32(b)) => a.partial_cmp(b),
        (Number::F64(a), Number::F64(b)) => a.partial_cmp(b),
        (Number::U256(a), Number::U256(b)) => Some(u256::compare(a, b)),
        _ => None,
    }
}

fn lists(old: &OneOf, new: &OneOf) -> Option<Change> {
    match (old, new) {
        (OneOf::Ints(old), OneOf::Ints(new)) => sets(&set(old), &set(new)),
        (OneOf::U256s(old), OneOf::U256s(new)) => sets(&set(old), &set(new)),
        (OneOf::Strings(old), OneOf::Strings(new)) => sets(&set(old), &set(new)),
        // By number: names are another rule's concern.
        (OneOf::Enums(old), OneOf::Enums(new)) => {
            let numbers = |list: &[(String, u32)]| list.iter().map(|(_, number)| *number).collect::<BTreeSet<_>>();
            sets(&numbers(old), &numbers(new))
        }
        _ => None,
    }
}

fn set<T: Ord + Clone>(list: &[T]) -> BTreeSet<T> {
    list.iter().cloned().collect()
}

fn sets<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Option<Change> {
    match (new.is_subset(old), old.is_subset(new)) {
        (true, true) => None,
        (true, false) => Some(Change::Tightened),
        (false, true) => Some(Change::Loosened),
        (false, false) => Some(Change::Other),
    }
}

/// A rule as contracts write it: `min: 1`.
pub fn show(rule: &Rule) -> String {
    let value = match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => "true".to_owned(),
        Rule::Max(number) | Rule::Min(number) => show_number(number),
        Rule::MinLength(length) => length.to_string(),
        Rule::NotPrefix(prefix) => json(prefix),
        Rule::OneOf(list) => format!("[{}]", show_list(list)),
    };
    format!("{}: {value}", rule.name())
}

fn show_number(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => value.to_string(),
        Number::F64(value) => value.to_string(),
        Number::U256(value) => u256::to_decimal(value),
    }
}

/// The values of a list; of many the first.
fn show_list(list: &OneOf) -> String {
    const SHOWN: usize = 8;
    let (count, mut shown): (usize, Vec<String>) = match list {
        OneOf::Ints(values) => (values.len(), values.iter().take(SHOWN).map(i128::to_string).collect()),
        OneOf::U256s(values) => (values.len(), values.iter().take(SHOWN).map(u256::to_decimal).collect()),
        OneOf::Strings(values) => (values.len(), values.iter().take(SHOWN).map(|value| json(value)).collect()),
        OneOf::Enums(values) => (values.len(), values.iter().take(SHOWN).map(|(name, _)| name.clone()).collect()),
    };
    if count > SHOWN {
        shown.push(format!("{} more", count - SHOWN));
    }
    shown.join(", ")
}

fn json(text: &str) -> String {
    const SHOWN: usize = 40;
    let cut: String = text.chars().take(SHOWN).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", serde_json::Value::from(cut))
}
