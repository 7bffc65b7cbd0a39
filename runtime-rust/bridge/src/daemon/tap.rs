//! `myc-bridge tap`: the messages that pass through a bridge, as JSON lines.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mycelium_bus::client::{Client, ClientConfig, ClientState, ClientSubscription};
use mycelium_bus::{OverflowPolicy, SubscriberConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::condition::Condition;
use super::connect::{Address, Target, connect, difference, not_shared, types};
use super::contracts::Contract;
use super::exit::{Exit, Failure, with_causes};
use super::frames::{Lines, Wanted};
use super::values::{Digest, Period, Value};
use super::{runtime, terminal};

/// Messages that wait for stdout to take them; older ones are dropped, and counted.
const QUEUE: usize = 65_536;

/// The most messages that are named where they are not shown.
const MOST_NAMED: usize = 12;

/// Bytes after which a write is not made longer.
const MOST_AT_ONCE: usize = 64 << 10;

/// Print live messages as JSON lines
#[derive(Args, Debug)]
#[command(after_help = "\
Connects as a client: what is published from then on is printed, a line for each
message, and nobody waits for it. A payload that the contract keeps out of logs
is not printed, nor looked at. Without a contract, only type ids and sizes are.
Ends after --count or --for, with SIGINT or SIGTERM, or when the bridge refuses
it.

Examples:
  myc-bridge tap --config bridge.yaml
  myc-bridge tap --contracts contracts.yaml --socket bus.sock --where sender=ada
  myc-bridge tap --config bridge.yaml --topic prices --count 10 | \\
    jq .payload.price")]
pub struct TapArgs {
    #[command(flatten)]
    target: Target,
    /// The contract
    #[arg(long, value_name = "FILE")]
    contracts: Option<PathBuf>,
    /// Without a contract: the digest that the bridge holds clients to
    #[arg(long, value_name = "HEX", value_parser = Digest::parse, conflicts_with = "contracts")]
    digest: Option<Digest>,
    /// Only messages of this topic; may be given several times
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Only this message, or with --topic this one as well; may be given several times
    #[arg(long = "message", value_name = "NAME")]
    messages: Vec<String>,
    /// Only messages whose field has this value, such as `limit.exponent=-2` or `bids[0].size=5`; of several all hold
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = Condition::parse)]
    fields: Vec<Condition>,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = Period::parse)]
    time: Option<Period>,
    /// With another version of the contract than the bridge's: the messages that are the same in both
    #[arg(long)]
    share: bool,
}

pub fn run(args: TapArgs) -> Result<(), Failure> {
    let settings = args.target.settings()?;
    let contract = match (&args.contracts, &args.digest, &settings.contracts) {
        (Some(path), _, _) | (None, None, Some(path)) => Some(Contract::read(path)?),
        _ => None,
    };
    let digest = match (&contract, args.digest.or(settings.digest)) {
        (Some(contract), _) => contract.schema.digest,
        (None, Some(digest)) => digest.0,
        (None, None) => {
            return Err(Failure::usage("which contract does the bridge hold clients to?")
                .help("name it with --contracts FILE, or a configuration with --config FILE"));
        }
    };
    if args.share && contract.is_none() {
        return Err(Failure::usage("--share needs a contract: by a digest alone no message is known to be the same")
            .help("name it with --contracts FILE"));
    }
    let address = args.target.address(&settings)?;
    let named = args.messages.clone();
    let wanted = Wanted { topics: args.topics, messages: args.messages, fields: args.fields };
    let lines = Lines::new(contract.as_ref(), wanted)?;
    let types = contract.as_ref().map(types).unwrap_or_default();
    let config = ClientConfig { name: "myc-bridge tap".into(), share: args.share, ..ClientConfig::new(digest, &types) };
    let runtime = runtime::of_one_thread()?;
    let limit = args.time.map(|Period(time)| time);
    let ended = runtime.block_on(tap(address, config, &Shown { lines, named }, args.count, limit));
    // A write to a full pipe may still wait.
    runtime.shutdown_background();
    ended
}

/// What is to be printed.
struct Shown<'a> {
    lines: Lines<'a>,
    /// Messages that are asked for by name.
    named: Vec<String>,
}

