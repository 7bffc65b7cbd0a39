(** Where a bridge listens. *)

type t =
  | Path of string  (** The path of a Unix socket. *)
  | Tcp of { host : string; port : int }
      (** A name, or an address of IPv4 or IPv6 (without brackets). *)

val of_string : string -> (t, Mycelium.Failure.t) result
(** [of_string s] reads [tcp://HOST:PORT] ([tcp://\[::1\]:7000] for IPv6);
    [unix:PATH], or anything else that is not empty, is a path. The error is
    {!Mycelium.Failure.Configuration}, as for {!check}. *)

val to_string : t -> string
(** [to_string t] is what {!of_string} reads. *)

val check : t -> (t, Mycelium.Failure.t) result
(** [check t] is [t] if the system can have a socket there. Its paths are
    short: 107 bytes at most. *)
