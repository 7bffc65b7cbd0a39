//! What a field has to be, as in `limit.exponent=-2`: read, held against a contract, and looked for in messages.

use myc_schema::ir::{Field, Message, Scalar, Schema, Type};
use myc_schema::u256;
use myc_schema::value::{self, Value};

/// What a field has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As in `bids[3].price`.
    pub path: String,
    steps: Vec<Step>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
}

/// A condition on one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Positions, from outside in.
    path: Vec<usize>,
    value: Value,
}

/// Why no message of a type can be as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// It has no such field.
    NoField,
    /// It has the field, which is never that.
    Never {
        /// Why.
        words: String,
        /// What it can be.
        help: String,
    },
}

impl Condition {
    /// Reads `FIELD=VALUE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) = text.split_once('=').ok_or("write `FIELD=VALUE`, such as `limit.exponent=-2`")?;
        let steps = steps(path).ok_or_else(|| {
            format!("`{}` is no field such as `sender`, `limit.exponent` or `bids[3].price`", path.escape_debug())
        })?;
        Ok(Self { path: path.to_owned(), steps, text: value.to_owned() })
    }

    /// What it means for a message, or why no such message can have it.
    pub fn of(&self, schema: &Schema, message: &Message) -> Result<Test, Impossible> {
        let mut fields = Some(&message.fields[..]);
        let mut found: Option<(&Type, Option<&Field>)> = None;
        let (mut path, mut so_far) = (Vec::new(), String::new());
        for step in &self.steps {
            let never = |why: String, help: String| {
                let is = found.map(|(ty, _)| schema.type_name(ty)).unwrap_or_default();
                Impossible::Never { words: format!("`{so_far}` of {} is {is}, and {why}", message.name), help }
            };
            let (at, ty, field, text) = match (step, fields, found) {
                (Step::Field(name), Some(of), _) => {
                    let at = of.iter().position(|field| field.name == *name).ok_or(Impossible::NoField)?;
                    let separator = if so_far.is_empty() { "" } else { "." };
                    (at, &of[at].ty, Some(&of[at]), format!("{separator}{name}"))
                }
                (Step::Field(_), None, _) => {
                    return Err(never("has no fields".into(), format!("ask for `{so_far}` itself")));
                }
                (
                    Step::Element(at),
                    _,
                    Some((Type::Array { elem, len: most } | Type::Vec { elem, bound: most }, _)),
                ) => {
                    if *at >= *most as usize {
                        let help = format!("elements are counted from 0: `{so_far}[{}]` is the last", most - 1);
                        return Err(never(format!("never has an element {at}"), help));
                    }
                    (*at, &**elem, None, format!("[{at}]"))
                }
                (Step::Element(_), ..) => {
                    return Err(never("has no elements".into(), format!("ask for `{so_far}` itself")));
                }
            };
            path.push(at);
            so_far.push_str(&text);
            found = Some((ty, field));
            fields = match ty {
                Type::Struct(id) => Some(&schema.struct_(*id).fields),
                _ => None,
            };
        }
        // A path has one step at least.
        let (ty, field) = found.ok_or(Impossible::NoField)?;
        let value = self.value(&Target { schema, message, ty, field, path: &path })?;
        Ok(Test { path, value })
    }

    fn value(&self, target: &Target<'_>) -> Result<Value, Impossible> {
        let Target { schema, message, ty, field, .. } = target;
        let path = &self.path;
        let optional = field.is_some_and(|field| field.optional);
        if optional && self.text == "null" {
            return Ok(Value::Absent);
        }
        let never = |why: &str, help: String| {
            let is = schema.type_name(ty);
            Impossible::Never { words: format!("`{path}` of {} is {is}: {why}", message.name), help }
        };
        match ty {
            Type::Struct(id) => {
                let first = schema.struct_(*id).fields.first().map(|field| &*field.name).unwrap_or_default();
                return Err(never(
                    "it is no single value",
                    format!("ask for a field of it, such as `{path}.{first}=…`"),
                ));
            }
            Type::Array { elem, .. } | Type::Vec { elem, .. } if **elem != Type::Scalar(Scalar::U8) => {
                return Err(never("it is no single value", format!("ask for an element of it, such as `{path}[0]=…`")));
            }
            _ => {}
        }
        let null = if optional { "; or `null`, where there is none" } else { "" };
        let help = || format!("write a value such as `{path}={}`{null}", target.example().escape_debug());
        let value =
            value::part_from_json(schema, ty, &json(ty, &self.text)).map_err(|error| never(&error.detail, help()))?;
        match (ty, &value) {
            (Type::String { bound }, Value::String(text)) if text.len() > *bound as usize => {
                return Err(never(&format!("this text has {} bytes", text.len()), help()));
            }
            (Type::Array { len, .. }, Value::Bytes(bytes)) if bytes.len() != *len as usize => {
                return Err(never(&format!("these are {} bytes", bytes.len()), help()));
            }
            (Type::Vec { bound, .. }, Value::Bytes(bytes)) if bytes.len() > *bound as usize => {
                return Err(never(&format!("these are {} bytes", bytes.len()), help()));
            }
            _ => {}
        }
        // Who decodes a value that breaks a rule refuses the whole message.
        match field.map_or(Ok(()), |field| value::rules(field, &value)) {
            Ok(()) => Ok(value),
            Err(error) => {
                let (name, text, why, rule) = (&message.name, self.text.escape_debug(), error.detail, error.code);
                let words = format!("`{path}` of {name} is never `{text}`, which {why} ({rule})");
                Err(Impossible::Never { words, help: help() })
            }
        }
    }
}

