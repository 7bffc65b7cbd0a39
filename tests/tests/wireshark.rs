//! The dissector of the Wireshark backend, in a real tshark: every field of every golden payload has its value, what
//! decoders reject is marked with their code and field, and frames are found however they are cut into segments.
//!
//! Long because what tshark prints is read and compared here, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use myc_schema::backend::{Options, wireshark};
use myc_schema::ir::{Field, Scalar, Schema, Type};
use myc_schema::render::render;
use myc_schema::u256;
use myc_schema::value::{self, Value};
use mycelium_tests::contract::{Contract, files, stem};
use mycelium_tests::golden::{self, Golden};
use mycelium_tests::pcap::{Capture, Side};
use mycelium_tests::streams::{self, openings};
use mycelium_tests::toolchain;

/// A field of a dissected packet: what filters call it after the protocol's name, its value, its label, its bytes.
#[derive(Clone, Debug)]
struct Found {
    name: String,
    show: String,
    label: String,
    bytes: String,
}

/// A part of a packet that is the protocol's: a frame or an opening, with all fields below it.
type Part = Vec<Found>;

/// A folder with the dissector of a contract.
struct Dissector {
    folder: tempfile::TempDir,
    protocol: &'static str,
    settings: Vec<String>,
}

impl Dissector {
    fn of(contract: &Contract) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = &contract.render("wireshark")["messages.lua"];
        std::fs::write(folder.path().join("messages.lua"), text).expect("a file");
        Self { folder, protocol: "myc_messages", settings: vec!["ports:7400".to_owned()] }
    }

    fn with(mut self, settings: &[&str]) -> Self {
        self.settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        self
    }

    /// What tshark prints of a capture.
    fn tshark(&self, capture: &Capture, arguments: &[&str]) -> String {
        let file: PathBuf = self.folder.path().join("capture.pcap");
        capture.save(&file);
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(&file);
        tshark.arg("-X").arg(format!("lua_script:{}", self.folder.path().join("messages.lua").display()));
        // Neither names nor anybody's own settings and plugins.
        tshark.args(["-n", "-o", "tcp.desegment_tcp_streams:TRUE"]).env("HOME", self.folder.path());
        tshark.env_remove("XDG_CONFIG_HOME");
        for setting in &self.settings {
            tshark.arg("-o").arg(format!("{}.{setting}", self.protocol));
        }
        tshark.args(arguments).stdin(Stdio::null());
        let output = toolchain::run(tshark);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let bad = stderr.lines().find(|line| line.contains("rror") || line.contains("messages.lua"));
        assert!(output.status.success() && bad.is_none(), "{stderr}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The frames and openings of a capture.
    fn parts(&self, capture: &Capture) -> Vec<Part> {
        let pdml = self.tshark(capture, &["-T", "pdml", "-Y", self.protocol]);
        assert!(!pdml.contains("Lua Error"), "{pdml}");
        // Golden texts have characters that XML does not.
        let is_xml = |c: &char| (!c.is_control() || *c == '\n') && !matches!(c, '\u{fffe}' | '\u{ffff}');
        let pdml: String = pdml.chars().map(|c| if is_xml(&c) { c } else { '\u{fffd}' }).collect();
        let document = roxmltree::Document::parse(&pdml).expect("XML");
        let of_protocol = |node: &roxmltree::Node| node.attribute("name") == Some(self.protocol);
        let mut parts = Vec::new();
        for node in document.descendants().filter(of_protocol) {
            let found = |node: roxmltree::Node| {
                let text = |name| node.attribute(name).unwrap_or_default().to_owned();
                let name = text("name");
                let name = name.strip_prefix(&format!("{}.", self.protocol))?.to_owned();
                Some(Found { name, show: text("show"), label: text("showname"), bytes: text("value") })
            };
            parts.push(node.descendants().skip(1).filter_map(found).collect());
        }
        parts
    }
}

fn frame(type_id: u16, payload: &[u8]) -> Vec<u8> {
    [&type_id.to_le_bytes()[..], &(payload.len() as u32).to_le_bytes(), payload].concat()
}

fn rejected(part: &Part) -> Option<&str> {
    part.iter().find(|found| found.name == "rejected").map(|found| &*found.show)
}

/// What a dissected field has to be.
#[derive(Debug)]
enum Expected {
    /// A subtree.
    Struct,
    Text(String),
    /// An integer, by its digits.
    Digits(String),
    /// An enum's value: name and number.
    Named(String, u32),
    Float(f64, usize),
    Bytes(Vec<u8>),
    Bool(bool),
}

fn expected(
    schema: &Schema,
    prefix: &str,
    owner: &str,
    fields: &[Field],
    value: &Value,
    out: &mut Vec<(String, Expected)>,
) {
    let Value::Fields(values) = value else { panic!("fields") };
    for (field, value) in fields.iter().zip(values) {
        expected_value(schema, prefix, &format!("{prefix}{owner}.{}", field.name), &field.ty, value, out);
    }
}

fn expected_value(
    schema: &Schema,
    prefix: &str,
    name: &str,
    ty: &Type,
    value: &Value,
    out: &mut Vec<(String, Expected)>,
) {
    let one = match (ty, value) {
        (_, Value::Absent) => return,
        (Type::Struct(id), value) => {
            let item = schema.struct_(*id);
            out.push((name.to_owned(), Expected::Struct));
            return expected(schema, prefix, &item.name, &item.fields, value, out);
        }
        (Type::Array { elem, .. } | Type::Vec { elem, .. }, Value::List(values)) => {
            return values.iter().for_each(|value| expected_value(schema, prefix, name, elem, value, out));
        }
        (Type::Enum(id), Value::Enum(number)) => {
            let known = &schema.enum_(*id).values;
            Expected::Named(known.iter().find(|v| v.value == *number).expect("a value").name.clone(), *number)
        }
        (_, Value::Int(value)) => Expected::Digits(value.to_string()),
        (_, Value::U256(bytes)) => Expected::Text(u256::to_decimal(bytes)),
        (Type::Scalar(Scalar::F32), Value::Float(value)) => Expected::Float(*value, 4),
        (_, Value::Float(value)) => Expected::Float(*value, 8),
        (_, Value::Bool(value)) => Expected::Bool(*value),
        (_, Value::String(text)) => Expected::Text(text.clone()),
        // What has no bytes is not there to be shown.
        (_, Value::Bytes(bytes)) if bytes.is_empty() => return,
        (_, Value::Bytes(bytes)) => Expected::Bytes(bytes.clone()),
        other => panic!("{other:?}"),
    };
    out.push((name.to_owned(), one));
}

fn holds(found: &Found, expected: &Expected) -> bool {
    match expected {
        Expected::Struct => true,
        // Wireshark shows control characters as escapes or not at all; their bytes are what they are.
        Expected::Text(text) if text.chars().any(|c| c.is_control() || ('\u{fffd}'..='\u{ffff}').contains(&c)) => {
            found.bytes == mycelium_tests::tokens::hex(text.as_bytes())
        }
        Expected::Text(text) => found.show == *text,
        Expected::Digits(digits) => found.show == *digits,
        Expected::Named(name, number) => {
            found.show == number.to_string() && found.label.contains(&format!("{name} ({number})"))
        }
        Expected::Bool(value) => {
            found.show == if *value { "True" } else { "False" } || found.show == u8::from(*value).to_string()
        }
        Expected::Bytes(bytes) => found.bytes == mycelium_tests::tokens::hex(bytes),
        Expected::Float(value, width) => {
            let (_, digits) = found.label.rsplit_once(" (").expect("the number in parentheses");
            let digits = digits.split(')').next().expect("its end");
            match width {
                _ if value.is_nan() => digits == "NaN",
                4 => {
                    digits.replace("Infinity", "inf").parse::<f32>().expect("a number").to_bits()
                        == (*value as f32).to_bits()
                }
                _ => digits.replace("Infinity", "inf").parse::<f64>().expect("a number").to_bits() == value.to_bits(),
            }
        }
    }
}

fn compare(case: &str, contract: &Contract, prefix: &str, message: &str, payload: &[u8], part: &Part) {
    let message = contract.message(message);
    let decoded = value::decode(&contract.schema, message, payload).expect("an accepted payload");
    let mut wanted = Vec::new();
    expected(&contract.schema, prefix, &message.name, &message.fields, &decoded, &mut wanted);
    let owners: Vec<String> = contract
        .schema
        .structs
        .iter()
        .map(|item| &item.name)
        .chain([&message.name])
        .map(|name| format!("{prefix}{name}."))
        .collect();
    let found: Vec<&Found> =
        part.iter().filter(|found| owners.iter().any(|owner| found.name.starts_with(owner))).collect();
    let names: Vec<&str> = found.iter().map(|found| &*found.name).collect();
    assert_eq!(names, wanted.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), "{case}");
    for (found, (_, expected)) in found.iter().zip(&wanted) {
        assert!(holds(found, expected), "{case}: {expected:?}, found {found:?}");
    }
    assert_eq!(rejected(part), None, "{case}");
}

