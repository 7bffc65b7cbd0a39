//! Look-ups in enums: by number and by name, each index made when first needed.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::ir::{EnumId, Schema};

/// Indexes over the enums of a schema.
pub(super) struct Enums<'a> {
    schema: &'a Schema,
    indexes: Vec<OnceCell<Index<'a>>>,
}

struct Index<'a> {
    by_number: BTreeMap<u32, &'a str>,
    by_name: BTreeMap<&'a str, u32>,
}

impl<'a> Enums<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema, indexes: schema.enums.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The name of a value, if the enum has that number.
    pub(super) fn name(&self, id: EnumId, number: u32) -> Option<&'a str> {
        self.index(id).by_number.get(&number).copied()
    }

    /// The number of a value, if the enum has that name.
    pub(super) fn number(&self, id: EnumId, name: &str) -> Option<u32> {
        self.index(id).by_name.get(name).copied()
    }

    /// The names of an enum's values, in file order.
    pub(super) fn names(&self, id: EnumId) -> impl Iterator<Item = &'a str> {
        self.schema.enum_(id).values.iter().map(|value| value.name.as_str())
    }

    fn index(&self, id: EnumId) -> &Index<'a> {
        self.indexes[id.0].get_or_init(|| {
            let values = &self.schema.enum_(id).values;
            Index {
                by_number: values.iter().map(|v| (v.value, v.name.as_str())).collect(),
                by_name: values.iter().map(|v| (v.name.as_str(), v.value)).collect(),
            }
        })
    }
}
