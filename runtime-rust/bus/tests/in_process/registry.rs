//! The types that a bus knows.

use std::sync::Arc;

use mycelium_bus::{BusError, DynamicType, MessageBus, Registry, Rejection, TypeEntry};
use mycelium_wire::Message;
use mycelium_wire::core_messages::Ping;

use crate::fixtures::run_of_updates;
use crate::messages::{AnyMessage, CounterUpdate, Secret, TextMessage};

fn dynamic(type_id: u16, name: &str, fingerprint: [u8; 8]) -> TypeEntry {
    TypeEntry::dynamic(DynamicType {
        type_id,
        name,
        topic: "examples",
        size: 16,
        fingerprint,
        redacted: false,
        check: Arc::new(|payload| match payload {
            [0, ..] => Err(Rejection { code: "rule:min".into(), path: "counter_id".into() }),
            _ => Ok(()),
        }),
    })
}

#[test]
fn all_messages_of_a_contract_are_entries() {
    let registry = Registry::new().with_messages::<AnyMessage>().unwrap();
    assert_eq!((registry.len(), registry.is_empty()), (AnyMessage::MESSAGES.len(), false));
    for (entry, info) in registry.entries().zip(AnyMessage::MESSAGES) {
        assert_eq!((entry.type_id(), &**entry.name(), &**entry.topic()), (info.type_id, info.name, info.topic));
        assert_eq!((entry.size(), entry.fingerprint()), (info.size, info.fingerprint));
        assert_eq!(entry.is_redacted(), info.redacted);
        assert!(entry.is_compiled());
    }
    let secret = registry.get(Secret::TYPE_ID).unwrap();
    assert!(secret.is_redacted() && Secret::REDACTED && !TextMessage::REDACTED);
    assert!(registry.get(1).is_none());
}

// Two types with one id would be read as each other.
#[test]
fn conflicts_are_errors_that_name_both() {
    let bus = MessageBus::new();
    bus.publisher::<CounterUpdate>().unwrap();
    let other = dynamic(CounterUpdate::TYPE_ID, "Other", [7; 8]);
    let error = bus.register(other.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Other and CounterUpdate both have type id 1002 and differ (fingerprints 0707070707070707 and {}): messages \
             on one bus come from one contract, or from contracts whose `tag_ranges` do not overlap",
            CounterUpdate::FINGERPRINT.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        )
    );
    // All or none.
    let mut registry = Registry::new().with::<TextMessage>().unwrap();
    registry.insert(other).unwrap();
    assert!(matches!(bus.register_all(&registry), Err(BusError::TypeConflict { .. })));
    assert_eq!(bus.registry().len(), 1);
    bus.register_all(&Registry::new().with_messages::<AnyMessage>().unwrap()).unwrap();
    assert_eq!(bus.registry().len(), AnyMessage::MESSAGES.len());
}

#[test]
fn the_frameworks_own_messages_are_not_for_a_bus() {
    let bus = MessageBus::new();
    let error = bus.publisher::<Ping>().unwrap_err();
    assert_eq!(error, BusError::CoreType { type_id: 5, name: "Ping".into() });
    assert!(error.to_string().contains("give the message an id of 100 or more"));
    assert!(bus.subscriber::<Ping>().is_err());
    assert!(Registry::new().with::<Ping>().is_err());
}

// A bridge may know a contract at run time before the program's own type comes: the compiled check takes over.
#[test]
fn a_compiled_type_replaces_a_dynamic_one_and_not_the_other_way_round() {
    let mut registry = Registry::new();
    let entry = dynamic(CounterUpdate::TYPE_ID, "CounterUpdate", CounterUpdate::FINGERPRINT);
    assert!(registry.insert(entry.clone()).unwrap());
    assert!(!registry.insert(entry.clone()).unwrap());
    assert!(!registry.get(1002).unwrap().is_compiled());
    assert!(registry.insert(TypeEntry::of::<CounterUpdate>()).unwrap());
    assert!(!registry.insert(entry).unwrap());
    assert!(registry.get(1002).unwrap().is_compiled());
}

#[test]
fn dynamic_checks_say_which_frame_is_bad() {
    let entry = dynamic(1002, "CounterUpdate", [0; 8]);
    let run = entry.check(run_of_updates(0..3)).unwrap();
    assert_eq!((run.count(), run.kind()), (3, None));
    let mut bytes = run_of_updates(0..3).as_bytes().to_vec();
    bytes[2 * 22 + 6] = 0;
    let (index, rejection) = entry.check(mycelium_bus::Run::unchecked(bytes.into()).unwrap()).unwrap_err();
    assert_eq!((index, rejection.to_string()), (2, "rule:min at `counter_id`".into()));
}
