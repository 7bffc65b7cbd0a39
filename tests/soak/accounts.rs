//! What became of every message, and whether that adds up: [`Report`].

use std::collections::BTreeMap;
use std::fmt;

use mycelium_bridge::BridgeReport;
use mycelium_bus::client::ClientCounters;
use mycelium_bus::{EndpointStats, QueueCounters};

/// What a subscriber that loses nothing has heard of each sender, whose messages are numbered.
#[derive(Debug, Default)]
pub struct Heard {
    pub total: u64,
    /// By sender: how many, and the number that was heard last.
    senders: BTreeMap<String, (u64, u64)>,
}

impl Heard {
    /// Numbers of one sender grow: nothing comes twice, or out of order. Workers are several that share a sender's
    /// numbers: those of whom they echo.
    pub fn hear(&mut self, sender: &str, number: u64) {
        self.total += 1;
        let (count, last) = self.senders.entry(sender.to_owned()).or_default();
        *count += 1;
        assert!(number > *last || sender.starts_with("echo-"), "{sender}: {number} after {last}");
        *last = number;
    }

    pub fn of(&self, sender: &str) -> u64 {
        self.senders.get(sender).map_or(0, |(count, _)| *count)
    }
}

/// Everything that was counted, at the end.
pub struct Report {
    /// By who published in this process: how many, by their own count.
    pub inside: BTreeMap<String, u64>,
    /// By who published from outside: how many, by their own count, and what their client says.
    pub outside: BTreeMap<String, (u64, ClientCounters)>,
    /// What the bus says was published.
    pub published: u64,
    /// A subscriber with `Block`.
    pub heard: Heard,
    pub heard_counters: QueueCounters,
    /// A slow one with `DropOldest`: what it took, by its own count.
    pub slow: u64,
    pub slow_counters: QueueCounters,
    /// A slow client with `DropOldest` at the bridge: what it took, by its own count.
    pub slow_client: u64,
    pub slow_client_counters: ClientCounters,
    /// The statistics of the endpoint that comes and goes, of each time that it was there.
    pub endpoints: Vec<EndpointStats>,
    /// Those of the bridge's endpoint.
    pub bridge_endpoint: EndpointStats,
    pub bridge: BridgeReport,
    /// Frames that are no messages, sent by clients that break the rules.
    pub bad: u64,
    pub kills: u64,
    pub refused: u64,
}

impl Report {
    fn frames_in(&self) -> [u64; 3] {
        let mut sums = [0; 3];
        for endpoint in self.endpoints.iter().chain([&self.bridge_endpoint]) {
            sums[0] += endpoint.frames_in;
            sums[1] += endpoint.rejected.values().sum::<u64>();
            sums[2] += endpoint.undelivered;
        }
        sums
    }

    /// What was offered to clients, and what became of it: written, queued, dropped, lost.
    fn frames_out(&self) -> [u64; 5] {
        let mut sums = [0; 5];
        for EndpointStats { outgoing, .. } in self.endpoints.iter().chain([&self.bridge_endpoint]) {
            sums[0] += outgoing.offered;
            sums[1] += outgoing.written;
            sums[2] += outgoing.queued;
            sums[3] += outgoing.dropped;
            sums[4] += outgoing.lost;
        }
        sums
    }

    pub fn check(&self) {
        // Into the bus: what was published is what publishers say, and what came and was not refused.
        let inside: u64 = self.inside.values().sum();
        let [came, rejected, undelivered] = self.frames_in();
        assert_eq!(self.published, inside + came - rejected - undelivered, "published");
        assert_eq!(rejected, self.bad, "rejected");
        for (sender, count) in &self.inside {
            assert_eq!(self.heard.of(sender), *count, "{sender}");
        }
        for (sender, (count, client)) in &self.outside {
            assert_eq!(client.published, *count, "{sender}");
            assert_eq!(client.published, client.sent + client.lost + client.withheld + client.unsent, "{sender}");
            assert_eq!((client.lost, client.withheld, client.unsent), (0, 0, 0), "{sender}");
            assert_eq!(self.heard.of(sender), *count, "{sender}");
        }

        // Out of it: to the subscriber that is waited for, all; to the others all but what is counted as dropped.
        assert_eq!(self.heard.total, self.published, "heard");
        let QueueCounters { offered, received, queued, dropped, discarded, .. } = self.heard_counters;
        assert_eq!([offered, received, queued, dropped, discarded], [self.published, self.published, 0, 0, 0]);
        let QueueCounters { offered, received, queued, dropped, discarded, .. } = self.slow_counters;
        assert_eq!([offered, received, queued, discarded], [self.published, self.slow, 0, 0], "slow");
        assert_eq!(self.slow + dropped, self.published, "slow");

        // To clients: what was offered was written, dropped or lost.
        let [offered, written, queued, dropped, lost] = self.frames_out();
        assert_eq!([offered, queued], [written + dropped + lost, 0], "for clients");
        // What a client is told that it missed is no more than there was.
        assert_eq!(self.slow_client, self.slow_client_counters.received, "the slow client");
        assert!(self.slow_client + self.slow_client_counters.dropped_by_bridge <= self.published, "the slow client");
        assert!(self.kills == 0 || self.bridge.workers.iter().map(|worker| worker.restart_count()).sum::<u64>() > 0);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [came, rejected, undelivered] = self.frames_in();
        let [offered, written, queued, dropped, lost] = self.frames_out();
        let launches: u64 = self.bridge.workers.iter().map(|worker| worker.launches).sum();
        writeln!(f, "published on the bus: {}", self.published)?;
        writeln!(f, "  inside: {}", self.inside.values().sum::<u64>())?;
        writeln!(f, "  from clients: {came}, of which {rejected} rejected and {undelivered} undelivered")?;
        writeln!(f, "heard by who is waited for: {}", self.heard.total)?;
        writeln!(f, "taken by a slow subscriber: {}, dropped for it: {}", self.slow, self.slow_counters.dropped)?;
        writeln!(f, "taken by a slow client: {}", self.slow_client)?;
        writeln!(
            f,
            "for clients: {offered}: {written} written, {queued} queued, {dropped} dropped, {lost} lost at disconnect"
        )?;
        write!(
            f,
            "{} kills, {launches} launches, {} times the endpoint came back, {} handshakes refused",
            self.kills,
            self.endpoints.len().saturating_sub(1),
            self.refused
        )
    }
}
