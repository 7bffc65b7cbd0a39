(** Unsigned 256-bit integers: token amounts, hashes.

    Only what messages need: comparison, text and bytes. Arithmetic is left to
    a library of big numbers; {!to_bytes_le} and {!of_bytes_le} lead there. *)

type t
(** An unsigned 256-bit integer. Immutable. *)

val zero : t
(** [zero] is 0. *)

val one : t
(** [one] is 1. *)

val max_value : t
(** [max_value] is 2{^256} - 1. *)

(** {1 Comparison} *)

val compare : t -> t -> int
(** [compare a b] is the order of the numbers. The polymorphic comparison has
    another order. *)

val equal : t -> t -> bool
(** [equal a b] is [true] iff [a] and [b] are the same number. *)

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

val of_u64 : U64.t -> t
(** [of_u64 v] is [v]. *)

val to_u64 : t -> U64.t option
(** [to_u64 t] is [t], [None] if it is 2{^64} or more. *)

val of_string : string -> t option
(** [of_string s] reads decimal digits, or hexadecimal ones after [0x]. [None]
    for anything else: signs, spaces, underscores, numbers of 2{^256} or
    more. *)

val to_string : t -> string
(** [to_string t] is [t] in decimal. *)

val to_hex : t -> string
(** [to_hex t] is [t] in hexadecimal: [0x], then lower-case digits without
    leading zeros. *)

val of_bytes_le : string -> t option
(** [of_bytes_le s] is the number with these 32 bytes, least significant first.
    [None] if there are not 32. *)

val to_bytes_le : t -> string
(** [to_bytes_le t] is the 32 bytes of [t], least significant first. *)

val pp : Format.formatter -> t -> unit
(** [pp ppf t] prints {!to_string}[ t]. *)

(** {1 For generated code}

    Ranges are not checked, except by {!peek}. *)

val get : bytes -> int -> t
(** [get b p] is the number at [p]. *)

val peek : bytes -> int -> t
(** [peek b p] is {!get}[ b p].
    @raise Invalid_argument if the range is not in [b]. *)

val set : bytes -> int -> t -> unit
(** [set b p t] stores [t] at [p]. *)

val compare_at : bytes -> int -> string -> int
(** [compare_at b p bytes] compares the number at [p] with 32 bytes, least
    significant first. *)

val compare_bytes : t -> string -> int
(** [compare_bytes t bytes] compares with 32 bytes, least significant first. *)
