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
(** [add_core t bytes] adds bytes ahead of all data. After the end of what
    {!seal} lets pass it does nothing. *)

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

(** {1 When the connection is about to end} *)

(** What of the data may still be written. *)
type share =
  | Everything  (** What is there now, but nothing that is added later. *)
  | Begun  (** The rest of a frame of which a part was written. *)
  | Nothing  (** Not even that, nor what {!add_core} added. *)

val seal : t -> share -> last:string -> unit
(** [seal t share ~last] holds all other data back for the next connection, until
    {!rewind}. What may pass is followed by [last], and that by nothing; after
    [Nothing] there is no [last] either. *)

val writable : t -> int
(** [writable t] is the number of bytes that may still be written: all there
    are, before {!seal}. *)

(** {1 State} *)

val is_empty : t -> bool
(** [is_empty t] is [true] iff nothing is left, neither to be written nor held
    back. *)

val added : t -> int
(** [added t] is the number of bytes of data that were ever added. *)

val passed : t -> int
(** [passed t] is how many of them are here no more: written, or dropped. *)

val data : t -> int
(** [data t] is the number of bytes of data that are not written yet. *)

val core : t -> int
(** [core t] is the number of bytes that {!add_core} added and that are not
    written yet. *)

(** {1 When the connection is lost} *)

val rewind : t -> int
(** [rewind t] undoes {!seal}, and drops what {!add_core} added, and the frame
    that was written in part. It is the number of frames of data so dropped, 0
    or 1: what is left are whole frames, for the next connection. *)

val retain : t -> (type_id:int -> size:int -> bool) -> int
(** [retain t keep] drops the frames that [keep] refuses, by their type id and
    the size of their payload. It is how many. Only after {!rewind}. *)

val clear : t -> int
(** [clear t] drops everything. It is the number of frames of data dropped,
    with the one that was written in part. *)
