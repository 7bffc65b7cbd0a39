(** Bytes received, and the frames in them, without an allocation a frame.

    One large buffer: a read stores many frames, {!next} steps over them. The
    buffer grows while a frame is longer than it, never past what has arrived
    by more than a factor of two, and goes back to its size afterwards. *)

type t
(** An inbox. Not for use by two threads at once. *)

val create : ?size:int -> limit:int -> unit -> t
(** [create ~size ~limit ()] is empty. [size] is the buffer's (default 64 KiB,
    at least 4 KiB); payloads over [limit] are refused (at most
    {!Mycelium_wire.Codec.max_payload}). *)

(** {1 Filling} *)

val prepare : t -> unit
(** [prepare t] makes {!room} positive. Frames that {!next} found may not be
    used after it. *)

val buffer : t -> bytes
(** [buffer t] is where the next bytes go, at {!fill_pos}. Another one after
    {!prepare}. *)

val fill_pos : t -> int
(** [fill_pos t] is the position after the last byte. *)

val room : t -> int
(** [room t] is the number of bytes that may be stored at {!fill_pos}. *)

val filled : t -> int -> unit
(** [filled t n] says that [n] bytes were stored.
    @raise Invalid_argument if [n] is not in 0 to [room t]. *)

val pending : t -> int
(** [pending t] is the number of bytes that are no part of a frame taken. *)

(** {1 Frames} *)

(** What {!next} found. *)
type found =
  | Frame  (** A whole frame: {!type_id}, {!pos}, {!len}. *)
  | Incomplete  (** More bytes are needed. *)
  | Zero_type_id  (** Not a frame; final. *)
  | Too_long  (** A payload over the limit; final. *)

val next : t -> found
(** [next t] is the next frame, and takes it. *)

val put_back : t -> unit
(** [put_back t] makes {!next} give the frame that it gave last once more. It
    may be called once after each {!Frame}, before {!prepare}. *)

val type_id : t -> int
(** [type_id t] is the type id of the frame that {!next} gave last. *)

val pos : t -> int
(** [pos t] is where in {!buffer} its payload begins. *)

val len : t -> int
(** [len t] is the length of its payload; after {!Too_long}, the length that
    was claimed. *)

val discard : t -> unit
(** [discard t] takes all there is, without a look. *)
