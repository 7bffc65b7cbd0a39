//! OCaml glue of a contract: from words to its types and back, through the public interface alone, by records and
//! by views.

use std::fmt::Write as _;

use myc_schema::backend::ocaml::names::{self, ViewNames};
use myc_schema::ir::{Field, Scalar, Schema, Type};

use crate::contract::Contract;

/// The module that answers requests about `contract`, whose generated code is the module `Contract_NAME`.
pub fn module(contract: &Contract) -> String {
    let schema = &*contract.schema;
    let mut text = format!("open Support\nmodule M = Contract_{}\n\n", contract.name);
    for (index, composite) in schema.structs.iter().enumerate() {
        let module = names::module(&composite.name);
        let _ = writeln!(text, "let take_{index} w =");
        take_fields(&mut text, schema, &composite.fields);
        let _ = writeln!(text, "  made (M.{module}.make {})\n", arguments(&composite.fields));
        show(&mut text, schema, &format!("struct_{index}"), &module, &composite.fields);
    }
    let modules = [
        schema.enums.iter().map(|item| names::module(&item.name)).collect::<Vec<_>>(),
        schema.structs.iter().map(|item| names::module(&item.name)).collect(),
        schema.messages.iter().map(|item| names::module(&item.name)).collect(),
    ]
    .concat();
    let any = names::any_module(&modules);
    for (index, message) in schema.messages.iter().enumerate() {
        let module = names::module(&message.name);
        show(&mut text, schema, &format!("message_{index}"), &module, &message.fields);
        let packed = format!("(module M.{module} : W.Message.S with type t = M.{module}.t)");
        let _ = writeln!(text, "let construct_{index} w =");
        take_fields(&mut text, schema, &message.fields);
        let arguments = arguments(&message.fields);
        let _ = writeln!(
            text,
            "  write {packed} (M.{module}.make {arguments}) (fun () -> M.{module}.make_exn {arguments})\n"
        );
        let _ = writeln!(
            text,
            "let decode_{index} w =\n  read {packed} ~check:M.{module}.View.check\n    ~any:(fun ~type_id b ~pos ~len ->\n      \
             Result.map M.{any}.encode (Option.get (M.{any}.decode ~type_id b ~pos ~len)))\n    \
             ~show:show_message_{index} ~view:view_message_{index} w\n"
        );
    }
    text.push_str("let answer message operation w =\n  match (message, operation) with\n");
    for (index, message) in schema.messages.iter().enumerate() {
        let _ = writeln!(text, "  | {:?}, \"decode\" -> decode_{index} w", message.name);
        let _ = writeln!(text, "  | {:?}, \"construct\" -> construct_{index} w", message.name);
    }
    text.push_str("  | _ -> failwith \"an unknown message or operation\"\n");
    text
}

/// Reads every field, in order, into `field_0`, ….
fn take_fields(text: &mut String, schema: &Schema, fields: &[Field]) {
    for (index, field) in fields.iter().enumerate() {
        let take = take(schema, &field.ty);
        let take = if field.optional { format!("optional w (fun w -> {take})") } else { take };
        let _ = writeln!(text, "  let field_{index} = at {:?} (fun () -> {take}) in", field.name);
    }
}

fn arguments(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "()".to_owned();
    }
    let labelled = fields.iter().enumerate();
    labelled.map(|(index, field)| format!("~{}:field_{index}", names::label(&field.name))).collect::<Vec<_>>().join(" ")
}

/// An expression that reads a value.
fn take(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("{} w", word_kind(*scalar)),
        Type::Enum(id) => format!("enum M.{}.of_string w", names::module(&schema.enum_(*id).name)),
        Type::Struct(id) => format!("take_{} w", id.0),
        Type::String { .. } => "bytes w".to_owned(),
        Type::Array { elem, .. } | Type::Vec { elem, .. } if is_byte(elem) => "bytes w".to_owned(),
        Type::Array { elem, .. } | Type::Vec { elem, .. } => format!("list w (fun w -> {})", take(schema, elem)),
    }
}

