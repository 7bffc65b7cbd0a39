//! The bytes in `golden/`, held against every implementation. They were made by an encoder that is
//! no part of the project, from the wire format's description alone.

use std::collections::BTreeSet;

use myc_schema::digest;
use myc_schema::value::{self, JsonStyle};
use mycelium_tests::contract::{Contract, read};
use mycelium_tests::driver::{self, Driver, Exchange};
use mycelium_tests::golden::{self, Golden};
use mycelium_tests::tokens::hex;

/// Runs `check` on every contract, message and case; panics with all that it returns.
fn every(check: impl Fn(&Golden, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for golden in golden::load() {
        check(&golden, &mut wrong);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A digest that changes without the contract cuts every deployed client off.
#[test]
fn canonical_texts_digests_and_fingerprints_stay() {
    every(|golden, wrong| {
        let schema = &golden.contract.schema;
        let name = &golden.contract.name;
        if digest::canonical_text(schema) != read(&golden.folder.join("canonical.txt")) {
            wrong.push(format!("{name}: the canonical text is\n{}", digest::canonical_text(schema)));
        }
        let digests = golden.digests();
        if hex(&schema.digest) != digests.schema {
            wrong.push(format!("{name}: the digest is {}", hex(&schema.digest)));
        }
        assert_eq!(digests.fingerprints.len(), schema.messages.len(), "{name}");
        for message in &schema.messages {
            if digests.fingerprints[&message.name] != hex(&message.fingerprint) {
                wrong.push(format!("{name}/{}: the fingerprint is {}", message.name, hex(&message.fingerprint)));
            }
        }
    });
}

/// Without it a rejected case might not be what its row says.
#[test]
fn rejected_bytes_are_what_their_rows_say() {
    every(|golden, wrong| {
        for cases in &golden.messages {
            for case in &cases.rejected {
                if cases.described(&case.row) != case.bytes {
                    wrong.push(format!("{}/{}/{}", golden.contract.name, cases.message, case.row.case));
                }
            }
        }
    });
}

/// A check that no rejected case is about could vanish from every implementation.
#[test]
fn every_code_and_rule_rejects_something() {
    let contracts = golden::load();
    let cases = contracts.iter().flat_map(|golden| &golden.messages).flat_map(|cases| &cases.rejected);
    let codes: BTreeSet<&str> = cases.map(|case| case.row.code.as_str()).collect();
    let known = "bool count enum length nan padding presence rule:ascii rule:max rule:min rule:min_length \
                 rule:not_empty rule:not_prefix rule:not_zero rule:one_of utf8";
    assert_eq!(codes.into_iter().collect::<Vec<_>>().join(" "), known);
}

#[test]
fn the_dynamic_codec_accepts_and_writes_golden_bytes() {
    every(|golden, wrong| {
        let schema = &golden.contract.schema;
        for cases in &golden.messages {
            let message = golden.contract.message(&cases.message);
            for case in &cases.accepted {
                let at = format!("{}/{}/{}", golden.contract.name, cases.message, case.name);
                let decoded = match value::decode(schema, message, &case.bytes) {
                    Ok(decoded) => decoded,
                    Err(error) => {
                        wrong.push(format!("{at}: {error}"));
                        continue;
                    }
                };
                if value::encode(schema, message, &decoded).as_ref() != Ok(&case.bytes) {
                    wrong.push(format!("{at}: decoded and encoded again it is other bytes"));
                }
                let json = value::to_json(schema, message, &decoded, JsonStyle::Pretty).expect("a decoded value");
                if parsed(&json) != parsed(&case.json) {
                    wrong.push(format!("{at}: as JSON it is\n{json}"));
                }
                // JSON has one NaN.
                if !case.name.contains("f64_nan_bits") {
                    let payload = value::json_to_payload(schema, message, &case.json);
                    if payload.as_ref() != Ok(&case.bytes) {
                        wrong.push(format!("{at}: the JSON encodes to {payload:02x?}"));
                    }
                }
            }
        }
    });
}

#[test]
fn the_dynamic_codec_rejects_golden_bytes() {
    every(|golden, wrong| {
        for cases in &golden.messages {
            let message = golden.contract.message(&cases.message);
            for case in &cases.rejected {
                let verdict = value::decode(&golden.contract.schema, message, &case.bytes)
                    .map_or_else(|error| format!("{} {}", error.code, error.path), |value| format!("{value:?}"));
                if verdict != format!("{} {}", case.row.code, case.row.path) {
                    wrong.push(format!("{}/{}/{}: {verdict}", golden.contract.name, cases.message, case.row.case));
                }
            }
        }
    });
}

/// Generated code of every golden contract, in both directions: bytes to values through getters, views and the enum
/// over all messages, and values that were never bytes to payloads through constructors.
fn holds_golden_bytes(driver: &Driver) {
    every(|golden, wrong| {
        let Contract { name, schema, .. } = &golden.contract;
        let mut exchanges = Vec::new();
        for cases in &golden.messages {
            let message = golden.contract.message(&cases.message);
            for case in &cases.accepted {
                let what = format!("{name}/{}/{}", cases.message, case.name);
                exchanges.push(Exchange::decode(&what, name, schema, message, &case.bytes));
                let value = match case.name.contains("f64_nan_bits") {
                    true => value::decode(schema, message, &case.bytes),
                    false => value::from_json(schema, message, &case.json),
                };
                let value = value.expect("a golden value");
                let reply = format!("ok x{}", hex(&case.bytes));
                exchanges.push(Exchange { reply, ..Exchange::construct(&what, name, schema, message, &value) });
            }
            for case in &cases.rejected {
                let what = format!("{name}/{}/rejected/{}", cases.message, case.row.case);
                let reply = driver::rejection(&case.row.code, &case.row.path);
                exchanges.push(Exchange { reply, ..Exchange::decode(&what, name, schema, message, &case.bytes) });
            }
        }
        wrong.extend(driver.check(&exchanges));
    });
}

#[test]
fn generated_ocaml_holds_golden_bytes() {
    holds_golden_bytes(golden::ocaml());
}

#[test]
fn generated_rust_holds_golden_bytes() {
    holds_golden_bytes(golden::rust());
}

fn parsed(json: &str) -> serde_json::Value {
    serde_json::from_str(json).expect("JSON")
}