/// Without this, Wireshark could show another value than the one that was sent.
#[test]
fn every_field_of_the_golden_payloads() {
    let mut fields = 0;
    for Golden { contract, messages, .. } in golden::load() {
        let dissector = Dissector::of(&contract).with(&["ports:7400", "show_redacted:TRUE"]);
        let mut capture = Capture::new();
        let mut connection = capture.connection(40_000, true);
        let mut cases = Vec::new();
        for message in &messages {
            let type_id = contract.message(&message.message).type_id;
            for case in &message.accepted {
                capture.send_in(&mut connection, Side::Bridge, &frame(type_id, &case.bytes), 16_000);
                cases.push((&message.message, case));
            }
        }
        let parts = dissector.parts(&capture);
        assert_eq!(parts.len(), cases.len(), "{}", contract.name);
        for ((message, case), part) in cases.iter().zip(&parts) {
            let name = format!("{}/{message}/{}", contract.name, case.name);
            compare(&name, &contract, "", message, &case.bytes, part);
            fields += part.len();
        }
    }
    assert!(fields > 2000, "{fields}");
}

/// Without this, a frame that every receiver drops could look like any other.
#[test]
fn rejected_payloads_are_marked() {
    let mut marked = 0;
    for Golden { contract, messages, .. } in golden::load() {
        let dissector = Dissector::of(&contract);
        let mut capture = Capture::new();
        let mut connection = capture.connection(40_000, true);
        let mut cases = Vec::new();
        for message in &messages {
            let type_id = contract.message(&message.message).type_id;
            for case in &message.rejected {
                capture.send_in(&mut connection, Side::Bridge, &frame(type_id, &case.bytes), 16_000);
                cases.push((&message.message, case));
            }
        }
        let parts = dissector.parts(&capture);
        assert_eq!(parts.len(), cases.len(), "{}", contract.name);
        for ((message, case), part) in cases.iter().zip(&parts) {
            let at = if case.row.path.is_empty() { String::new() } else { format!(" at {}", case.row.path) };
            assert_eq!(rejected(part), Some(&*format!("{}{at}", case.row.code)), "{message}/{}", case.row.case);
            marked += 1;
        }
        // It is expert information, of the group that filters and the colour rules know.
        let experts = dissector.tshark(
            &capture,
            &[
                "-T",
                "fields",
                "-e",
                "_ws.malformed",
                "-Y",
                "_ws.expert.group == \"Malformed\" && _ws.expert.severity == \"Error\"",
            ],
        );
        assert_eq!(experts.lines().count(), cases.len(), "{}", contract.name);
    }
    assert!(marked > 900, "{marked}");
}

