(** A bridge that follows a script: the other end of a real socket.

    What a script raises fails the test. Waiting for the client ends after ten
    seconds. *)

type t
(** Where it listens. *)

type client
(** A connection that it has accepted. *)

val on_path : unit -> t
val on_tcp : Unix.inet_addr -> t

val address : t -> Mycelium_unix.Address.t

val play : t -> (unit -> unit) -> (unit -> 'a) -> 'a
(** [play t script f] is [f ()], with [script] in a thread meanwhile. It waits
    for both, and closes [t]. *)

(** {1 Scripts} *)

val accept : t -> client
(** [accept t] reads the handshake's length and as many bytes. *)

val hello : client -> string
(** [hello c] is those bytes. *)

val welcome : ?interval_ms:int -> t -> client
(** [welcome t] is {!accept}, and accepts the handshake of version 2. *)

val send : client -> string -> unit
val receive : client -> int * string
(** [receive c] is the next frame's type id and payload. *)

val receive_bytes : client -> int -> string
val subscribed : client -> Mycelium.Core_messages.Subscribe.t
(** [subscribed c] takes a [Subscribe] and answers it. *)

val expect : client -> int -> unit
(** [expect c n] takes [Protocol.counter n]. *)

val at_end : client -> bool
(** [at_end c] waits for the end of the stream, or a frame. *)

val say_goodbye : client -> unit
(** [say_goodbye c] takes frames up to the client's [Goodbye] and the end of its
    stream, then closes. *)

val hang_up : client -> unit

(** {1 Signals between a script and its test} *)

type event

val event : unit -> event
val set : event -> unit
val await : event -> unit

val until : string -> (unit -> bool) -> unit
(** [until what f] waits until [f ()], for as long as other threads may need. *)
