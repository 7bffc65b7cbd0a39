//! Captures of TCP connections, as Wireshark reads them: raw IPv4 packets in the classic pcap format.

use std::path::Path;

/// The port of the bridge in every connection.
pub const BRIDGE: u16 = 7400;

/// The link type of packets that begin with an IP header.
const RAW_IP: u32 = 101;

const SYN: u8 = 0x02;
const PUSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Who sends a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client.
    Client,
    /// The bridge.
    Bridge,
}

/// Packets of any number of connections.
pub struct Capture {
    bytes: Vec<u8>,
    packets: u32,
}

/// One connection of a [`Capture`].
pub struct Connection {
    port: u16,
    /// The next sequence number of the client and of the bridge.
    next: [u32; 2],
}

impl Capture {
    /// No packets.
    pub fn new() -> Self {
        let mut bytes = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, RAW_IP] {
            bytes.extend(word.to_le_bytes());
        }
        Self { bytes, packets: 0 }
    }

    /// A connection of a client's port. `whole`: its beginning is in the capture.
    pub fn connection(&mut self, port: u16, whole: bool) -> Connection {
        let mut connection = Connection { port, next: [1000, 5_000_000] };
        if whole {
            self.packet(&mut connection, Side::Client, SYN, &[]);
            self.packet(&mut connection, Side::Bridge, SYN | ACK, &[]);
            self.packet(&mut connection, Side::Client, ACK, &[]);
        }
        connection
    }

    /// Bytes in one segment.
    pub fn send(&mut self, connection: &mut Connection, side: Side, bytes: &[u8]) {
        self.packet(connection, side, PUSH | ACK, bytes);
    }

    /// Bytes in segments of at most `size`.
    pub fn send_in(&mut self, connection: &mut Connection, side: Side, bytes: &[u8], size: usize) {
        bytes.chunks(size).for_each(|segment| self.send(connection, side, segment));
    }

    /// Writes the file.
    pub fn save(&self, path: &Path) {
        std::fs::write(path, &self.bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    fn packet(&mut self, connection: &mut Connection, side: Side, flags: u8, data: &[u8]) {
        let (own, other) = if side == Side::Client { (0, 1) } else { (1, 0) };
        let hosts = [[10, 0, 0, 1], [10, 0, 0, 2]];
        let ports = [connection.port, BRIDGE];
        let length = u16::try_from(40 + data.len()).expect("a segment that fits a packet");
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(hosts[own]);
        packet.extend(hosts[other]);
        packet.extend(ports[own].to_be_bytes());
        packet.extend(ports[other].to_be_bytes());
        packet.extend(connection.next[own].to_be_bytes());
        packet.extend(if flags & ACK != 0 { connection.next[other] } else { 0 }.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(data);
        connection.next[own] += data.len() as u32 + u32::from(flags & SYN != 0);
        // A packet a millisecond.
        for word in [1_700_000_000 + self.packets / 1000, self.packets % 1000 * 1000] {
            self.bytes.extend(word.to_le_bytes());
        }
        for _ in 0..2 {
            self.bytes.extend((packet.len() as u32).to_le_bytes());
        }
        self.bytes.extend(packet);
        self.packets += 1;
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}
