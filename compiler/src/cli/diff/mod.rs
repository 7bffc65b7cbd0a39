//! `myc-schema diff`: the bytes of two contracts side by side, and in which order to deploy.

use std::collections::BTreeSet;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use myc_schema::evolve::changes::{Change, Composite, changes};
use myc_schema::evolve::plan::{Plan, plan};
use myc_schema::ir::{Field, Schema};
use myc_schema::source::SourceMap;

use super::contract::{Reading, unknown_name};
use super::exit::Failure;
use super::layout;
use super::{plan as plan_command, terminal};

mod markdown;
mod svg;
mod table;

/// How differences are shown.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Text, the bytes of every field drawn to one scale before and after
    #[default]
    Text,
    /// For a comment on a pull request
    Markdown,
    /// A picture; follows the reader's light or dark theme
    Svg,
}

/// Show the bytes of two contracts side by side, and the order to deploy in
#[derive(Args, Debug)]
#[command(after_help = "\
Messages and structs that lie as they did are left out. What a difference breaks
is `myc-schema breaking`'s to say.

Examples:
  myc-schema diff git:main             from main to contracts.yaml
  myc-schema diff old.yaml new.yaml --message TradeTick
  myc-schema diff contracts.lock contracts.yaml
  myc-schema diff git:origin/main --format markdown > comment.md
  myc-schema diff old.yaml new.yaml --format svg > diff.svg")]
pub struct DiffArgs {
    /// The older contract: a file, `git:REF[:PATH]` or a lock
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    old: String,
    /// The newer one, likewise
    #[arg(default_value = "contracts.yaml")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    new: String,
    /// Only this message or struct
    #[arg(long, value_name = "NAME")]
    message: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// Two schemas and what lies otherwise in them.
struct Shown<'a> {
    names: (&'a str, &'a str),
    old: &'a Schema,
    new: &'a Schema,
    changes: Vec<Change<'a>>,
    /// Whether the digests are equal: there is nothing to say about deploying.
    exact: bool,
    /// Which messages pause although they lie as they did.
    paused: Option<String>,
    steps: Vec<String>,
}

/// What is said where no byte lies otherwise.
const AS_BEFORE: &str = "every message and struct lies as it did";

pub fn run(args: DiffArgs) -> Result<(), Failure> {
    let (old, new) = plan_command::read_both(&args.reading, &args.old, &args.new, &mut SourceMap::new())?;
    let mut changes = changes(old.schema(), new.schema());
    if let Some(name) = &args.message {
        let schemas = [old.schema(), new.schema()];
        let messages = schemas.iter().flat_map(|schema| schema.messages.iter().map(|message| &*message.name));
        let structs = schemas.iter().flat_map(|schema| schema.structs.iter().map(|item| &*item.name));
        let mut known = messages.chain(structs);
        if !known.clone().any(|known| known == name) {
            return Err(unknown_name("message or struct", name, known.by_ref().collect::<Vec<_>>().into_iter()));
        }
        changes.retain(|change| [change.old, change.new].iter().flatten().any(|composite| composite.name == name));
    }
    let plan = plan(old.schema(), new.schema());
    let (exact, steps) = (plan.exact, plan_command::steps(&plan));
    let paused = paused(&plan, &changes, args.message.as_deref());
    let names = (&*old.name, &*new.name);
    let shown = Shown { names, old: old.schema(), new: new.schema(), changes, exact, paused, steps };
    terminal::data(match args.format {
        Format::Text => table::draw(&shown, terminal::width()),
        Format::Markdown => markdown::print(&shown),
        Format::Svg => svg::draw(&shown),
    })
}

