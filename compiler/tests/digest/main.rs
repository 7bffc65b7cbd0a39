//! Canonical text, schema digest and fingerprints.

mod canonical;
mod edits;

use std::path::Path;
use std::sync::Arc;

use myc_schema::ir::Schema;
use myc_schema::source::SourceMap;
use myc_schema::{check, digest};

fn schema(text: &str) -> Arc<Schema> {
    let mut sources = SourceMap::new();
    let id = sources.add("contracts.yaml", text);
    let checked = check(&sources, id);
    checked.schema.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics))
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const REFERENCE: &str = "mycelium canonical-v1
schema 1297695557 1 1
message 1001 TextMessage examples 312 8
field 0 sender string(32) required not_empty=true
field 40 content string(256) required not_empty=true
field 304 timestamp u64 required
message 1002 CounterUpdate examples 16 8
field 0 counter_id u64 required
field 8 value i32 required
field 12 delta i32 required
message 1003 BatchOperation examples 224 8
field 0 operation_id u64 required
field 8 items vec(array(u8,20),10) required min_length=1
field 216 total_count u32 required
";

/// Without it deployed peers could find that their digests no longer match.
#[test]
fn reference_digest_and_fingerprints() {
    let schema = schema(&file("contracts.yaml"));
    assert_eq!(digest::canonical_text(&schema), REFERENCE);
    assert_eq!(hex(&schema.digest), "5e44fe9b7eb56643368234fcc3383244e398a22044e255e803889262415528a2");
    assert_eq!(digest::of_text(REFERENCE), schema.digest);
    let fingerprints: Vec<_> = schema.messages.iter().map(|m| (m.name.as_str(), hex(&m.fingerprint))).collect();
    assert_eq!(
        fingerprints,
        [
            ("TextMessage", "8a482d2d48c962d0".to_owned()),
            ("CounterUpdate", "644507ed29350875".to_owned()),
            ("BatchOperation", "7d3b8ec266b07a36".to_owned()),
        ]
    );
    for message in &schema.messages {
        assert_eq!(digest::fingerprint(&schema, message), message.fingerprint);
    }
}
