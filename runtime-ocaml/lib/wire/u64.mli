(** Unsigned 64-bit integers.

    A value is the 64 bits of an [int64], read without a sign: {!compare},
    {!to_string} and {!of_string} know no negative numbers. *)

type t = private int64
(** An unsigned 64-bit integer. *)

val zero : t
(** [zero] is 0. *)

val one : t
(** [one] is 1. *)

val max_value : t
(** [max_value] is 2{^64} - 1. *)

(** {1 Comparison}

    Use these, not the polymorphic ones: those see a sign. *)

val compare : t -> t -> int
(** [compare a b] is the unsigned order. *)

val equal : t -> t -> bool
(** [equal a b] is [true] iff [a] and [b] are the same number. *)

val ge : t -> t -> bool
(** [ge a b] is [true] iff [a] is at least [b]. *)

val hash : t -> int
(** [hash t] is for hash tables. *)

(** {1 Conversions} *)

val of_int : int -> t option
(** [of_int i] is [i], [None] if [i] is negative. *)

val of_int_exn : int -> t
(** [of_int_exn i] is [i].
    @raise Invalid_argument if [i] is negative. *)

val to_int : t -> int option
(** [to_int t] is [t], [None] if it is over [max_int]. *)

external of_int64 : int64 -> t = "%identity"
(** [of_int64 bits] is the number with these 64 bits: [of_int64 (-1L)] is
    {!max_value}. *)

external to_int64 : t -> int64 = "%identity"
(** [to_int64 t] is the [int64] with the 64 bits of [t]: negative where [t] is
    2{^63} or more. *)

val of_string : string -> t option
(** [of_string s] reads decimal digits, or hexadecimal ones after [0x]. [None]
    for anything else: signs, spaces, underscores, numbers of 2{^64} or
    more. *)

val to_string : t -> string
(** [to_string t] is [t] in decimal. *)

val to_hex : t -> string
(** [to_hex t] is [t] in hexadecimal: [0x], then lower-case digits without
    leading zeros. *)

val pp : Format.formatter -> t -> unit
(** [pp ppf t] prints {!to_string}[ t]. *)