fn reference() -> Contract {
    golden::contracts().into_iter().find(|contract| contract.name == "reference").expect("the reference contract")
}

/// Without this, what is seen could depend on how TCP happened to cut the stream.
#[test]
fn frames_are_found_in_any_segments() {
    let contract = reference();
    let payloads = [(1001, "TextMessage"), (1002, "CounterUpdate"), (1003, "BatchOperation")];
    let stream: Vec<u8> = payloads
        .iter()
        .flat_map(|(type_id, name)| frame(*type_id, &streams::payload(&format!("reference/{name}/typical"))))
        .collect();
    let opening = std::fs::read(golden::folder().join("streams/openings/v2_feed_handler.bin")).expect("a case");
    let sizes = [1, 5, 6, 7, 22, 100, 1460, 60_000];
    let mut capture = Capture::new();
    for (index, size) in sizes.into_iter().enumerate() {
        // The smaller the segments, the fewer frames, or there would be many thousand packets.
        let stream = stream.repeat(if size < 20 { 1 } else { 3 });
        let mut connection = capture.connection(40_000 + index as u16, true);
        capture.send_in(&mut connection, Side::Client, &[&opening[..], &stream].concat(), size);
        capture.send_in(&mut connection, Side::Bridge, &stream, size);
    }
    let mut parts = Dissector::of(&contract).parts(&capture).into_iter();
    for size in sizes {
        let part = parts.next().expect("an opening");
        let version = part.iter().find(|found| found.name == "handshake.version");
        assert_eq!(version.map(|found| &*found.show), Some("2"), "segments of {size}");
        for index in 0..if size < 20 { 6 } else { 18 } {
            let (_, name) = payloads[index % 3];
            let payload = streams::payload(&format!("reference/{name}/typical"));
            compare(&format!("segments of {size}"), &contract, "", name, &payload, &parts.next().expect("a frame"));
        }
    }
    assert!(parts.next().is_none());
}

