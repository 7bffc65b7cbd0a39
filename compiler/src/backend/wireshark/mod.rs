//! The Wireshark backend: a dissector in Lua, for Lua 5.2 and later.

use super::{Backend, Capabilities, Output};

mod code;
mod view;

/// Wireshark.
pub const BACKEND: Backend = Backend {
    id: "wireshark",
    description: "a dissector in Lua for Wireshark and tshark (needs nothing else)",
    capabilities: Capabilities { zero_copy: false, codec: false },
    outputs: OUTPUTS,
    // Names are filter names as they are: no contract has one that Wireshark refuses, or two that are the same to it.
    check: |_| Vec::new(),
    view: view::view,
};

const OUTPUTS: &[Output] =
    &[Output { extension: "lua", template: include_str!("../../../templates/wireshark/messages.lua.j2") }];
