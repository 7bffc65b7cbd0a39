(** The other end: a process of its own, so that it has a core of its own. *)

(** What it does with each connection, after the handshake if the client makes
    one. *)
type role =
  | Sink of int
      (** Reads so many bytes, then says one byte (none after a handshake) and
          ends its stream. *)
  | Source of { frame : string; count : int }
      (** Writes the frame so many times, as many a write as fit in 64 KiB. *)
  | Echo  (** Writes back what it reads. *)

val start : role -> handshake:bool -> string * (unit -> unit)
(** [start role ~handshake] is the path of a peer's socket, and a function that
    waits for its end. It serves one connection. *)

val main : unit -> unit
(** [main ()] is the peer, if this process was made to be one. *)
