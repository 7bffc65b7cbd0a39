//! What is compared with what, and how far ahead ours has to be.

use super::Carrier::{Tcp, Unix};
use super::Size::{Large, Small};
use super::{Carrier, Failure, OneWay, RoundTrip, Size, ours, raw};

/// Lanes with their names; the first is ours.
pub type Lanes<L> = Result<Vec<(&'static str, Box<L>)>, Failure>;

/// How a group is measured.
#[derive(Clone, Copy)]
pub enum Measure {
    /// Messages one way, as fast as they go.
    OneWay(fn() -> Lanes<dyn OneWay>),
    /// One message there and one back, all on one core.
    RoundTrip(fn() -> Lanes<dyn RoundTrip>),
}

/// The time of ours is at most `ratio` of that of a lane.
pub struct Goal {
    /// The lane's name.
    pub lane: &'static str,
    /// The time of ours as a part of the lane's.
    pub ratio: f64,
}

/// What is measured together.
pub struct Group {
    /// What it is called.
    pub name: &'static str,
    /// How it is measured.
    pub measure: Measure,
    /// What ours is held to.
    pub goals: &'static [Goal],
}

impl Group {
    /// Whether all runs on one core.
    pub fn is_pinned(&self) -> bool {
        matches!(self.measure, Measure::RoundTrip(_))
    }
}

const RAW_ONE: &str = "raw, a write a frame";
const RAW_BATCH: &str = "raw, 64 KiB a write";
const RAW: &str = "raw";
const ZEROMQ: &str = "ZeroMQ, ipc";
const NATS: &str = "NATS";
const OVER_UNIX: &str = "ours over Unix";

/// At least 1.3 times the messages of ZeroMQ and four times those of NATS.
const THROUGHPUT: &[Goal] = &[Goal { lane: ZEROMQ, ratio: 1.0 / 1.3 }, Goal { lane: NATS, ratio: 0.25 }];
const TCP_THROUGHPUT: &[Goal] = &[Goal { lane: OVER_UNIX, ratio: 1.5 }];
const LATENCY: &[Goal] = &[Goal { lane: RAW, ratio: 2.0 }, Goal { lane: ZEROMQ, ratio: 0.5 }];
const TCP_LATENCY: &[Goal] = &[Goal { lane: OVER_UNIX, ratio: 1.5 }];

/// All of them.
pub static GROUPS: &[Group] = &[
    one_way("client to bus, 30 bytes, Unix", || with_peers(ours::ToBus::new(Unix, Small)?, Unix, Small), THROUGHPUT),
    one_way("client to bus, 318 bytes, Unix", || with_peers(ours::ToBus::new(Unix, Large)?, Unix, Large), THROUGHPUT),
    one_way("bus to client, 30 bytes, Unix", || with_peers(ours::ToClient::new(Unix, Small)?, Unix, Small), THROUGHPUT),
    one_way(
        "bus to client, 318 bytes, Unix",
        || with_peers(ours::ToClient::new(Unix, Large)?, Unix, Large),
        THROUGHPUT,
    ),
    one_way("client to bus, 30 bytes, TCP", || beside_unix(ours::ToBus::new, Small), TCP_THROUGHPUT),
    one_way("client to bus, 318 bytes, TCP", || beside_unix(ours::ToBus::new, Large), TCP_THROUGHPUT),
    one_way("bus to client, 30 bytes, TCP", || beside_unix(ours::ToClient::new, Small), TCP_THROUGHPUT),
    one_way("bus to client, 318 bytes, TCP", || beside_unix(ours::ToClient::new, Large), TCP_THROUGHPUT),
    one_way("fan-out to 1 client, 30 bytes", || fan_out(1), &[]),
    one_way("fan-out to 10 clients, 30 bytes", || fan_out(10), &[]),
    one_way("fan-out to 100 clients, 30 bytes", || fan_out(100), &[]),
    round_trip("round trip, 30 bytes, Unix", || answered(Small), LATENCY),
    round_trip("round trip, 318 bytes, Unix", || answered(Large), LATENCY),
    round_trip("round trip, 30 bytes, TCP", answered_over_tcp, TCP_LATENCY),
];

const fn one_way(name: &'static str, lanes: fn() -> Lanes<dyn OneWay>, goals: &'static [Goal]) -> Group {
    Group { name, measure: Measure::OneWay(lanes), goals }
}

const fn round_trip(name: &'static str, lanes: fn() -> Lanes<dyn RoundTrip>, goals: &'static [Goal]) -> Group {
    Group { name, measure: Measure::RoundTrip(lanes), goals }
}

fn with_peers(ours: impl OneWay + 'static, carrier: Carrier, size: Size) -> Lanes<dyn OneWay> {
    let lanes: Vec<(_, Box<dyn OneWay>)> = vec![
        ("ours", Box::new(ours)),
        (RAW_ONE, Box::new(raw::Loop::new(carrier, size, 0)?)),
        (RAW_BATCH, Box::new(raw::Loop::new(carrier, size, raw::BATCH)?)),
    ];
    #[cfg(feature = "peers")]
    let lanes = {
        let mut lanes = lanes;
        lanes.push((ZEROMQ, Box::new(super::zeromq::PushPull::new(size)?)));
        lanes.push((NATS, Box::new(super::nats::PublishSubscribe::new(size)?)));
        lanes
    };
    Ok(lanes)
}

fn beside_unix<L: OneWay + 'static>(make: fn(Carrier, Size) -> Result<L, Failure>, size: Size) -> Lanes<dyn OneWay> {
    Ok(vec![
        ("ours", Box::new(make(Tcp, size)?)),
        (OVER_UNIX, Box::new(make(Unix, size)?)),
        (RAW_ONE, Box::new(raw::Loop::new(Tcp, size, 0)?)),
        (RAW_BATCH, Box::new(raw::Loop::new(Tcp, size, raw::BATCH)?)),
    ])
}

fn fan_out(clients: usize) -> Lanes<dyn OneWay> {
    Ok(vec![
        ("ours", Box::new(ours::FanOut::new(clients, Small)?)),
        (RAW_ONE, Box::new(raw::FanOut::new(clients, Small, 0)?)),
        (RAW_BATCH, Box::new(raw::FanOut::new(clients, Small, raw::BATCH)?)),
    ])
}

fn answered(size: Size) -> Lanes<dyn RoundTrip> {
    let lanes: Vec<(_, Box<dyn RoundTrip>)> =
        vec![("ours", Box::new(ours::Echo::new(Unix, size)?)), (RAW, Box::new(raw::PingPong::new(Unix, size)?))];
    #[cfg(feature = "peers")]
    let lanes = {
        let mut lanes = lanes;
        lanes.push((ZEROMQ, Box::new(super::zeromq::ReqRep::new(size)?)));
        lanes.push((NATS, Box::new(super::nats::Echo::new(size)?)));
        lanes
    };
    Ok(lanes)
}

fn answered_over_tcp() -> Lanes<dyn RoundTrip> {
    Ok(vec![
        ("ours", Box::new(ours::Echo::new(Tcp, Small)?)),
        (OVER_UNIX, Box::new(ours::Echo::new(Unix, Small)?)),
        (RAW, Box::new(raw::PingPong::new(Tcp, Small)?)),
    ])
}