/// Without this, the list of packets could run names together, or show what every receiver drops as if it were good.
#[test]
fn the_list_of_packets_names_every_frame() {
    let contract = reference();
    let counter = frame(1002, &streams::payload("reference/CounterUpdate/typical"));
    assert_eq!(counter.len(), 22);
    let stream = [counter.repeat(4), frame(1001, &[0; 312]), counter].concat();
    let mut capture = Capture::new();
    let mut connection = capture.connection(40_000, true);
    // The second segment ends the third frame, has the fourth, and begins the fifth, which the ninth ends.
    capture.send_in(&mut connection, Side::Bridge, &stream, 50);
    let dissector = Dissector::of(&contract);
    let column = ["-o", "gui.column.format:\"Info\",\"%i\"", "-Y", dissector.protocol];
    let list = dissector.tshark(&capture, &column);
    let lines: Vec<&str> = list.lines().map(str::trim).filter(|line| line.contains("Update")).collect();
    let expected =
        ["CounterUpdate, CounterUpdate", "CounterUpdate, CounterUpdate", "TextMessage (malformed), CounterUpdate"];
    assert_eq!(lines, expected, "{list}");
}

/// Without this, the first bytes of a client could be taken for a frame, or one that no bridge accepts go unnoticed.
#[test]
fn openings_are_recognised() {
    let contract = reference();
    let core = golden::load().into_iter().find(|golden| golden.contract.name == "core").expect("the core contract");
    let cases: Vec<_> = openings().into_iter().filter(|case| !case.expected().starts_with("incomplete")).collect();
    let mut capture = Capture::new();
    for (index, case) in cases.iter().enumerate() {
        let mut connection = capture.connection(40_000 + index as u16, true);
        capture.send(&mut connection, Side::Client, &case.bytes);
    }
    let dissector = Dissector::of(&contract);
    let parts = dissector.parts(&capture);
    let mut parts = parts.iter().filter(|part| part.iter().any(|found| found.name == "handshake.length"));
    for case in &cases {
        let part = parts.next().unwrap_or_else(|| panic!("{}: no opening was seen", case.name));
        let value = |name: &str| part.iter().find(|found| found.name == name);
        let expected = case.expected();
        match expected.split(' ').collect::<Vec<_>>()[..] {
            ["v1", digest, _] => {
                assert_eq!(value("handshake.version").map(|found| &*found.show), Some("1"), "{}", case.name);
                let found = value("handshake.digest").expect("a digest");
                assert_eq!(found.bytes, digest, "{}", case.name);
                let same = digest.starts_with("5e44fe9b");
                assert_eq!(found.label.contains("(this contract)"), same, "{}", found.label);
            }
            ["v2", hello, _] => {
                assert_eq!(value("handshake.version").map(|found| &*found.show), Some("2"), "{}", case.name);
                let hello = mycelium_tests::tokens::unhex(hello).expect("hex");
                compare(&case.name, &core.contract, "core-", "ClientHello", &hello, part);
            }
            ["length"] => assert_eq!(rejected(part), Some("length"), "{}", case.name),
            ["hello", code, path] => assert_eq!(rejected(part), Some(&*format!("{code} at {path}")), "{}", case.name),
            _ => panic!("{expected}"),
        }
    }
    assert!(parts.next().is_none());
    // Without its port, a connection is recognised by the contract's digest alone, in both directions.
    let mut capture = Capture::new();
    let mut known = capture.connection(40_000, true);
    capture.send(
        &mut known,
        Side::Client,
        &std::fs::read(golden::folder().join("streams/openings/v1_then_bytes.bin")).expect("a case")[..34],
    );
    capture.send(&mut known, Side::Bridge, &frame(1002, &streams::payload("reference/CounterUpdate/typical")));
    let mut unknown = capture.connection(40_001, true);
    capture.send(&mut unknown, Side::Client, &[&[32, 0][..], &[7; 32]].concat());
    let parts = Dissector::of(&contract).with(&[]).parts(&capture);
    assert_eq!(parts.len(), 2);
    compare(
        "by its digest",
        &contract,
        "",
        "CounterUpdate",
        &streams::payload("reference/CounterUpdate/typical"),
        &parts[1],
    );
    // A capture that begins in the middle has no opening, whatever a frame looks like.
    let mut capture = Capture::new();
    let mut connection = capture.connection(40_000, false);
    capture.send(&mut connection, Side::Client, &frame(1002, &streams::payload("reference/CounterUpdate/typical")));
    let parts = Dissector::of(&contract).parts(&capture);
    assert_eq!(parts.len(), 1);
    compare(
        "from the middle",
        &contract,
        "",
        "CounterUpdate",
        &streams::payload("reference/CounterUpdate/typical"),
        &parts[0],
    );
}

