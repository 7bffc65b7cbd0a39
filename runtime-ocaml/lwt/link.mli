(** What publishers and subscribers of one connection share: its state, and the
    two loops that read and write. *)

type t = {
  address : Mycelium_unix.Address.t;
  client : Mycelium.Client.t;
  changed : unit Lwt_condition.t;  (** Handshake, answers, the end. *)
  room : unit Lwt_condition.t;  (** The outbox has become shorter. *)
  work : unit Lwt_condition.t;  (** There is something to write. *)
  poke : unit Lwt_condition.t;  (** The reader is to look again. *)
  mutable poked : bool;
  mutable fd : Lwt_unix.file_descr option;
  mutable half_closed : bool;
}

val create : address:Mycelium_unix.Address.t -> client:Mycelium.Client.t -> t
(** [create ~address ~client] has no connection yet. *)

val run : t -> unit Lwt.t
(** [run t] connects and serves the connection, and the next ones, until the
    client has ended. It never fails. *)

val wait : unit Lwt_condition.t -> (unit -> bool) -> until:float -> bool Lwt.t
(** [wait c ready ~until] is [false] iff it took longer. *)

val added : t -> unit
(** [added t] says that there is something to write. *)
