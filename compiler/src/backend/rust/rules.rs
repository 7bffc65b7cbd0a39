//! Rules of a field as conditions in Rust. One that the type makes true for every value is left out:
//! rustc and Clippy would say so.

use super::code::{self, integer, string};
use super::types::Context;
use crate::ir::{Field, Number, OneOf, Rule, Scalar, Type};

/// Where a rule looks for the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In the arguments.
    Args,
    /// In the twin.
    Twin,
}

/// The value a rule is about.
pub struct Subject<'a> {
    /// Where it is.
    pub side: Side,
    /// An expression for it: a place, or `value` for the one of an optional field.
    pub place: &'a str,
    /// Whether it is the value of an optional field: in the twin, a reference.
    pub present: bool,
    /// The type that has the constants of the rules.
    pub owner: &'a str,
    /// The index of the field, which the names of its constants end in.
    pub index: usize,
}

impl Subject<'_> {
    /// The condition under which the value keeps `rule`; `None` if it cannot break it. A long one is laid out for a
    /// line of its own, `indent` columns from the left.
    pub fn condition(&self, field: &Field, rule: &Rule, indent: usize) -> Option<String> {
        let (value, place) = (self.value(&field.ty), self.place);
        Some(match (rule, &field.ty) {
            (Rule::Min(Number::Int(bound)), Type::Scalar(scalar)) => {
                let (least, most) = scalar.range().unwrap_or((i128::MIN, i128::MAX));
                match *bound {
                    bound if bound <= least => return None,
                    bound if bound >= most => format!("{value} == {}", integer(bound)),
                    bound => format!("{value} >= {}", integer(bound)),
                }
            }
            (Rule::Max(Number::Int(bound)), Type::Scalar(scalar)) => {
                let (least, most) = scalar.range().unwrap_or((i128::MIN, i128::MAX));
                match *bound {
                    bound if bound >= most => return None,
                    bound if bound <= least => format!("{value} == {}", integer(bound)),
                    bound => format!("{value} <= {}", integer(bound)),
                }
            }
            (Rule::Min(Number::U256(bound)), _) if *bound == [0; 32] => return None,
            (Rule::Max(Number::U256(bound)), _) if *bound == [255; 32] => return None,
            (Rule::Min(Number::U256(_)), _) => format!("{value} >= {}", self.constant(rule)),
            (Rule::Max(Number::U256(_)), _) => format!("{value} <= {}", self.constant(rule)),
            (Rule::Min(bound), _) => format!("{value} >= {}", float(bound)),
            (Rule::Max(bound), _) => format!("{value} <= {}", float(bound)),
            (Rule::NotZero, Type::Scalar(Scalar::F32 | Scalar::F64)) => format!("{value}.abs() > 0.0"),
            (Rule::NotZero, Type::Scalar(Scalar::U256)) => format!("!{place}.is_zero()"),
            (Rule::NotZero, Type::Scalar(_)) => format!("{value} != 0"),
            (Rule::NotZero, _) => format!("!::mycelium_wire::raw::is_zero({})", self.reference()),
            (Rule::MinLength(0), _) => return None,
            (Rule::NotEmpty | Rule::MinLength(1), _) => format!("!{place}.is_empty()"),
            (Rule::MinLength(least), _) => format!("{place}.len() >= {least}"),
            (Rule::Ascii, _) => format!("{}.is_ascii()", self.text()),
            (Rule::NotPrefix(prefix), _) => {
                let (root, name) = place.split_at(place.find('.').unwrap_or(place.len()));
                let begins = format!(".starts_with({})", byte_string(prefix));
                let mut links = vec![root, name, self.as_bytes(), &begins];
                links.retain(|link| !link.is_empty());
                code::chained(indent, "!", &links)
            }
            (Rule::OneOf(OneOf::Strings(_)), _) => {
                code::nested(indent, "::mycelium_wire::raw::one_of", [&self.bytes(), &self.constant(rule)])
            }
            (Rule::OneOf(_), _) => {
                let reference = value.strip_prefix('*').map_or_else(|| format!("&{value}"), str::to_owned);
                code::chained(indent, "", &[&self.constant(rule), &format!(".contains({reference})")])
            }
        })
    }

    /// The constant of a rule.
    fn constant(&self, rule: &Rule) -> String {
        format!("{}::{}", self.owner, constant_name(rule, self.index))
    }

    /// The value as a number or enum.
    fn value(&self, ty: &Type) -> String {
        let place = self.place;
        match (self.side, ty) {
            (Side::Args, _) => place.to_owned(),
            (Side::Twin, Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256)) if self.present => format!("*{place}"),
            (Side::Twin, Type::Scalar(Scalar::U8 | Scalar::I8 | Scalar::U256)) => place.to_owned(),
            (Side::Twin, _) => format!("{place}.get()"),
        }
    }

    /// A reference to an array.
    fn reference(&self) -> String {
        if self.side == Side::Twin && !self.present { format!("&{}", self.place) } else { self.place.to_owned() }
    }

    /// A string, as text or as bytes.
    fn text(&self) -> String {
        if self.side == Side::Twin { format!("{}.text()", self.place) } else { self.place.to_owned() }
    }

    /// A string's bytes.
    fn bytes(&self) -> String {
        format!("{}{}", self.place, self.as_bytes())
    }

    fn as_bytes(&self) -> &'static str {
        if self.side == Side::Twin { ".text()" } else { ".as_bytes()" }
    }
}

