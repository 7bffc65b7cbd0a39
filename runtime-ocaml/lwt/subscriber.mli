(** Receiving messages. As [Mycelium_unix.Subscriber], for Lwt. *)

type 'a t
(** A subscriber to messages of type ['a]. *)

val create :
  ?frames:int ->
  ?bytes:int ->
  ?policy:Mycelium.Bounded.policy ->
  ?timeout:float ->
  Transport.t ->
  (module Mycelium.Message.S with type t = 'a) ->
  ('a t, Mycelium.Failure.t) result Lwt.t
(** [create transport (module Messages.Text_message)] receives what is published
    after the result is there. Bounds and [timeout] are those of
    [Mycelium_unix.Subscriber.create]. *)

val create_any :
  ?frames:int ->
  ?bytes:int ->
  ?policy:Mycelium.Bounded.policy ->
  ?timeout:float ->
  ?type_ids:int list ->
  Transport.t ->
  'a Mycelium_unix.Subscriber.decode ->
  ('a t, Mycelium.Failure.t) result Lwt.t
(** [create_any transport Messages.Any_message.decode] receives the messages
    with these type ids, in one order; by default all. *)

val recv : 'a t -> ('a, Mycelium.Failure.t) result Lwt.t
(** [recv t] is the next message, as soon as there is one. A wait that is
    cancelled has taken nothing. *)

val recv_timeout :
  'a t -> seconds:float -> ('a, Mycelium.Failure.t) result Lwt.t
(** [recv_timeout t ~seconds] is {!recv}, or {!Mycelium.Failure.Timeout}. *)

val try_recv : 'a t -> ('a option, Mycelium.Failure.t) result
(** [try_recv t] is the next message if it is in the queue. *)

val iter :
  'a t -> ('a -> unit Lwt.t) -> (unit, Mycelium.Failure.t) result Lwt.t
(** [iter t f] is [f] of every message, one after the other, until the end: [Ok]
    if that is {!Mycelium.Failure.Closed}. *)

val close : 'a t -> unit
(** [close t] ends the subscription. What is queued can still be received. *)

val length : 'a t -> int
(** [length t] is the number of messages in the queue. *)

val dropped : 'a t -> int
(** [dropped t] is how many messages were dropped because the queue was full. *)

val rejected : 'a t -> int
(** [rejected t] is how many frames were not valid. *)
