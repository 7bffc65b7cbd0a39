module Message = Mycelium_wire.Message
module Error = Mycelium_wire.Error
module U64 = Mycelium_wire.U64
module U256 = Mycelium_wire.U256
module Utf8 = Mycelium_wire.Utf8
module Codec = Mycelium_wire.Codec
module Handshake = Handshake
module Core_messages = Core_messages