fn constant_name(rule: &Rule, index: usize) -> String {
    format!("MYC_{}_{index}", rule.name().to_ascii_uppercase())
}

/// Appends the constants of a field's rules: lists, and 256-bit bounds.
pub fn constants(out: &mut String, cx: &Context<'_>, field: &Field, index: usize) {
    let item = || {
        let mut item = String::new();
        cx.item(&mut item, &field.ty);
        item
    };
    for rule in &field.rules {
        let name = constant_name(rule, index);
        match rule {
            Rule::OneOf(OneOf::Ints(values)) => {
                code::list(out, &name, &item(), values.iter().map(|value| integer(*value)).collect());
            }
            Rule::OneOf(OneOf::U256s(values)) => {
                let value = |value| format!("::mycelium_wire::U256::from_halves({})", halves(value).join(", "));
                code::list(out, &name, &item(), values.iter().map(value).collect());
            }
            Rule::OneOf(OneOf::Strings(values)) => {
                code::list(out, &name, "&str", values.iter().map(|value| string(value)).collect());
            }
            Rule::OneOf(OneOf::Enums(values)) => {
                let item = item();
                let value = |name: &str| format!("{item}::{}", super::names::variant(name));
                code::list(out, &name, &item, values.iter().map(|(name, _)| value(name)).collect());
            }
            Rule::Min(Number::U256(bound)) if *bound == [0; 32] => {}
            Rule::Max(Number::U256(bound)) if *bound == [255; 32] => {}
            Rule::Min(Number::U256(bound)) | Rule::Max(Number::U256(bound)) => {
                let head = format!("const {name}: ::mycelium_wire::U256 =");
                code::constant(out, &head, "::mycelium_wire::U256::from_halves", &halves(bound));
            }
            _ => {}
        }
    }
}

/// A rule as a contract has it.
pub fn written(rule: &Rule) -> String {
    let name = rule.name();
    match rule {
        Rule::Ascii | Rule::NotEmpty | Rule::NotZero => name.to_owned(),
        Rule::Max(bound) | Rule::Min(bound) => format!("{name}: {}", decimal(bound)),
        Rule::MinLength(least) => format!("{name}: {least}"),
        Rule::NotPrefix(prefix) => format!("{name}: {}", string(prefix)),
        Rule::OneOf(OneOf::Ints(values)) => listed(name, values.iter().map(i128::to_string)),
        Rule::OneOf(OneOf::U256s(values)) => listed(name, values.iter().map(|value| decimal(&Number::U256(*value)))),
        Rule::OneOf(OneOf::Strings(values)) => listed(name, values.iter().map(|value| string(value))),
        Rule::OneOf(OneOf::Enums(values)) => listed(name, values.iter().map(|(name, _)| name.clone())),
    }
}

/// Values of a list that are shown in documentation.
const SHOWN: usize = 8;

fn listed(name: &str, mut values: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = values.by_ref().take(SHOWN).collect();
    let more = values.count();
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!("{name}: [{}{more}]", shown.join(", "))
}

fn decimal(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::F32(value) => format!("{value:?}"),
        Number::F64(value) => format!("{value:?}"),
        Number::U256(value) => crate::u256::to_decimal(value),
    }
}

fn byte_string(text: &str) -> String {
    if text.is_ascii() { format!("b{}", ascii(text)) } else { format!("{}.as_bytes()", string(text)) }
}

fn ascii(text: &str) -> String {
    let escaped: String = text.bytes().flat_map(std::ascii::escape_default).map(char::from).collect();
    format!("\"{}\"", escaped.replace("\\'", "'"))
}

/// A float as a literal; as bits where Clippy would take the literal for a mistyped constant such as pi.
fn float(number: &Number) -> String {
    match number {
        Number::F32(value) if resembles_constant(f64::from(*value)) => {
            format!("f32::from_bits(0x{:08x})", value.to_bits())
        }
        Number::F64(value) if resembles_constant(*value) => format!("f64::from_bits(0x{:016x})", value.to_bits()),
        other => decimal(other),
    }
}

/// Whether a value is close to a constant that has a name in the standard library.
fn resembles_constant(value: f64) -> bool {
    use std::f64::consts::*;
    let golden_ratio = (1.0 + 5f64.sqrt()) / 2.0;
    let euler_gamma = 0.577_215_664_901_532_9;
    let pi = [PI, TAU, FRAC_PI_2, FRAC_PI_3, FRAC_PI_4, FRAC_PI_6, FRAC_PI_8, FRAC_1_PI, FRAC_2_PI, FRAC_2_SQRT_PI];
    let others = [E, LN_2, LN_10, LOG10_2, LOG10_E, LOG2_10, LOG2_E, SQRT_2, FRAC_1_SQRT_2, golden_ratio, euler_gamma];
    pi.iter().chain(&others).any(|constant| (constant - value.abs()).abs() < 0.01)
}

/// The arguments of `U256::from_halves`.
fn halves(little_endian: &[u8; 32]) -> [String; 2] {
    let half = |bytes: &[u8]| bytes.iter().rev().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    let (low, high) = little_endian.split_at(16);
    match (half(high), half(low)) {
        (0, low) => ["0".to_owned(), low.to_string()],
        (high, low) => [format!("{high:#x}"), format!("{low:#x}")],
    }
}
