(** A subscriber without the waiting: its queue, what goes into it, and how it
    begins and ends. [mycelium.unix] and [mycelium-lwt] add the waiting.

    Not for use by two threads at once. *)

type 'a t = private {
  client : Client.t;
  queue : 'a Bounded.t;
  wake : unit -> unit;
  mutable over : Failure.t option;  (** Why nothing more comes. *)
  mutable rejected : int;  (** Frames that were not valid. *)
  mutable sink : Client.sink option;
}
(** A subscriber to messages of type ['a]. *)

(** {1 Subscribing} *)

type settings
(** The bounds of the queue. *)

val settings :
  ?frames:int -> ?bytes:int -> ?policy:Bounded.policy -> unit -> settings
(** [settings ()] is 1024 frames, 8 MiB, [Block].
    Bounds that are not positive are refused by {!one} and {!any}. *)

type 'a decode =
  type_id:int ->
  bytes ->
  pos:int ->
  len:int ->
  ('a, Mycelium_wire.Error.t) result option
(** What generated code has as [Any_message.decode]. What it raises is as an
    error of it. *)

val one :
  Client.t ->
  now:float ->
  settings ->
  wake:(unit -> unit) ->
  (module Mycelium_wire.Message.S with type t = 'a) ->
  ('a t * Client.request, Failure.t) result
(** [one client ~now settings ~wake (module M)] subscribes to these messages.
    [wake] is called when {!is_ready} may have changed.
    @raise Invalid_argument if a bound is not positive. *)

val any :
  Client.t ->
  now:float ->
  settings ->
  wake:(unit -> unit) ->
  type_ids:int list option ->
  'a decode ->
  ('a t * Client.request, Failure.t) result
(** [any client ~now settings ~wake ~type_ids decode] subscribes to the messages
    with these type ids; by default to all.
    @raise Invalid_argument if a bound is not positive. *)

val close : 'a t -> now:float -> unit
(** [close t ~now] ends the subscription. What is queued can still be taken. *)

(** {1 Receiving} *)

val is_ready : 'a t -> bool
(** [is_ready t] is [true] iff waiting for a message is of no use: there is one,
    or there will be none. *)

val is_empty : 'a t -> bool
(** [is_empty t] is [true] iff no message is queued. *)

val take : 'a t -> now:(unit -> float) -> 'a
(** [take t ~now] is the oldest message, and takes it.
    @raise Invalid_argument if [t] is empty. *)

val why_empty : 'a t -> timeout:float -> Failure.t
(** [why_empty t ~timeout] is why there is no message: [Timeout timeout] if there
    may yet be one. *)