async fn tap(
    address: Address,
    config: ClientConfig,
    shown: &Shown<'_>,
    count: Option<u64>,
    limit: Option<Duration>,
) -> Result<(), Failure> {
    let signals = |error: io::Error| Failure::io(format!("cannot wait for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;
    let lines = &shown.lines;
    let client = connect(address, config, &lines.names()).await?;
    let mut missing = Missing::default();
    if let Err(failure) = missing.say(&client, shown) {
        client.close().await;
        return Err(failure);
    }
    // Who publishes does not wait for whoever looks at this.
    let queue = SubscriberConfig::named("tap").policy(OverflowPolicy::DropOldest).frames(QUEUE).bytes(64 << 20);
    let subscription = match lines.types() {
        Some(types) => client.subscribe_types(&types, queue).await,
        None => client.tap_with(queue).await,
    };
    let mut subscription = subscription.map_err(|error| Failure::io(with_causes(&error)))?;
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    let printing = print(&mut subscription, lines, count);
    let ended = tokio::select! {
        printed = printing => printed,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = at(until) => Ok(()),
        reported = report(&client, shown, missing) => reported,
    };
    let not_shown = subscription.counters().dropped;
    drop(subscription);
    let failed = match &*client.state().borrow() {
        ClientState::Failed(error) => Some(with_causes(&**error)),
        _ => None,
    };
    let counters = client.close().await;
    let missed = not_shown + counters.dropped_by_bridge;
    if missed > 0 {
        terminal::words(&format!("{missed} messages were not printed: they came faster than stdout took them\n"));
    }
    match failed {
        Some(words) => Err(Failure::io(words)),
        None => ended,
    }
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Says when the connection is lost and made again; returns when it is given up on, or of no use.
async fn report(client: &Client, shown: &Shown<'_>, mut missing: Missing) -> Result<(), Failure> {
    let mut state = client.state();
    let mut is_gone = false;
    loop {
        let was_gone = is_gone;
        let is_connected = match &*state.borrow_and_update() {
            ClientState::Failed(_) | ClientState::Closed => return Ok(()),
            ClientState::Connected { .. } => true,
            ClientState::Disconnected { .. } => false,
            _ => !is_gone,
        };
        is_gone = !is_connected;
        if is_gone && !was_gone {
            terminal::words("the bridge is gone; connecting again\n");
        }
        if is_connected {
            // It may be another one by now, with another contract.
            missing.say(client, shown)?;
        }
        if state.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// Messages that are wanted and cannot come, as they were said last.
#[derive(Default)]
struct Missing(String);

impl Missing {
    /// Says which messages are not printed because they are not the same in the bridge's contract. It is an error where
    /// they are asked for by name, or nothing is left.
    fn say(&mut self, client: &Client, Shown { lines, named }: &Shown<'_>) -> Result<(), Failure> {
        let Some(differences) = client.differences() else { return Ok(()) };
        let wanted = lines.names();
        let missing = wanted.iter().filter_map(|name| Some((*name, difference(&differences, name)?)));
        let missing: Vec<(&str, &str)> = missing.collect();
        let is_asked_for = |name: &str| wanted.len() == 1 || named.iter().any(|other| other == name);
        if let Some((name, why)) = missing.iter().find(|(name, _)| is_asked_for(name)) {
            return Err(not_shared(name, why));
        }
        if missing.len() == wanted.len() {
            return Err(Failure::io("no message that is asked for is the same in the bridge's contract")
                .help("name the bridge's contract with --contracts FILE"));
        }
        let mut words: Vec<String> = missing.iter().map(|(name, why)| format!("{name} ({why})")).collect();
        if lines.types().is_none() {
            let unknown = differences.unknown_here.iter().map(|name| terminal::printable(name));
            words.extend(unknown.map(|name| format!("{name} (this contract has none)")));
        }
        let more = match words.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        words.truncate(MOST_NAMED);
        let words = words.join(", ") + &more;
        if !words.is_empty() && words != self.0 {
            terminal::words(&format!("not shown: {words}\n"));
        }
        self.0 = words;
        Ok(())
    }
}

/// Prints until there is nothing more to come, or `count` is reached.
async fn print(subscription: &mut ClientSubscription, lines: &Lines<'_>, count: Option<u64>) -> Result<(), Failure> {
    let mut left = count.unwrap_or(u64::MAX);
    let mut text = String::new();
    while left > 0 {
        let Some(mut frame) = subscription.recv().await else { break };
        // Whatever is queued goes into one write.
        loop {
            if let Some(line) = lines.line(&frame) {
                text.push_str(&line);
                text.push('\n');
                left -= 1;
            }
            if left == 0 || text.len() >= MOST_AT_ONCE {
                break;
            }
            match subscription.try_recv() {
                Ok(next) => frame = next,
                Err(_) => break,
            }
        }
        write(&mut text).await?;
    }
    Ok(())
}

/// Writes to stdout while the connection goes on.
async fn write(text: &mut String) -> Result<(), Failure> {
    let bytes = std::mem::take(text);
    let written = tokio::task::spawn_blocking(move || {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes.as_bytes()).and_then(|()| stdout.flush())
    });
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure::stdout(&error)),
        Err(_) => Err(Failure::silent(Exit::Io)),
    }
}
