//! Every implementation says the same about everything: generated code of each language and the dynamic codec, on the
//! corpus, with values and bytes that chance made. Another seed: MYCELIUM_TEST_SEED.

use myc_schema::ir::{Message, Schema};
use myc_schema::value;
use mycelium_tests::contract::Contract;
use mycelium_tests::corpus;
use mycelium_tests::driver::Exchange;
use mycelium_tests::random::Random;
use mycelium_tests::values::Width;
use mycelium_tests::{mutate, values};

/// The bytes that one test may send, as a bound on its time.
const BYTES: usize = 4_000_000;

/// One message of the corpus.
struct Subject<'a> {
    contract: &'a Contract,
    schema: &'a Schema,
    without_rules: &'a Schema,
    message: &'a Message,
}

/// What to ask about each message of the corpus, `rounds` times, less often of large ones.
fn exchanges(rounds: usize, mut ask: impl FnMut(&Subject) -> Exchange) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    for contract in corpus::contracts() {
        let schema = &*contract.schema;
        let without_rules = &values::without_rules(schema);
        for message in &schema.messages {
            let subject = Subject { contract, schema, without_rules, message };
            let affordable = BYTES / corpus::contracts().len() / (message.layout.size as usize + 1);
            exchanges.extend((0..rounds.min(affordable.max(1))).map(|_| ask(&subject)));
        }
    }
    exchanges
}

fn agree(exchanges: &[Exchange]) {
    let wrong: Vec<String> = corpus::drivers().iter().flat_map(|driver| driver.check(exchanges)).collect();
    let first: Vec<String> = wrong.iter().take(20).map(|line| line.chars().take(2000).collect()).collect();
    assert!(wrong.is_empty(), "{} of {} differ, the first:\n{}", wrong.len(), exchanges.len(), first.join("\n"));
}

#[test]
fn on_valid_payloads() {
    let mut random = Random::for_test("on_valid_payloads", 6);
    agree(&exchanges(8, |Subject { contract, schema, message, .. }| {
        let value = values::valid(&mut random, schema, message);
        let payload = value::encode(schema, message, &value).expect("a valid value");
        Exchange::decode("valid payload", &contract.name, schema, message, &payload)
    }));
}

#[test]
fn on_damaged_payloads() {
    let mut random = Random::for_test("on_damaged_payloads", 7);
    agree(&exchanges(40, |Subject { contract, schema, without_rules, message }| {
        let payload = values::disturbed_payload(&mut random, schema, without_rules, message);
        let payload = if random.one_in(3) { payload } else { mutate::mutated(&mut random, &payload) };
        Exchange::decode("damaged payload", &contract.name, schema, message, &payload)
    }));
}

#[test]
fn on_random_bytes() {
    let mut random = Random::for_test("on_random_bytes", 8);
    agree(&exchanges(10, |Subject { contract, schema, message, .. }| {
        let payload = random.bytes(message.layout.size as usize);
        Exchange::decode("random bytes", &contract.name, schema, message, &payload)
    }));
}

#[test]
fn on_values_that_were_never_bytes() {
    let mut random = Random::for_test("on_values_that_were_never_bytes", 9);
    agree(&exchanges(20, |Subject { contract, schema, message, .. }| {
        let mut value = values::valid(&mut random, schema, message);
        if random.one_in(2) {
            values::disturb(&mut random, schema, &message.fields, &mut value, Width::Typed);
        }
        Exchange::construct("value", &contract.name, schema, message, &value)
    }));
}

/// OCaml's integers are wider than the wire's, its floats are f64, its arrays of any length.
#[test]
fn on_values_that_only_ocaml_can_be_asked_for() {
    let mut random = Random::for_test("on_values_that_only_ocaml_can_be_asked_for", 10);
    let exchanges = exchanges(20, |Subject { contract, schema, message, .. }| {
        let mut value = values::valid(&mut random, schema, message);
        values::disturb(&mut random, schema, &message.fields, &mut value, Width::Wide);
        Exchange::construct("wide value", &contract.name, schema, message, &value)
    });
    let wrong = corpus::ocaml().check(&exchanges);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), exchanges.len(), wrong.join("\n"));
    let out_of_range = exchanges.iter().filter(|exchange| exchange.reply.starts_with("err range")).count();
    assert!(out_of_range > 100, "only {out_of_range} were out of range");
}

/// Without it a codec that rejects everything, or accepts everything, would agree with itself.
#[test]
fn the_questions_are_not_all_alike() {
    let mut random = Random::for_test("the_questions_are_not_all_alike", 7);
    let exchanges = exchanges(10, |Subject { contract, schema, without_rules, message }| {
        let payload = values::disturbed_payload(&mut random, schema, without_rules, message);
        let payload = mutate::mutated(&mut random, &payload);
        Exchange::decode("damaged payload", &contract.name, schema, message, &payload)
    });
    let accepted = exchanges.iter().filter(|exchange| exchange.reply.starts_with("ok")).count();
    let rate = accepted as f64 / exchanges.len() as f64;
    assert!((0.1..0.9).contains(&rate), "{accepted} of {} are accepted", exchanges.len());
}
