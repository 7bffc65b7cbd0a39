//! A contract that is known at run time only: its types for the bus, and its payloads as JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use myc_schema::Checked;
use myc_schema::codes;
use myc_schema::diag::render::{Format, render};
use myc_schema::diag::{Diagnostic, Severity};
use myc_schema::ir::{Message, Schema};
use myc_schema::source::SourceMap;
use myc_schema::value::{self, ValueError, Verifier};
use mycelium_bus::{DynamicCheck, DynamicType, Registry, Rejection, TypeEntry};

use super::exit::Failure;
use super::terminal;

/// A contract without errors.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What it says.
    pub schema: Arc<Schema>,
    /// Messages by type id.
    by_id: BTreeMap<u16, usize>,
}

impl Contract {
    /// A contract that was read.
    pub fn of(schema: Arc<Schema>) -> Self {
        let by_id = schema.messages.iter().enumerate().map(|(index, message)| (message.type_id, index)).collect();
        Self { schema, by_id }
    }

    /// Reads a contract. Errors are shown as the compiler shows them, on stderr; warnings are the compiler's to show.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let mut sources = SourceMap::new();
        let show = |sources: &SourceMap, diagnostics: &[Diagnostic]| {
            terminal::words(&(render(sources, diagnostics, Format::Human { color: terminal::is_colored() }) + "\n"));
        };
        let source = sources.load(path).map_err(|diagnostic| {
            let unread = diagnostic.code.id == codes::E0001.id;
            show(&sources, &[*diagnostic]);
            let words = format!("the contract {} cannot be used", path.display());
            if unread { Failure::io(words) } else { Failure::finding(words) }
        })?;
        let Checked { schema, diagnostics, .. } = myc_schema::check(&sources, source);
        match schema {
            Some(schema) => Ok(Self::of(schema)),
            None => {
                let errors: Vec<_> =
                    diagnostics.into_iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).collect();
                show(&sources, &errors);
                let count = errors.len();
                let errors = if count == 1 { "error" } else { "errors" };
                Err(Failure::finding(format!("the contract {} has {count} {errors}", path.display())))
            }
        }
    }

    /// Every message, for the bus: frames of it are checked by the contract.
    pub fn registry(&self) -> Result<Registry, Failure> {
        let mut registry = Registry::new();
        for (index, message) in self.schema.messages.iter().enumerate() {
            let schema = Arc::clone(&self.schema);
            let verifier = Verifier::new(&schema, message).map_err(|error| Failure::finding(error.to_string()))?;
            let check: DynamicCheck = Arc::new(move |payload| match verifier.accepts(payload) {
                true => Ok(()),
                // Seldom, so it may cost something to say why.
                false => value::decode(&schema, &schema.messages[index], payload).map(drop).map_err(rejection),
            });
            let entry = TypeEntry::dynamic(DynamicType {
                type_id: message.type_id,
                name: &message.name,
                topic: &message.topic,
                size: message.layout.size as usize,
                fingerprint: message.fingerprint,
                redacted: message.redacted,
                check,
            });
            registry.insert(entry).map_err(|error| Failure::finding(error.to_string()))?;
        }
        Ok(registry)
    }

    /// The message with this type id.
    pub fn message(&self, type_id: u16) -> Option<&Message> {
        self.by_id.get(&type_id).and_then(|index| self.schema.messages.get(*index))
    }
}

fn rejection(error: ValueError) -> Rejection {
    Rejection { code: error.code.to_string().into(), path: error.path }
}
