//! The values that are measured, in no format's own types.

/// A TextMessage.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// At most 32 bytes, not empty.
    pub sender: String,
    /// At most 256 bytes, not empty.
    pub content: String,
    /// Seconds.
    pub timestamp: u64,
}

/// A CounterUpdate.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Which counter.
    pub counter_id: u64,
    /// Its value.
    pub value: i32,
    /// The change.
    pub delta: i32,
}

/// A BatchOperation.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which operation.
    pub operation_id: u64,
    /// One to ten items.
    pub items: Vec<[u8; 20]>,
    /// How many in all.
    pub total_count: u32,
}

/// A NewOrder.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Not all zero.
    pub client_order_id: [u8; 16],
    /// At most 12 bytes.
    pub symbol: String,
    /// 1 buys, 2 sells.
    pub side: u8,
    /// Mantissa, and exponent in -18..=18.
    pub limit: Option<(i64, i8)>,
    /// 1 to 1,000,000,000.
    pub quantity: u64,
    /// At most three.
    pub tags: Vec<[u8; 3]>,
    /// A 256-bit little-endian integer.
    pub notional_wei: Option<[u8; 32]>,
}

/// Texts by name: what a string costs depends on its length and script.
pub fn texts() -> Vec<(&'static str, Text)> {
    let text = |sender: &str, content: String| Text { sender: sender.to_owned(), content, timestamp: 1_700_000_000 };
    let prose = "Bids are thin above 101.25; the desk waits for the auction before it moves the rest of the order. ";
    let greek = "Οι προσφορές είναι λίγες πάνω από 101,25· περιμένουμε. ";
    vec![
        ("typical", text("desk-london", prose.to_owned())),
        ("short", text("me", "ok, done".to_owned())),
        ("full", text(&"s".repeat(32), prose.repeat(3)[..256].to_owned())),
        ("greek", text("γραφείο", greek.to_owned())),
    ]
}

/// The measured CounterUpdate.
pub fn counter() -> Counter {
    Counter { counter_id: 0x0123_4567_89ab_cdef, value: -40_000, delta: 17 }
}

/// The measured BatchOperation: four of ten items.
pub fn batch() -> Batch {
    let items = (1..=4_u8).map(|item| std::array::from_fn(|byte| item.wrapping_mul(byte as u8 + 1))).collect();
    Batch { operation_id: 77, items, total_count: 4 }
}

/// The measured NewOrder: a limit order with two tags.
pub fn order() -> Order {
    Order {
        client_order_id: std::array::from_fn(|byte| byte as u8 + 1),
        symbol: "BTC-USD".to_owned(),
        side: 1,
        limit: Some((6_512_345, -2)),
        quantity: 250,
        tags: vec![*b"ALG", *b"TWP"],
        notional_wei: Some(std::array::from_fn(|byte| if byte < 12 { byte as u8 } else { 0 })),
    }
}
