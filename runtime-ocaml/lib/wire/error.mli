(** Why bytes are not a message, or values do not make one.

    Both languages report the same first failure with the same code and the
    same path. *)

(** {1 Codes} *)

type code =
  | Length  (** The payload is not exactly the message's size. *)
  | Presence  (** A presence byte is neither 0 nor 1. *)
  | Padding  (** A byte that has to be zero is not. *)
  | Count
      (** A string or vector is longer than its bound, or an array has not
          exactly its number of elements. *)
  | Utf8  (** A string is not UTF-8. *)
  | Bool  (** A boolean is neither 0 nor 1. *)
  | Enum  (** The number is none of the enum's values. *)
  | Nan  (** An [f32] is a NaN other than [0x7fc00000]. *)
  | Range
      (** A number is outside of its type, or a finite float rounds to an
          infinite [f32]. Never found in bytes. *)
  | Rule of string  (** A rule of the contract is broken: its name. *)
(** What is wrong. *)

val code_to_string : code -> string
(** [code_to_string code] is the code's name in every language: [length],
    [padding], [rule:min]. *)

(** {1 Errors} *)

type t = {
  code : code;  (** What is wrong. *)
  path : string;
      (** Where, in the contract's spelling: [bids[3].price.exponent]. Empty
          for {!constructor-Length}. *)
}
(** The first failure. *)

exception Invalid of t
(** Raised by the functions of generated code that end in [_exn]. *)

val equal : t -> t -> bool
(** [equal a b] is [true] iff [a] and [b] have the same code and path. *)

val to_string : t -> string
(** [to_string e] is for people: [rule:min at bids[3].price.exponent]. *)

val pp : Format.formatter -> t -> unit
(** [pp ppf e] prints {!to_string}[ e]. *)

(** {1 For generated code} *)

val fail : code -> string -> 'a
(** [fail code path] raises {!Invalid}. *)

val fail_under : string -> t -> 'a
(** [fail_under path e] raises {!Invalid} with [e]'s path inside of [path]. *)

val fail_at : string -> int -> t -> 'a
(** [fail_at path i e] raises {!Invalid} with [e]'s path inside of element [i]
    of [path]. *)
