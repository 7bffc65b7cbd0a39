(** Frames on their way out, in order, each encoded once into the very bytes
    that are written.

    Frames lie in chunks of 64 KiB (a larger frame has one of its own), which
    are reused: what is sent costs no allocation. Frames of the connection
    itself go ahead of data, between two chunks. *)

type t
(** An outbox. Not for use by two threads at once. *)

val create : ?limit:int -> unit -> t
(** [create ~limit ()] holds at most [limit] bytes of data (default 1 MiB), or
    one frame if that is longer. *)

(** {1 Filling} *)

val has_room : t -> int -> bool
(** [has_room t n] is [true] iff a frame of [n] bytes, header included, may be
    added. *)

val add : t -> (module Mycelium_wire.Message.S with type t = 'a) -> 'a -> unit
(** [add t (module M) m] adds [m] as a frame, whether there is room or not.
    @raise Invalid_argument as [M.encode]; then nothing was added. *)

val add_core : t -> string -> unit
(** [add_core t bytes] adds bytes ahead of all data. *)

(** {1 Emptying} *)

val take : t -> bool
(** [take t] makes the next bytes the current ones unless there are some, and
    is [false] iff there are none. *)

val bytes : t -> bytes
(** [bytes t] is where the current bytes are. They do not change before
    {!wrote}, whatever is added meanwhile. *)

val pos : t -> int
(** [pos t] is where in {!bytes} they begin. *)

val len : t -> int
(** [len t] is how many they are: 0 if there are no current ones. *)

val wrote : t -> int -> unit
(** [wrote t n] says that [n] of them were written.
    @raise Invalid_argument if [n] is not in 0 to [len t]. *)

(** {1 State} *)

val is_empty : t -> bool
(** [is_empty t] is [true] iff nothing is to be written. *)

val data : t -> int
(** [data t] is the number of bytes of data that are not written yet. *)

val core : t -> int
(** [core t] is the number of bytes that {!add_core} added and that are not
    written yet. *)

(** {1 When the connection is lost} *)

val rewind : t -> int
(** [rewind t] drops what {!add_core} added, and the frame that was written in
    part. It is the number of frames of data so dropped, 0 or 1: what is left
    are whole frames, for the next connection. *)

val retain : t -> (int -> bool) -> int
(** [retain t keep] drops the frames whose type id [keep] refuses. It is how
    many. Only after {!rewind}. *)

val clear : t -> int
(** [clear t] drops everything. It is the number of frames of data dropped,
    with the one that was written in part. *)