/// The functions `show_NAME`, from a record, and `view_NAME`, from bytes.
fn show(text: &mut String, schema: &Schema, name: &str, module: &str, fields: &[Field]) {
    let _ = writeln!(text, "let show_{name} out (t : M.{module}.t) =\n  ignore (out, t);");
    for field in fields {
        let value = format!("t.M.{module}.{}", names::label(&field.name));
        let put = put(schema, &field.ty);
        let _ = if field.optional {
            writeln!(text, "  put_optional out {value} (fun out v -> ({put}) out v);")
        } else {
            writeln!(text, "  ({put}) out {value};")
        };
    }
    let _ = writeln!(text, "  ()\n\nlet view_{name} out b pos =\n  ignore (out, b, pos);");
    for (field, names) in fields.iter().zip(names::view(&names::named(fields))) {
        let view = View { schema, prefix: format!("M.{module}.View"), names };
        let read = view.read(&field.ty, &mut Vec::new());
        let _ = if field.optional {
            let get = view.get(&vec!["0".to_owned(); depth(&field.ty)]);
            writeln!(
                text,
                "  if {}.{} b ~pos then (put out \"+\"; {read}) else (refuses {:?} (fun () -> ignore {get}); put out \"-\");",
                view.prefix, view.names.has, field.name
            )
        } else {
            writeln!(text, "  {read};")
        };
    }
    text.push_str("  ()\n\n");
}

/// A function that writes a value's words.
fn put(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => format!("put_{}", word_kind(*scalar)),
        Type::Enum(id) => format!("fun out v -> put out (M.{}.to_string v)", names::module(&schema.enum_(*id).name)),
        Type::Struct(id) => format!("show_struct_{}", id.0),
        Type::String { .. } => "put_bytes".to_owned(),
        Type::Array { elem, .. } | Type::Vec { elem, .. } if is_byte(elem) => "put_bytes".to_owned(),
        Type::Array { elem, .. } | Type::Vec { elem, .. } => {
            format!("fun out v -> put_list out v ({})", put(schema, elem))
        }
    }
}

/// Reading one field by its view.
struct View<'a> {
    schema: &'a Schema,
    prefix: String,
    names: ViewNames,
}

impl View<'_> {
    /// An expression that reads the value at indices.
    fn get(&self, indices: &[String]) -> String {
        format!("({}.{} b ~pos {})", self.prefix, self.names.get, indices.join(" "))
    }

    /// A statement that writes the words of what is at indices.
    fn read(&self, ty: &Type, indices: &mut Vec<String>) -> String {
        match ty {
            Type::Struct(id) => format!("view_struct_{} out b {}", id.0, self.get(indices)),
            Type::Array { elem, len } if !is_byte(elem) => self.each(elem, &len.to_string(), indices),
            Type::Vec { elem, .. } if !is_byte(elem) => {
                let count = format!("({}.{} b ~pos)", self.prefix, self.names.length);
                self.each(elem, &count, indices)
            }
            ty => format!("({}) out {}", put(self.schema, ty), self.get(indices)),
        }
    }

    fn each(&self, elem: &Type, count: &str, indices: &mut Vec<String>) -> String {
        let index = format!("i{}", indices.len());
        let mut past = indices.clone();
        past.push(count.to_owned());
        past.resize(past.len() + depth(elem), "0".to_owned());
        let past = self.get(&past);
        indices.push(index.clone());
        let read = self.read(elem, indices);
        indices.pop();
        format!(
            "(put_int out {count}; for {index} = 0 to {count} - 1 do {read} done; \
             refuses \"past the end\" (fun () -> ignore {past}))"
        )
    }
}

/// The number of indices that lead to what is not an array.
fn depth(ty: &Type) -> usize {
    match ty {
        Type::Array { elem, .. } | Type::Vec { elem, .. } if !is_byte(elem) => 1 + depth(elem),
        _ => 0,
    }
}

/// What the words of a scalar are called in the driver.
fn word_kind(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U64 => "u64",
        Scalar::I64 => "i64",
        Scalar::U256 => "u256",
        Scalar::Bool => "bool",
        Scalar::F32 | Scalar::F64 => "float",
        _ => "int",
    }
}

fn is_byte(ty: &Type) -> bool {
    *ty == Type::Scalar(Scalar::U8)
}
