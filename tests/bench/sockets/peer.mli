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
  | Bridge of { first : int; count : int; answer_every : int; last : bool }
      (** Writes ticks with the numbers from [first] on, takes every
          [answer_every]th of them back, and then dies, unless it is the
          [last]: that waits for the client's end. Dies of an answer that is
          not the right one. *)

val start : role -> handshake:bool -> string * (unit -> unit)
(** [start role ~handshake] is the path of a peer's socket, and a function that
    waits for its end. It serves one connection. *)

val new_path : unit -> string
(** [new_path ()] is a path for a socket. *)

val start_at : string -> role -> handshake:bool -> unit -> unit
(** [start_at path role ~handshake] is {!start} at this path.
    @raise Stdlib.Failure from waiting, where the peer has failed. *)

val tick : int -> Messages.Tick.t
(** [tick n] is the message with that number. *)

val main : unit -> unit
(** [main ()] is the peer, if this process was made to be one. *)
