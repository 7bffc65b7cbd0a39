//! `myc-schema plan`: what flows during a rolling upgrade, and in which order to deploy.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use myc_schema::diag::render::printable;
use myc_schema::evolve::plan::{Order, Plan, plan};
use myc_schema::hex::hex;
use myc_schema::ir::{Message, Schema};
use myc_schema::source::SourceMap;
use serde::Serialize;

use super::against::{Against, Age};
use super::contract::Reading;
use super::exit::Failure;
use super::terminal;

/// How a plan is printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// In words
    #[default]
    Text,
    /// One JSON object, for programs
    Json,
}

/// Plan a rolling upgrade: which messages keep flowing, and in which order to deploy
#[derive(Args, Debug)]
#[command(after_help = "\
A bridge and a worker whose contracts differ can share what both have alike: the
handshake's mode Shared, in which a message is sent only if both sides have its
type id with the same fingerprint. The plan says which messages that are, so
that nothing stops that need not.

Examples:
  myc-schema plan git:v1.4.0           from that commit to contracts.yaml
  myc-schema plan old.yaml new.yaml
  myc-schema plan contracts.lock contracts.yaml --format json > plan.json")]
pub struct PlanArgs {
    /// What is deployed: a file, `git:REF[:PATH]` or a lock
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    old: String,
    /// What is to be deployed, likewise
    #[arg(default_value = "contracts.yaml", value_parser = NonEmptyStringValueParser::new())]
    new: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: PlanArgs) -> Result<(), Failure> {
    let (old, new) = read_both(&args.reading, &args.old, &args.new, &mut SourceMap::new())?;
    let plan = plan(old.schema(), new.schema());
    terminal::data(match args.format {
        Format::Text => text(&plan, &old, &new),
        Format::Json => json(&plan, old.schema(), new.schema()),
    })
}

/// Reads an older and a newer schema; the path of a commit's contract is by default the other's.
pub fn read_both(
    reading: &Reading,
    old: &str,
    new: &str,
    sources: &mut SourceMap,
) -> Result<(Against, Against), Failure> {
    if old == "-" && new == "-" {
        return Err(Failure::usage("stdin (`-`) is named more than once"));
    }
    let file = |name: &str| (!name.starts_with("git:")).then(|| PathBuf::from(name));
    let other = |of: Option<PathBuf>| of.filter(|path| path.extension().is_none_or(|extension| extension != "lock"));
    let (of_old, of_new) = (other(file(new)), other(file(old)));
    let old = Against::read(reading, old, of_old.as_deref().map(Path::new), Age::Older, sources)?;
    let new = Against::read(reading, new, of_new.as_deref().map(Path::new), Age::Newer, sources)?;
    Ok((old, new))
}

fn text(plan: &Plan, old: &Against, new: &Against) -> String {
    let side = |against: &Against| {
        let schema = against.schema();
        format!("{} (version {}, digest {}…)", printable(&against.name), schema.version, hex(&schema.digest[..4]))
    };
    let mut text = format!("from {}\nto   {}\n", side(old), side(new));
    if plan.exact {
        text.push_str("\nThe digests are equal: peers of the two do not notice each other. Deploy in any order.\n");
        return text;
    }
    list(&mut text, "keep flowing between all peers", plan.flowing.iter().map(|message| line(message)));
    let paused = plan.paused.iter().map(|(was, is)| match was.name == is.name {
        true => line(is),
        false => format!("{}, which was {}", line(is), was.name),
    });
    list(&mut text, "pause between peers of different versions", paused);
    list(&mut text, "new: between newer peers alone", plan.added.iter().map(|message| line(message)));
    list(&mut text, "removed: between older peers alone", plan.removed.iter().map(|message| line(message)));
    text.push_str("\nDeploy:\n");
    for (number, step) in (1..).zip(steps(plan)) {
        let _ = writeln!(text, "  {number}. {step}");
    }
    if !plan.paused.is_empty() {
        text.push_str(
            "\nTo keep a message flowing that pauses, leave it as it is, add the changed one with a type id of its own,\n\
             send both until every peer is upgraded, and remove the old one in a later release.\n",
        );
    }
    text
}

