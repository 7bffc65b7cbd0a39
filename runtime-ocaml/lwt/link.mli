(** What publishers and subscribers of one connection share: its state, and the
    two loops that read and write. *)

module Connection := Mycelium.Connection
module Failure := Mycelium.Failure

type sink = {
  blocked : size:int -> bool;
  deliver : type_id:int -> bytes -> pos:int -> len:int -> unit;
  wake : unit -> unit;
}
(** Where frames go. *)

type t = {
  address : Mycelium_unix.Address.t;
  config : Connection.config;
  reconnect : Mycelium.Backoff.t option;
  send_limit : int;
  outbox : Mycelium.Outbox.t;
  router : sink Mycelium.Router.t;
  changed : unit Lwt_condition.t;  (** Handshake, answers, the end. *)
  room : unit Lwt_condition.t;  (** The outbox has become shorter. *)
  work : unit Lwt_condition.t;  (** There is something to write. *)
  poke : unit Lwt_condition.t;  (** The reader is to look again. *)
  mutable poked : bool;
  mutable connection : (Connection.t * Lwt_unix.file_descr) option;
  mutable session : Connection.session option;
  mutable epoch : int;
  mutable asked : int;
  mutable replayed : int;
  mutable acknowledged : int;
  mutable stalled : bool;
  mutable stopping : bool;
  mutable closing : bool;
  mutable ended : Failure.t option;
  mutable last_failure : Failure.t option;
  mutable unsent : int;
}

val create :
  address:Mycelium_unix.Address.t ->
  config:Connection.config ->
  reconnect:Mycelium.Backoff.t option ->
  send_limit:int ->
  t
(** [create] has no connection yet. *)

val run : t -> unit Lwt.t
(** [run t] connects and serves the connection, and the next ones, until [t]
    has ended. It never fails. *)

val wait :
  t -> unit Lwt_condition.t -> (unit -> bool) -> timeout:float option ->
  bool Lwt.t
(** [wait t c ready ~timeout] is [false] iff it took too long. *)

val added : t -> unit
(** [added t] says that there is something to write. *)

val unstall : t -> unit
(** [unstall t] says that a queue with policy [Block] has room again. *)

val close : t -> unit
(** [close t] begins the end. *)
