(** Typed messages between services in OCaml and Rust.

    Messages are declared in a [contracts.yaml], and [myc-schema compile --lang
    ocaml] turns that into modules whose values have exactly the bytes that Rust
    reads and writes. This library has what goes around those: frames, the
    handshake, and the framework's own messages. It does no I/O and needs the
    standard library alone.

    Generated code needs only the part called [mycelium.wire]. *)

(** {1 Messages} *)

module Message = Mycelium_wire.Message
module Error = Mycelium_wire.Error
module U64 = Mycelium_wire.U64
module U256 = Mycelium_wire.U256
module Utf8 = Mycelium_wire.Utf8

(** {1 Connections} *)

module Codec = Mycelium_wire.Codec
module Handshake = Handshake
module Core_messages = Core_messages
module Connection = Connection
module Inbox = Inbox
module Outbox = Outbox
module Differences = Differences
module Summary = Summary
module Failure = Failure
module Backoff = Backoff
module Bounded = Bounded
module Router = Router
module Client = Client
module Subscription = Subscription
module Notice = Notice
