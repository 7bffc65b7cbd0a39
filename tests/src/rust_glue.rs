//! Rust glue of a contract: from words to its types and back, through the public interface alone.

use std::fmt::Write as _;

use myc_schema::backend::rust::names::{self, Composite, Names};
use myc_schema::ir::{Field, Scalar, Type};

use crate::contract::Contract;

/// The module that answers requests about `contract`, whose generated code is `contracts::NAME`.
pub fn module(contract: &Contract) -> String {
    let schema = &*contract.schema;
    let names = Names::of(schema);
    let mut text = format!("use crate::driver::*;\nuse contracts::{} as m;\n\n", contract.name);
    text.push_str("pub fn answer(message: &str, operation: &str, words: &mut Words) -> Result<String, Refused> {\n");
    text.push_str("match (message, operation) {\n");
    for (index, message) in schema.messages.iter().enumerate() {
        let _ = writeln!(text, "({:?}, \"decode\") => decode_{index}(words),", message.name);
        let _ = writeln!(text, "({:?}, \"construct\") => construct_{index}(words),", message.name);
    }
    text.push_str("other => panic!(\"{other:?}\"),\n}\n}\n\n");
    for name in &names.enums {
        let _ =
            writeln!(text, "impl Show for m::{name} {{ fn show(&self, out: &mut Out) {{ out.word(self.name()); }} }}");
    }
    let cx = Context { names: &names };
    for (index, composite) in schema.structs.iter().enumerate() {
        let name = &names.structs[index].name;
        let _ = writeln!(text, "fn take_{index}(words: &mut Words) -> Result<m::{name}, Refused> {{");
        cx.args(&mut text, &names.structs[index], &composite.fields);
        let _ = writeln!(text, "m::{name}::new(args).map_err(Refused::from)\n}}");
        cx.show(&mut text, &format!("show_{index}"), name, &composite.fields);
    }
    for (index, message) in schema.messages.iter().enumerate() {
        let Composite { name, .. } = &names.messages[index];
        let _ = writeln!(text, "fn construct_{index}(words: &mut Words) -> Result<String, Refused> {{");
        cx.args(&mut text, &names.messages[index], &message.fields);
        let _ = writeln!(text, "let made = m::{name}::new(args.clone()).map(|made| made.as_bytes().to_vec());");
        let _ = writeln!(text, "write::<m::{name}>(&args, made)\n}}");
        let _ = writeln!(text, "fn decode_{index}(words: &mut Words) -> Result<String, Refused> {{");
        let any = format!("|id, payload| m::{}::decode(id, payload).map(|any| any.as_bytes())", names.any);
        let _ = writeln!(text, "read::<m::{name}>(words, {any}, show_message_{index})\n}}");
        cx.show(&mut text, &format!("show_message_{index}"), name, &message.fields);
    }
    text
}

struct Context<'a> {
    names: &'a Names,
}

impl Context<'_> {
    /// Reads every field and makes `args` of them.
    fn args(&self, text: &mut String, composite: &Composite, fields: &[Field]) {
        if fields.is_empty() {
            text.push_str("let _ = &words;\n");
        }
        for (index, field) in fields.iter().enumerate() {
            let take = self.take(&field.ty);
            let take = if field.optional { format!("words.optional(|words| {take})") } else { take };
            let _ = writeln!(text, "let field_{index} = at({:?}, {take})?;", field.name);
        }
        let _ = writeln!(text, "let args = m::{} {{", composite.args);
        for (index, field) in fields.iter().enumerate() {
            let value = format!("field_{index}");
            let _ = writeln!(text, "{}: {},", names::field(&field.name), pass(field, &value));
        }
        text.push_str("};\n");
    }

    /// An expression that reads a value, of type `Result<_, Refused>`.
    fn take(&self, ty: &Type) -> String {
        match ty {
            Type::Scalar(Scalar::F32) => "words.f32()".to_owned(),
            Type::Scalar(Scalar::F64) => "words.f64()".to_owned(),
            Type::Scalar(Scalar::U256) => "words.parsed::<mycelium_wire::U256>()".to_owned(),
            Type::Scalar(scalar) => format!("words.parsed::<{}>()", scalar.name()),
            Type::Enum(id) => format!("words.parsed::<m::{}>()", self.names.enums[id.0]),
            Type::Struct(id) => format!("take_{}(words)", id.0),
            Type::String { .. } => "words.text()".to_owned(),
            Type::Array { elem, len } if is_byte(elem) => format!("words.octets::<{len}>()"),
            Type::Vec { elem, .. } if is_byte(elem) => "words.bytes()".to_owned(),
            Type::Array { elem, len } => format!("words.array::<_, {len}>(|words| {})", self.take(elem)),
            Type::Vec { elem, .. } => format!("words.list(|words| {})", self.take(elem)),
        }
    }

    /// A function that writes every field's words.
    fn show(&self, text: &mut String, function: &str, name: &str, fields: &[Field]) {
        let _ = writeln!(text, "fn {function}(value: &m::{name}, out: &mut Out) {{\nlet _ = (&value, &out);");
        for field in fields {
            let getter = names::field(&field.name);
            let show = self.show_value(&field.ty, "field");
            let _ = if field.optional {
                writeln!(
                    text,
                    "match value.{getter}() {{ None => out.word(\"-\"), Some(field) => {{ out.word(\"+\"); {show} }} }}"
                )
            } else {
                writeln!(text, "{{ let field = value.{getter}(); {show} }}")
            };
        }
        text.push_str("}\n\n");
    }

    /// A statement that writes a value's words.
    fn show_value(&self, ty: &Type, value: &str) -> String {
        match ty {
            Type::Scalar(_) | Type::Enum(_) => format!("{value}.show(out);"),
            Type::Struct(id) => format!("show_{}(&{value}, out);", id.0),
            Type::String { .. } => format!("out.text({value});"),
            Type::Array { elem, .. } | Type::Vec { elem, .. } if is_byte(elem) => format!("out.bytes(&{value}[..]);"),
            Type::Array { elem, .. } | Type::Vec { elem, .. } => {
                format!("out.list({value}.iter(), |out, item| {{ {} }});", self.show_value(elem, "item"))
            }
        }
    }
}

/// How an owned value becomes an argument.
fn pass(field: &Field, value: &str) -> String {
    let by_value = matches!(field.ty, Type::Scalar(_) | Type::Enum(_));
    let slice = matches!(field.ty, Type::String { .. } | Type::Vec { .. });
    match (by_value, field.optional, slice) {
        (true, ..) => value.to_owned(),
        (_, true, true) => format!("{value}.as_deref()"),
        (_, true, false) => format!("{value}.as_ref()"),
        (_, false, _) => format!("&{value}"),
    }
}

fn is_byte(ty: &Type) -> bool {
    *ty == Type::Scalar(Scalar::U8)
}
