//! What was last resolved of a text, and how far it can be relied on for the text as it is now.

use std::ops::Range;
use std::sync::Arc;

use myc_schema::ir::Schema;

use super::analysis::Analysis;

/// A schema, and the text it is of.
#[derive(Debug)]
pub struct Known {
    pub schema: Arc<Schema>,
    serial: u64,
    unread: Option<Range<usize>>,
}

impl Known {
    /// What an analysis resolved, if anything.
    pub fn of(analysis: &Analysis) -> Option<Self> {
        let Analysis { schema, serial, unread, .. } = analysis;
        Some(Self { schema: schema.clone()?, serial: *serial, unread: unread.clone() })
    }

    /// Whether it is of this text, so that its places are those of the text.
    pub fn is_of(&self, serial: u64) -> bool {
        self.serial == serial
    }

    /// Why what it says about a place in a text may be different by now.
    pub fn doubt(&self, serial: u64, at: usize) -> Option<&'static str> {
        match &self.unread {
            _ if !self.is_of(serial) => Some("As of before the last edits."),
            Some(unread) if unread.contains(&at) => Some("Without what cannot be read yet."),
            _ => None,
        }
    }
}
