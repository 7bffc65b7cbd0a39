(** A driver without sockets: {!Mycelium.Client}, step by step. *)

type t = {
  client : Mycelium.Client.t;
  mutable now : float;
  mutable turn : Mycelium.Client.turn;  (** What the last {!pump} said. *)
  mutable resumed : int;  (** Calls of this hook. *)
  mutable room : int;
}

val again : Mycelium.Backoff.t
(** [again] is 1, 2, 4, 8, 8… seconds. *)

val create :
  ?reconnect:Mycelium.Backoff.t ->
  ?while_disconnected:Mycelium.Client.while_disconnected ->
  ?send_limit:int ->
  ?config:Mycelium.Connection.config ->
  unit ->
  t
(** [create ()] has no connection yet. *)

val opened :
  ?reconnect:Mycelium.Backoff.t ->
  ?while_disconnected:Mycelium.Client.while_disconnected ->
  ?send_limit:int ->
  unit ->
  t
(** [opened ()] has one that the bridge has accepted. *)

(** {1 The connection} *)

val connection : t -> Mycelium.Connection.t
val connect : ?max_payload:int -> ?interval_ms:int -> t -> unit
val pump : t -> unit
val feed : t -> string -> unit
val write : ?limit:int -> t -> string
val hang_up : t -> unit

(** {1 Messages} *)

val counters : (module Mycelium.Message.S with type t = Reference_messages.Counter_update.t)

val publish : t -> int -> string
(** [publish d n] is what becomes of message [n]. *)

val published : t -> int -> unit
(** [published d n] asserts that it is queued. *)

val stats : t -> Mycelium.Client.stats
val frame_size : int
val counters_from : int -> int -> string

val subscription :
  ('a Mycelium.Subscription.t * Mycelium.Client.request, Mycelium.Failure.t)
  result ->
  'a Mycelium.Subscription.t

val subscribe :
  ?frames:int ->
  ?policy:Mycelium.Bounded.policy ->
  t ->
  (module Mycelium.Message.S with type t = 'a) ->
  'a Mycelium.Subscription.t

val answer : t -> unit
(** [answer d] is the bridge's answer to the last request. *)

val take : 'a Mycelium.Subscription.t -> 'a
val value : Reference_messages.Counter_update.t -> int
