//! Random contracts: every type in every container, optional and not, with every rule that applies.
//! Fields are drawn from a shuffled deck of all combinations, so that a dozen contracts have them all.

use std::fmt::Write as _;

use crate::contract::Contract;
use crate::random::Random;
use crate::rules;

/// The seed of the dozen contracts that are compiled for every language. They have every type in
/// every container and every rule.
pub const SEED: u64 = 3;

/// Messages of a contract. Few, with many fields: compilers take their time for a type.
const MESSAGES: usize = 3;

/// The largest payload of a random contract: enough for everything, small enough for thousands.
const LARGEST: u32 = 6000;

/// What a field may be made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// A number, boolean or U256, by name.
    Scalar(&'static str),
    /// The enum with this representation.
    Enum(&'static str),
    /// A struct declared before.
    Struct,
    /// A string; only in no container.
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    None,
    Array,
    Vector,
    ArrayOfArrays,
    VectorOfArrays,
}

#[derive(Clone, Copy)]
struct Card {
    base: Base,
    container: Container,
    optional: bool,
}

const SCALARS: [&str; 12] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool", "U256"];
pub(crate) const REPRS: [&str; 3] = ["u8", "u16", "u32"];

/// The values of the enums, by representation: first, last and what a shorter read would mistake.
pub(crate) fn enum_values(repr: &str) -> [(&'static str, u32); 4] {
    match repr {
        "u8" => [("Zero", 0), ("One", 1), ("High", 128), ("Last", 255)],
        "u16" => [("One", 1), ("Short", 255), ("Next", 256), ("High", 40000)],
        _ => [("Zero", 0), ("Next", 65536), ("High", 2_147_483_648), ("Big", 4_000_000_000)],
    }
}

/// `count` contracts called `PREFIX_0`, ….
pub fn contracts(random: &mut Random, prefix: &str, count: usize) -> Vec<Contract> {
    let mut deck = Deck { cards: Vec::new() };
    (0..count)
        .map(|index| {
            let name = format!("{prefix}_{index}");
            let fits = |contract: &Contract| contract.schema.messages.iter().all(|m| m.layout.size <= LARGEST);
            let mut tries = std::iter::repeat_with(|| Contract::new(&name, text(random, &mut deck)));
            tries.find(fits).expect("an endless iterator")
        })
        .collect()
}

struct Deck {
    cards: Vec<Card>,
}

impl Deck {
    fn draw(&mut self, random: &mut Random) -> Card {
        if self.cards.is_empty() {
            self.cards = all_cards();
            random.shuffle(&mut self.cards);
        }
        self.cards.pop().expect("a full deck")
    }
}

fn all_cards() -> Vec<Card> {
    use Container::{Array, ArrayOfArrays, None, Vector, VectorOfArrays};
    let bases = SCALARS.map(Base::Scalar).into_iter().chain(REPRS.map(Base::Enum)).chain([Base::Struct]);
    let contained =
        bases.flat_map(|base| [None, Array, Vector, ArrayOfArrays, VectorOfArrays].map(|container| (base, container)));
    // More of what is in no container: rules are for scalars and strings, and structs are lost on the way to structs.
    let plain = SCALARS.map(Base::Scalar).into_iter().chain([Base::Struct]).map(|base| (base, None));
    let all = contained.chain(plain).chain(std::iter::repeat_n((Base::Text, None), 6));
    all.flat_map(|(base, container)| [false, true].map(|optional| Card { base, container, optional })).collect()
}

fn text(random: &mut Random, deck: &mut Deck) -> String {
    let mut text = String::from("domains: { Chance: { description: \"Random contracts\" } }\nenums:\n");
    for repr in REPRS {
        let values: Vec<String> = enum_values(repr).iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let _ = writeln!(text, "  {}: {{ repr: {repr}, values: {{ {} }} }}", enum_name(repr), values.join(", "));
    }
    text.push_str("structs:\n");
    for index in 0..3 {
        let _ = writeln!(text, "  Inner{index}:\n    fields:");
        let count = random.between(2, 5);
        fields(random, deck, index, count, &mut text);
    }
    text.push_str("messages:\n");
    for index in 0..MESSAGES {
        let _ = writeln!(text, "  Message{index}:\n    tlv_type: {}\n    domain: Chance\n    fields:", 1000 + index);
        let count = random.between(6, 16);
        fields(random, deck, 3, count, &mut text);
    }
    text
}

/// Writes `count` fields, which may use the first `structs` structs.
fn fields(random: &mut Random, deck: &mut Deck, structs: usize, count: usize, text: &mut String) {
    for index in 0..count {
        let card = if structs == 0 || structs < 3 && random.one_in(2) {
            // Structs in structs are in small numbers, or payloads grow without bound.
            let base = Base::Scalar(SCALARS[random.below(SCALARS.len())]);
            let card = deck.draw(random);
            if card.base == Base::Struct { Card { base, ..card } } else { card }
        } else {
            deck.draw(random)
        };
        let _ = writeln!(text, "      field_{index}: {}", field(random, structs, card));
    }
}

fn field(random: &mut Random, structs: usize, card: Card) -> String {
    let base = match card.base {
        Base::Scalar(name) => name.to_owned(),
        Base::Enum(repr) => enum_name(repr),
        Base::Struct => format!("Inner{}", random.below(structs)),
        Base::Text => "String".to_owned(),
    };
    let (few, some) = if card.base == Base::Struct { (2, 2) } else { (3, 5) };
    let some = if card.base == Base::Scalar("u8") && random.one_in(4) { 300 } else { some };
    let mut rules: Vec<String> = Vec::new();
    let mut bounded = |random: &mut Random, inline: String, legacy: &str, bound: usize| {
        if random.one_in(3) {
            rules.push(format!("{{ max_length: {bound} }}"));
            legacy.to_owned()
        } else {
            inline
        }
    };
    let (len, inner, bound) = (random.between(1, few), random.between(1, few), random.between(1, some));
    let text_bound = *random.choose(&[1, 2, 3, 5, 12, 33, 64, 300]);
    let ty = match card.container {
        Container::None if card.base == Base::Text => {
            bounded(random, format!("String<{text_bound}>"), "String", text_bound)
        }
        Container::None => base,
        Container::Array => format!("[{base}; {len}]"),
        Container::ArrayOfArrays => format!("[[{base}; {inner}]; {len}]"),
        Container::Vector => bounded(random, format!("Vec<{base}, {bound}>"), &format!("Vec<{base}>"), bound),
        Container::VectorOfArrays => {
            bounded(random, format!("Vec<[{base}; {inner}], {bound}>"), &format!("Vec<[{base}; {inner}]>"), bound)
        }
    };
    rules.extend(match (card.container, card.base) {
        (Container::None, Base::Text) => rules::text(random, text_bound),
        (Container::None, base) => rules::scalar(random, base),
        (Container::Vector | Container::VectorOfArrays, _) => rules::vector(random, bound),
        (Container::Array, Base::Scalar("u8")) if random.one_in(2) => vec!["{ not_zero: true }".to_owned()],
        _ => Vec::new(),
    });
    random.shuffle(&mut rules);
    let optional = if card.optional { ", optional: true" } else { "" };
    let rules = if rules.is_empty() { String::new() } else { format!(", validation: [{}]", rules.join(", ")) };
    format!("{{ type: \"{ty}\"{optional}{rules} }}")
}

pub(crate) fn enum_name(repr: &str) -> String {
    format!("Kind{}", repr.to_uppercase())
}
