//! A contract in two versions, for what compares them.

/// The older one.
pub const OLD: &str = "\
schema: { id: 7, version: 3 }
messages:
  Tick: { tlv_type: 1001, domain: Market, fields: { price: i64, size: { type: u32, unit: lots } } }
  Ping: { tlv_type: 1002, domain: Control, fields: { nonce: u64 } }
";

/// A field more, another unit, a message gone: five findings.
pub const NEW: &str = "\
schema: { id: 7, version: 4 }
messages:
  Tick: { tlv_type: 1001, domain: Market, fields: { price: i64, size: { type: u32, unit: shares }, venue: u32 } }
";
