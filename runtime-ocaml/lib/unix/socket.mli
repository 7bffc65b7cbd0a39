(** System calls on sockets, with their errors as values. *)

val connect :
  Address.t -> until:float -> (Unix.file_descr, Mycelium.Failure.t) result
(** [connect address ~until] is a connected socket, not inherited by other
    programs. Names are looked up and each of their addresses
    is tried, until {!Clock.now} is [until]; looking up cannot be cut short. *)

val connect_any :
  Address.t ->
  'info list ->
  until:float ->
  ('info -> until:float -> ('fd, Mycelium.Failure.t) result) ->
  ('fd, Mycelium.Failure.t) result
(** [connect_any address infos ~until connect] is the first of [infos] that
    [connect] connects to; each has its share of the time. The error is that of
    the last one, of [connect] or a [Unix_error] that it raises. *)

(** {1 Reading and writing}

    {!read} and {!write} never wait, and never raise [SIGPIPE]. *)

val again : int
(** [again] is the result of what would block, or was interrupted. *)

val lost : int
(** [lost] is the result where the connection broke. *)

val read : Unix.file_descr -> bytes -> pos:int -> len:int -> int
(** [read fd b ~pos ~len] is the number of bytes read, 0 at the end of the
    stream, {!again} or {!lost}. *)

val write : Unix.file_descr -> bytes -> pos:int -> len:int -> int
(** [write fd b ~pos ~len] is the number of bytes written by one system call,
    {!again} or {!lost}. *)

val wait_readable :
  Unix.file_descr option -> other:Unix.file_descr -> until:float -> int
(** [wait_readable fd ~other ~until] waits until one of them can be read, or
    {!Clock.now} is [until], or a signal came. Bit 0 of the result: [fd], bit 1:
    [other]. *)

val wait_writable : Unix.file_descr -> until:float -> bool
(** [wait_writable fd ~until] waits until {!write} is worth trying, or
    {!Clock.now} is [until], or a signal came. {!shutdown} ends it. It is
    whether {!write} is. *)

val shutdown_send : Unix.file_descr -> unit
(** [shutdown_send fd] ends the stream of what is written. *)

val shutdown : Unix.file_descr -> unit
(** [shutdown fd] ends both streams and wakes who waits for either. *)

val close : Unix.file_descr -> unit
(** [close fd] closes. Errors have no meaning and are ignored. *)
