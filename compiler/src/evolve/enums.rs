//! Enums: their values and what represents them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ir::{Enum, EnumValue};

use super::rules::{
    DESCRIPTION_CHANGED, ENUM_ADDED, ENUM_REMOVED, ENUM_RENAMED, ENUM_REPR_CHANGED, ENUM_VALUE_ADDED,
    ENUM_VALUE_REMOVED, ENUM_VALUE_RENAMED, ENUM_VALUE_RENUMBERED,
};
use super::{Comparison, Finding, quote, types};

/// Reports what changed about enums.
pub fn compare(comparison: &mut Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    for (a, b) in comparison.pairs.enums.all() {
        let (was, is) = (&old.enums[a], &new.enums[b]);
        let on_wire = comparison.pairs.enums.on_wire(a, b);
        if !on_wire && !comparison.everything() {
            continue;
        }
        let start = comparison.findings.len();
        one(comparison, was, is);
        if comparison.findings.len() > start {
            let users = if on_wire { comparison.pairs.users_of_enum(a) } else { Arc::new([]) };
            for finding in &mut comparison.findings[start..] {
                finding.type_ids = Arc::clone(&users);
            }
        }
        if !on_wire {
            types::unused(comparison, start, "enum", &is.name);
        }
    }
    for index in comparison.pairs.enums.removed() {
        let was = &old.enums[index];
        let message = format!("enum {} is gone", quote(&was.name));
        comparison.report(Finding::new(&ENUM_REMOVED, &was.name, message).at(was.span, None));
    }
    let used = types::new_types(comparison).0;
    for index in comparison.pairs.enums.added() {
        let is = &new.enums[index];
        if comparison.everything() || used[index] {
            let message = format!("enum {} is new", quote(&is.name));
            comparison.report(Finding::new(&ENUM_ADDED, &is.name, message).at(None, is.span));
        }
    }
}

fn one(comparison: &mut Comparison, was: &Enum, is: &Enum) {
    if was.name != is.name {
        let message = format!("enum {} is now called {}", quote(&was.name), quote(&is.name));
        comparison.report(Finding::new(&ENUM_RENAMED, &is.name, message).at(was.span, is.span));
    }
    if comparison.everything() && was.description != is.description {
        let message = format!("the description of {} changed", quote(&is.name));
        comparison.report(Finding::new(&DESCRIPTION_CHANGED, &is.name, message).at(was.span, is.span));
    }
    if was.repr != is.repr {
        let message = format!("{} was a {}, is a {}", quote(&is.name), was.repr.name(), is.repr.name());
        comparison.report(Finding::new(&ENUM_REPR_CHANGED, &is.name, message).at(was.span, is.span));
    }
    let by_name = |item: &Enum| item.values.iter().map(|v| (v.name.clone(), v.value)).collect::<BTreeMap<_, _>>();
    let (old_names, new_names) = (by_name(was), by_name(is));
    let new_numbers: BTreeMap<u32, &EnumValue> = is.values.iter().map(|value| (value.value, value)).collect();
    let old_numbers: BTreeMap<u32, &EnumValue> = was.values.iter().map(|value| (value.value, value)).collect();
    for value in &was.values {
        let path = |name: &str| format!("{}.{name}", is.name);
        let finding = match (new_names.get(&value.name), new_numbers.get(&value.value)) {
            (Some(number), _) if *number == value.value => continue,
            (Some(number), _) => {
                let span = new_numbers.get(number).map(|value| value.span);
                let message = format!("{} was {}, is {number}", quote(&path(&value.name)), value.value);
                Finding::new(&ENUM_VALUE_RENUMBERED, path(&value.name), message).at(value.span, span)
            }
            // The number has a name that is new.
            (None, Some(now)) if !old_names.contains_key(&now.name) => {
                let message =
                    format!("{}, {}, is now called {}", quote(&path(&value.name)), value.value, quote(&now.name));
                Finding::new(&ENUM_VALUE_RENAMED, path(&now.name), message).at(value.span, now.span)
            }
            (None, _) => {
                let message = format!("{} lost its value {}, {}", quote(&is.name), quote(&value.name), value.value);
                Finding::new(&ENUM_VALUE_REMOVED, path(&value.name), message).at(value.span, is.span)
            }
        };
        comparison.report(finding);
    }
    for value in &is.values {
        let renamed = old_numbers.get(&value.value).is_some_and(|before| !new_names.contains_key(&before.name));
        if !old_names.contains_key(&value.name) && !renamed {
            let message = format!("{} got a value {}, {}", quote(&is.name), quote(&value.name), value.value);
            let finding = Finding::new(&ENUM_VALUE_ADDED, format!("{}.{}", is.name, value.name), message);
            comparison.report(finding.at(was.span, value.span));
        }
    }
}
