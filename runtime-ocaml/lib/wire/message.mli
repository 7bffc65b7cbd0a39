(** What every generated module has. *)

(** A struct or a message: a record, and its bytes. *)
module type COMPOSITE = sig
  type t
  (** Always valid: made by [make] or by reading valid bytes. *)

  val name : string
  (** [name] is the name in the contract. *)

  val size : int
  (** [size] is the number of bytes of every encoded value. *)

  val encode : t -> string
  (** [encode t] is the bytes of [t].
      @raise Invalid_argument
        if an array of [t] was written to and is not valid any more. *)

  val encode_into : t -> bytes -> pos:int -> unit
  (** [encode_into t b ~pos] writes the [size] bytes of [t] at [pos].
      @raise Invalid_argument
        if they do not fit into [b], which is then unchanged, or if an array of
        [t] was written to and is not valid any more: what is then in the range
        is not said. *)

  val decode : bytes -> pos:int -> len:int -> (t, Error.t) result
  (** [decode b ~pos ~len] reads a copy out of a range of [b]. Equal values
      have equal bytes and every byte is checked.
      @raise Invalid_argument if the range is not in [b]. *)

  val decode_exn : bytes -> pos:int -> len:int -> t
  (** [decode_exn] is [decode].
      @raise Error.Invalid where [decode] has an error.
      @raise Invalid_argument if the range is not in [b]. *)

  val decode_string : string -> (t, Error.t) result
  (** [decode_string s] is [decode] of all of [s]. *)

  val equal : t -> t -> bool
  (** [equal a b] is [true] iff [a] and [b] have the same bytes. *)

  val pp : Format.formatter -> t -> unit
  (** [pp ppf t] prints [t], or only its name where the contract says that the
      payload is not to be shown. *)
end

(** A message. *)
module type S = sig
  include COMPOSITE

  val type_id : int
  (** [type_id] is what its frames carry. *)

  val topic : string
  (** [topic] is what it is routed by. *)

  val fingerprint : string
  (** [fingerprint] is 8 bytes that change when the message's bytes, rules, id
      or topic do. *)

  val schema_digest : string
  (** [schema_digest] is the 32 bytes that name the whole contract. *)
end

type info = {
  type_id : int;  (** As {!S.type_id}. *)
  name : string;  (** As {!COMPOSITE.name}. *)
  topic : string;  (** As {!S.topic}. *)
  size : int;  (** As {!COMPOSITE.size}. *)
  fingerprint : string;  (** As {!S.fingerprint}. *)
}
(** What is known of a message type without its fields. *)

val info : (module S) -> info
(** [info (module M)] is what is known of [M]. *)

(** An enum. *)
module type ENUM = sig
  type t

  val all : t list
  (** [all] is every value, in the contract's order. *)

  val of_int : int -> t option
  (** [of_int n] is the value with number [n]. *)

  val to_int : t -> int
  (** [to_int t] is the number on the wire. *)

  val of_string : string -> t option
  (** [of_string s] is the value called [s] in the contract. *)

  val to_string : t -> string
  (** [to_string t] is the name in the contract. *)

  val equal : t -> t -> bool
  (** [equal a b] is [true] iff [a] and [b] are the same value. *)

  val compare : t -> t -> int
  (** [compare a b] is the order of the numbers. *)

  val pp : Format.formatter -> t -> unit
  (** [pp ppf t] prints {!to_string}[ t]. *)
end
