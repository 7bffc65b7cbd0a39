//! The keyword matrix: every word that means something in a target, as a message, a struct, an enum, an enum value
//! and a field, spelt as a contract would and as the target does.

use std::fmt::Write as _;

use crate::contract::Contract;

/// Keywords of Rust, those of all editions and the reserved ones, and of OCaml up to 5.x.
const KEYWORDS: &str = "\
    abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if \
    impl in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true \
    try type typeof unsafe unsized use virtual where while yield union raw safe auto default macro_rules \
    and asr assert begin class constraint done downto effect end exception external fun function functor include \
    inherit initializer land lazy lor lsl lsr lxor method module mutable new nonrec object of open or private rec sig \
    then to val when with parser value";

/// Types, constructors and modules of Rust's prelude and primitives, of OCaml's Stdlib, and of the runtimes.
const TYPES: &str = "\
    String Vec Option Some None Result Ok Err Error Box Clone Copy Debug Default Eq Fn From Hash Iterator PartialEq Send \
    Sized TryFrom AsRef Infallible U8 U64 Bool Str Stdlib Bytes List Array Int Int64 Float Char Buffer Format Sys Obj Unit \
    Mycelium MyceliumWire Runtime Codec Message Elements Utf8 View Wire Core Alloc Valid Twin Checked AnyMessage Any \
    DecodeError ValueError Code Zerocopy IntoBytes FromBytes Raw New Decode Args Self Type Val Match True";

/// Functions, constants and private names of the generated interfaces, and names that generated code may use inside.
const VALUES: &str = "\
    new decode decode_exn decode_string read as_bytes encode encode_into make make_exn equal compare pp size name topic \
    type_id fingerprint schema_digest info view check fmt hash eq cmp ne clone clone_from clone_into borrow as_ref \
    as_mut into from try_into try_from to_owned to_string deref drop of_int to_int of_string to_string_ SIZE NAME TOPIC \
    b pos len i j k n m t v x w buf buffer bytes payload args raw value field this other out result error path code \
    index count length items item src dst ok err some none myc rt RT e is_zero not string list array option int float \
    bool unit char u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 usize str min max abs fst snd ref ignore raise failwith \
    has_a a a_length compare_ hd tl map iter id self_ type_ super_ mycelium_wire stdlib core std alloc init get set \
    from_account to_account into_account as_account is_account with_account new_account";

/// The contracts.
pub fn contracts() -> Vec<Contract> {
    let types = words(&[TYPES]);
    let lower = |word: &String| word.starts_with(char::is_lowercase);
    let verbatim: Vec<String> = words(&[KEYWORDS]).into_iter().filter(lower).collect();
    let camel = distinct(words(&[KEYWORDS, TYPES]).iter().map(|word| upper_camel(word)).collect(), str::to_owned);
    vec![
        self::types("names_of_messages", &types, |_| Role::Message),
        self::types("names_of_types", &types, |index| [Role::Struct, Role::Enum][index % 2]),
        self::types("names_verbatim", &verbatim, |index| [Role::Message, Role::Struct, Role::Enum][index % 3]),
        values(&camel, &verbatim),
        fields(&words(&[KEYWORDS, VALUES])),
    ]
}

/// Every word of the matrix, as it is written above.
pub fn all() -> Vec<String> {
    words(&[KEYWORDS, TYPES, VALUES])
}

/// What a word names.
#[derive(Clone, Copy)]
enum Role {
    Message,
    Struct,
    Enum,
}