/// The messages that no change is about and that pause all the same: their topics, rules, values or names differ.
fn paused(plan: &Plan<'_>, changes: &[Change<'_>], only: Option<&str>) -> Option<String> {
    const NAMED: usize = 12;
    let drawn = changes.iter().filter_map(|change| change.new?.message).map(|message| message.type_id);
    let drawn: BTreeSet<u16> = drawn.collect();
    let paused = plan.paused.iter().filter(|(was, is)| only.is_none_or(|name| was.name == name || is.name == name));
    let names: Vec<&str> =
        paused.filter(|(_, is)| !drawn.contains(&is.type_id)).map(|(_, is)| is.name.as_str()).collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names[..names.len().min(NAMED)].join(", ");
    (!names.is_empty()).then(|| format!("These lie as they did, and pause between peers of the two: {shown}{more}"))
}

/// As the layout command draws it.
fn drawn<'a>(composite: &Composite<'a>) -> layout::Composite<'a> {
    let Composite { message, name, fields, layout } = *composite;
    layout::Composite { message, name, fields, layout }
}

/// `message BatchOperation`, by its newer name.
fn head(change: &Change) -> String {
    let name = |composite: &Composite| match composite.message {
        Some(_) => format!("message {}", composite.name),
        None => format!("struct {}", composite.name),
    };
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if old.name != new.name => format!("{}, which was {}", name(new), old.name),
        (_, Some(new)) => name(new),
        (Some(old), None) => name(old),
        (None, None) => String::new(),
    }
}

/// `224 → 264 bytes (+40)`.
fn change_of(old: Option<u32>, new: Option<u32>, unit: &str) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old == new => format!("{new} {unit} as before"),
        (Some(old), Some(new)) => format!("{old} → {new} {unit} ({:+})", i64::from(new) - i64::from(old)),
        (None, Some(new)) => format!("{new} {unit}"),
        (Some(old), None) => format!("{old} {unit}"),
        (None, None) => String::new(),
    }
}

impl Shown<'_> {
    /// Size and padding, before and after.
    fn numbers(&self, change: &Change) -> [(Option<u32>, Option<u32>); 2] {
        let (old, new) = (change.old.as_ref().map(drawn), change.new.as_ref().map(drawn));
        let size = |composite: &layout::Composite| composite.layout.size;
        [
            (old.as_ref().map(size), new.as_ref().map(size)),
            (old.map(|old| old.padding(self.old)), new.map(|new| new.padding(self.new))),
        ]
    }

    /// `message Order: new; 24 bytes, 7 padding`.
    fn sizes(&self, change: &Change) -> String {
        let [size, padding] = self.numbers(change);
        let state = match (&change.old, &change.new) {
            (None, _) => "new, ",
            (_, None) => "removed, ",
            _ => "",
        };
        format!("{state}{}, {}", change_of(size.0, size.1, "bytes"), change_of(padding.0, padding.1, "padding"))
    }

    /// `items: Vec<u8, 3> → Vec<u8, 4>`.
    fn field(&self, was: Option<&Field>, is: Option<&Field>) -> String {
        let ty = |schema: &Schema, field: &Field| {
            format!("{}{}", schema.type_name(&field.ty), if field.optional { "?" } else { "" })
        };
        match (was, is) {
            (Some(was), Some(is)) => {
                let name = if was.name == is.name { is.name.clone() } else { format!("{} → {}", was.name, is.name) };
                let (before, after) = (ty(self.old, was), ty(self.new, is));
                if before == after { format!("{name}: {after}") } else { format!("{name}: {before} → {after}") }
            }
            (Some(field), None) => format!("{}: {}", field.name, ty(self.old, field)),
            (None, Some(field)) => format!("{}: {}", field.name, ty(self.new, field)),
            (None, None) => String::new(),
        }
    }

    /// `+` for what is new, `-` for what is gone, `~` for what is otherwise, a blank for what is as it was.
    fn mark(&self, was: Option<&Field>, is: Option<&Field>) -> char {
        match (was, is) {
            (None, _) => '+',
            (_, None) => '-',
            (Some(a), Some(b)) => {
                let types = (self.old.type_name(&a.ty), self.new.type_name(&b.ty));
                let same = a.place.offset == b.place.offset
                    && a.place.size == b.place.size
                    && a.optional == b.optional
                    && a.name == b.name
                    && types.0 == types.1;
                if same { ' ' } else { '~' }
            }
        }
    }
}