/// Without this, the framework's frames would be unknown, and headers that end a connection look like waiting.
#[test]
fn streams_and_malformed_headers() {
    let contract = reference();
    let core =
        golden::load().into_iter().find(|golden| golden.contract.name == "core").expect("the core contract").contract;
    let cases: Vec<_> =
        streams::streams().into_iter().filter(|case| case.row.limit.is_none() && !case.bytes.is_empty()).collect();
    let mut capture = Capture::new();
    for (index, case) in cases.iter().enumerate() {
        let mut connection = capture.connection(40_000 + index as u16, true);
        capture.send(&mut connection, Side::Bridge, &case.bytes);
    }
    let mut parts = Dissector::of(&contract).parts(&capture).into_iter();
    let mut tested = 0;
    for case in &cases {
        for row in &case.row.frames {
            let part = parts.next().unwrap_or_else(|| panic!("{}: a frame was not seen", case.name));
            let Some(path) = &row.payload else { continue };
            let (contract, prefix) = if row.type_id < 100 { (&core, "core-") } else { (&contract, "") };
            let name = path.split('/').nth(1).expect("a message");
            compare(&case.name, contract, prefix, name, &streams::payload(path), &part);
            tested += 1;
        }
        let expected = case.expected();
        if let Some((_, field)) = expected.split_once("malformed ") {
            let part = parts.next().unwrap_or_else(|| panic!("{}: nothing malformed was seen", case.name));
            assert_eq!(rejected(&part), field.split(' ').next(), "{}", case.name);
        }
    }
    assert!(tested > 30 && parts.next().is_none(), "{tested}");
}

