//! Random validation rules of a field, such that some value keeps all of them.

use crate::contracts::{Base, enum_values};
use crate::random::Random;

/// Rules of a field that is no string, vector or array.
pub(crate) fn scalar(random: &mut Random, base: Base) -> Vec<String> {
    match base {
        Base::Scalar("bool") | Base::Struct | Base::Text => Vec::new(),
        Base::Scalar("U256") => u256(random),
        Base::Scalar("f32" | "f64") => float(random),
        Base::Scalar(name) => integer(random, name),
        Base::Enum(repr) => {
            let mut names: Vec<&str> = enum_values(repr).iter().map(|(name, _)| *name).collect();
            random.shuffle(&mut names);
            let names = names[..random.between(1, 3)].join(", ");
            some(random, vec![format!("{{ one_of: [{names}] }}")])
        }
    }
}

/// Rules of a string of at most `bound` bytes.
pub(crate) fn text(random: &mut Random, bound: usize) -> Vec<String> {
    let least = random.below(bound.min(4) + 1);
    let (ascii, long, filled) = (random.one_in(3), random.one_in(3), random.one_in(3));
    let prefix = *random.choose(&["0x", "~", "é", "buy"]);
    let prefixed = random.one_in(3);
    let mut rules = Vec::new();
    if ascii {
        rules.push("{ ascii: true }".to_owned());
    }
    if long {
        rules.push(format!("{{ min_length: {least} }}"));
    }
    if filled {
        rules.push("{ not_empty: true }".to_owned());
    }
    if prefixed && (prefix != "0x" || random.one_in(2)) {
        rules.push(format!("{{ not_prefix: \"{prefix}\" }}"));
    } else if prefixed {
        rules.push("{ no_0x_prefix: true }".to_owned());
    }
    let mut words = vec!["", "x", "buy", "sell", "é", "née", "0xff", "buyer", "12345678"];
    words.retain(|word| {
        let length = word.len() <= bound && (!long || word.len() >= least) && !(filled && word.is_empty());
        length && (!ascii || word.is_ascii()) && !(prefixed && word.starts_with(prefix))
    });
    if random.one_in(3) && !words.is_empty() {
        random.shuffle(&mut words);
        words.truncate(3);
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        rules.push(format!("{{ one_of: [{}] }}", words.join(", ")));
    }
    rules
}

/// Rules of a vector of at most `bound` elements.
pub(crate) fn vector(random: &mut Random, bound: usize) -> Vec<String> {
    let least = random.below(bound.min(3) + 1);
    some(random, vec!["{ not_empty: true }".to_owned(), format!("{{ min_length: {least} }}")])
}

/// Some of `rules`, which do not contradict each other.
fn some(random: &mut Random, mut rules: Vec<String>) -> Vec<String> {
    rules.retain(|_| random.one_in(2));
    rules
}

fn integer(random: &mut Random, name: &str) -> Vec<String> {
    let bits: u32 = name[1..].parse().expect("a width");
    let (least, most) = if name.starts_with('u') {
        (0, (1i128 << bits) - 1)
    } else {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    };
    let edges = [least, least + 1, -7, 0, 1, 3, most / 2, most / 2 + 1, most - 1, most];
    let mut edges: Vec<i128> = edges.into_iter().filter(|edge| (least..=most).contains(edge)).collect();
    edges.sort_unstable();
    let (low, high) = two_of(random, &edges);
    let mut rules = some(random, vec![format!("{{ min: {low} }}"), format!("{{ max: {high} }}")]);
    let not_zero = (low, high) != (0, 0) && random.one_in(3);
    if not_zero {
        rules.push("{ not_zero: true }".to_owned());
    }
    let mut allowed: Vec<i128> = edges.into_iter().filter(|edge| (low..=high).contains(edge)).collect();
    allowed.retain(|value| !(not_zero && *value == 0));
    allowed.dedup();
    if random.one_in(4) && !allowed.is_empty() {
        random.shuffle(&mut allowed);
        allowed.truncate(4);
        let allowed: Vec<String> = allowed.iter().map(i128::to_string).collect();
        rules.push(format!("{{ one_of: [{}] }}", allowed.join(", ")));
    }
    // Unsigned, at most 0 and not 0: nothing is left.
    if not_zero && high == 0 {
        rules.retain(|rule| !rule.contains("max"));
    }
    rules
}

fn float(random: &mut Random) -> Vec<String> {
    let edges = ["-1e30", "-16777217", "-1.5", "-0.1", "0.1", "0.30000001", "1", "1.5", "16777217", "1e30"];
    let (low, high) = two_of(random, &edges);
    let mut rules = vec![format!("{{ min: {low} }}"), format!("{{ max: {high} }}"), "{ not_zero: true }".to_owned()];
    rules.retain(|_| random.one_in(2));
    rules
}

fn u256(random: &mut Random) -> Vec<String> {
    let edges = [
        "0",
        "1",
        "255",
        "\"0x10000000000000000\"",
        "\"1000000000000000000000\"",
        "\"0x8000000000000000000000000000000000000000000000000000000000000000\"",
        "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"",
    ];
    let at = random.below(edges.len() - 1);
    let (low, high) = (edges[at], edges[random.between(at + 1, edges.len() - 1)]);
    let allowed = format!("{{ one_of: [{high}, {}] }}", edges[at + 1]);
    let allowed = if high == edges[at + 1] { format!("{{ one_of: [{high}] }}") } else { allowed };
    let all = vec![format!("{{ min: {low} }}"), format!("{{ max: {high} }}"), "{ not_zero: true }".to_owned(), allowed];
    some(random, all)
}

/// Two of a sorted list, in order.
fn two_of<T: Copy>(random: &mut Random, sorted: &[T]) -> (T, T) {
    let (a, b) = (random.below(sorted.len()), random.below(sorted.len()));
    (sorted[a.min(b)], sorted[a.max(b)])
}