fn line(message: &Message) -> String {
    format!("{:>5}  {}", message.type_id, message.name)
}

fn list(text: &mut String, what: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    let _ = writeln!(text, "\n{what}: {count}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// What to do, in order.
pub fn steps(plan: &Plan) -> Vec<String> {
    if plan.exact {
        return vec!["in any order: the digests are equal".to_owned()];
    }
    let both = "let both sides accept a contract that differs: `allow_shared_schema(true)` on the bridge's endpoint, and \
        `~shared:true` (OCaml) or `share` (Rust) in workers; without that, and with workers of version 1 of \
        the handshake, stop all and upgrade all";
    let mut steps = vec![both.to_owned()];
    let pauses = if plan.paused.is_empty() { "" } else { "; what pauses does so from here until the last step" };
    let bridge = format!("upgrade the bridge, and the services in its process{pauses}");
    let workers = "upgrade the workers, one after the other";
    match plan.order() {
        Order::Any => {}
        Order::BridgeFirst => {
            steps.push(bridge);
            let new = if plan.added.is_empty() { "" } else { "; each has what is new from then on" };
            steps.push(format!("{workers}{new}"));
        }
        Order::BridgeLast => {
            steps.push("stop sending what is removed".to_owned());
            steps.push(format!("{workers}{pauses}"));
            steps.push("upgrade the bridge, and the services in its process".to_owned());
        }
        Order::TwoReleases => {
            steps.push("stop sending what is removed".to_owned());
            steps.push(bridge);
            steps.push(format!("{workers}; each has what is new from then on"));
            steps.push(
                "if what is removed must flow until the last worker is upgraded, make this two releases: add first, \
                 remove in the next, with the bridge last"
                    .to_owned(),
            );
        }
    }
    steps
}

#[derive(Serialize)]
struct PlanJson<'a> {
    exact: bool,
    old: Side,
    new: Side,
    flowing: Vec<MessageJson<'a>>,
    paused: Vec<MessageJson<'a>>,
    added: Vec<MessageJson<'a>>,
    removed: Vec<MessageJson<'a>>,
    order: &'static str,
    steps: Vec<String>,
}

#[derive(Serialize)]
struct Side {
    version: u16,
    digest: String,
}

#[derive(Serialize)]
struct MessageJson<'a> {
    type_id: u16,
    name: &'a str,
    fingerprint: String,
}

fn json(plan: &Plan, old: &Schema, new: &Schema) -> String {
    let side = |schema: &Schema| Side { version: schema.version, digest: hex(&schema.digest) };
    fn listed<'a>(messages: impl Iterator<Item = &'a Message>) -> Vec<MessageJson<'a>> {
        let one = |message: &'a Message| MessageJson {
            type_id: message.type_id,
            name: &message.name,
            fingerprint: hex(&message.fingerprint),
        };
        messages.map(one).collect()
    }
    let json = PlanJson {
        exact: plan.exact,
        old: side(old),
        new: side(new),
        flowing: listed(plan.flowing.iter().copied()),
        paused: listed(plan.paused.iter().map(|(_, is)| *is)),
        added: listed(plan.added.iter().copied()),
        removed: listed(plan.removed.iter().copied()),
        order: order_name(plan.order()),
        steps: steps(plan),
    };
    // Plain structs of numbers and strings always have JSON.
    let mut text = serde_json::to_string_pretty(&json).unwrap_or_default();
    text.push('\n');
    text
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::Any => "any",
        Order::BridgeFirst => "bridge-first",
        Order::BridgeLast => "bridge-last",
        Order::TwoReleases => "two-releases",
    }
}
