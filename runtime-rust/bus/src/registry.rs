//! The message types that a bus or an endpoint knows, and how frames of each are checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mycelium_wire::frame::FIRST_USER_TYPE_ID;
use mycelium_wire::shared::BadFrame;
use mycelium_wire::{DecodeError, Message, MessageSet, MessageVisitor};

use crate::Run;
use crate::error::BusError;

/// Why a payload is not a message of its type: the same words in every language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at `{path}`")]
pub struct Rejection {
    /// What is wrong, such as `utf8` or `rule:min`.
    pub code: Cow<'static, str>,
    /// The field it is wrong in, such as `bids[3].price`; empty for the whole payload.
    pub path: String,
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Self { code: error.code().to_string().into(), path: error.path().to_owned() }
    }
}

/// How payloads of a type that was not compiled into this program are checked.
pub type DynamicCheck = Arc<dyn Fn(&[u8]) -> Result<(), Rejection> + Send + Sync>;

/// One message type.
#[derive(Clone)]
pub struct TypeEntry {
    type_id: u16,
    name: Arc<str>,
    topic: Arc<str>,
    size: usize,
    fingerprint: [u8; 8],
    redacted: bool,
    check: Check,
}

#[derive(Clone)]
enum Check {
    Compiled(fn(&mut Run) -> Result<(), BadFrame>),
    Dynamic(DynamicCheck),
}

/// What is known of a type that was not compiled into this program.
pub struct DynamicType<'a> {
    /// The type id, 100 or more.
    pub type_id: u16,
    /// The name in the contract.
    pub name: &'a str,
    /// The topic it is routed by.
    pub topic: &'a str,
    /// The size of every payload, in bytes.
    pub size: usize,
    /// The first eight bytes of SHA-256 over the message's canonical text.
    pub fingerprint: [u8; 8],
    /// Whether the contract keeps the payload out of logs.
    pub redacted: bool,
    /// Accepts or refuses a payload.
    pub check: DynamicCheck,
}

impl TypeEntry {
    /// The entry of a compiled type.
    pub fn of<M: Message>() -> Self {
        Self {
            type_id: M::TYPE_ID,
            name: M::NAME.into(),
            topic: M::TOPIC.into(),
            size: M::SIZE,
            fingerprint: M::FINGERPRINT,
            redacted: M::REDACTED,
            check: Check::Compiled(Run::check::<M>),
        }
    }

    /// The entry of a type that is known at run time only.
    pub fn dynamic(known: DynamicType<'_>) -> Self {
        Self {
            type_id: known.type_id,
            name: known.name.into(),
            topic: known.topic.into(),
            size: known.size,
            fingerprint: known.fingerprint,
            redacted: known.redacted,
            check: Check::Dynamic(known.check),
        }
    }

    /// The type id.
    pub fn type_id(&self) -> u16 {
        self.type_id
    }

    /// The name in the contract.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The topic it is routed by.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The size of every payload, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The first eight bytes of SHA-256 over the message's canonical text.
    pub fn fingerprint(&self) -> [u8; 8] {
        self.fingerprint
    }

    /// Whether the contract keeps the payload out of logs.
    pub fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// Whether the type was compiled into this program.
    pub fn is_compiled(&self) -> bool {
        matches!(self.check, Check::Compiled(_))
    }

    /// Checks every frame of a run, which has to be of this type id. An error has the index of the first bad one.
    pub fn check(&self, mut run: Run) -> Result<Run, (usize, Rejection)> {
        self.check_in_place(&mut run)?;
        Ok(run)
    }

    /// [`TypeEntry::check`] that leaves the run to the caller in any case.
    #[inline]
    pub(crate) fn check_in_place(&self, run: &mut Run) -> Result<(), (usize, Rejection)> {
        match &self.check {
            Check::Compiled(check) => check(run).map_err(|bad| (bad.index, bad.error.into())),
            Check::Dynamic(check) => {
                for (index, payload) in run.payloads().enumerate() {
                    check(payload).map_err(|rejection| (index, rejection))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for TypeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeEntry")
            .field("type_id", &self.type_id)
            .field("name", &self.name)
            .field("topic", &self.topic)
            .field("size", &self.size)
            .field("fingerprint", &self.fingerprint)
            .field("redacted", &self.redacted)
            .field("compiled", &self.is_compiled())
            .finish()
    }
}

/// Message types by id.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: BTreeMap<u16, Arc<TypeEntry>>,
}

impl Registry {
    /// A registry of no types.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one compiled type.
    pub fn with<M: Message>(mut self) -> Result<Self, BusError> {
        self.insert(TypeEntry::of::<M>())?;
        Ok(self)
    }

    /// Adds all types of a contract: `Registry::new().with_messages::<AnyMessage>()?`.
    pub fn with_messages<S: MessageSet>(self) -> Result<Self, BusError> {
        struct Adding(Result<Registry, BusError>);

        impl MessageVisitor for Adding {
            fn visit<M: Message>(&mut self) {
                if let Ok(registry) = &mut self.0
                    && let Err(error) = registry.insert(TypeEntry::of::<M>())
                {
                    self.0 = Err(error);
                }
            }
        }

        let mut adding = Adding(Ok(self));
        S::visit(&mut adding);
        adding.0
    }

    /// Adds a type. One that is there with the same fingerprint stays, unless it is dynamic and the new one compiled.
    /// Says whether the registry was changed.
    pub fn insert(&mut self, entry: impl Into<Arc<TypeEntry>>) -> Result<bool, BusError> {
        let entry = entry.into();
        if entry.type_id < FIRST_USER_TYPE_ID {
            return Err(BusError::CoreType { type_id: entry.type_id, name: entry.name.clone() });
        }
        match self.entries.get(&entry.type_id) {
            Some(known) if known.fingerprint != entry.fingerprint => Err(BusError::TypeConflict {
                type_id: entry.type_id,
                name: entry.name.clone(),
                known: known.name.clone(),
                fingerprint: entry.fingerprint,
                known_fingerprint: known.fingerprint,
            }),
            Some(known) if known.is_compiled() || !entry.is_compiled() => Ok(false),
            _ => {
                self.entries.insert(entry.type_id, entry);
                Ok(true)
            }
        }
    }

    /// The type with this id.
    pub fn get(&self, type_id: u16) -> Option<&Arc<TypeEntry>> {
        self.entries.get(&type_id)
    }

    /// The types in ascending type id.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Arc<TypeEntry>> {
        self.entries.values()
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