/// What a condition is on.
struct Target<'a> {
    schema: &'a Schema,
    message: &'a Message,
    ty: &'a Type,
    /// The field, unless it is an element.
    field: Option<&'a Field>,
    /// Positions, from outside in.
    path: &'a [usize],
}

impl Target<'_> {
    /// A value that it can have, as it is written on the command line.
    fn example(&self) -> String {
        let Self { schema, message, ty, path, .. } = self;
        let by_rules = || {
            let example = value::example(schema, message)?;
            written(schema, ty, part(&example, path)?)
        };
        let has_rules = self.field.is_some_and(|field| !field.rules.is_empty());
        has_rules.then(by_rules).flatten().unwrap_or_else(|| example(schema, ty))
    }
}

/// What is at these positions; of elements the first, as one is like another.
fn part<'a>(value: &'a Value, path: &[usize]) -> Option<&'a Value> {
    match (path, value) {
        ([], value) => Some(value),
        ([at, rest @ ..], Value::Fields(values)) => part(values.get(*at)?, rest),
        ([_, rest @ ..], Value::List(values)) => part(values.first()?, rest),
        _ => None,
    }
}

/// A value as it is written on the command line.
fn written(schema: &Schema, ty: &Type, value: &Value) -> Option<String> {
    Some(match (ty, value) {
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::U256(bytes)) => u256::to_decimal(bytes),
        (_, Value::Float(number)) => number.to_string(),
        (_, Value::Bool(bool)) => bool.to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bytes(bytes)) => bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
        (Type::Enum(id), Value::Enum(number)) => {
            schema.enum_(*id).values.iter().find(|value| value.value == *number)?.name.clone()
        }
        _ => return None,
    })
}

impl Test {
    /// Whether a message has it.
    pub fn holds(&self, message: &Value) -> bool {
        holds(&self.path, message, &self.value)
    }
}

fn holds(path: &[usize], found: &Value, wanted: &Value) -> bool {
    match (path, found, wanted) {
        // By value: 0 is -0, and what is not a number is as good as another.
        ([], Value::Float(a), Value::Float(b)) => a == b || a.is_nan() && b.is_nan(),
        ([], found, wanted) => found == wanted,
        ([at], Value::Bytes(bytes), Value::Int(wanted)) => {
            bytes.get(*at).is_some_and(|byte| i128::from(*byte) == *wanted)
        }
        ([at, rest @ ..], Value::Fields(values) | Value::List(values), _) => {
            values.get(*at).is_some_and(|value| holds(rest, value, wanted))
        }
        _ => false,
    }
}

/// Every field that can be asked for, such as `limit.exponent` and `bids[0].price`.
pub fn paths(schema: &Schema, fields: &[Field]) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields {
        let (ty, name) = match &field.ty {
            Type::Array { elem, .. } | Type::Vec { elem, .. } if matches!(**elem, Type::Struct(_)) => {
                (&**elem, format!("{}[0]", field.name))
            }
            ty => (ty, field.name.clone()),
        };
        match ty {
            Type::Struct(id) => {
                let inner = self::paths(schema, &schema.struct_(*id).fields);
                paths.extend(inner.into_iter().map(|path| format!("{name}.{path}")));
            }
            _ => paths.push(name),
        }
    }
    paths
}

/// The JSON that a text on the command line stands for, where a value of this type is expected.
fn json(ty: &Type, text: &str) -> String {
    let is_number = || serde_json::from_str::<serde_json::Number>(text).is_ok();
    let as_it_is = match ty {
        Type::Scalar(Scalar::Bool) => ["true", "false"].contains(&text),
        Type::Scalar(_) => is_number(),
        _ => false,
    };
    if as_it_is { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// A value of the type, as it is written on the command line.
fn example(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Scalar(Scalar::Bool) => "true".to_owned(),
        Type::Scalar(Scalar::F32 | Scalar::F64) => "1.5".to_owned(),
        Type::Scalar(_) => "1".to_owned(),
        Type::Enum(id) => schema.enum_(*id).values.first().map(|value| value.name.clone()).unwrap_or_default(),
        Type::String { bound } => "text".chars().take(*bound as usize).collect(),
        Type::Array { len, .. } => format!("0x{}", "00".repeat(*len as usize)),
        Type::Vec { .. } | Type::Struct(_) => "0x00".to_owned(),
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
        if !is_name(name) {
            return None;
        }
        steps.push(Step::Field(name.to_owned()));
        for index in indexes.into_iter().flat_map(|indexes| indexes.split('[')) {
            steps.push(Step::Element(index.strip_suffix(']')?.parse().ok()?));
        }
    }
    Some(steps)
}
