(** What tests of clients begin with. *)

open Mycelium_unix

val ok : ('a, Mycelium.Failure.t) result -> 'a
val bool : string -> bool -> bool -> unit
val int : string -> int -> int -> unit
val now : unit -> float

val counters :
  (module Mycelium.Message.S with type t = Reference_messages.Counter_update.t)

val texts :
  (module Mycelium.Message.S with type t = Reference_messages.Text_message.t)

val number : Reference_messages.Counter_update.t -> int
(** [number m] is the [n] of [Protocol.counter_update n]. *)

val next : Reference_messages.Counter_update.t Subscriber.t -> int
(** [next s] is the number of the next message. *)

val text : string
(** [text] is a frame with a [Text_message]. *)

val counters_from : int -> int -> string
(** [counters_from n m] is the frames [Protocol.counter n] to [m]. *)

val connect : ?send_limit:int -> Bridge.t -> Transport.t

val answer : Bridge.client -> unit
(** [answer c] takes a [Subscribe] and answers it. *)

val with_bridge :
  ?send_limit:int ->
  ?interval_ms:int ->
  (Bridge.client -> unit) ->
  (Transport.t -> 'a) ->
  'a
(** [with_bridge script f] is [f transport], against a script that has accepted
    the client. *)
