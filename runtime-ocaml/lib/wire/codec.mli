(** Frames: [type_id: u16 | length: u32 | payload], little-endian, no
    delimiter.

    What a payload means is left to generated code; sockets, to
    [mycelium.unix]. *)

val header_size : int
(** [header_size] is 6: the bytes of a frame before its payload. *)

val max_payload : int
(** [max_payload] is 4,194,304: the largest payload that any frame may have. A
    connection may set a lower limit. *)

val first_user_type_id : int
(** [first_user_type_id] is 100. Type ids below it are the framework's own. *)

(** {1 Writing} *)

val set_header : bytes -> pos:int -> type_id:int -> length:int -> unit
(** [set_header b ~pos ~type_id ~length] writes the header of a payload of
    [length] bytes.
    @raise Invalid_argument
      if there is no room in [b], [type_id] is not in 1 to 65535, or [length]
      not in 0 to {!max_payload}. *)

val frame : type_id:int -> string -> string
(** [frame ~type_id payload] is a whole frame.
    @raise Invalid_argument as {!set_header}. *)

val encode : (module Message.S with type t = 'a) -> 'a -> string
(** [encode (module M) m] is [m] as a frame.
    @raise Invalid_argument as [M.encode]. *)

val encode_into :
  (module Message.S with type t = 'a) -> 'a -> bytes -> pos:int -> int
(** [encode_into (module M) m b ~pos] writes [m] as a frame. It is the position
    after it.
    @raise Invalid_argument if there is no room in [b], and as [M.encode]. *)

(** {1 Reading} *)

type frame = {
  type_id : int;  (** Never 0. *)
  buffer : bytes;  (** Where the payload is. *)
  pos : int;  (** First byte of the payload. *)
  len : int;  (** Bytes of the payload. *)
}
(** A frame in a buffer. [M.decode frame.buffer ~pos:frame.pos ~len:frame.len]
    reads it. *)

type code =
  | Zero_type_id  (** The type id is 0, which no message has. *)
  | Too_long of { length : int; limit : int }
      (** The payload would be longer than the limit. *)

type malformed = {
  code : code;  (** What is wrong. *)
  field : string;  (** The field it is wrong in: [type_id] or [length]. *)
  offset : int;  (** Where that field begins. *)
}

type error =
  | Incomplete of int
      (** What is there is fine; at least that many bytes are missing. *)
  | Malformed of malformed
      (** No further bytes make it a frame: the connection is of no more use. *)

val error_to_string : error -> string
(** [error_to_string e] is for people. *)

val decode :
  ?limit:int -> bytes -> pos:int -> len:int -> (frame, error) result
(** [decode ~limit b ~pos ~len] is the frame at the start of the range, which
    may go on after it. Payloads over [limit] are malformed (default, and at
    most, {!max_payload}). Offsets of errors count from [pos].
    @raise Invalid_argument if the range is not in [b]. *)

(** Frames in a stream that arrives in pieces. *)
module Decoder : sig
  type t
  (** A decoder. It holds what was pushed and not yet taken, never what a
      header merely claims. Not for use by two threads at once. *)

  val create : ?limit:int -> unit -> t
  (** [create ~limit ()] is at the start of a stream; [limit] as in
      {!val-decode}. *)

  val push : t -> bytes -> pos:int -> len:int -> unit
  (** [push d b ~pos ~len] takes a copy of the next bytes of the stream. Frames
      that {!next} gave out may not be used after it.
      @raise Invalid_argument if the range is not in [b]. *)

  val fill : t -> max:int -> (bytes -> int -> int -> int) -> int
  (** [fill d ~max read] is {!push} without the copy: [read b pos max] stores
      at most [max] bytes at [pos] and is their number, as [Unix.read] and
      [input] do. It is that number.
      @raise Invalid_argument
        if [max] is not positive or [read]'s result not in 0 to [max]. What
        [read] raises leaves [d] as it was. *)

  val next : t -> (frame, error) result
  (** [next d] is the next frame, and takes it. After {!Incomplete} push more;
      {!Malformed} is final: later calls give it again. Offsets count from the
      start of the stream. *)

  val pending : t -> int
  (** [pending d] is the number of bytes that are no part of a frame taken: 0
      where a stream may end. *)
end