/// A contract with each word as a message, a struct or an enum, and a message that has all structs and enums in it.
fn types(name: &str, words: &[String], role: impl Fn(usize) -> Role) -> Contract {
    let (mut enums, mut structs, mut messages, mut uses) = (String::new(), String::new(), String::new(), String::new());
    for (index, word) in words.iter().enumerate() {
        // The names of built-in types are taken.
        let builtin = ["String", "Vec", "U256"].contains(&word.as_str());
        let role = if builtin { Role::Message } else { role(index) };
        let _ = match role {
            Role::Message => {
                writeln!(messages, "  {word}: {{ tlv_type: {}, domain: Names, fields: {{ x: u8 }} }}", 1000 + index)
            }
            Role::Struct => writeln!(structs, "  {word}: {{ fields: {{ x: u8, y: u16 }} }}"),
            Role::Enum => writeln!(enums, "  {word}: {{ values: {{ {word}: 0, Other: 1 }} }}"),
        };
        if !matches!(role, Role::Message) {
            let _ = writeln!(uses, "      field_{index}: \"{word}\"");
        }
    }
    let fields = if uses.is_empty() { "{}".to_owned() } else { format!("\n{uses}") };
    let all = format!("  UsesOfAll:\n    tlv_type: 999\n    domain: Names\n    fields: {fields}");
    let section = |key: &str, items: String| if items.is_empty() { items } else { format!("{key}:\n{items}") };
    let text = section("enums", enums) + &section("structs", structs) + &section("messages", messages + &all);
    Contract::new(name, text)
}

/// A contract with each word as a value of an enum.
fn values(camel: &[String], verbatim: &[String]) -> Contract {
    let mut text = String::from("enums:\n");
    for (name, words) in [("Camel", camel), ("Verbatim", verbatim)] {
        let values: Vec<String> = words.iter().enumerate().map(|(index, word)| format!("{word}: {index}")).collect();
        let _ = writeln!(text, "  {name}: {{ repr: u16, values: {{ {} }} }}", values.join(", "));
    }
    text.push_str("messages:\n  Values:\n    tlv_type: 1000\n    domain: Names\n    fields:\n");
    text.push_str(
        "      camel: Camel\n      maybe: { type: Camel, optional: true }\n      verbatim: \"Vec<Verbatim, 3>\"\n",
    );
    Contract::new("names_values", text)
}

/// A contract with each word as a field, of one kind of type after the other, in messages and in structs.
fn fields(words: &[String]) -> Contract {
    const TYPES: [&str; 12] = [
        "u8",
        "{ type: u16, optional: true }",
        "{ type: \"String<3>\", validation: [{ ascii: true }] }",
        "\"Vec<u32, 2>\"",
        "{ type: \"Vec<u8, 3>\", optional: true }",
        "\"[u8; 3]\"",
        "f32",
        "{ type: Inner, optional: true }",
        "\"Vec<Inner, 2>\"",
        "\"[bool; 2]\"",
        "{ type: u64, validation: [{ max: 9 }] }",
        "\"[[i16; 2]; 2]\"",
    ];
    let words = distinct(words.to_vec(), |word| word.trim_end_matches('_').to_lowercase());
    let mut text = String::from("structs:\n  Inner: { fields: { x: u8, y: bool } }\n");
    let mut messages = String::from("messages:\n");
    for (turn, chunk) in words.chunks(30).enumerate() {
        let of = |shift: usize| -> String {
            let line =
                |(index, word): (usize, &String)| format!("      {word}: {}\n", TYPES[(index + shift) % TYPES.len()]);
            chunk.iter().enumerate().map(line).collect()
        };
        let _ = writeln!(text, "  Struct{turn}:\n    fields:\n{}", of(turn + 5));
        let id = 1000 + turn;
        let _ = writeln!(
            messages,
            "  Fields{turn}:\n    tlv_type: {id}\n    domain: Names\n    fields:\n{}      in_struct: Struct{turn}",
            of(turn)
        );
    }
    Contract::new("names_fields", text + &messages)
}

fn words(lists: &[&str]) -> Vec<String> {
    let all = lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect();
    distinct(all, str::to_owned)
}

/// The first of those that are the same in some target.
fn distinct(words: Vec<String>, key: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    words.into_iter().filter(|word| seen.insert(key(word))).collect()
}

fn upper_camel(word: &str) -> String {
    let parts = word.split('_').filter(|part| !part.is_empty());
    parts.map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}
