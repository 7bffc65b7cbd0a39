//! The framework's own contract: the messages with ids 1 to 99, which are on every connection.

use std::sync::{Arc, OnceLock};

use crate::ir::Schema;
use crate::source::SourceMap;

/// The text of the core contract.
pub const TEXT: &str = include_str!("../core.yaml");

/// What it means. A test holds that there is no error in it; without a meaning core messages would be unknown.
pub fn schema() -> Option<&'static Arc<Schema>> {
    static SCHEMA: OnceLock<Option<Arc<Schema>>> = OnceLock::new();
    let read = || {
        let mut sources = SourceMap::new();
        let source = sources.add("core.yaml", TEXT);
        crate::check(&sources, source).schema
    };
    SCHEMA.get_or_init(read).as_ref()
}

#[cfg(test)]
mod tests {
    /// Without this, a mistake in the core contract would make its messages unknown, without a word.
    #[test]
    fn it_has_a_meaning() {
        let schema = super::schema().expect("no errors");
        assert!(schema.core && schema.message("ClientHello").is_some());
    }
}