/// Without this, what a contract keeps out of logs could be in everybody's packet list.
#[test]
fn redacted_payloads_are_checked_and_not_shown() {
    let golden =
        golden::load().into_iter().find(|golden| golden.contract.name == "trading").expect("the trading contract");
    let mut capture = Capture::new();
    let mut connection = capture.connection(40_000, true);
    let mut bytes = streams::payload("trading/NewOrder/typical");
    capture.send(&mut connection, Side::Bridge, &frame(1100, &bytes));
    bytes[18] = 1;
    capture.send(&mut connection, Side::Bridge, &frame(1100, &bytes));
    let parts = Dissector::of(&golden.contract).parts(&capture);
    let names = |part: &Part| part.iter().map(|found| found.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&parts[0]), ["type_id", "length"]);
    assert_eq!(rejected(&parts[1]), Some("padding at symbol"));
    assert!(!names(&parts[1]).iter().any(|name| name.contains("NewOrder")));
}

/// Without this, a word of a contract could be one that Lua or Wireshark takes for something else.
#[test]
fn every_contract_of_the_corpus_loads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tshark = Command::new("tshark");
    tshark.args(["-G", "fields"]);
    let mut names = Vec::new();
    for path in files(&toolchain::root().join("tests/schemas/valid"), ".yaml") {
        let name = stem(&path, ".yaml");
        let contract = Contract::read(&name, &path);
        let options = Options { name: name.clone(), source_name: format!("{name}.yaml") };
        let rendered = render(&contract.schema, &wireshark::BACKEND, &options).expect("Lua");
        let file = folder.path().join(format!("{name}.lua"));
        std::fs::write(&file, &rendered[&format!("{name}.lua")]).expect("a file");
        tshark.arg("-X").arg(format!("lua_script:{}", file.display()));
        names.push((name, contract));
    }
    tshark.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
    let output = toolchain::run(tshark);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains(".lua"), "{stderr}");
    let known = String::from_utf8_lossy(&output.stdout);
    let known: BTreeSet<&str> = known.lines().filter_map(|line| line.split('\t').nth(2)).collect();
    assert!(names.len() > 30, "{}", names.len());
    for (name, contract) in names {
        let structs = contract.schema.structs.iter().map(|item| (&item.name, &item.fields));
        let messages = contract.schema.messages.iter().map(|item| (&item.name, &item.fields));
        for (owner, fields) in structs.chain(messages) {
            for field in fields {
                let filter = format!("myc_{name}.{owner}.{}", field.name);
                assert!(known.contains(&*filter), "{filter}\n{stderr}");
            }
        }
    }
}

/// Without this, a list could be cut short for good, or thousands of elements make the packet unreadable.
#[test]
fn long_lists_are_checked_to_their_end() {
    let text = "messages:\n  Long:\n    tlv_type: 1000\n    domain: D\n    fields:\n      flags: \"[bool; 3000]\"\n      odd: { type: u8, validation: [{ one_of: [1, 3] }] }\n";
    let contract = Contract::new("long", text.to_owned());
    let mut payload = vec![1; 3001];
    let mut capture = Capture::new();
    let mut connection = capture.connection(40_000, true);
    capture.send(&mut connection, Side::Bridge, &frame(1000, &payload));
    payload[2999] = 2;
    capture.send(&mut connection, Side::Bridge, &frame(1000, &payload));
    let parts = Dissector::of(&contract).parts(&capture);
    let counts = |part: &Part| {
        let mut counts = BTreeMap::new();
        part.iter().for_each(|found| *counts.entry(found.name.clone()).or_insert(0) += 1);
        counts
    };
    assert_eq!(counts(&parts[0]).get("Long.flags"), Some(&1000));
    assert_eq!((rejected(&parts[0]), rejected(&parts[1])), (None, Some("bool at flags[2999]")));
    let all = Dissector::of(&contract).with(&["ports:7400", "elements:5000"]).parts(&capture);
    assert_eq!(counts(&all[0]).get("Long.flags"), Some(&3000));
}
